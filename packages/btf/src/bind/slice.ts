import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'
import { visitTypeReferences } from '../references.js'
import type { Comparer } from './compare.js'
import { isNameable } from './world.js'

/** A type of a base that is the same entity in another base and defined differently there. */
export interface DirectChange {
  readonly left: number
  readonly right: number
}

/**
 * What two bases have in common, seen from what modules need of them. A module's slice of a base is what its references reach:
 * through anonymous types of any kind, and through what structs, unions, arrays and typedefs hold by value; behind a pointer
 * that a named type holds it ends.
 */
export class Slices {
  private readonly comparer: Comparer
  /** Pairs from which no change can be reached, found while walking for earlier modules. */
  private readonly unchanged = new Set<string>()

  /** @param comparer of the two bases */
  constructor(comparer: Comparer) {
    this.comparer = comparer
  }

  /** The direct changes in the slice that starts at the given pairs (an id of the one base, and what it is in the other). */
  changes(starts: Iterable<readonly [left: number, right: number]>): DirectChange[] {
    const { left: one, right: other } = this.comparer
    const seen = new Set<string>()
    const stack: [left: number, right: number, held: boolean][] = []
    const push = (left: number, right: number, held: boolean) => {
      const key = `${left} ${right} ${held ? 1 : 0}`
      if (seen.has(key) || this.unchanged.has(key) || left === 0) return
      seen.add(key)
      stack.push([left, right, held])
    }
    for (const [left, right] of starts) push(left, right, false)
    const changes = new Map<string, DirectChange>()
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const [left, right, held] = next
      if (!this.comparer.sameDefinition(left, right)) {
        changes.set(`${left} ${right}`, { left, right })
        continue
      }
      const kind = one.btf.kind(left)
      const named = isNameable(kind) && one.btf.nameOff(left) !== 0
      if (ends(kind, named, held)) continue
      const lefts = targets(one.btf, left)
      const rights = targets(other.btf, right)
      for (const [at, target] of lefts.entries()) push(target, rights[at]!, held || named)
    }
    if (changes.size === 0) for (const key of seen) this.unchanged.add(key)
    return [...changes.values()].sort((a, b) => a.left - b.left)
  }
}

/** Whether the slice does not go on behind a type: a pointer below a named type, and what names something without holding it. */
function ends(kind: number, named: boolean, held: boolean): boolean {
  if (kind === Kind.PTR) return held
  return named && kind !== Kind.STRUCT && kind !== Kind.UNION && kind !== Kind.TYPEDEF
}

function targets(btf: Btf, id: number): number[] {
  const found: number[] = []
  visitTypeReferences(btf, id, (target) => found.push(target))
  return found
}
