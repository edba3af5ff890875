import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Kind, readBtf, recoverOriginLength, visitStringReferences } from '../src/index.js'
import { Builder } from './build.js'

/** The rule as it reads: try every length, keep those under which offsets in use and own strings agree. */
function slowly(bytes: Uint8Array): number | null {
  const btf = readBtf(bytes)
  const text = btf.strings
  if (text.length === 0 || text.at(-1) !== 0) return null
  const starts = [...text.keys()].filter((at) => at === 0 || text[at - 1] === 0)
  const used = new Set<number>()
  for (let id = btf.startId; id <= btf.lastId; id++)
    visitStringReferences(btf, id, (offset) => used.add(offset))
  const origin = Math.max(0, ...used) - starts.at(-1)!
  if (origin < 0) return null
  const own = [...used].filter((offset) => offset >= origin).map((offset) => offset - origin)
  return own.length === starts.length && starts.every((at) => own.includes(at)) ? origin : null
}

describe('recoverOriginLength', () => {
  const module = (length: number): Builder => {
    const b = new Builder(length)
    b.add({
      kind: Kind.STRUCT,
      name: b.str('own'),
      third: 8,
      vlen: 2,
      rest: [b.str('first'), 1, 0, 7, 1, 32],
    })
    return b.add({ kind: Kind.ENUM, name: 9, third: 4, vlen: 1, rest: [b.str('ITEM'), 1] })
  }

  it('finds the length from names of types and of what they hold', () => {
    expect(recoverOriginLength(module(1000).bytes())).toBe(1000)
    expect(recoverOriginLength(readBtf(module(77).bytes()))).toBe(77)
    expect(recoverOriginLength(module(1000).bytes({ bigEndian: true, hdrLen: 32 }))).toBe(1000)
  })

  it('is 0 where there was no base', () => {
    const b = new Builder()
    expect(
      recoverOriginLength(
        b
          .add({ kind: Kind.FWD, name: b.str('f') })
          .add({ kind: Kind.PTR, third: 1 })
          .bytes(),
      ),
    ).toBe(0)
  })

  it('cannot tell without own strings, with strings that are not in use, or from what is no BTF', () => {
    expect(recoverOriginLength(new Builder(50).add({ kind: Kind.PTR, third: 3 }).bytes())).toBeNull()
    const unused = module(1000)
    unused.str('unused')
    expect(recoverOriginLength(unused.bytes())).toBeNull()
    const inside = module(1000)
    expect(recoverOriginLength(inside.add({ kind: Kind.FWD, name: 1001 }).bytes())).toBeNull()
    expect(recoverOriginLength(Uint8Array.of(1, 2, 3))).toBeNull()
  })

  it('agrees with the rule as it reads', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 3 })
    const plan = fc.record({
      length: fc.nat(30),
      strings: fc.array(name, { maxLength: 5 }),
      offsets: fc.array(fc.nat(45), { maxLength: 8 }),
    })
    fc.assert(
      fc.property(plan, ({ length, strings, offsets }) => {
        const b = new Builder(length)
        const own = strings.map((text) => b.str(text))
        for (const offset of [...own, ...offsets.filter((at) => at < length || at > length + 25)]) {
          b.add({ kind: Kind.FWD, name: offset })
        }
        const bytes = b.bytes()
        expect(recoverOriginLength(bytes)).toBe(slowly(bytes))
      }),
      { numRuns: 1000 },
    )
  })
})
