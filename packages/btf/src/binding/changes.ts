import type { Btf } from '../btf.js'
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
 * whatever they refer to, from named types on through what is held by value. A definition that differs ends the way: what
 * it holds has no counterpart. Each type of the origin base once, in the order in which they are met.
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
  return [...changed.values()]
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
