import { isStructural } from '../binding/shape.js'
import type { Btf } from '../btf.js'
import { lastKind } from '../kinds.js'
import { visitTypeReferences } from '../references.js'

/** By id: 1 where a type is the same as another by its structure, 0 where by its kind and name. */
export function structuralTypes(base: Btf): Uint8Array {
  const { words, starts, strings } = base
  const structural = new Uint8Array(base.lastId + 1)
  for (let id = 1; id <= base.lastId; id++) {
    const name = words[starts[id - 1]!]!
    // A name is empty where its offset is that of a NUL; one beyond the table is a name that denotes nothing.
    const empty = name === 0 || strings[name] === 0
    if (isStructural(base.kind(id), empty ? 0 : 1)) structural[id] = 1
  }
  return structural
}

/** The order in which the structure of types can be told. */
export interface StructuralOrder {
  /** Structural types, each after every structural type that it refers to. */
  readonly order: readonly number[]
  /** Structural types from which references through structural types lead into a circle; compilers make none. */
  readonly circular: readonly number[]
}

/** Puts structural types after what they refer to (Kahn's algorithm, from the leaves up). */
export function structuralOrder(base: Btf, structural: Uint8Array): StructuralOrder {
  const size = base.lastId + 2
  const waitsFor = new Uint32Array(size)
  const starts = new Uint32Array(size + 1)
  const eachEdge = (visit: (from: number, to: number) => void): void => {
    for (let id = 1; id <= base.lastId; id++) {
      if (structural[id] !== 1 || base.kind(id) > lastKind) continue
      visitTypeReferences(base, id, (to) => {
        if (structural[to] === 1) visit(id, to)
      })
    }
  }
  eachEdge((from, to) => {
    waitsFor[from]!++
    starts[to + 1]!++
  })
  for (let id = 0; id < size; id++) starts[id + 1]! += starts[id]!
  const sources = new Uint32Array(starts[size]!)
  const next = starts.slice(0, size)
  eachEdge((from, to) => {
    sources[next[to]!++] = from
  })
  const order: number[] = []
  for (let id = 1; id <= base.lastId; id++) if (structural[id] === 1 && waitsFor[id] === 0) order.push(id)
  for (let done = 0; done < order.length; done++) {
    const id = order[done]!
    for (let at = starts[id]!; at < starts[id + 1]!; at++) {
      const source = sources[at]!
      if (--waitsFor[source]! === 0) order.push(source)
    }
  }
  const circular: number[] = []
  for (let id = 1; id <= base.lastId; id++) if (structural[id] === 1 && waitsFor[id] !== 0) circular.push(id)
  return { order, circular }
}
