import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Interner, Key } from '../src/binding/interner.js'

/** The inverse of an odd number modulo 2^32: each step of Newton's doubles the bits that are right. */
function inverse(odd: number): number {
  let found = odd
  for (let bits = 3; bits < 32; bits *= 2) found = Math.imul(found, 2 - Math.imul(odd, found))
  return found
}
const [first, second] = [0xcc9e2d51, 0x1b873593]
const rotated = (word: number, by: number) => (word << by) | (word >>> (32 - by))

/** What MurmurHash3 makes of a word before it goes into the hash, and the word that it makes that of. */
const mixed = (word: number) => Math.imul(rotated(Math.imul(word, first), 15), second)
const unmixed = (mix: number) => Math.imul(rotated(Math.imul(mix, inverse(second)), 17), inverse(first)) >>> 0

/** The nth of the keys of two words that all have one hash: the second word takes back what the first has done. */
function keyOfOneHash(nth: number): readonly number[] {
  const state = Math.imul(rotated(2 ^ mixed(nth), 13), 5) + 0xe6546b64
  return [nth, unmixed(state)]
}

function keyOf(words: readonly number[]): Key {
  const key = new Key()
  for (const word of words) key.push(word)
  return key
}

describe('an interner', () => {
  it('numbers keys of one hash in the time of others', () => {
    const keys = Array.from({ length: 2 ** 18 }, (_, nth) => keyOf(keyOfOneHash(nth)))
    const interner = new Interner()
    for (const [nth, key] of keys.entries()) if (interner.intern(key) !== nth + 1) expect.fail(`key ${nth}`)
    for (const [nth, key] of keys.entries()) if (interner.intern(key) !== nth + 1) expect.fail(`key ${nth}`)
  })

  const words = fc.oneof(
    fc.integer({ min: 0, max: 200 }).map(keyOfOneHash),
    fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
  )

  it('gives equal keys equal numbers, and others others, whether their hashes meet or not', () => {
    fc.assert(
      fc.property(fc.array(words, { minLength: 100, maxLength: 2000 }), (given) => {
        const interner = new Interner()
        const numbers = new Map<string, number>()
        for (const one of given) {
          const number = numbers.get(String(one)) ?? numbers.size + 1
          numbers.set(String(one), number)
          expect(interner.intern(keyOf(one))).toBe(number)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('finds what the one below it knows, and forgets what is its own', () => {
    const keys = Array.from({ length: 300 }, (_, nth) => keyOf(keyOfOneHash(nth)))
    const below = new Interner()
    const known = keys.slice(0, 150).map((key) => below.intern(key))
    const own = new Interner(below)
    for (const round of [1, 2]) {
      const numbers = keys.map((key) => own.intern(key))
      expect([round, numbers.slice(0, 150)]).toEqual([round, known])
      expect([round, new Set(numbers).size]).toEqual([round, 300])
      own.clear()
    }
    expect(below.intern(keyOf([1, 2, 3]))).toBe(151)
  })
})
