import type { FitResult, Misfit } from '@basedrift/check'
import type { BaseRow, BlobStore, ModuleRow } from '@basedrift/ledger'
import { withFiles } from '../files.js'
import type { Pool } from '../pool.js'

/** Says of each base which modules of a set were not built on it. */
export type FitAll = (bases: readonly BaseRow[]) => Promise<readonly FitResult[]>

/** Modules that are named one by one where they alone contradict what is said of all. */
export const mostNamed = 20

/** Bases whose files are there at the same time. */
const together = 8

/** Looks at the modules of a set, whose bundle is a local file. */
export function fitBy(
  { pool, blobs }: { pool: Pick<Pool, 'fit'>; blobs: Pick<BlobStore, 'withFile'> },
  set: { bundlePath: string; bundleSha256: string; manifest: readonly ModuleRow[] },
  /** Local files of bases that are not in the blob store yet. */
  local: ReadonlyMap<string, string>,
  signal: AbortSignal,
): FitAll {
  return async (bases) => {
    const results: FitResult[] = []
    for (let at = 0; at < bases.length; at += together) {
      const some = bases.slice(at, at + together).map(({ sha256 }) => sha256)
      const stored = some.filter((sha256) => !local.has(sha256))
      const fits = await withFiles(blobs, stored, (paths) => {
        const files = new Map([...local, ...stored.map((sha256, nth) => [sha256, paths[nth] ?? ''] as const)])
        const asked = some.map((sha256) => ({ sha256, path: files.get(sha256) ?? '' }))
        return pool.fit({ ...set, bases: asked, mostListed: mostNamed }, { signal })
      })
      results.push(...fits)
    }
    return results
  }
}

/** How many modules show that they were not built on the base. */
export function misfitsOf({ otherLength, contradicting }: FitResult): number {
  return otherLength + contradicting
}

/** Of the modules that tell anything, the share whose references may contradict a base that the others were built on. */
const mostContradicting = 1 / 20

/**
 * Whether the modules were not built on the base: most of those that tell anything show it; or the references of more than a
 * few do, which is how a rebuild of the base with strings of the same length and other ids shows, in part of the modules.
 */
export function isRefuted(fit: FitResult): boolean {
  return misfitsOf(fit) * 2 > fit.telling || fit.contradicting > fit.telling * mostContradicting
}

const number = (value: number) => value.toLocaleString('en-US')

/** What shows that a module was not built on a base, as a clause with the module as its subject. */
export function detailOf({ proof, ordinal }: Misfit, base: BaseRow, manifest: readonly ModuleRow[]): string {
  if (proof === null) {
    const told = manifest[ordinal]?.originStrings ?? 0
    return `it tells a base with ${number(told)} bytes of strings, and that one has ${number(base.strings)}`
  }
  const { path = 'a reference', expected = 'something else', actual = 'nothing' } = proof
  return `on that base ${path} would have to be ${expected} and is ${actual}`
}
