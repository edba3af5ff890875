import { CheckError } from '../errors.js'
import type { ManifestEntry } from '../manifest.js'
import { type ModuleResult, summary, type Verdict } from '../pure/index.js'
import { encodeRows } from '../rows/codec.js'
import { type MissingSymbols, outcomesOf } from '../rows/outcomes.js'
import { type JudgedEntry, mustBe, openSet, type SetOnBase } from './judged-set.js'
import type { KeptInputs } from './kept.js'
import { pause, stride } from './pause.js'
import { type SymbolFiles, withStoredLoads } from './set-loads.js'

/** A module set, as its bundle and manifest, and the base that it is compared with. */
export interface CompareJob extends SetOnBase, SymbolFiles {
  /** The manifest that the bundle was written with, in its order. */
  readonly manifest: readonly (JudgedEntry & Pick<ManifestEntry, 'vermagic'>)[]
}

/** How many of a comparison's modules have been judged. */
export interface CompareProgress {
  readonly judged: number
  readonly total: number
}

/** Counts per verdict, the rows as `encodeRows` packs them, and what a gate looks at of them as `outcomesOf` has it. */
export interface CompareResult {
  readonly counts: Partial<Record<Verdict, number>>
  readonly rows: Uint8Array
  readonly outcomes: Uint8Array
  readonly missing: readonly MissingSymbols[]
}

/**
 * Judges every module of a set on one base. What `kept` has of the inputs is not read again. Findings are counted and not listed:
 * `runExplain` finds them again.
 * @throws CheckError `bundle-mismatch`, `bundle-malformed`, `symbols-malformed`; BtfError `rules-invalid`
 */
export async function runCompare(
  { manifest, ...set }: CompareJob,
  kept: KeptInputs,
  { signal, progress }: { readonly signal: AbortSignal; progress(progress: CompareProgress): void },
): Promise<CompareResult> {
  const { bundle, running, judge } = await openSet(set, kept)
  try {
    const { modules } = bundle
    if (modules.length !== manifest.length) throw new CheckError('bundle-mismatch')
    for (const [ordinal, entry] of manifest.entries()) mustBe(bundle, ordinal, entry)
    const results = new Array<ModuleResult>(modules.length)
    let judged = 0
    for (const nth of bundle.readingOrder()) {
      results[nth] = judge(nth, manifest[nth]!, 0)
      if (++judged % stride > 0) continue
      progress({ judged, total: modules.length })
      await pause(signal)
    }
    const { total: _, ...counts } = summary(results)
    const { rules, btfModules } = set
    const on = { signal, manifest, bundle, running, rules, btfModules }
    const loaded = await withStoredLoads(results, set, on)
    const { bytes: outcomes, missing } = outcomesOf(loaded)
    return { counts, rows: encodeRows(loaded), outcomes, missing }
  } finally {
    kept.close(bundle)
  }
}
