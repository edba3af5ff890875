import { decodeRows, outcomesOf } from '@basedrift/check'
import type { Ledger, ReadOutcomes } from '@basedrift/ledger'

/** Reads the outcomes of a comparison that was made before they were recorded. */
export function outcomesReader({ moduleSets }: Pick<Ledger, 'moduleSets'>): ReadOutcomes {
  return async (rows, moduleSetId) => outcomesOf(decodeRows(rows, await moduleSets.manifest(moduleSetId)))
}
