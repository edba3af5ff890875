import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BtfError, dumpC, Kind, readBtf } from '../src/index.js'
import { printed } from './support/printed.js'
import { Types } from './types.js'

describe('dumpC ends', () => {
  const refuse = (define: (types: Types) => void, message: RegExp): void => {
    const types = new Types()
    define(types)
    const btf = types.btf()
    expect(() => [...dumpC(btf)]).toThrow(
      expect.objectContaining({ code: 'btf-not-c', message: expect.stringMatching(message) }),
    )
  }

  it('at types that hold themselves, with a code', () => {
    refuse((t) => t.struct('a', 8, ['a', 1, 0]), /Type 1 \(struct a\) holds itself/)
    refuse((t) => t.typedef('a', 2) + t.ptr(1), /Type 1 \(typedef a\)/)
    refuse((t) => t.ptr(1), /Type 1/)
    refuse((t) => t.struct(null, 8, ['next', 2, 0]) + t.ptr(1), /Type 1 \(struct \(anon\)\)/)
    refuse((t) => t.ptr(2) + t.proto(1, [null, 1]), /Type 2/)
  })

  it('at references to what is no type, with a code', () => {
    refuse((t) => t.ptr(99), /refers to type 99, which does not exist/)
    refuse((t) => t.ptr(t.add(Kind.FUNC, 'f', 0)), /refers to a func/)
    refuse((t) => t.typedef('x', t.int('int', 3)), /a number of a size/)
  })

  it('soon, where types would be written out without end', () => {
    refuse((t) => {
      let inner = t.proto(0)
      for (let level = 0; level < 64; level++) inner = t.proto(0, [null, inner], [null, inner])
      t.typedef('f', inner)
    }, /too often/)
    refuse((t) => {
      const int = t.int('int', 4)
      let inner = t.struct(null, 4, ['x', int, 0])
      for (let level = 0; level < 64; level++) inner = t.struct(null, 8, ['a', inner, 0], ['b', inner, 32])
      t.struct('s', 8, ['x', inner, 0])
    }, /too often/)
    refuse((t) => {
      const names = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`NUMBER_${at}`, at]))
      const constants = t.enum32(null, 4, names)
      for (let at = 0; at < 10_000; at++) t.typedef(`t${at}`, constants)
    }, /too often/)
    refuse((t) => {
      for (let id = 2; id < 40_000; id++) t.modified(Kind.CONST, id)
      t.int('int', 4)
    }, /too often|too long/)
  })

  it('however deep anonymous types are nested', () => {
    const depth = 20_000
    const text = printed((t) => {
      let inner = t.int('int', 4)
      for (let level = 0; level < depth; level++) inner = t.struct(null, 4, ['x', inner, 0])
      t.struct('s', 4, ['x', inner, 0])
    })
    expect(text.match(/struct \{/g)).toHaveLength(depth)
  })

  it('of any records, with text or with a code', () => {
    const small = fc.nat(10)
    const member = fc.tuple(fc.constantFrom('a', 'b', null), small, fc.nat(80), fc.nat(9))
    const record = fc.oneof(
      fc.record({
        kind: fc.constantFrom(Kind.STRUCT, Kind.UNION),
        name: fc.constantFrom('x', null),
        size: fc.nat(12),
        members: fc.array(member, { maxLength: 3 }),
      }),
      fc.record({
        kind: fc.constantFrom(...Object.values(Kind).filter((kind) => kind > 0)),
        third: small,
        extra: fc.array(small, { minLength: 6, maxLength: 6 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(record, { maxLength: 10 }), (records) => {
        const types = new Types()
        for (const spec of records) {
          if ('members' in spec) {
            if (spec.kind === Kind.UNION) types.union(spec.name, spec.size, ...spec.members)
            else types.struct(spec.name, spec.size, ...spec.members)
          } else if (spec.kind === Kind.ARRAY) types.array(spec.third, spec.extra[0]!)
          else if (spec.kind === Kind.FUNC_PROTO)
            types.proto(spec.third, ['p', spec.extra[0]!], [null, spec.extra[1]!])
          else if (spec.kind === Kind.INT) types.int('int', spec.third)
          else if (spec.kind === Kind.ENUM) types.enum32('e', spec.third, { E: spec.extra[0]! })
          else if (spec.kind === Kind.VAR || spec.kind === Kind.DECL_TAG)
            types.add(spec.kind, 'v', spec.third, [0])
          else types.add(spec.kind, 'n', spec.third)
        }
        try {
          for (const text of dumpC(types.btf())) expect(text).not.toContain('undefined')
        } catch (error) {
          expect(error).toBeInstanceOf(BtfError)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('of a module on a base that it was not built on', () => {
    const vector = (name: string) => readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url))
    for (const module of ['teapot', 'saucer']) {
      const btf = readBtf(vector(`${module}-1.1`), readBtf(vector('base-1.3')))
      try {
        expect([...dumpC(btf)].length).toBeGreaterThan(2)
      } catch (error) {
        expect(error).toMatchObject({ code: 'btf-not-c' })
      }
    }
  })
})
