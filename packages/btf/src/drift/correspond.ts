import type { ClassedBase } from '../binding/classes.js'
import { isStructural } from '../binding/shape.js'
import { pairUp } from './pair-up.js'

/** One of two bases that are compared. */
export interface Side {
  readonly base: ClassedBase
  /** The first id of each definition that the other base has not, in the order of ids. */
  readonly gone: readonly number[]
  /** Those of {@link gone} that are told by their structure. */
  readonly namelessGone: readonly number[]
  /** Those of {@link gone} that have a name, and no counterpart of that name that is defined differently. */
  readonly lone: readonly number[]
  /** Types that stand for a definition that the other base has too, but less often. */
  readonly surplus: number
  /** Types that repeat a definition that stood before. */
  readonly repeated: number
}

/** Which types of two bases correspond. */
export interface Correspondence {
  readonly a: Side
  readonly b: Side
  /** By id of A: the id in B of the type that stands for it, the same definition or, of {@link changed}, the other; or 0. */
  readonly counterpart: Uint32Array
  /** Named types that both bases have, defined differently: ids in A and B. */
  readonly changed: readonly (readonly [a: number, b: number])[]
}

/**
 * Pairs the types of two bases: first those of the same definition, in the order of their ids; then, among definitions that
 * only one base has, those of the same kind and name.
 */
export function correspond(a: ClassedBase, b: ClassedBase): Correspondence {
  const count = Math.max(largest(a.definition), largest(b.definition)) + 1
  const places = new Places(b.definition, count)
  const counterpart = new Uint32Array(a.definition.length)
  let surplusA = 0
  const inB = new Uint8Array(count)
  const inA = new Uint8Array(count)
  for (let id = 1; id < b.definition.length; id++) inB[b.definition[id]!] = 1
  for (let id = 1; id < a.definition.length; id++) {
    const own = a.definition[id]!
    inA[own] = 1
    counterpart[id] = places.take(own)
    if (counterpart[id] === 0 && inB[own] === 1) surplusA++
  }
  let surplusB = b.definition.length - 1
  for (let id = 1; id < counterpart.length; id++) if (counterpart[id] !== 0) surplusB--
  for (let id = 1; id < b.definition.length; id++) if (inA[b.definition[id]!] === 0) surplusB--
  const goneA = goneOf(a, inB)
  const goneB = goneOf(b, inA)
  const changed = pairUp(a, goneA.named, b, goneB.named)
  const paired = { a: new Set(changed.map(([id]) => id)), b: new Set(changed.map(([, id]) => id)) }
  for (const [idA, idB] of changed) counterpart[idA] = idB
  const side = (base: ClassedBase, gone: Gone, taken: ReadonlySet<number>, surplus: number): Side => ({
    base,
    gone: gone.all,
    namelessGone: gone.nameless,
    lone: gone.named.filter((id) => !taken.has(id)),
    surplus,
    repeated: gone.repeated,
  })
  return {
    a: side(a, goneA, paired.a, surplusA),
    b: side(b, goneB, paired.b, surplusB),
    counterpart,
    changed,
  }
}

interface Gone {
  readonly all: number[]
  readonly named: number[]
  readonly nameless: number[]
  readonly repeated: number
}

/** The definitions of a base that are not among those of the other, each by its first id. */
function goneOf(base: ClassedBase, inOther: Uint8Array): Gone {
  const { btf, definition } = base
  const seen = new Uint8Array(inOther.length)
  const gone: Gone & { repeated: number } = { all: [], named: [], nameless: [], repeated: 0 }
  for (let id = 1; id < definition.length; id++) {
    const own = definition[id]!
    if (seen[own] === 1) {
      gone.repeated++
      continue
    }
    seen[own] = 1
    if (inOther[own] === 1) continue
    gone.all.push(id)
    if (isStructural(btf.kind(id), base.name(btf.nameOff(id)))) gone.nameless.push(id)
    else gone.named.push(id)
  }
  return gone
}

/** Where each definition of a base stands, to be taken in the order of ids. */
class Places {
  private readonly first: Uint32Array
  private readonly next: Uint32Array

  constructor(definition: Uint32Array, count: number) {
    this.first = new Uint32Array(count)
    this.next = new Uint32Array(definition.length)
    for (let id = definition.length - 1; id > 0; id--) {
      this.next[id] = this.first[definition[id]!]!
      this.first[definition[id]!] = id
    }
  }

  /** The next id of a definition; 0 where there is none left. */
  take(definition: number): number {
    const id = this.first[definition]!
    if (id !== 0) this.first[definition] = this.next[id]!
    return id
  }
}

function largest(numbers: Uint32Array): number {
  let most = 0
  for (const number of numbers) if (number > most) most = number
  return most
}
