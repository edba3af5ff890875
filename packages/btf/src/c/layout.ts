import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'
import type { MeasuredMember, Measures } from './measure.js'
import { type Padding, packedPadding, paddingBetween, roundUp, unitBits } from './padding.js'

/** What stands between the braces of a struct or union, in order. */
export type Field =
  | ({ readonly is: 'member' } & MeasuredMember)
  | ({ readonly is: 'padding' } & Padding)
  /** Bytes that no member has, too many for padding. */
  | { readonly is: 'filler'; readonly bytes: number }
  /** A member that has no place in C: its type has no size, or it overlaps another or the end. */
  | ({ readonly is: 'misplaced' } & MeasuredMember)

/** A struct or union, so written that a compiler lays it out as BTF has it. */
export interface Layout {
  /** What follows the closing brace. */
  readonly attribute: '' | 'packed' | `aligned(${number})`
  /** The alignment that it then has, in bytes. */
  readonly align: number
  readonly fields: readonly Field[]
}

/**
 * Finds how to write struct or union `id`: as it stands, with as little padding as libbpf would give it, or, where a compiler
 * would make something else of that, packed, with all padding said, and without members that no compiler would put there.
 */
export function layoutOf(btf: Btf, id: number, measures: Measures): Layout {
  const members = Array.from({ length: btf.vlen(id) }, (_, index) => measures.member(id, index))
  const size = btf.sizeOrType(id)
  return btf.kind(id) === Kind.UNION ? ofUnion(members, size) : ofStruct(members, size, measures.pointer)
}

/** Bits of padding up to which it is written as such. */
const mostPadding = 1 << 19

function ofStruct(members: readonly MeasuredMember[], size: number, pointer: number): Layout {
  const natural = naturalAlign(members, size)
  const isPacked = natural === 0
  const fields = padded(members, size * 8, pointer, natural)
  const made = fields === null ? null : compiled(fields, isPacked, pointer)
  if (fields !== null && made !== null && made.size === size) {
    return { attribute: isPacked ? 'packed' : '', align: made.align, fields }
  }
  return { attribute: 'packed', align: 1, fields: exactly(members, size * 8, pointer) }
}

/** The alignment that members ask for, in bytes; 0 where they or the size do not keep to it, so that `packed` was said. */
function naturalAlign(members: readonly MeasuredMember[], size: number): number {
  let most = 1
  for (const { bits, bitOffset, align } of members) {
    if (bits === 0 && bitOffset % (8 * align) !== 0) return 0
    most = Math.max(most, align)
  }
  return size % most === 0 ? most : 0
}

/** Members with the padding that libbpf would give them; null where that is too much. `align` is 0 for a packed struct. */
function padded(
  members: readonly MeasuredMember[],
  end: number,
  pointer: number,
  align: number,
): Field[] | null {
  const fields: Field[] = []
  let at = 0
  let afterBitField = false
  for (const member of members) {
    const { bits, bitOffset } = member
    const nextAlign = align === 0 ? 1 : member.align
    if (bitOffset - at > mostPadding) return null
    pad(fields, paddingBetween(at, bitOffset, pointer, nextAlign, afterBitField && bits !== 0))
    fields.push({ is: 'member', ...member })
    afterBitField = bits !== 0
    at = bitOffset + (afterBitField ? bits : member.size * 8)
  }
  if (end - at > mostPadding) return null
  pad(fields, paddingBetween(at, end, pointer, Math.max(align, 1), false))
  return fields
}

/** Members of a packed struct, with every bit between them said. */
function exactly(members: readonly MeasuredMember[], end: number, pointer: number): Field[] {
  const fields: Field[] = []
  let at = 0
  for (const member of members) {
    const { bits, bitOffset } = member
    const next = bitOffset + (bits === 0 ? member.size * 8 : bits)
    const isPlaced = bits !== 0 || bitOffset % 8 === 0
    if (!member.isPossible || !isPlaced || bitOffset < at || next > end) {
      fields.push({ is: 'misplaced', ...member })
      continue
    }
    fill(fields, at, bitOffset, pointer)
    fields.push({ is: 'member', ...member })
    at = next
  }
  fill(fields, at, end, pointer)
  return fields
}

function fill(fields: Field[], from: number, to: number, pointer: number): void {
  if (to - from <= mostPadding) {
    pad(fields, packedPadding(from, to, pointer))
    return
  }
  const first = roundUp(from, 8)
  const last = Math.floor(to / 8)
  pad(fields, packedPadding(from, first, pointer))
  fields.push({ is: 'filler', bytes: last - first / 8 })
  pad(fields, packedPadding(last * 8, to, pointer))
}

function pad(fields: Field[], padding: readonly Padding[]): void {
  for (const { type, bits } of padding) fields.push({ is: 'padding', type, bits })
}

/**
 * What a compiler makes of the fields of a struct, in bytes; null where a member does not come to its place. The rules are
 * those of gcc where unnamed bit fields have no alignment, as on x86-64.
 */
function compiled(
  fields: readonly Field[],
  isPacked: boolean,
  pointer: number,
): { size: number; align: number } | null {
  let at = 0
  let most = 1
  for (const field of fields) {
    if (field.is === 'padding') {
      at = endOfBits(at, field.bits, unitBits(field.type, pointer), isPacked)
    } else if (field.is === 'member') {
      if (!field.isPossible) return null
      const { bits, size, align } = field
      const end =
        bits === 0
          ? roundUp(at, isPacked ? 8 : align * 8) + size * 8
          : endOfBits(at, bits, size * 8, isPacked)
      if (end - (bits === 0 ? size * 8 : bits) !== field.bitOffset) return null
      at = end
      if (!isPacked && (bits === 0 || field.isNamed)) most = Math.max(most, align)
    }
  }
  return { size: roundUp(at, most * 8) / 8, align: most }
}

/** The end of a bit field after bit `at`: it crosses no boundary of its type's size unless packed; one of 0 bits aligns. */
function endOfBits(at: number, bits: number, unit: number, isPacked: boolean): number {
  if (bits === 0) return roundUp(at, unit)
  const crosses = Math.floor(at / unit) !== Math.floor((at + bits - 1) / unit)
  return (crosses && !isPacked ? roundUp(at, unit) : at) + bits
}

function ofUnion(members: readonly MeasuredMember[], size: number): Layout {
  const fields: Field[] = []
  let align = 1
  let longest = 0
  for (const member of members) {
    const bytes = member.bits === 0 ? member.size : Math.ceil(member.bits / 8)
    if (!member.isPossible || member.bitOffset !== 0 || bytes > size) {
      fields.push({ is: 'misplaced', ...member })
      continue
    }
    fields.push({ is: 'member', ...member })
    if (member.bits === 0 || member.isNamed) align = Math.max(align, member.align)
    longest = Math.max(longest, bytes)
  }
  if (roundUp(longest, align) === size) return { attribute: '', align, fields }
  // `aligned` makes a union longer than its members, `packed` keeps it as long as they are.
  for (let more = align * 2; more <= size && longest > 0; more *= 2) {
    if (roundUp(longest, more) === size) return { attribute: `aligned(${more})`, align: more, fields }
  }
  if (longest < size) fields.push({ is: 'filler', bytes: size })
  return { attribute: 'packed', align: 1, fields }
}
