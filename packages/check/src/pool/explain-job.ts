import type { ModuleResult } from '../pure/index.js'
import { type JudgedEntry, mustBe, openSet, type SetOnBase } from './judged-set.js'
import type { KeptInputs } from './kept.js'
import { pause } from './pause.js'

/** Some modules of a set, to be judged again with their findings. */
export interface ExplainJob extends SetOnBase {
  /** Each with its place in the manifest that the bundle was written with. */
  readonly modules: readonly (JudgedEntry & { readonly ordinal: number })[]
  /** Findings of each kind that are listed of a module. */
  readonly maxFindings: number
}

/**
 * Judges some modules of a set again, as the comparison did, and lists what it found: the results in the order of
 * `modules`, as `basedrift check` prints them.
 * @throws CheckError `bundle-mismatch`, `bundle-malformed`; BtfError `rules-invalid`
 */
export async function runExplain(
  { modules, maxFindings, ...set }: ExplainJob,
  kept: KeptInputs,
  { signal }: { readonly signal: AbortSignal },
): Promise<ModuleResult[]> {
  const { bundle, judge } = await openSet(set, kept)
  try {
    const results: ModuleResult[] = []
    for (const entry of modules) {
      mustBe(bundle, entry.ordinal, entry)
      results.push(judge(entry.ordinal, entry, maxFindings))
      await pause(signal)
    }
    return results
  } finally {
    kept.close(bundle)
  }
}
