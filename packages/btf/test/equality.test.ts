import { describe, expect, it } from 'vitest'
import { Kind, readBtf, TypeClasses } from '../src/index.js'
import { readSlow, sameDefinition, sameEntity, sameSlice, typeAt } from './support/slow-binding.js'
import {
  all,
  array,
  bare,
  enumeration,
  int,
  type Member,
  named,
  proto,
  ptr,
  ref,
  type Shape,
  s,
  struct,
  type Types,
  tag,
  written,
} from './support/types.js'

/** Up to where two types are the same; each level has all before it. */
type Level = 'nothing' | 'entity' | 'definition' | 'slice'

function level(same: readonly [boolean, boolean, boolean]): Level {
  const levels = ['nothing', 'entity', 'definition', 'slice'] as const
  const count = same.indexOf(false)
  return levels[count < 0 ? 3 : count]!
}

/** How far type `a` of one base and type `b` of another are the same, in the engine and in the slow implementation. */
function compare(one: Types, other: Types, a = 1, b = 1): { engine: Level; slow: Level } {
  const bytes = [written(one), written(other)] as const
  const classes = new TypeClasses()
  const [x, y] = bytes.map((base) => classes.add(readBtf(base)))
  const [s, t] = [typeAt(readSlow(bytes[0]), a), typeAt(readSlow(bytes[1]), b)]
  return {
    engine: level([
      x!.entity[a] === y!.entity[b],
      x!.definition[a] === y!.definition[b],
      x!.slice[a] === y!.slice[b],
    ]),
    slow: level([sameEntity(s, t), sameDefinition(s, t), sameSlice(s, t)]),
  }
}

describe('kind and name', () => {
  it.each<[string, Types, Types, Level]>([
    ['agree', s(8), s(8), 'slice'],
    ['names differ', s(8), struct('t', []), 'nothing'],
    ['STRUCT and UNION', s(8), struct('s', [], { kind: Kind.UNION }), 'nothing'],
    ['FWD and STRUCT', named(Kind.FWD, 's'), s(0), 'nothing'],
    ['FWD and UNION', named(Kind.FWD, 's', { flag: true }), struct('s', [], { kind: Kind.UNION }), 'nothing'],
    ['FWD of a struct and of a union', named(Kind.FWD, 's'), named(Kind.FWD, 's', { flag: true }), 'nothing'],
    ['FWD twice', named(Kind.FWD, 's', { flag: true }), named(Kind.FWD, 's', { flag: true }), 'slice'],
    ['ENUM and ENUM64', enumeration('e', []), enumeration('e', [], { kind: Kind.ENUM64 }), 'nothing'],
    ['INT and TYPEDEF', int('s'), named(Kind.TYPEDEF, 's'), 'nothing'],
    ['INT and FLOAT', int('s'), named(Kind.FLOAT, 's', { third: 4 }), 'nothing'],
    ['FUNC and VAR', named(Kind.FUNC, 's'), named(Kind.VAR, 's', { rest: [0] }), 'nothing'],
    ['named and not', s(8), struct('', []), 'nothing'],
  ])('%s', (_, one, other, expected) => {
    expect(compare(one, other)).toEqual({ engine: expected, slow: expected })
  })
})

