#!/bin/sh
# Makes the vectors of packages/btf/testdata from the C sources beside this script: two builds of a small kernel, and two
# modules built on each. Needs gcc, binutils and pahole (1.24 made the committed ones). Tests only read what it made.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$here/../../packages/btf/testdata
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
flags="-g -O1 -fno-pie -ffreestanding -fno-asynchronous-unwind-tables -fdebug-prefix-map=$here=. -I$here"

for build in 1.1 1.3; do
  define=
  if [ "$build" = 1.3 ]; then define=-DREBUILT; fi
  # shellcheck disable=SC2086
  gcc $flags $define -nostdlib -static -no-pie -Wl,--build-id=none -o "vmlinux-$build" "$here/kernel.c"
  pahole -J --btf_gen_floats "vmlinux-$build"
  objcopy --dump-section ".BTF=base-$build.btf" "vmlinux-$build"
  for module in teapot saucer; do
    # shellcheck disable=SC2086
    gcc $flags -c -o "$module-$build.ko" "$here/$module.c"
    pahole -J --btf_base "base-$build.btf" "$module-$build.ko"
    objcopy --dump-section ".BTF=$module-$build.btf" "$module-$build.ko"
    strip --strip-debug "$module-$build.ko"
    # What modpost gives to a module: no kernel loads one without, and none with modversions takes one without versions but by force.
    head -c 64 /dev/zero >this_module
    { printf '\001\347\176\113\0\0\0\0module_layout'; head -c 43 /dev/zero; } >versions
    objcopy --add-section .gnu.linkonce.this_module=this_module \
      --set-section-flags .gnu.linkonce.this_module=alloc,data \
      --add-section __versions=versions --set-section-flags __versions=alloc,readonly,data "$module-$build.ko"
  done
  strip --strip-debug "vmlinux-$build"
done

mkdir -p "$out"
cp ./*.btf ./*.ko vmlinux-* "$out"
ls -l "$out"
