import { loadStops, overallOf } from '../pure/overall.js'
import { type ModuleResult, verdicts } from '../pure/verdicts.js'

/**
 * Bits beside the number of a verdict: what else the kernel compares stops the module, type ids in its code are wrong, or, though its
 * verdict is known, not all that the kernel compares is.
 */
const bits = { stopped: 0x10, idsWrong: 0x20, loadUnknown: 0x40 } as const

/**
 * What a gate looks at of each module, in the order of the manifest: a byte each, the number of its verdict in `verdicts` and three
 * bits of its `load`. No bytes at all where every module is compatible and known to load.
 */
export function outcomesOf(results: readonly Pick<ModuleResult, 'verdict' | 'load'>[]): Uint8Array {
  const outcomes = Uint8Array.from(
    results,
    ({ verdict, load }) =>
      verdicts.indexOf(verdict) |
      (loadStops(load) ? bits.stopped : 0) |
      (load.btfIds?.state === 'wrong' ? bits.idsWrong : 0) |
      (verdict !== 'unknown' && overallOf(verdict, load) === 'unknown' ? bits.loadUnknown : 0),
  )
  return outcomes.some((byte) => byte !== 0) ? outcomes : new Uint8Array()
}
