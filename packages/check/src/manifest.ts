import type { StampClaim } from './pure/index.js'

/** One module of a build, as it is recorded: what its file is, and what its sections hold. */
export interface ManifestEntry {
  /** The kernel's name of the module: `_` for `-`. */
  readonly name: string
  /** The path given, members after `!`. */
  readonly file: string
  /** SHA-256 of its file, lower-case hex. */
  readonly sha256: string
  readonly vermagic: string | null
  readonly srcversion: string | null
  /** GNU build id, lower-case hex. */
  readonly buildId: string | null
  /** SHA-256 of `.BTF`; null where it is absent or empty. */
  readonly btfSha256: string | null
  /** SHA-256 of `.BTF.base`; null where it is absent. */
  readonly distilledSha256: string | null
  /** Size of `.BTF` in bytes; null without one. */
  readonly btfBytes: number | null
  /** Number of its own types and length of its own strings in bytes; null where `.BTF` is absent or cannot be read. */
  readonly types: number | null
  readonly strings: number | null
  /** Length of the strings of the base it was built on, where the module alone tells it. */
  readonly originStrings: number | null
  /** Its origin note; null where it has none that can be used. */
  readonly stamp: StampClaim | null
  /** Whether it was found in an initramfs image, which may be older than the kernel beside it. */
  readonly inImage: boolean
}

/** Orders by file, then by name: code units, so that every machine has the same order. */
export function byFile(
  a: Pick<ManifestEntry, 'file' | 'name'>,
  b: Pick<ManifestEntry, 'file' | 'name'>,
): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return 0
}
