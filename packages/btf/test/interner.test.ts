import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOfKey, Interner, Key } from '../src/binding/interner.js'
import { lastWord } from './support/one-hash.js'

/** The nth of the keys of two words that all have one hash. */
const keyOfOneHash = (nth: number): readonly number[] => [nth, lastWord([nth])]

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

  it('gives back the bytes that a key was made of, and knows those that differ in zeros at the end', () => {
    const text = fc.uint8Array({ maxLength: 300 })
    const near = fc.array(fc.constantFrom(0, 1), { maxLength: 6 }).map((bytes) => Uint8Array.from(bytes))
    fc.assert(
      fc.property(fc.array(fc.oneof(text, near), { maxLength: 100 }), (texts) => {
        const interner = new Interner()
        const key = new Key()
        const numbers = new Map<string, number>()
        for (const bytes of texts) {
          key.clear()
          key.pushBytes(Uint8Array.of(7, ...bytes, 7), 1, bytes.length + 1)
          const number = interner.intern(key)
          expect(bytesOfKey(interner.keyOf(number))).toEqual(bytes)
          expect(numbers.get(String(bytes)) ?? number).toBe(number)
          numbers.set(String(bytes), number)
        }
        expect(interner.size).toBe(numbers.size)
      }),
    )
  })
})
