import { readFile } from 'node:fs/promises'
import { prepareBase, type RunningBase } from '@basedrift/btf'
import { type Bundle, openBundle } from '../bundle/bundle.js'
import { collectGarbage } from '../collect.js'
import { OriginBase, type OriginProof } from '../pure/index.js'

/** Bases that are kept: those of the two kernels of a pair. */
const keptBases = 2

/** What references of the modules of a bundle show against a base, by ordinal; nothing where that was not looked for. */
export type KnownProofs = (OriginProof | null | undefined)[]

/** What a base and its tables take in memory, at most, as a multiple of its bytes. */
const baseTables = 4

/**
 * What a thread keeps of its jobs for the next one: an ingest is followed by comparisons of the same modules and bases with
 * others, and inflating a bundle takes as long as judging its modules. All of it is named by its content, so it never ages.
 */
export class KeptInputs {
  /** Bytes that a bundle may have inflated, and a base with its tables, to be kept. */
  readonly keepBytes: number
  #bundle: { readonly sha256: string; readonly bundle: Bundle } | null = null
  readonly #bases = new Map<string, RunningBase>()
  /** Of the modules of the bundle that is kept. */
  #proofs: { readonly baseSha256: string; readonly known: KnownProofs } | null = null
  readonly #origins = new WeakMap<RunningBase, OriginBase>()

  constructor(keepBytes: number) {
    this.keepBytes = keepBytes
  }

  /** SHA-256 of the bundle that is kept; null where none is. */
  get bundleSha256(): string | null {
    return this.#bundle?.sha256 ?? null
  }

  /** Keeps a bundle that is in memory as a whole, instead of the one before. */
  keepBundle(sha256: string, bundle: Bundle): void {
    this.#bundle = { sha256, bundle }
    this.#proofs = null
  }

  /** Lets go of all, and of its memory, before a job that takes much itself: bases are made ready again in little time. */
  drop(): void {
    if (this.#bases.size === 0 && this.#bundle === null) return
    this.#bases.clear()
    this.#dropBundle()
    collectGarbage()
  }

  #dropBundle(): void {
    this.#bundle = null
    this.#proofs = null
  }

  /**
   * The bundle with that SHA-256, which the file at `path` holds; to be closed with `close` below.
   * @throws CheckError `bundle-malformed`
   */
  bundle(sha256: string, path: string): Bundle {
    if (this.#bundle?.sha256 === sha256) return this.#bundle.bundle
    if (this.#bundle !== null) {
      this.#dropBundle()
      collectGarbage()
    }
    const bundle = openBundle(path)
    if (bundle.inflatedBytes > this.keepBytes) return bundle
    try {
      bundle.inflate()
    } catch (error) {
      bundle.close()
      throw error
    }
    this.keepBundle(sha256, bundle)
    return bundle
  }

  /** Closes a bundle unless it is kept. */
  close(bundle: Bundle): void {
    if (this.#bundle?.bundle !== bundle) bundle.close()
  }

  /**
   * What is known of the modules of a bundle and a base, to be added to: whoever decides the origin of modules looks for what their
   * comparisons ask again. Of a bundle that is not kept nothing is, and of one that is, what the last such base showed.
   */
  proofs(bundle: Bundle, baseSha256: string): KnownProofs {
    if (this.#bundle?.bundle === bundle && this.#proofs?.baseSha256 === baseSha256) return this.#proofs.known
    const known = new Array<KnownProofs[number]>(bundle.modules.length)
    if (this.#bundle?.bundle === bundle) this.#proofs = { baseSha256, known }
    return known
  }

  /** The base with that SHA-256, which the file at `path` holds. */
  async base(sha256: string, path: string): Promise<RunningBase> {
    const base = this.#bases.get(sha256) ?? prepareBase(await readFile(path))
    if (base.bytes.length * baseTables > this.keepBytes) return base
    this.#bases.delete(sha256)
    this.#bases.set(sha256, base)
    for (const oldest of this.#bases.keys()) {
      if (this.#bases.size <= keptBases) break
      this.#bases.delete(oldest)
    }
    return base
  }

  /** The same base as one that modules were built on, with what is known of it next to others that are kept. */
  async origin(sha256: string, path: string): Promise<OriginBase> {
    const base = await this.base(sha256, path)
    const origin = this.#origins.get(base) ?? new OriginBase(sha256, base)
    this.#origins.set(base, origin)
    return origin
  }
}
