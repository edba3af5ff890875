import { compareDigits, digitsKey } from './numbers.js'

// Where a part that is no number ends sorts above `~` and below everything else.
const tilde = 1
const end = 2

/** The place of a character: `~`, then letters, then everything else (`order` in dpkg's lib/dpkg/version.c). */
function orderOf(character: string): number {
  const code = character.charCodeAt(0) & 0x7f
  if (character === '~') return tilde
  return /[A-Za-z]/.test(character) ? code : 0x80 | code
}

/** The parts of a version by turns: one without digits, which may be empty, and a number. */
function* partsOf(text: string): Generator<{ other: string; digits: string }> {
  for (const [, other = '', digits = ''] of text.matchAll(/([^0-9]*)([0-9]*)/g))
    if (other !== '' || digits !== '') yield { other, digits }
}

/**
 * Orders two upstream versions, or two revisions, as dpkg does (`verrevcmp`): by turns what is no number, character by
 * character, and a number. An empty one is `0`.
 */
export function compareDpkgPart(a: string, b: string): number {
  const [one, two] = [[...partsOf(a)], [...partsOf(b)]]
  const none = { other: '', digits: '' }
  for (let n = 0; n < Math.max(one.length, two.length); n++) {
    const [x, y] = [one[n] ?? none, two[n] ?? none]
    for (let at = 0; at < Math.max(x.other.length, y.other.length); at++) {
      const [c, d] = [x.other[at], y.other[at]]
      const order = (c === undefined ? end : orderOf(c)) - (d === undefined ? end : orderOf(d))
      if (order !== 0) return Math.sign(order)
    }
    const order = compareDigits(x.digits, y.digits)
    if (order !== 0) return order
  }
  return 0
}

/** The bytes of an upstream version or a revision, whose order is that of `compareDpkgPart`. None is the beginning of another. */
export function dpkgPartKey(text: string): number[] {
  const parts = [...partsOf(text)]
  const keys = (parts.length === 0 ? [{ other: '', digits: '' }] : parts).flatMap(({ other, digits }) => [
    ...[...other].map(orderOf),
    end,
    ...digitsKey(digits),
  ])
  return [...keys, end]
}
