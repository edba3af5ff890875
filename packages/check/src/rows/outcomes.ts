import { loadDoubtful, loadStops, overallOf, symbolsMissing } from '../pure/overall.js'
import { type ModuleResult, verdicts } from '../pure/verdicts.js'

/**
 * Bits beside the number of a verdict: what else the kernel compares stops the module, type ids in its code are wrong, though its
 * verdict is known not all that the kernel compares is, or it imports what nothing known exports. What stops a module leaves nothing open: both
 * bits together say that it lacks itself what tells whether the kernel takes it.
 */
const bits = {
  stopped: 0x10,
  idsWrong: 0x20,
  loadUnknown: 0x40,
  loadDoubtful: 0x50,
  symbolsMissing: 0x80,
} as const

/** A module that imports what nothing known exports, the first of these symbols, and how many they are. */
export interface MissingSymbols {
  readonly module: string
  readonly symbols: readonly string[]
  readonly total: number
}

/** What a gate looks at of the rows of a comparison. */
export interface Outcomes {
  /**
   * Of each module, in the order of the manifest: a byte, the number of its verdict in `verdicts` and four bits of its `load`. No
   * bytes at all where every module is compatible and known to load.
   */
  readonly bytes: Uint8Array
  /** Modules of which symbols are missing: the first by name. */
  readonly missing: readonly MissingSymbols[]
}

/** Modules whose missing symbols are named, and the characters that are kept of a name. */
const named = { modules: 32, characters: 128 } as const

type Row = Pick<ModuleResult, 'name' | 'verdict' | 'load'>

function byteOf({ verdict, load }: Row): number {
  return (
    verdicts.indexOf(verdict) |
    (loadStops(load) ? bits.stopped : 0) |
    (load.btfIds?.state === 'wrong' ? bits.idsWrong : 0) |
    (verdict !== 'unknown' && overallOf(verdict, load) === 'unknown' ? bits.loadUnknown : 0) |
    (loadDoubtful(load) ? bits.loadDoubtful : 0) |
    (symbolsMissing(load) ? bits.symbolsMissing : 0)
  )
}

function missingOf({ name, load }: Row): MissingSymbols {
  const { unresolved = [], unresolvedTotal: total = unresolved.length } = load.modversions
  return { module: name, symbols: unresolved.map((symbol) => symbol.slice(0, named.characters)), total }
}

/** What a gate looks at of the results of a comparison, in the order of the manifest. */
export function outcomesOf(results: readonly Row[]): Outcomes {
  const bytes = Uint8Array.from(results, byteOf)
  const lacking = results
    .filter(({ load }) => symbolsMissing(load))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    bytes: bytes.some((byte) => byte !== 0) ? bytes : new Uint8Array(),
    missing: lacking.slice(0, named.modules).map(missingOf),
  }
}
