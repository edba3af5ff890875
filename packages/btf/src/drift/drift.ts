import { TypeClasses } from '../binding/classes.js'
import type { Btf } from '../btf.js'
import { typeText } from '../c/declaration.js'
import { kindNames } from '../kinds.js'
import { classOf, type DriftClass } from './class.js'
import { correspond } from './correspond.js'
import { firstDiverging, type ShiftBucket, sameRecords, shiftsOf } from './order.js'
import { partsOf } from './parts.js'
import { countReaching } from './reaching.js'

/** A base to be compared: its bytes, and what was read from them. */
export interface DriftInput {
  readonly bytes: Uint8Array
  readonly btf: Btf
}

/** A type that one of the bases has and the other has not. */
export interface DriftType {
  /** As the kernel's log names it: `STRUCT`. */
  readonly kind: string
  /** One character a byte. */
  readonly name: string
  readonly id: number
}

/** A type that both bases have under one name, defined differently. */
export interface DriftChange {
  readonly kind: string
  readonly name: string
  readonly a: number
  readonly b: number
}

/** What was found of one sort: how many, and the first of them, by kind and then by name. */
export interface Found<Item> {
  readonly total: number
  readonly byKind: Readonly<Record<string, number>>
  readonly listed: readonly Item[]
}

/** What stands under one id. */
export interface DriftPlace {
  readonly kind: string
  readonly name: string
  /** The type as C has it, cut if it is long. */
  readonly text: string
}

/** The difference between two bases. */
export interface Drift {
  readonly class: DriftClass
  /** Both hold each definition equally often, under other ids. */
  readonly orderOnly: boolean
  /** Both hold the same definitions, some of them more often in one than in the other. */
  readonly duplicatesOnly: boolean
  /** Types that repeat a definition that stood before. */
  readonly repeated: { readonly a: number; readonly b: number }
  /** The first id under which the bases hold different types; null where they hold the same. */
  readonly firstDiverging: {
    readonly id: number
    readonly a: DriftPlace | null
    readonly b: DriftPlace | null
  } | null
  /** By how much the ids of types moved that both bases have: the largest groups first, `b - a`. */
  readonly shifts: {
    readonly corresponding: number
    readonly moved: number
    /** Number of different shifts, of which {@link buckets} has the first. */
    readonly distinct: number
    readonly buckets: readonly ShiftBucket[]
    /** Whether types of equal definition stand in the same order in both. */
    readonly inOrder: boolean
  }
  /** Named types, and tags on anything but functions, that only B, or only A, has. */
  readonly added: Found<DriftType>
  readonly removed: Found<DriftType>
  /** Named types that are defined differently; what reaches them is not among them. */
  readonly changed: Found<DriftChange>
  /** Functions, which have no layout: those with another prototype are `changed`. */
  readonly functions: {
    readonly added: Found<DriftType>
    readonly removed: Found<DriftType>
    readonly changed: Found<DriftChange>
  }
  /** Types without a name of their own (pointers, prototypes, …) that only one has. */
  readonly nameless: { readonly added: number; readonly removed: number }
  /** Named types of B that are defined as in A, and hold by value something that is not. */
  readonly reaching: number
}

/** How much of a drift is listed. */
export interface DriftOptions {
  /** Types listed of each sort; the totals are always true. */
  readonly most?: number
  /** Classes of types that both bases may be in already. */
  readonly classes?: TypeClasses
}

const defaultMost = 1000

/**
 * Compares two bases, A before B. Each is taken as it stands: no rule of a kernel is asked.
 * @throws BtfError `btf-names`
 */
export function driftOf(a: DriftInput, b: DriftInput, options: DriftOptions = {}): Drift {
  const { most = defaultMost, classes = new TypeClasses() } = options
  const sides = { a: classes.add(a.btf), b: classes.add(b.btf) }
  const same = correspond(sides.a, sides.b)
  const laidOutAlike = sameRecords(sides.a, sides.b)
  const parts = partsOf(same)
  const setsAgree = same.a.gone.length === 0 && same.b.gone.length === 0
  return {
    class: sameBytes(a.bytes, b.bytes)
      ? 'none'
      : laidOutAlike
        ? 'strings-only'
        : setsAgree
          ? 'reordered'
          : classOf(same, parts),
    orderOnly: setsAgree && !laidOutAlike && same.a.surplus + same.b.surplus === 0,
    duplicatesOnly: setsAgree && same.a.surplus + same.b.surplus > 0,
    repeated: { a: same.a.repeated, b: same.b.repeated },
    firstDiverging: placed(firstDiverging(sides.a, sides.b), a.btf, b.btf),
    shifts: shiftsOf(same),
    added: found(b.btf, parts.added, most),
    removed: found(a.btf, parts.removed, most),
    changed: foundChanges(a.btf, parts.changed, most),
    functions: {
      added: found(b.btf, parts.functionsAdded, most),
      removed: found(a.btf, parts.functionsRemoved, most),
      changed: foundChanges(a.btf, parts.functionsChanged, most),
    },
    nameless: { added: parts.namelessAdded, removed: parts.namelessRemoved },
    reaching: parts.changed.length + parts.removed.length === 0 ? 0 : countReaching(sides.a, sides.b),
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

function placed(id: number | null, a: Btf, b: Btf): Drift['firstDiverging'] {
  return id === null ? null : { id, a: placeOf(a, id), b: placeOf(b, id) }
}

function placeOf(btf: Btf, id: number): DriftPlace | null {
  if (!btf.has(id)) return null
  return { kind: kindText(btf, id), name: btf.name(id), text: typeText(btf, id) }
}

function kindText(btf: Btf, id: number): string {
  const kind = btf.kind(id)
  return kindNames[kind] ?? `KIND_${kind}`
}

function found(btf: Btf, ids: readonly number[], most: number): Found<DriftType> {
  const items = ids.map((id) => ({ kind: kindText(btf, id), name: btf.name(id), id }))
  return foundOf(items, (item) => btf.kind(item.id), most)
}

function foundChanges(
  a: Btf,
  pairs: readonly (readonly [a: number, b: number])[],
  most: number,
): Found<DriftChange> {
  const items = pairs.map(([idA, idB]) => ({ kind: kindText(a, idA), name: a.name(idA), a: idA, b: idB }))
  return foundOf(items, (item) => a.kind(item.a), most)
}

function foundOf<Item extends { readonly kind: string; readonly name: string }>(
  items: Item[],
  kindOf: (item: Item) => number,
  most: number,
): Found<Item> {
  const byKind: Record<string, number> = {}
  const sorted = items.sort(
    (one, other) =>
      kindOf(one) - kindOf(other) || (one.name < other.name ? -1 : one.name > other.name ? 1 : 0),
  )
  for (const { kind } of sorted) byKind[kind] = (byKind[kind] ?? 0) + 1
  return { total: items.length, byKind, listed: sorted.slice(0, most) }
}