describe('the own record of a named type', () => {
  const member = (more: Partial<Member> = {}, shape: Shape = {}): Types =>
    struct('s', [{ name: 'm', type: 2, ...more }], shape)
  it.each<[string, Types, Types, Level]>([
    ['size of a struct', s(8), s(16), 'entity'],
    ['name of a member', all(member(), int('i')), all(member({ name: 'n' }), int('i')), 'entity'],
    ['offset of a member', all(member(), int('i')), all(member({ at: 8 }), int('i')), 'entity'],
    ['type of a member', all(member(), int('i')), all(member(), int('j')), 'entity'],
    ['a member that has no type any more', all(member(), int('i')), all(member({ type: 0 })), 'entity'],
    ['a member more', s(8), all(member({ type: 0 })), 'entity'],
    [
      'members that change places',
      struct('s', [{ name: 'm', type: 0 }, { type: 0 }]),
      struct('s', [{ type: 0 }, { name: 'm', type: 0 }]),
      'entity',
    ],
    ['size of an INT', int('i'), int('i', 8), 'entity'],
    ['encoding of an INT', int('i'), int('i', 4, 1), 'entity'],
    ['size of a FLOAT', named(Kind.FLOAT, 'f', { third: 4 }), named(Kind.FLOAT, 'f', { third: 8 }), 'entity'],
    ['value of an enumerator', enumeration('e', [['a', 1]]), enumeration('e', [['a', 2]]), 'entity'],
    ['name of an enumerator', enumeration('e', [['a', 1]]), enumeration('e', [['b', 1]]), 'entity'],
    ['sign of an ENUM', enumeration('e', []), enumeration('e', [], { flag: true }), 'entity'],
    [
      'upper half of an enumerator',
      enumeration('e', [['a', 1, 0]], { kind: Kind.ENUM64 }),
      enumeration('e', [['a', 1, 1]], { kind: Kind.ENUM64 }),
      'entity',
    ],
    [
      'target of a TYPEDEF',
      all(named(Kind.TYPEDEF, 't', { third: 2 }), int('i')),
      named(Kind.TYPEDEF, 't'),
      'entity',
    ],
    ['linkage of a FUNC', named(Kind.FUNC, 'f'), named(Kind.FUNC, 'f', { vlen: 1 }), 'entity'],
    [
      'prototype of a FUNC',
      all(named(Kind.FUNC, 'f', { third: 2 }), proto(0)),
      all(named(Kind.FUNC, 'f', { third: 2 }), proto(0, { name: 'p', type: 0 })),
      'entity',
    ],
    ['linkage of a VAR', named(Kind.VAR, 'v', { rest: [0] }), named(Kind.VAR, 'v', { rest: [1] }), 'entity'],
    [
      'type of a VAR',
      named(Kind.VAR, 'v', { rest: [0] }),
      all(named(Kind.VAR, 'v', { third: 2, rest: [0] }), int('i')),
      'entity',
    ],
    [
      'place in a DATASEC',
      named(Kind.DATASEC, '.data', { vlen: 1, rest: [0, 0, 4] }),
      named(Kind.DATASEC, '.data', { vlen: 1, rest: [0, 4, 4] }),
      'entity',
    ],
  ])('%s', (_, one, other, expected) => {
    expect(compare(one, other)).toEqual({ engine: expected, slow: expected })
  })
})

describe('bit fields', () => {
  const bits = (at: number, flag: boolean): Types => struct('s', [{ name: 'm', type: 0, at }], { flag })
  it.each<[string, Types, Types, Level]>([
    ['kind_flag alone says nothing', bits(8, true), bits(8, false), 'slice'],
    ['size of a bit field', bits(0x02000008, true), bits(0x03000008, true), 'entity'],
    [
      'the same word as a bit field and as an offset',
      bits(0x02000008, true),
      bits(0x02000008, false),
      'entity',
    ],
    ['far offsets without kind_flag', bits(0x01000000, false), bits(0x01000000, false), 'slice'],
  ])('%s', (_, one, other, expected) => {
    expect(compare(one, other)).toEqual({ engine: expected, slow: expected })
  })
})

