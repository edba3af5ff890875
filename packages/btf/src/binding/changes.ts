import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'
import { visitTypeReferences } from '../references.js'
import type { ClassedBase } from './classes.js'
import { isStructural, visitHeld } from './shape.js'

/** A type of the origin base, and what the running base has in its place, defined differently. */
export interface ChangedPair {
  readonly originId: number
  readonly runningId: number
  /** The reference of the module that was followed. */
  readonly reference: number
}

/** Pairs of types looked at for one module, at most; only bases made for it have more that differ. */
const mostPairs = 1_000_000

/**
 * The types that references reach and that are defined differently in the running base: through types without a name
 * whatever they refer to, from named types on through what is held by value. Below a struct or union that is itself defined
 * differently, a member counts as the first one of its name and entity. Each type of the origin base once, in the order in
 * which they are met.
 */
export function changesBehind(
  references: readonly number[],
  origin: ClassedBase,
  running: ClassedBase,
): ChangedPair[] {
  const starts = references.map((id) => ({ originId: id, runningId: id, reference: id }))
  return changesBetween(starts, origin, running)
}

/** As {@link changesBehind}, from types of the two bases that have other ids. */
export function changesBetween(
  starts: readonly ChangedPair[],
  origin: ClassedBase,
  running: ClassedBase,
): ChangedPair[] {
  const seen = new Set<number>()
  const changed = new Map<number, ChangedPair>()
  for (const { originId, runningId, reference } of starts) {
    const open = [{ from: originId, to: runningId, byValue: false }]
    for (const pair of open) {
      if (seen.size >= mostPairs) break
      const { from, to, byValue } = pair
      const key = (from * 2 + (byValue ? 1 : 0)) * 2 ** 26 + to
      if (seen.has(key)) continue
      seen.add(key)
      const agree = byValue
        ? origin.slice[from] === running.slice[to]
        : origin.reach[from] === running.reach[to]
      if (agree) continue
      const nameless = isStructural(origin.btf.kind(from), origin.name(origin.btf.nameOff(from)))
      if (!nameless && origin.definition[from] !== running.definition[to]) {
        if (!changed.has(from)) changed.set(from, { originId: from, runningId: to, reference })
        for (const [target, other] of membersAlike(origin, from, running, to))
          open.push({ from: target, to: other, byValue: true })
        continue
      }
      const follow = nameless && !byValue ? referencesOf : heldBy
      const targets = follow(running.btf, to)
      for (const [nth, target] of follow(origin.btf, from).entries()) {
        const other = targets[nth]
        if (other !== undefined) open.push({ from: target, to: other, byValue: byValue || !nameless })
      }
    }
  }
  // Where the search was given up it is not known which type it is; that there is one is.
  if (changed.size === 0 && seen.size >= mostPairs) return starts.slice(0, 1)
  return [...changed.values()]
}

/** Types of members of two structs or unions, by name and entity. */
function membersAlike(
  origin: ClassedBase,
  from: number,
  running: ClassedBase,
  to: number,
): [number, number][] {
  const kind = origin.btf.kind(from)
  if (kind !== running.btf.kind(to) || (kind !== Kind.STRUCT && kind !== Kind.UNION)) return []
  const others = new Map<string, number>()
  for (const { key, type } of membersOf(running, to)) if (!others.has(key)) others.set(key, type)
  return membersOf(origin, from).flatMap(({ key, type }): [number, number][] => {
    const other = others.get(key)
    return other === undefined ? [] : [[type, other]]
  })
}

function membersOf(base: ClassedBase, id: number): { key: string; type: number }[] {
  const words = base.btf.record(id)
  return Array.from({ length: base.btf.vlen(id) }, (_, nth) => {
    const type = words[4 + nth * 3]!
    return { key: `${base.name(words[3 + nth * 3]!)} ${base.entity[type] ?? 'none'}`, type }
  })
}

function referencesOf(btf: Btf, id: number): number[] {
  const targets: number[] = []
  visitTypeReferences(btf, id, (target) => targets.push(target))
  return targets
}

function heldBy(btf: Btf, id: number): number[] {
  const targets: number[] = []
  visitHeld(btf, id, (target) => targets.push(target))
  return targets
}
