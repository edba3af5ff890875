import type { Btf, RunningBase } from '@basedrift/btf'
import { CheckError } from '../errors.js'
import type { ManifestEntry } from '../manifest.js'
import { proofAgainst, type VerdictReason } from '../pure/index.js'
import { readable } from '../pure/readable.js'
import { mustBe } from './judged-set.js'
import type { KeptInputs, KnownProofs } from './kept.js'
import { pause } from './pause.js'

/** A module set, and bases that it may have been built on. */
export interface FitJob {
  readonly bundlePath: string
  /** SHA-256 of the bundle. */
  readonly bundleSha256: string
  /** The manifest that the bundle was written with, in its order. */
  readonly manifest: readonly Pick<ManifestEntry, 'sha256' | 'originStrings'>[]
  readonly bases: readonly { readonly sha256: string; readonly path: string }[]
  /** Modules that are listed of those that were not built on a base. */
  readonly mostListed: number
}

/** A module that was not built on a base, by its place in the manifest. */
export interface Misfit {
  readonly ordinal: number
  /** The reference that no build tool writes on that base; null where it tells another string length. */
  readonly proof: VerdictReason | null
}

/** Which modules of a set show that they were not built on a base. */
export interface FitResult {
  readonly sha256: string
  /** Modules that tell anything of the base that they were built on. */
  readonly telling: number
  /** Of these, those that tell another string length, and those whose references contradict the base. */
  readonly otherLength: number
  readonly contradicting: number
  /** The first of both, in the order of the manifest. */
  readonly listed: readonly Misfit[]
}

/** Modules looked at between two looks at the signal. */
const stride = 64

/**
 * Says of each base which modules of a set were not built on it: by the string length that a module tells, and by references
 * that no build tool writes. A module with a `.BTF.base` was built on that and tells nothing, as does one that cannot be read.
 * @throws CheckError `bundle-mismatch`, `bundle-malformed`
 */
export async function runFit(
  { bundlePath, bundleSha256, manifest, bases, mostListed }: FitJob,
  kept: KeptInputs,
  { signal }: { readonly signal: AbortSignal },
): Promise<FitResult[]> {
  const bundle = kept.bundle(bundleSha256, bundlePath)
  try {
    if (bundle.modules.length !== manifest.length) throw new CheckError('bundle-mismatch')
    for (const [ordinal, entry] of manifest.entries()) mustBe(bundle, ordinal, entry)
    const results: FitResult[] = []
    for (const { sha256, path } of bases) {
      const base = await kept.base(sha256, path)
      const known = kept.proofs(bundle, sha256)
      const misfits: Misfit[] = []
      let telling = 0
      let looked = 0
      for (const ordinal of bundle.readingOrder()) {
        const { btfSha256, distilledSha256 } = bundle.modules[ordinal]!
        if (btfSha256 === null || distilledSha256 !== null) continue
        const { originStrings } = manifest[ordinal]!
        const misfit = misfitOf(ordinal, originStrings, base, known, () => readable(bundle.read(btfSha256)))
        if (originStrings !== null || misfit !== null) telling++
        if (misfit !== null) misfits.push(misfit)
        if (++looked % stride > 0) continue
        await pause(signal)
      }
      const contradicting = misfits.filter(({ proof }) => proof !== null).length
      const listed = misfits.sort((a, b) => a.ordinal - b.ordinal).slice(0, mostListed)
      results.push({ sha256, telling, otherLength: misfits.length - contradicting, contradicting, listed })
    }
    return results
  } finally {
    kept.close(bundle)
  }
}

function misfitOf(
  ordinal: number,
  originStrings: number | null,
  base: RunningBase,
  known: KnownProofs,
  split: () => Btf | null,
): Misfit | null {
  if (base.btf === null) return null
  if (originStrings !== null && originStrings !== base.btf.stringsLength) return { ordinal, proof: null }
  const read = split()
  const proof = read === null ? null : proofAgainst(read, base)
  known[ordinal] = proof
  return proof === null ? null : { ordinal, proof }
}
