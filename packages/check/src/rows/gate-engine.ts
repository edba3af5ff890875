import { ENGINE_VERSION, type Subject } from '../pure/index.js'
import { decodeRows } from './codec.js'
import { type Outcomes, outcomesOf } from './outcomes.js'

/** The engine of this process, as gates ask it. */
export interface OutcomeEngine {
  readonly version: string
  /** What the rows of a comparison came to, as `outcomesOf` has it: for those that were recorded without. */
  outcomes(rows: Uint8Array, moduleSetId: string): Promise<Outcomes>
}

/** Makes it of what gives the modules of a set, in the order of its rows. */
export function gateEngine(manifestOf: (moduleSetId: string) => Promise<readonly Subject[]>): OutcomeEngine {
  return {
    version: ENGINE_VERSION,
    outcomes: async (rows, moduleSetId) => outcomesOf(decodeRows(rows, await manifestOf(moduleSetId))),
  }
}
