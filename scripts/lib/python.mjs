// Python and mypy for the hooks: the machine's own, or Debian's, unpacked without root into a cache folder.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { downloadPackages, openApt } from './apt.mjs'

const works = (command, env = {}) =>
  spawnSync(command[0], command.slice(1), { env: { ...process.env, ...env } }).status === 0

const isRecent = (python) => works([python, '-c', 'import sys; sys.exit(sys.version_info < (3, 6))'])

/** Unpacks the newest packages of these names into `folder`; false where there is no apt that has them. */
const unpack = async (cache, names, folder) => {
  const apt = await openApt(path.join(cache, 'apt'), `^${names[0]}$`)
  if (apt === null) return false
  const files = await downloadPackages(apt, names, path.join(cache, 'debs'))
  mkdirSync(folder, { recursive: true })
  for (const file of files) execFileSync('dpkg', ['-x', file, folder])
  return true
}

/** Number of the Python that `python3` of this distribution is, as in 3.11. */
const distributionPython = async (cache) => {
  const apt = await openApt(path.join(cache, 'apt'), '^python3-minimal$')
  if (apt === null) return null
  const shown = execFileSync('apt-cache', [...apt.options, 'depends', 'python3-minimal'], {
    encoding: 'utf8',
  })
  return /Depends: python(3\.\d+)-minimal/.exec(shown)?.[1] ?? null
}

const unpackPython = async (cache) => {
  const root = path.join(cache, 'python')
  const wrapper = path.join(root, 'python3')
  if (existsSync(wrapper)) return wrapper
  const number = await distributionPython(cache)
  if (number === null) return null
  const own = ['minimal', 'stdlib'].map((part) => `libpython${number}-${part}`)
  // What the standard library links beyond the C library, where a minimal system lacks it.
  const libraries = ['libexpat1', 'libssl3', 'libffi8', 'zlib1g', 'libbz2-1.0', 'liblzma5']
  if (!(await unpack(cache, [`python${number}-minimal`, ...own, ...libraries], root))) return null
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  const folders = ['usr/lib', 'lib'].map((folder) => path.join(root, folder, triplet)).join(':')
  const lines = [
    '#!/bin/sh',
    `export PYTHONHOME='${root}/usr' LD_LIBRARY_PATH='${folders}'`,
    `exec '${root}/usr/bin/python${number}' "$@"`,
  ]
  writeFileSync(wrapper, `${lines.join('\n')}\n`)
  chmodSync(wrapper, 0o755)
  return wrapper
}

/** Path of a Python 3.6 or newer, or null, with the reason told to `say`, where none can be had. */
export const findPython = async (cache, say) => {
  const own = ['python3', '/usr/bin/python3'].find(isRecent)
  if (own !== undefined) return own
  try {
    return await unpackPython(cache)
  } catch (error) {
    say(error.message)
    return null
  }
}

/** How mypy is run: `{ command, env }`; null, with the reason told to `say`, where it cannot be had. */
export const findMypy = async (cache, python, say) => {
  if (works(['mypy', '--version'])) return { command: ['mypy'], env: {} }
  const root = path.join(cache, 'mypy')
  const env = { PYTHONPATH: path.join(root, 'usr/lib/python3/dist-packages') }
  try {
    // Debian's mypy is compiled for Debian's Python.
    const runner = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : python
    const command = [runner, '-m', 'mypy']
    const names = ['python3-mypy', 'python3-mypy-extensions', 'python3-typing-extensions', 'python3-psutil']
    if (!works([...command, '--version'], env) && !(await unpack(cache, names, root))) return null
    return works([...command, '--version'], env) ? { command, env } : null
  } catch (error) {
    say(error.message)
    return null
  }
}
