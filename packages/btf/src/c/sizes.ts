import type { Btf } from '../btf.js'
import { isModifier, Kind } from '../kinds.js'
import { pointerSize } from './base-types.js'

/** Modifiers and arrays that are followed; real chains have no tenth of these. */
const longestChain = 256

/** The size of a type in bytes, as BTF has it; null for void, functions, and what is only declared. */
export function sizeOf(btf: Btf, id: number): number | null {
  let count = 1
  let at = id
  for (let left = longestChain; left > 0; left--) {
    const kind = btf.kind(at)
    if (kind === Kind.ARRAY) {
      count *= btf.word(at, 5)
      at = btf.word(at, 3)
    } else if (isModifier(kind)) {
      at = btf.sizeOrType(at)
    } else if (kind === Kind.PTR) {
      return count * pointerSize(btf)
    } else {
      return hasSize(kind) ? count * btf.sizeOrType(at) : null
    }
  }
  return null
}

function hasSize(kind: number): boolean {
  return (
    kind === Kind.INT ||
    kind === Kind.FLOAT ||
    kind === Kind.STRUCT ||
    kind === Kind.UNION ||
    kind === Kind.ENUM ||
    kind === Kind.ENUM64
  )
}
