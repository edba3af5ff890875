// Two builds of a kernel the size of a teapot, as packages: for the demo where the real ones cannot be had, and for tests.
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pack as createPack } from 'tar-stream'

const vectors = path.resolve(import.meta.dirname, '../../packages/btf/testdata')
const version = '5.15.12'
const uname = `${version}-1-default`
const config = `#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 ${version} Kernel Configuration
#
CONFIG_MODVERSIONS=y
CONFIG_DEBUG_INFO_BTF=y
CONFIG_DEBUG_INFO_BTF_MODULES=y
`

/** Writes a package for each build into `folder`; resolves to `{ version, release, files }`, older first. */
export const smallBuilds = async (folder) => {
  mkdirSync(folder, { recursive: true })
  const builds = []
  for (const release of ['1.1', '1.3']) {
    const file = path.join(folder, `kernel-default-${version}-${release}.tar`)
    const vector = (name) => readFileSync(path.join(vectors, name))
    const members = {
      [`boot/config-${uname}`]: config,
      [`boot/vmlinux-${uname}`]: vector(`vmlinux-${release}`),
      [`lib/modules/${uname}/kernel/saucer.ko`]: vector(`saucer-${release}.ko`),
      [`lib/modules/${uname}/kernel/teapot.ko`]: vector(`teapot-${release}.ko`),
    }
    const pack = createPack()
    // The same bytes each time: what is pushed again is then the same content.
    for (const [name, content] of Object.entries(members)) pack.entry({ name, mtime: new Date(0) }, content)
    pack.finalize()
    await pipeline(pack, createWriteStream(file))
    builds.push({ version, release, files: [file] })
  }
  return builds
}
