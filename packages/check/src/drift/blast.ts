import { breaks, summary } from '../pure/overall.js'
import type { ModuleResult, Summary } from '../pure/verdicts.js'

/** A module that a drift breaks. */
export interface BrokenModule {
  readonly name: string
  readonly file: string
  readonly verdict: string
  readonly basis: string
}

/** What becomes of the BTF of one build's modules on the kernel of the other. */
export interface Blast {
  /** Modules per verdict. */
  readonly summary: Summary
  /** Modules whose BTF the kernel refuses, crashes on, misreads, or that rely on what it defines differently. */
  readonly broken: { readonly total: number; readonly listed: readonly BrokenModule[] }
  /** Modules of which nothing can be said. */
  readonly undecided: number
}

/** The blast radius of one direction; null where no modules were checked. `most` is how many are listed. */
export function blastOf(rows: readonly ModuleResult[] | null, most: number): Blast | null {
  if (rows === null || rows.length === 0) return null
  const broken = rows.filter((row) => breaks(row.verdict))
  const listed = broken
    .slice(0, most)
    .map(({ name, file, verdict, basis }) => ({ name, file, verdict, basis }))
  const undecided = rows.filter(({ verdict }) => verdict === 'unknown' || verdict === 'error').length
  return { summary: summary(rows), broken: { total: broken.length, listed }, undecided }
}