describe('types without a name', () => {
  const anonymous = (at: number): Types => struct('', [{ name: 'm', type: 0, at }])
  const values = (value: number): Types => enumeration('', [['a', value]])
  it.each<[string, Types, Types, Level]>([
    ['a struct', anonymous(0), anonymous(0), 'slice'],
    ['a struct that is laid out anew', anonymous(0), anonymous(8), 'nothing'],
    ['a struct of other size', struct('', []), struct('', [], { size: 16 }), 'nothing'],
    ['a struct and a union', struct('', []), struct('', [], { kind: Kind.UNION }), 'nothing'],
    ['an enum', values(1), values(1), 'slice'],
    ['an enum with another value', values(1), values(2), 'nothing'],
    ['an int', bare(Kind.INT, { third: 4, rest: [32] }), bare(Kind.INT, { third: 4, rest: [31] }), 'nothing'],
    ['pointers to void and to a type', ptr(0), all(ptr(2), int('i')), 'nothing'],
    ['pointers to named types, however defined', all(ptr(2), s(8)), all(ptr(2), s(16)), 'slice'],
    ['pointers to types without a name', all(ptr(2), anonymous(0)), all(ptr(2), anonymous(8)), 'nothing'],
    ['qualifiers', ref(Kind.CONST, 0), ref(Kind.VOLATILE, 0), 'nothing'],
    ['order of qualifiers', all(ref(Kind.CONST, 2), ptr(0)), all(ptr(2), ref(Kind.CONST, 0)), 'nothing'],
    ['a qualifier more', ref(Kind.CONST, 0), all(ref(Kind.CONST, 2), ref(Kind.CONST, 0)), 'nothing'],
    [
      'a qualified named type that changed',
      all(ref(Kind.CONST, 2), s(8)),
      all(ref(Kind.CONST, 2), s(16)),
      'definition',
    ],
    ['elements of an array', array(0), array(0, 3), 'nothing'],
    ['index of an array', all(array(0, 2, 2), int('i')), all(array(0, 2, 2), int('j')), 'nothing'],
    ['type of an array', all(array(2), int('i')), all(array(2), int('j')), 'nothing'],
    ['an array of a named type that changed', all(array(2), s(8)), all(array(2), s(16)), 'definition'],
    ['an index that changed', all(array(0, 2, 2), int('i')), all(array(0, 2, 2), int('i', 8)), 'slice'],
    ['a parameter’s name', proto(0, { name: 'p', type: 0 }), proto(0, { name: 'q', type: 0 }), 'nothing'],
    ['a parameter’s type', proto(0, { type: 0 }), all(proto(0, { type: 2 }), int('i')), 'nothing'],
    ['a parameter more', proto(0), proto(0, { type: 0 }), 'nothing'],
    ['a result', proto(0), all(proto(2), int('i')), 'nothing'],
    ['a named result that changed', all(proto(2), s(8)), all(proto(2), s(16)), 'slice'],
    ['value of a type tag', tag(Kind.TYPE_TAG, 'user', 0), tag(Kind.TYPE_TAG, 'rcu', 0), 'nothing'],
    ['flag of a type tag', tag(Kind.TYPE_TAG, 'a', 0), tag(Kind.TYPE_TAG, 'a', 0, { flag: true }), 'nothing'],
    [
      'target of a type tag',
      tag(Kind.TYPE_TAG, 'a', 0),
      all(tag(Kind.TYPE_TAG, 'a', 2), int('i')),
      'nothing',
    ],
    [
      'a tagged named type that changed',
      all(tag(Kind.TYPE_TAG, 'a', 2), s(8)),
      all(tag(Kind.TYPE_TAG, 'a', 2), s(16)),
      'definition',
    ],
    [
      'value of a declaration tag',
      all(tag(Kind.DECL_TAG, 'a', 2, { rest: [0] }), s(8)),
      all(tag(Kind.DECL_TAG, 'b', 2, { rest: [0] }), s(8)),
      'nothing',
    ],
    [
      'component of a declaration tag',
      all(tag(Kind.DECL_TAG, 'a', 2, { rest: [0] }), s(8)),
      all(tag(Kind.DECL_TAG, 'a', 2, { rest: [0xffffffff] }), s(8)),
      'nothing',
    ],
    [
      'a declaration tag of a type that changed',
      all(tag(Kind.DECL_TAG, 'a', 2, { rest: [0] }), s(8)),
      all(tag(Kind.DECL_TAG, 'a', 2, { rest: [0] }), s(16)),
      'slice',
    ],
  ])('%s', (_, one, other, expected) => {
    expect(compare(one, other)).toEqual({ engine: expected, slow: expected })
  })
})

