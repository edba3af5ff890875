import type { Btf } from '../btf.js'
import { hasSize, isModifier, Kind } from '../kinds.js'
import { pointerSize } from './base-types.js'

/** Modifiers and arrays that are followed; real chains have no tenth of these. */
const longestChain = 256

/** What a type is made of, behind modifiers and arrays. */
export interface Elements {
  /** The type of each element. */
  readonly id: number
  readonly count: number
}

/** The elements of a type: one, unless it is an array; null where there is no end to the chain. */
export function elementsOf(btf: Btf, id: number): Elements | null {
  let count = 1
  let at = id
  for (let left = longestChain; left > 0; left--) {
    const kind = btf.kind(at)
    if (kind === Kind.ARRAY) {
      count *= btf.word(at, 5)
      at = btf.word(at, 3)
    } else if (isModifier(kind)) {
      at = btf.sizeOrType(at)
    } else {
      return { id: at, count }
    }
  }
  return null
}

/**
 * The size of a type in bytes, as BTF has it; null for void, functions, and what is only declared.
 * @param pointer size of a pointer; that of the machine that the BTF is for where it is left out
 */
export function sizeOf(btf: Btf, id: number, pointer?: number): number | null {
  const elements = elementsOf(btf, id)
  if (elements === null) return null
  const { id: element, count } = elements
  const kind = btf.kind(element)
  if (kind === Kind.PTR) return count * (pointer ?? pointerSize(btf))
  return hasSize(kind) ? count * btf.sizeOrType(element) : null
}
