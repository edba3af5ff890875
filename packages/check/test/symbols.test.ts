import { symbolFlags } from '@basedrift/artifacts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NamePool, symbolBits } from '../src/index.js'
import { namesOfOneHash } from './support/colliding-names.js'

test('the bits of a symbol are those that the readers give', () => expect(symbolBits).toEqual(symbolFlags))

describe('a pool of names', () => {
  test('gives each name one number, whatever its bytes', () => {
    const name = fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 8 })
    fc.assert(
      fc.property(fc.array(name, { maxLength: 3000 }), (texts) => {
        const pool = new NamePool()
        const numbers = new Map<string, number>()
        for (const bytes of texts) {
          const text = String.fromCharCode(...bytes)
          const id = pool.add(Uint8Array.from([9, ...bytes, 9]), 1, bytes.length + 1)
          expect(pool.name(id)).toBe(text)
          expect(numbers.get(text) ?? id).toBe(id)
          numbers.set(text, id)
        }
        expect(pool.size).toBe(numbers.size)
      }),
      { numRuns: 20 },
    )
  })

  test('gives names of one hash their numbers in the order of their coming, in the time of others', () => {
    const names = namesOfOneHash(17)
    const pool = new NamePool()
    const numbers = () => names.map((name) => pool.add(name, 0, name.length))
    expect(numbers()).toEqual(names.map((_, nth) => nth))
    expect(numbers()).toEqual(names.map((_, nth) => nth))
    expect(pool.size).toBe(names.length)
  })

  test('numbers names the same whether their hashes meet or not', () => {
    const alike = namesOfOneHash(9)
    const one = fc.oneof(fc.constantFrom(...alike), fc.uint8Array({ min: 1, maxLength: 3 }))
    fc.assert(
      fc.property(fc.array(one, { minLength: 100, maxLength: 6000 }), (names) => {
        const pool = new NamePool()
        const order = new Map<string, number>()
        for (const name of names) {
          const key = name.join(' ')
          if (!order.has(key)) order.set(key, order.size)
          expect(pool.add(name, 0, name.length)).toBe(order.get(key))
        }
      }),
      { numRuns: 20 },
    )
  })
})
