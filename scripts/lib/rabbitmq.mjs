// A real RabbitMQ for the tests of the hooks: Debian's, with its Erlang, unpacked without root into a cache folder.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { downloadPackages, openApt } from './apt.mjs'

const erlang =
  'base asn1 crypto eldap ftp inets mnesia os-mon parsetools public-key runtime-tools snmp ssl syntax-tools tftp tools xmerl'
// The client, and what Erlang links beyond the C library.
const packages = ['rabbitmq-server', 'python3-pika', 'libssl3', 'libstdc++6', 'libtinfo6', 'zlib1g']

const only = (folder, pattern) => {
  const found = readdirSync(folder).find((name) => pattern.test(name))
  if (found === undefined) throw new Error(`${folder} holds nothing like ${pattern}`)
  return path.join(folder, found)
}

const unpack = async (cache) => {
  const root = path.join(cache, 'rabbitmq')
  const unpacked = path.join(root, '.unpacked')
  if (!existsSync(unpacked)) {
    const apt = await openApt(path.join(cache, 'apt'), '^rabbitmq-server$')
    if (apt === null) return null
    const names = [...erlang.split(' ').map((part) => `erlang-${part}`), ...packages]
    const files = await downloadPackages(apt, names, path.join(cache, 'debs'))
    mkdirSync(root, { recursive: true })
    for (const file of files) execFileSync('dpkg', ['-x', file, root])
    writeFileSync(unpacked, '')
  }
  return root
}

const freePorts = async (count) => {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = createServer().once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Whether something there speaks AMQP: it answers a greeting with a frame of a method. */
const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from('AMQP\0\0\x09\x01', 'latin1')))
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data[0] === 1)
    })
    socket.once('error', () => resolve(false))
    socket.setTimeout(2000, () => {
      socket.destroy()
      resolve(false)
    })
  })

/** A certificate for localhost in `folder`, or false where there is no openssl. */
const makeCertificate = (folder) => {
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const files = ['-keyout', path.join(folder, 'key.pem'), '-out', path.join(folder, 'certificate.pem')]
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, ...files]
  return spawnSync('openssl', args).status === 0
}

/** A script that starts the broker in a group of its own, ends it, or both: `FILE start|stop|restart`. */
const writeControl = (file, command, env) => {
  const pid = `${file}.pid`
  const exports = Object.entries(env).map(([name, value]) => `export ${name}='${value}'`)
  const lines = [
    '#!/bin/sh',
    ...exports,
    `if [ "$1" != start ] && [ -f '${pid}' ]; then`,
    `  kill -s TERM -- "-$(cat '${pid}')" 2>/dev/null`,
    // Where nobody waits for it, what has ended stays in the table of processes: not longer than it takes a broker to end.
    '  tries=0',
    `  while kill -s 0 -- "-$(cat '${pid}')" 2>/dev/null && [ "$tries" -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done`,
    `  rm '${pid}'`,
    'fi',
    '[ "$1" = stop ] && exit 0',
    `setsid '${command}' >/dev/null 2>&1 </dev/null &`,
    `echo $! >'${pid}'`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  chmodSync(file, 0o755)
}

/**
 * Starts a RabbitMQ on free loopback ports, with its data in a temporary folder. Resolves to `{ env, pythonPath, stop }`, where `env` is
 * what the tests of the hooks know it by and `pythonPath` holds pika, or to null, with the reason told to `say`, where none can be had.
 */
export const startRabbit = async (cache, say) => {
  const root = await unpack(cache).catch((error) => say(error.message))
  if (!root) return null
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  const library = path.join(root, 'usr/lib/erlang')
  const binaries = path.join(only(library, /^erts-/), 'bin')
  const broker = only(path.join(root, 'usr/lib/rabbitmq/lib'), /^rabbitmq_server-/)
  const data = mkdtempSync(path.join(tmpdir(), 'basedrift-rabbitmq-'))
  const [port, secure, distribution, mapper] = await freePorts(4)

  // Debian's `erl` knows one place only.
  const erl = path.join(data, 'erl')
  const lines = [
    '#!/bin/sh',
    `export ROOTDIR='${library}' BINDIR='${binaries}' EMU=beam PROGNAME=erl`,
    `exec '${binaries}/erlexec' "$@"`,
  ]
  writeFileSync(erl, `${lines.join('\n')}\n`)
  chmodSync(erl, 0o755)
  const folders = ['usr/lib', 'lib'].map((folder) => path.join(root, folder, triplet)).join(':')
  const env = {
    PATH: `${data}:${process.env.PATH}`,
    HOME: data,
    ERL_CRASH_DUMP: path.join(data, 'erl_crash.dump'),
    LD_LIBRARY_PATH: folders,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(mapper),
    RABBITMQ_NODENAME: `basedrift-${process.pid}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_PLUGINS_DIR: path.join(broker, 'plugins'),
    RABBITMQ_BASE: data,
    RABBITMQ_MNESIA_BASE: path.join(data, 'mnesia'),
    RABBITMQ_LOG_BASE: path.join(data, 'log'),
    RABBITMQ_SCHEMA_DIR: path.join(data, 'schema'),
    RABBITMQ_GENERATED_CONFIG_DIR: path.join(data, 'config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: path.join(data, 'plugins'),
    RABBITMQ_CONFIG_FILE: path.join(data, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: path.join(data, 'none'),
  }
  const tests = { BASEDRIFT_AMQP_URL: `amqp://guest:guest@127.0.0.1:${port}` }
  if (makeCertificate(data)) {
    const certificate = path.join(data, 'certificate.pem')
    const settings = [
      `listeners.ssl.1 = 127.0.0.1:${secure}`,
      `ssl_options.cacertfile = ${certificate}`,
      `ssl_options.certfile = ${certificate}`,
      `ssl_options.keyfile = ${path.join(data, 'key.pem')}`,
      'ssl_options.verify = verify_none',
    ]
    writeFileSync(path.join(data, 'rabbitmq.conf'), `${settings.join('\n')}\n`)
    tests.BASEDRIFT_AMQPS_URL = `amqps://guest:guest@localhost:${secure}`
    tests.BASEDRIFT_AMQPS_CA = certificate
  }
  const control = path.join(data, 'control')
  writeControl(control, path.join(broker, 'sbin/rabbitmq-server'), env)
  tests.BASEDRIFT_AMQP_RESTART = `${control} restart`
  const names = spawn(path.join(binaries, 'epmd'), ['-port', String(mapper)], { env, stdio: 'ignore' })
  const ended = new Promise((resolve) => names.once('exit', resolve))
  execFileSync(control, ['start'])
  const stop = async () => {
    execFileSync(control, ['stop'])
    names.kill('SIGTERM')
    await ended
    rmSync(data, { recursive: true, force: true })
  }
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    if (await answers(port)) {
      return { env: tests, pythonPath: path.join(root, 'usr/lib/python3/dist-packages'), stop }
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await stop()
  say('rabbitmq-server did not start')
  return null
}
