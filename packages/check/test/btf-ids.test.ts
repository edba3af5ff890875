import { type Kind, prepareBase } from '@basedrift/btf'
import { describe, expect, test } from 'vitest'
import { Builder } from '../../btf/test/build.js'
import { btfIdsLoad, type ModuleIds, overallOf, type Verdict } from '../src/index.js'

const kind = { int: 1, ptr: 2, struct: 4, func: 12, proto: 13 } satisfies Record<
  string,
  (typeof Kind)[keyof typeof Kind]
>

/** A base with `padding` more types than needed: 1 INT, then `struct nf_conn`, then the padding. */
function baseWith(padding: number) {
  const builder = new Builder()
  builder.add({ kind: kind.int, name: builder.str('int'), third: 4, rest: [32] })
  builder.add({ kind: kind.struct, name: builder.str('nf_conn'), third: 8 })
  for (let nth = 0; nth < padding; nth++) builder.add({ kind: kind.ptr, third: 1 })
  return builder.bytes()
}
const base = prepareBase(baseWith(3))
const start = 6

/** A split BTF on that base: a prototype, two functions of it, a pointer, a struct. */
const split = (() => {
  const builder = new Builder(base.btf!.stringsEnd)
  builder.add({ kind: kind.proto, third: 0 })
  builder.add({ kind: kind.func, name: builder.str('bpf_a'), vlen: 0, third: start })
  builder.add({ kind: kind.func, name: builder.str('bpf_b'), vlen: 0, third: start })
  builder.add({ kind: kind.ptr, third: 1 })
  builder.add({ kind: kind.struct, name: builder.str('own'), third: 8 })
  return builder.bytes()
})()

const bothMembers = [
  { kind: 'func', name: 'bpf_a' },
  { kind: 'func', name: 'bpf_b' },
]
const kfuncs = (ids: number[], flags = 1, members = bothMembers): ModuleIds => ({
  complete: true,
  sets: [{ kind: 'set8', name: 'kfuncs', flags, ids, members }],
  list: [],
})
const right = [start + 1, start + 2]

const said = (
  ids: ModuleIds,
  version: string,
  verdict: Verdict = 'unknown',
  running = base,
  sections: { btf: Uint8Array | null; distilled: Uint8Array | null } = { btf: split, distilled: null },
  looks = true,
) => btfIdsLoad(ids, verdict, sections, running, { version, allowBtfMismatch: false }, looks)

