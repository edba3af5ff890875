import { decodeRows, ENGINE_VERSION, outcomesOf } from '@basedrift/check'
import type { GateEngine, Ledger } from '@basedrift/ledger'

/** The engine of this process, as gates ask it: which it is, and what a comparison came to whose outcomes are not recorded. */
export function gateEngine({ moduleSets }: Pick<Ledger, 'moduleSets'>): GateEngine {
  return {
    version: ENGINE_VERSION,
    outcomes: async (rows, moduleSetId) =>
      outcomesOf(decodeRows(rows, await moduleSets.manifest(moduleSetId))),
  }
}
