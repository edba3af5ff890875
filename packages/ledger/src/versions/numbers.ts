/** Orders two numbers of any length, given as decimal digits. Leading zeros count for nothing, and no digits are 0. */
export function compareDigits(a: string, b: string): number {
  const [one, two] = [significant(a), significant(b)]
  if (one.length !== two.length) return one.length < two.length ? -1 : 1
  return one === two ? 0 : one < two ? -1 : 1
}

/** The bytes of a number: how many digits it has in two bytes, then the digits. Their order is that of `compareDigits`. */
export function digitsKey(digits: string): number[] {
  const text = significant(digits)
  return [text.length >> 8, text.length & 0xff, ...Buffer.from(text, 'latin1')]
}

function significant(digits: string): string {
  return digits.replace(/^0+/, '')
}