describe('a set of kfuncs', () => {
  test.each(['5.18', '6.1.192', '6.4', '6.9', '6.12', '7.3'])(
    'that names its members matches on %s',
    (version) => {
      expect(said(kfuncs(right), version)).toEqual({ state: 'match' })
    },
  )

  test('is taken with wrong ids until 6.3, and refused where one is no function from 6.4 on', () => {
    const shifted = kfuncs([start + 2, start + 3])
    const wrong = [{ set: 'kfuncs', id: start + 3, actual: 'ptr without a name' }]
    expect(said(shifted, '6.3')).toEqual({ state: 'wrong', wrong })
    expect(said(shifted, '6.4')).toEqual({ state: 'fails', errno: 22, wrong })
    expect(said(kfuncs([start + 1, 99]), '6.4')).toEqual({
      state: 'fails',
      errno: 22,
      wrong: [{ set: 'kfuncs', id: 99, actual: 'no type' }],
    })
  })

  test('of other functions is wrong on every kernel', () => {
    const others = kfuncs(right, 1, [bothMembers[0]!, { kind: 'func', name: 'bpf_c' }])
    expect(said(others, '7.3')).toEqual({
      state: 'wrong',
      wrong: [{ set: 'kfuncs', id: start + 2, actual: 'func bpf_b' }],
    })
  })

  test('is wrong where two ids stand for one member, and none for another', () => {
    expect(said(kfuncs([start + 1, start + 1]), '7.3')).toEqual({
      state: 'wrong',
      wrong: [{ set: 'kfuncs', id: start + 1, actual: 'func bpf_a' }],
    })
    expect(said(kfuncs([start + 1, start + 1], 1, [bothMembers[0]!, bothMembers[0]!]), '7.3')).toEqual({
      state: 'match',
    })
  })

  test('follows the base that it is read on', () => {
    expect(said(kfuncs(right), '6.1', 'misread', prepareBase(baseWith(4)))).toMatchObject({
      state: 'wrong',
      wrong: [{ id: start + 1, actual: expect.any(String) }],
    })
  })

  test('needs its flag from 6.9 on', () => {
    expect(said(kfuncs(right, 0), '6.8')).toEqual({ state: 'match' })
    expect(said(kfuncs(right, 0), '6.9')).toEqual({ state: 'fails', errno: 22 })
  })

  test('has 32 members at most until 6.0, 256 after', () => {
    const many = (count: number) =>
      kfuncs(new Array<number>(count).fill(start + 1), 1, new Array(count).fill(bothMembers[0]))
    expect(said(many(32), '6.0')).toEqual({ state: 'match' })
    expect(said(many(33), '6.0')).toEqual({ state: 'fails', errno: 7 })
    expect(said(many(256), '6.1')).toEqual({ state: 'match' })
    expect(said(many(257), '6.12')).toEqual({ state: 'fails', errno: 7 })
  })

  test('is refused without the module’s BTF until 6.0, and missing after', () => {
    const without = (version: string, looks = true) =>
      said(kfuncs(right), version, 'discarded', base, { btf: split, distilled: null }, looks)
    expect(without('5.17')).toEqual({ state: 'missing' })
    expect(without('5.18')).toEqual({ state: 'fails', errno: 2 })
    expect(without('6.0')).toEqual({ state: 'fails', errno: 2 })
    expect(without('6.0', false)).toEqual({ state: 'missing' })
    expect(without('6.1')).toEqual({ state: 'missing' })
  })

  test('is never registered by a module that does not load, and unknown where nothing can be read', () => {
    expect(said(kfuncs(right), '6.1', 'rejected')).toEqual({ state: 'missing' })
    expect(said(kfuncs(right), '6.1', 'error')).toEqual({ state: 'unknown' })
    const cut = { btf: split.subarray(0, 30), distilled: null }
    expect(said(kfuncs(right), '6.1', 'unknown', base, cut)).toEqual({ state: 'unknown' })
  })
})

describe('ids that are not complete', () => {
  const none: ModuleIds = { complete: false, sets: [], list: [] }
  const part = (ids: number[]): ModuleIds => ({ ...kfuncs(ids, 1, [bothMembers[0]!]), complete: false })

  test('are unknown, unless what is there is wrong or refused', () => {
    expect(said(none, '6.12', 'compatible')).toEqual({ state: 'unknown' })
    expect(said({ ...kfuncs(right), complete: false }, '6.12', 'compatible')).toEqual({ state: 'unknown' })
    expect(said({ ...kfuncs([start + 1, start + 3]), complete: false }, '6.3')).toMatchObject({
      state: 'wrong',
    })
    expect(said({ ...kfuncs([start + 1, start + 3]), complete: false }, '6.4')).toMatchObject({
      state: 'fails',
      errno: 22,
    })
  })

  test('may stand for members that are not known', () => {
    expect(said(part(right), '6.3')).toEqual({ state: 'unknown' })
    expect(said(part([start + 2, start + 2]), '6.3')).toMatchObject({ state: 'wrong' })
  })

  test('of a module whose BTF the kernel has not are missing where no registration would be refused', () => {
    const without = (version: string, looks = true) =>
      said(none, version, 'discarded', base, { btf: split, distilled: null }, looks).state
    expect(['5.17', '5.18', '6.0', '6.1', '6.8', '6.9'].map((version) => without(version))).toEqual([
      'missing',
      'unknown',
      'unknown',
      'unknown',
      'unknown',
      'missing',
    ])
    expect(without('6.0', false)).toBe('missing')
  })
})

