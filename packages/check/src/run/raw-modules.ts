import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { limits, type ModuleFacts, moduleNameFromPath, noLinkFacts } from '@basedrift/artifacts'
import { sha256Of } from '../sha256.js'

/** A raw split BTF in a file, and the file of the `.BTF.base` beside it. */
export interface RawModule {
  readonly file: string
  readonly base: string | null
}

/** Files of a directory tree by name; null where it holds anything but raw BTF and cannot be taken the short way. */
function listFolder(root: string, depth: number, files: string[]): boolean {
  if (depth > limits.directoryDepth) return false
  let entries: Dirent[]
  try {
    entries = readdirSync(root, { withFileTypes: true })
  } catch {
    return false
  }
  if (files.length + entries.length > limits.members) return false
  for (const entry of entries) {
    const path = join(root, entry.name)
    if (entry.isDirectory()) {
      if (!listFolder(path, depth + 1, files)) return false
    } else if (entry.isFile()) {
      if (!/\.(?:btf|base)$/.test(entry.name)) return false
      files.push(path)
    } else if (!entry.isSymbolicLink()) return false
  }
  return true
}

/** Names under which the `.BTF.base` of a raw `NAME.btf` stands beside it; the last one counts. */
function basesOf(file: string): readonly string[] {
  return [`${file.slice(0, -4)}.base`, `${file}.base`]
}

/**
 * The raw BTFs of an input that is nothing else: a `NAME.btf`, or a directory with nothing but such files and their
 * `NAME.base`; null for any other input. Thousands of small files are read several times faster so than by a scan, which
 * gives the same facts.
 */
export function listRawModules(path: string): readonly RawModule[] | null {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isFile() === true && path.endsWith('.btf')) {
    const beside = basesOf(path).map((base) => ({ base, is: statSync(base, { throwIfNoEntry: false }) }))
    // A pipe, a socket or a device is told by a scan.
    if (beside.some(({ is }) => is !== undefined && !is.isFile() && !is.isDirectory())) return null
    const bases = beside.flatMap(({ base, is }) => (is?.isFile() ? [base] : []))
    return [{ file: path, base: bases.at(-1) ?? null }]
  }
  if (found?.isDirectory() !== true) return null
  const files: string[] = []
  if (!listFolder(path, 0, files)) return null
  const left = new Set(files)
  const modules: RawModule[] = []
  for (const file of files.filter((one) => one.endsWith('.btf'))) {
    const bases = basesOf(file).filter((base) => left.has(base))
    modules.push({ file, base: bases.at(-1) ?? null })
    for (const base of bases) left.delete(base)
    left.delete(file)
  }
  return left.size === 0 ? modules : null
}

/** Largest file that is read the short way. */
const mostBytes = 32 * 2 ** 20

/** Reads raw modules one after the other into the same memory. */
export class RawModuleReader {
  #btf = new Uint8Array(2 ** 18)

  /**
   * The facts of a raw module; `btf` is valid until the next call. null where a file cannot be read, is large or does not
   * start as BTF: a scan then says what is wrong.
   */
  read({ file, base }: RawModule): ModuleFacts | null {
    const btf = this.#readInto(file)
    if (btf === null || !startsAsBtf(btf)) return null
    if (base === null) return facts(file, btf, null)
    const own = btf.slice()
    const distilled = this.#readInto(base)
    return distilled === null || !startsAsBtf(distilled) ? null : facts(file, own, distilled)
  }

  #readInto(file: string): Uint8Array | null {
    let handle: number
    try {
      // Should it have become a pipe since, opening it would wait for a writer.
      handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    } catch {
      return null
    }
    try {
      const { size } = fstatSync(handle)
      if (size > mostBytes) return null
      if (size > this.#btf.length) this.#btf = new Uint8Array(size * 2)
      let filled = 0
      while (filled < size) {
        const count = readSync(handle, this.#btf, filled, size - filled, filled)
        if (count === 0) break
        filled += count
      }
      return this.#btf.subarray(0, filled)
    } catch {
      return null
    } finally {
      closeSync(handle)
    }
  }
}

/** The magic in either byte order, version 1 and no flags. */
function startsAsBtf(bytes: Uint8Array): boolean {
  const magic = bytes[0]! | (bytes[1]! << 8)
  return (magic === 0xeb9f || magic === 0x9feb) && bytes[2] === 1 && bytes[3] === 0
}

function facts(file: string, btf: Uint8Array, distilled: Uint8Array | null): ModuleFacts {
  return {
    type: 'module',
    name: moduleNameFromPath(file),
    file,
    sha256: sha256Of(btf),
    size: btf.length,
    vermagic: null,
    srcversion: null,
    buildId: null,
    btf,
    distilled,
    stamp: null,
    ...noLinkFacts,
  }
}
