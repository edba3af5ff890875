#!/bin/sh
# Makes ca.pem, server.pem and server.key: an authority, and a certificate for hook.test and mail.test, for the tests alone.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=basedrift-test-ca \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout "$work/ca.key" -out ca.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=hook.test -keyout server.key -out "$work/server.csr" 2>/dev/null
printf 'subjectAltName=DNS:hook.test,DNS:mail.test\nbasicConstraints=CA:FALSE\n' > "$work/ext"
openssl x509 -req -in "$work/server.csr" -CA ca.pem -CAkey "$work/ca.key" -CAcreateserial -CAserial "$work/serial" -days 36500 \
  -extfile "$work/ext" -out server.pem 2>/dev/null