describe('ids in no set', () => {
  const list = (...entries: [string, string, number][]): ModuleIds => ({
    complete: true,
    sets: [],
    list: entries.map(([kind, name, id], nth) => ({ kind, name, id, at: nth * 4 })),
  })

  test('are compared, though no kernel looks at them', () => {
    expect(said(list(['struct', 'nf_conn', 2], ['struct', 'own', start + 4]), '6.12')).toEqual({
      state: 'match',
    })
    expect(said(list(['struct', 'nf_conn', 3]), '6.12')).toEqual({
      state: 'wrong',
      wrong: [{ id: 3, expected: 'struct nf_conn', actual: 'ptr without a name' }],
    })
  })

  test('that the build did not know are nothing on every kernel', () => {
    expect(said(list(['func', 'gone', 0]), '6.12')).toEqual({ state: 'match' })
    expect(said(kfuncs([0, start + 2]), '6.3')).toEqual({ state: 'match' })
    expect(said(kfuncs([0, start + 2]), '6.4')).toEqual({ state: 'fails', errno: 22 })
  })

  test('of a struct and a function are a destructor, which must be a function', () => {
    const pair = (id: number) => list(['struct', 'nf_conn', 2], ['func', 'bpf_a', id])
    expect(said(pair(start + 1), '6.12')).toEqual({ state: 'match' })
    expect(said(pair(start + 2), '6.12').state).toBe('wrong')
    expect(said(pair(start + 3), '6.12')).toMatchObject({ state: 'fails', errno: 22 })
    expect(said(pair(start + 3), '5.18').state).toBe('wrong')
    expect(said(pair(start + 1), '6.8', 'discarded')).toEqual({ state: 'fails', errno: 2 })
    expect(said(pair(start + 1), '6.9', 'discarded')).toEqual({ state: 'missing' })
  })
})

describe('ids of a module with a distilled base', () => {
  const distilled = (() => {
    const builder = new Builder()
    builder.add({ kind: kind.struct, name: builder.str('nf_conn'), third: 8 })
    return builder.bytes()
  })()
  /** On the distilled base, where `struct nf_conn` is 1: 2 a prototype, 3 a function, 4 a pointer to nf_conn. */
  const btf = (() => {
    const builder = new Builder(distilled.length - 24 - 12)
    builder.add({ kind: kind.proto, third: 0 })
    builder.add({ kind: kind.func, name: builder.str('bpf_a'), third: 2 })
    builder.add({ kind: kind.ptr, third: 1 })
    return builder.bytes()
  })()
  const sections = { btf, distilled }
  const ids: ModuleIds = {
    complete: true,
    sets: [{ kind: 'set8', name: 'kfuncs', flags: 1, ids: [3], members: [bothMembers[0]!] }],
    list: [
      { kind: 'struct', name: 'nf_conn', id: 1, at: 0 },
      { kind: 'func', name: 'bpf_a', id: 3, at: 4 },
    ],
  }

  test('are relocated in sets of kfuncs and in destructors', () => {
    expect(said(ids, '6.12', 'compatible', base, sections)).toEqual({ state: 'match' })
  })

  test('stay as they are elsewhere, and stand for other types', () => {
    const alone = { ...ids, list: [{ kind: 'struct', name: 'nf_conn', id: 1, at: 0 }] }
    expect(said(alone, '6.12', 'compatible', base, sections)).toEqual({
      state: 'wrong',
      wrong: [{ id: 1, expected: 'struct nf_conn', actual: 'int int' }],
    })
  })
})

test('a module with wrong ids loads at best misread, and with refused ones not at all', () => {
  const passes = { vermagic: 'same', modversions: { state: 'match', mismatched: [] } } as const
  const overall = (
    state: 'wrong' | 'fails' | 'missing' | 'unknown' | 'match',
    verdict: Verdict = 'compatible',
  ) => overallOf(verdict, { ...passes, btfIds: { state } })
  expect(overall('wrong')).toBe('loads-misread')
  expect(overall('wrong', 'changed')).toBe('loads-misread')
  expect(overall('wrong', 'unknown')).toBe('unknown')
  expect(overall('fails')).toBe('refused')
  expect(overall('fails', 'discarded')).toBe('refused')
  expect(overall('missing', 'discarded')).toBe('loads-without-btf')
  expect(overall('unknown')).toBe('unknown')
  expect(overall('match')).toBe('loads')
})
