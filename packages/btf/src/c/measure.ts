import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'
import { baseType, pointerSize } from './base-types.js'
import { memberOf, unmodified } from './members.js'
import { isNamed } from './names.js'
import { elementsOf } from './sizes.js'

/** Size and alignment of a type, in bytes. */
export interface Measure {
  readonly size: number
  readonly align: number
}

/** A member, and what a compiler takes it for. */
export interface MeasuredMember {
  readonly nameOff: number
  readonly isNamed: boolean
  readonly type: number
  /** Where BTF has it, in bits. */
  readonly bitOffset: number
  /** The width of a bit field; 0 for any other member. */
  readonly bits: number
  /** Size and alignment of its type, in bytes. */
  readonly size: number
  readonly align: number
  /** Whether C can have such a member, wherever it is: its type has a size, and a bit field fits its type. */
  readonly isPossible: boolean
  /**
   * The struct or union whose members an unnamed member brings along, though that type has a name: an extension of compilers
   * (`-fms-extensions`) that Linux 6.19 has come to use, so that the members are written out instead. 0 for any other.
   */
  readonly inline: number
}

/**
 * What a compiler makes of types once they are written in C, by the rules that gcc has on x86-64 and most other machines.
 * Structs and unions have a measure once they were given one by `define`.
 */
export class Measures {
  readonly pointer: number
  private readonly btf: Btf
  private readonly composites = new Map<number, Measure>()
  private readonly bases = new Map<number, string | null>()

  constructor(btf: Btf) {
    this.btf = btf
    this.pointer = pointerSize(btf)
  }

  define(id: number, measure: Measure): void {
    this.composites.set(id, measure)
  }

  /** An INT or FLOAT as C has it; null where it has none of that size. */
  base(id: number): string | null {
    const { bases } = this
    let text = bases.get(id)
    if (text === undefined) {
      text = baseType(this.btf, id, this.pointer)
      bases.set(id, text)
    }
    return text
  }

  /** Size and alignment of a type; null where C knows none at this point: of void, functions and what is not defined. */
  of(id: number): Measure | null {
    const elements = elementsOf(this.btf, id)
    if (elements === null) return null
    const one = this.ofPlain(elements.id, this.btf.kind(elements.id))
    const { count } = elements
    return one === null || count === 1 ? one : { size: one.size * count, align: one.align }
  }

  /** Member `index` of struct or union `id`. */
  member(id: number, index: number): MeasuredMember {
    const { btf } = this
    const { nameOff, type, bitOffset, bits } = memberOf(btf, id, index)
    const measure = this.of(type)
    const size = measure?.size ?? 0
    const align = measure?.align ?? 1
    const named = isNamed(btf, nameOff)
    const leaf = bits === 0 && named ? 0 : (unmodified(btf, type) ?? 0)
    const inline = bits === 0 && !named && this.composites.has(leaf) ? leaf : 0
    const isPossible =
      measure !== null && (bits === 0 ? named || inline !== 0 : bits <= this.widest(leaf, size))
    return { nameOff, isNamed: named, type, bitOffset, bits, size, align, isPossible, inline }
  }

  /** Bits that a bit field of this type can have. */
  private widest(leaf: number, size: number): number {
    const kind = this.btf.kind(leaf)
    if (kind === Kind.ENUM || kind === Kind.ENUM64) return size * 8
    if (kind !== Kind.INT) return 0
    return this.base(leaf) === '_Bool' ? 1 : size * 8
  }

  private ofPlain(id: number, kind: number): Measure | null {
    const { btf, pointer } = this
    switch (kind) {
      case Kind.PTR:
        return { size: pointer, align: pointer }
      case Kind.INT:
      case Kind.FLOAT:
        return this.base(id) === null ? null : ofNumber(btf.sizeOrType(id), pointer)
      case Kind.ENUM:
      case Kind.ENUM64:
        return isOpenEnum(btf, id) ? null : ofNumber(btf.sizeOrType(id), pointer)
      case Kind.STRUCT:
      case Kind.UNION:
        return this.composites.get(id) ?? null
      default:
        return null
    }
  }
}

/** Whether an enum is only declared: without enumerators, C has no definition of it. */
export function isOpenEnum(btf: Btf, id: number): boolean {
  return btf.vlen(id) === 0 && isNamed(btf, btf.nameOff(id))
}

/** Numbers are aligned to their size, up to 16 bytes, or up to the size of `long` on machines of 32 bits. */
function ofNumber(size: number, pointer: number): Measure {
  return { size, align: size === 12 ? 4 : Math.min(size, pointer === 8 ? 16 : pointer) }
}
