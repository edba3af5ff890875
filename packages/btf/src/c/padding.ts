/** An unnamed bit field, `TYPE: BITS;`: it fills space or, with 0 bits, moves what follows to the next unit of its type. */
export interface Padding {
  readonly type: string
  readonly bits: number
}

export function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to
}

/**
 * The padding from bit `from` to bit `to` as libbpf 1.2 and later choose it: as little as will do with what the compiler
 * aligns by itself, in the largest unit that lies within the gap.
 * @param pointer size of a pointer and of `long`, in bytes
 * @param nextAlign alignment in bytes of what follows
 * @param betweenBitFields whether the gap has bit fields on both sides, so that nothing is aligned by itself
 */
export function paddingBetween(
  from: number,
  to: number,
  pointer: number,
  nextAlign: number,
  betweenBitFields: boolean,
): Padding[] {
  const padding: Padding[] = []
  if (from >= to) return padding
  const units = unitsOf(pointer)
  const unit = units.find(({ bits }) => roundUp(from, bits) <= to) ?? units[units.length - 1]!
  let at = from
  const aligned = roundUp(from, unit.bits)
  if (aligned > from && aligned <= to) {
    // Left out where the compiler comes to the same place without it.
    const gapIsAligned = aligned === to && roundUp(from, nextAlign * 8) !== aligned
    const wouldSlipBack = aligned !== to && to - aligned <= aligned - from
    if (betweenBitFields) padding.push({ type: unit.type, bits: aligned - from })
    else if (gapIsAligned || wouldSlipBack) padding.push({ type: unit.type, bits: 0 })
    at = aligned
  }
  for (; to - at >= unit.bits; at += unit.bits) padding.push(unit)
  if (at < to) padding.push({ type: smallest(units, to - at), bits: to - at })
  return padding
}

/** The padding from bit `from` to bit `to` of a packed struct, where every unnamed bit field follows at once. */
export function packedPadding(from: number, to: number, pointer: number): Padding[] {
  const padding: Padding[] = []
  const units = unitsOf(pointer)
  const unit = units[0]!
  let at = from
  for (; to - at >= unit.bits; at += unit.bits) padding.push(unit)
  if (at < to) padding.push({ type: smallest(units, to - at), bits: to - at })
  return padding
}

function unitsOf(pointer: number): readonly Padding[] {
  return [
    { type: 'long', bits: pointer * 8 },
    { type: 'int', bits: 32 },
    { type: 'short', bits: 16 },
    { type: 'char', bits: 8 },
  ]
}

/** The smallest type that has so many bits. */
function smallest(units: readonly Padding[], bits: number): string {
  let type = 'long'
  for (const unit of units) if (unit.bits >= bits) type = unit.type
  return type
}

/** The size of a type that padding is made of, in bits. */
export function unitBits(type: string, pointer: number): number {
  return unitsOf(pointer).find((unit) => unit.type === type)!.bits
}