describe('circles', () => {
  const ring = (length: number): Types =>
    all(...Array.from({ length }, (_, at) => ptr(at + 1 === length ? 1 : at + 2)))
  const list = (period: number, size = 8): Types =>
    all(
      ...Array.from({ length: period }, (_, at) =>
        all(
          struct('', [{ name: 'next', type: at * 2 + 2 }], { size: at === 0 ? size : 8 }),
          ptr(at + 1 === period ? 1 : at * 2 + 3),
        ),
      ),
    )
  it.each<[string, Types, Types, Level, number, number]>([
    ['a pointer to itself and a ring of two', ring(1), ring(2), 'slice', 1, 1],
    ['rings of two and three', ring(2), ring(3), 'slice', 1, 1],
    ['a ring and a way into it', ring(2), all(ptr(2), ptr(2)), 'slice', 1, 1],
    ['a ring with a qualifier in it', ring(2), all(ptr(2), ref(Kind.CONST, 1)), 'nothing', 1, 1],
    ['a ring and a chain that ends', ring(1), all(ptr(2), ptr(3), ptr(0)), 'nothing', 1, 1],
    ['an array of itself', array(1), all(array(2), array(1)), 'slice', 1, 1],
    ['an array of itself, of another length', array(1), all(array(2), array(1, 3)), 'nothing', 1, 1],
    ['lists without a name, of one and of two', list(1), list(2), 'slice', 1, 1],
    ['lists of two and of three', list(2), list(3), 'slice', 1, 1],
    ['a list one of whose types differs', list(2), list(2, 16), 'nothing', 1, 1],
    ['the other type of that list', list(2), list(2, 16), 'nothing', 3, 3],
    [
      'a function that takes itself',
      all(ptr(2), proto(0, { type: 1 })),
      all(ptr(2), proto(0, { type: 3 }), ptr(2)),
      'slice',
      1,
      1,
    ],
    [
      'a named type that refers to itself',
      all(struct('list', [{ name: 'next', type: 2 }]), ptr(1)),
      all(struct('list', [{ name: 'next', type: 3 }]), s(8), ptr(1)),
      'slice',
      1,
      1,
    ],
    [
      'named types that refer to each other, one changed',
      all(struct('a', [{ type: 2 }]), ptr(3), struct('b', [{ type: 4 }]), ptr(1)),
      all(struct('a', [{ type: 2 }]), ptr(3), struct('b', [{ type: 4 }], { size: 16 }), ptr(1)),
      'slice',
      1,
      1,
    ],
    [
      'named types that hold each other, one changed',
      all(struct('a', [{ type: 2 }]), struct('b', [{ type: 1 }])),
      all(struct('a', [{ type: 2 }]), struct('b', [{ type: 1 }], { size: 16 })),
      'definition',
      1,
      1,
    ],
  ])('%s', (_, one, other, expected, a, b) => {
    expect(compare(one, other, a, b)).toEqual({ engine: expected, slow: expected })
  })
})

describe('what holds what', () => {
  const holder = (type: number): Types => struct('h', [{ name: 'm', type }])
  it.each<[string, (size: number) => Types, Level]>([
    ['a struct by value', (size) => all(holder(2), s(size)), 'definition'],
    ['an array', (size) => all(holder(2), array(3), s(size)), 'definition'],
    ['a typedef', (size) => all(holder(2), named(Kind.TYPEDEF, 't', { third: 3 }), s(size)), 'definition'],
    ['a qualifier', (size) => all(holder(2), ref(Kind.VOLATILE, 3), s(size)), 'definition'],
    ['a struct without a name', (size) => all(holder(2), struct('', [{ type: 3 }]), s(size)), 'definition'],
    ['a struct in a struct', (size) => all(holder(2), struct('g', [{ type: 3 }]), s(size)), 'definition'],
    ['a pointer', (size) => all(holder(2), ptr(3), s(size)), 'slice'],
    ['an array of pointers', (size) => all(holder(2), array(3), ptr(4), s(size)), 'slice'],
    [
      'a pointer to a struct without a name',
      (size) => all(holder(2), ptr(3), struct('', [{ type: 4 }]), s(size)),
      'slice',
    ],
    ['a function', (size) => all(holder(2), ptr(3), proto(4), s(size)), 'slice'],
  ])('%s', (_, types, expected) => {
    expect(compare(types(8), types(16))).toEqual({ engine: expected, slow: expected })
  })
})

describe('names', () => {
  it('are texts, wherever they stand', () => {
    const tail: Types = (b) => void b.add({ kind: Kind.STRUCT, name: b.str('lists') + 4 })
    expect(compare(struct('s', [], { size: 0 }), tail)).toEqual({ engine: 'slice', slow: 'slice' })
  })

  it('are none where they are empty, also at an offset', () => {
    const empty: Types = (b) => void b.add({ kind: Kind.STRUCT, name: b.str('s') + 1, third: 8 })
    expect(compare(struct('', []), empty)).toEqual({ engine: 'slice', slow: 'slice' })
    expect(compare(s(8), empty)).toEqual({ engine: 'nothing', slow: 'nothing' })
  })

  it('are bytes', () => {
    expect(compare(struct('\xe9', []), struct('\xc9', []))).toEqual({ engine: 'nothing', slow: 'nothing' })
    expect(compare(struct('\xe9', []), struct('\xe9', []))).toEqual({ engine: 'slice', slow: 'slice' })
  })

  it('may have several definitions', () => {
    const both = (first: number, second: number): Types => all(s(first), s(second))
    const levels = (a: number, b: number): Level => {
      const { engine, slow } = compare(both(8, 16), both(16, 8), a, b)
      expect(engine).toBe(slow)
      return engine
    }
    expect([levels(1, 1), levels(1, 2), levels(2, 1), levels(2, 2)]).toEqual([
      'entity',
      'slice',
      'slice',
      'entity',
    ])
  })
})
