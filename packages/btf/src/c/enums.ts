import type { Btf } from '../btf.js'
import { Kind } from '../kinds.js'

/** One enumerator: its name, and its value cut to the size of its enum. */
export interface Enumerator {
  readonly nameOff: number
  readonly value: bigint
}

/** Enumerator `index` of an enum of 32 or 64 bits. */
export function enumeratorOf(btf: Btf, id: number, index: number): Enumerator {
  const isWide = btf.kind(id) === Kind.ENUM64
  const at = 3 + index * (isWide ? 3 : 2)
  const low = BigInt(btf.word(id, at + 1))
  const high = isWide ? BigInt(btf.word(id, at + 2)) : 0n
  const isSigned = btf.kindFlag(id)
  const whole = isWide ? (high << 32n) | low : isSigned ? BigInt.asIntN(32, low) : low
  const bits = Math.min(btf.sizeOrType(id), 8) * 8
  return {
    nameOff: btf.word(id, at),
    value: isSigned ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole),
  }
}

/**
 * The attribute that gives an enum its size; empty where a compiler comes to it by the values: `int` or `unsigned int` if
 * they fit, else 8 bytes.
 */
export function enumMode(size: number, least: bigint, most: bigint, pointer: number): string {
  if (size === 1) return ' __attribute__((mode(byte)))'
  if (size === 2) return ' __attribute__((mode(HI)))'
  if (size !== 8) return ''
  const fitsInt = least < 0n ? least >= -0x80000000n && most <= 0x7fffffffn : most <= 0xffffffffn
  if (!fitsInt) return ''
  return pointer === 8 ? ' __attribute__((mode(word)))' : ' __attribute__((mode(DI)))'
}
