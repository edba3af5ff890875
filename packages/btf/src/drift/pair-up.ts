import type { ClassedBase } from '../binding/classes.js'
import { visitStringReferences } from '../references.js'

/** Definitions of one name that are compared with each other; of more, those left pair in the order of their ids. */
const mostCompared = 16

/**
 * Pairs types of A and B that are the same entity. Where a name has several definitions on both sides, the most alike
 * pair first: those of equal size, then those that share most names of members.
 */
export function pairUp(
  a: ClassedBase,
  idsA: readonly number[],
  b: ClassedBase,
  idsB: readonly number[],
): (readonly [a: number, b: number])[] {
  const inB = new Map<number, number[]>()
  for (const id of idsB) pushTo(inB, b.entity[id]!, id)
  const inA = new Map<number, number[]>()
  for (const id of idsA) if (inB.has(a.entity[id]!)) pushTo(inA, a.entity[id]!, id)
  const pairs: (readonly [number, number])[] = []
  for (const [entity, left] of inA) {
    const right = inB.get(entity)!
    if (left.length > 1 || right.length > 1) pairs.push(...mostAlike(a, left, b, right))
    else pairs.push([left[0]!, right[0]!])
  }
  return pairs
}

function pushTo(groups: Map<number, number[]>, key: number, id: number): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [id])
  else group.push(id)
}

function mostAlike(
  a: ClassedBase,
  idsA: readonly number[],
  b: ClassedBase,
  idsB: readonly number[],
): (readonly [number, number])[] {
  const candidates: { score: number; idA: number; idB: number }[] = []
  for (const idA of idsA.slice(0, mostCompared)) {
    const names = namesIn(a, idA)
    for (const idB of idsB.slice(0, mostCompared)) {
      const sameSize = a.btf.sizeOrType(idA) === b.btf.sizeOrType(idB)
      let shared = 0
      for (const name of namesIn(b, idB)) if (names.has(name)) shared++
      candidates.push({ score: shared + (sameSize ? sizeCounts : 0), idA, idB })
    }
  }
  candidates.sort((one, other) => other.score - one.score || one.idA - other.idA || one.idB - other.idB)
  const pairs: (readonly [number, number])[] = []
  const taken = { a: new Set<number>(), b: new Set<number>() }
  const pair = (idA: number, idB: number): void => {
    taken.a.add(idA)
    taken.b.add(idB)
    pairs.push([idA, idB])
  }
  for (const { idA, idB } of candidates) if (!taken.a.has(idA) && !taken.b.has(idB)) pair(idA, idB)
  const restA = idsA.filter((id) => !taken.a.has(id))
  const restB = idsB.filter((id) => !taken.b.has(id))
  for (let nth = 0; nth < restA.length && nth < restB.length; nth++) pair(restA[nth]!, restB[nth]!)
  return pairs
}

/** More than a type has members: equal sizes go before names. */
const sizeCounts = 2 ** 24

function namesIn(base: ClassedBase, id: number): Set<number> {
  const names = new Set<number>()
  visitStringReferences(base.btf, id, (offset) => names.add(base.name(offset)))
  return names
}
