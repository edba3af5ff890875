import type { Btf } from '../btf.js'
import { isModifier, Kind } from '../kinds.js'

/** One member of a struct or union. */
export interface Member {
  readonly nameOff: number
  readonly type: number
  /** Where it starts, in bits from the start of the type that holds it. */
  readonly bitOffset: number
  /** The width of a bit field, in bits; 0 for any other member. */
  readonly bits: number
}

/**
 * Member `index` of struct or union `id`. Where the type's kind_flag is set, a member tells the width of its bit field;
 * where it is not, as pahole did it before 1.13, the member's integer has the width and a bit offset of its own.
 */
export function memberOf(btf: Btf, id: number, index: number): Member {
  const at = 3 + index * 3
  const nameOff = btf.word(id, at)
  const type = btf.word(id, at + 1)
  const offset = btf.word(id, at + 2)
  if (btf.kindFlag(id)) return { nameOff, type, bitOffset: offset & 0xffffff, bits: offset >>> 24 }
  const leaf = unmodified(btf, type)
  if (leaf === null || btf.kind(leaf) !== Kind.INT) return { nameOff, type, bitOffset: offset, bits: 0 }
  const data = btf.word(leaf, 3)
  const width = data & 0xff
  const shift = (data >>> 16) & 0xff
  if (shift === 0 && width === btf.sizeOrType(leaf) * 8) return { nameOff, type, bitOffset: offset, bits: 0 }
  return { nameOff, type, bitOffset: offset + shift, bits: width }
}

/** Modifiers that are followed; real chains have no tenth of these. */
const longestChain = 256

/** The type behind typedefs, qualifiers and tags; null where there are more than any real type has, as in a circle. */
export function unmodified(btf: Btf, id: number): number | null {
  let at = id
  for (let left = longestChain; left > 0; left--) {
    if (!isModifier(btf.kind(at))) return at
    at = btf.sizeOrType(at)
  }
  return null
}
