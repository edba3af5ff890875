import { ArtifactError } from '../bytes/errors.js'
import { readRawBtf } from '../bytes/kernel.js'
import type { FileIdentity } from '../bytes/module.js'
import { moduleNameFromPath } from '../bytes/module.js'
import { type ArtifactFacts, type KernelFacts, type ModuleFacts, noLinkFacts } from '../bytes/types.js'
import { baseName } from './interest.js'

/** What a raw BTF is taken for: a kernel's base, or a module's split. */
export type RawRole = 'kernel' | 'module'

/** A raw BTF that waits for what stands beside it. */
export interface RawBtf {
  readonly identity: FileIdentity
  /** Path without the suffix of a compression. */
  readonly path: string
  /** Memory of its own. */
  readonly bytes: Uint8Array
}

/**
 * Does the string section begin with the empty name, as a base's does? A split's goes on from its base's: it seldom does, and
 * may be empty.
 */
function startsWithEmptyName(bytes: Uint8Array): boolean {
  if (bytes.length < 24) return true
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const little = view.getUint16(0, true) === 0xeb9f
  const strings = view.getUint32(4, little) + view.getUint32(16, little)
  return view.getUint32(20, little) > 0 && bytes[strings] === 0
}

/** The role of a raw BTF of which nobody said it: by its name where that tells, else by its strings. */
export function rawRole(path: string, bytes: Uint8Array): RawRole {
  const name = baseName(path)
  if (name.startsWith('vmlinux') || /(?:^|\.)base(?:\.|$)/.test(name)) return 'kernel'
  return startsWithEmptyName(bytes) ? 'kernel' : 'module'
}

function rawModule(raw: RawBtf, base: RawBtf | undefined): ModuleFacts {
  // The magic is checked as it is for a kernel's.
  readRawBtf(raw.bytes, raw.identity)
  return {
    type: 'module',
    name: moduleNameFromPath(raw.path),
    ...raw.identity,
    vermagic: null,
    srcversion: null,
    buildId: null,
    btf: raw.bytes,
    distilled: base?.bytes ?? null,
    stamp: null,
    ...noLinkFacts,
  }
}

/** Names under which the distilled base of a `NAME.btf` stands beside it. */
export function basesOf(path: string): readonly string[] {
  return path.endsWith('.btf') ? [`${path.slice(0, -4)}.base`, `${path}.base`] : []
}

/**
 * The facts of the raw BTFs of one directory or archive: `NAME.btf` with a `NAME.base` beside it is a module with its
 * `.BTF.base`; the others are kernels or modules as `role` says or, without one, as their names and strings do.
 * Kernels are handed to `addKernel`.
 */
export function* pairRawBtfs(
  raws: readonly RawBtf[],
  role: RawRole | undefined,
  addKernel: (kernel: KernelFacts) => void,
): Generator<ArtifactFacts> {
  const byPath = new Map(raws.map((raw) => [raw.path, raw]))
  const bases = new Map<RawBtf, RawBtf>()
  for (const raw of raws) {
    for (const path of basesOf(raw.path)) {
      const base = byPath.get(path)
      if (base !== undefined) bases.set(raw, base)
    }
  }
  const taken = new Set(bases.values())
  for (const raw of raws) {
    if (taken.has(raw)) continue
    try {
      const base = bases.get(raw)
      const is = base !== undefined ? 'module' : (role ?? rawRole(raw.path, raw.bytes))
      if (is === 'module') yield rawModule(raw, base)
      else addKernel(readRawBtf(raw.bytes, raw.identity))
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error
      yield {
        type: 'problem',
        code: error.code,
        file: raw.identity.file,
        at: error.at,
        message: error.message,
      }
    }
  }
}
