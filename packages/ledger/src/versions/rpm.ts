import { compareDigits, digitsKey } from './numbers.js'

const separators = /[^A-Za-z0-9~^]*/y
const letters = /[A-Za-z]*/y
const digits = /[0-9]*/y

/** What `pattern`, which is sticky and matches the empty text too, takes of `text` from `at` on. */
function taken(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

/**
 * Orders two versions, or two releases, as rpm does (`rpmvercmp`, with `^` as of rpm 4.15): segments of digits and of letters,
 * a number above letters, `~` below the end of the text and `^` directly above it. What separates segments counts for nothing.
 */
export function compareRpmPart(a: string, b: string): number {
  let [i, j] = [0, 0]
  for (;;) {
    i += taken(separators, a, i).length
    j += taken(separators, b, j).length
    const [x, y] = [a[i], b[j]]
    if (x === '~' || y === '~') {
      if (x !== y) return x === '~' ? -1 : 1
    } else if (x === undefined || y === undefined) {
      if (x === y) return 0
      return x === undefined ? -1 : 1
    } else if (x === '^' || y === '^') {
      if (x !== y) return x === '^' ? -1 : 1
    } else {
      const numbers = taken(digits, a, i)
      const one = numbers || taken(letters, a, i)
      const two = taken(numbers === '' ? letters : digits, b, j)
      if (two === '') return numbers === '' ? -1 : 1
      const order = numbers === '' ? compareText(one, two) : compareDigits(one, two)
      if (order !== 0) return order
      i += one.length
      j += two.length
      continue
    }
    i++
    j++
  }
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

// What can stand at one place of a version, in its order.
const tilde = 1
const end = 2
const caret = 3
const word = 4
const number = 5

/** The bytes of a version or a release, whose order is that of `compareRpmPart`. None is the beginning of another. */
export function rpmPartKey(part: string): number[] {
  const key: number[] = []
  for (let at = 0; ; ) {
    at += taken(separators, part, at).length
    const next = part[at]
    if (next === undefined) return [...key, end]
    if (next === '~' || next === '^') {
      key.push(next === '~' ? tilde : caret)
      at++
      continue
    }
    const digit = taken(digits, part, at)
    const text = digit || taken(letters, part, at)
    // No letter is 0, so that a word sorts before those that it begins.
    key.push(...(digit === '' ? [word, ...Buffer.from(text, 'latin1'), 0] : [number, ...digitsKey(digit)]))
    at += text.length
  }
}
