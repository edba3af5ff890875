import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Btf, type Drift, driftOf, Kind, readBtf } from '../src/index.js'
import { Builder, type Form } from './build.js'
import { inOrder } from './permute.js'

const vector = (name: string): Uint8Array => readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url))
const between = (a: Uint8Array, b: Uint8Array): Drift =>
  driftOf({ bytes: a, btf: readBtf(a) }, { bytes: b, btf: readBtf(b) })
const names = (found: Drift['added']): string[] => found.listed.map(({ kind, name }) => `${kind} ${name}`)
const namesChanged = (found: Drift['changed']): string[] =>
  found.listed.map(({ kind, name, a, b }) => `${kind} ${name} ${a} ${b}`)

/** Ids of the small base that every case starts from. */
const id = { int: 1, inner: 2, pointer: 3, outer: 4, proto: 5, walk: 6, other: 7 }

/** A small base, with more added by `more`, whose ids start at 8. `inner` has the size given, `walk` the prototype. */
function base(
  more: (btf: Builder) => unknown = () => undefined,
  { innerSize = 4, walk = id.proto, form = {} }: { innerSize?: number; walk?: number; form?: Form } = {},
): Uint8Array {
  const btf = new Builder()
  btf.add({ kind: Kind.INT, name: btf.str('int'), third: 4, rest: [(1 << 24) | 32] })
  btf.add({
    kind: Kind.STRUCT,
    name: btf.str('inner'),
    vlen: 1,
    third: innerSize,
    rest: [btf.str('x'), id.int, 0],
  })
  btf.add({ kind: Kind.PTR, third: id.inner })
  const members = [btf.str('held'), id.inner, 0, btf.str('behind'), id.pointer, 64]
  btf.add({ kind: Kind.STRUCT, name: btf.str('outer'), vlen: 2, third: 16, rest: members })
  btf.add({ kind: Kind.FUNC_PROTO, third: id.int, vlen: 1, rest: [btf.str('o'), id.pointer] })
  btf.add({ kind: Kind.FUNC, name: btf.str('walk'), vlen: 0, third: walk })
  btf.add({ kind: Kind.FUNC_PROTO, third: 0 })
  more(btf)
  return btf.bytes(form)
}
const struct =
  (name: string, size = 8) =>
  (btf: Builder) =>
    btf.add({ kind: Kind.STRUCT, name: btf.str(name), third: size })

describe('the class of a drift', () => {
  it('none: the bytes are equal', () => {
    const drift = between(base(), base())
    expect(drift).toMatchObject({
      class: 'none',
      orderOnly: false,
      duplicatesOnly: false,
      firstDiverging: null,
    })
    expect(drift.shifts).toEqual({
      corresponding: 7,
      moved: 0,
      distinct: 1,
      buckets: [{ by: 0, types: 7 }],
      inOrder: true,
    })
  })

  it('strings-only: the records are equal with names as texts', () => {
    const moved = base((btf) => btf.str('nobody_needs_this'))
    for (const other of [moved, base(undefined, { form: { hdrLen: 32 } })]) {
      expect(between(base(), other)).toMatchObject({
        class: 'strings-only',
        firstDiverging: null,
        shifts: { moved: 0 },
        nameless: { added: 0, removed: 0 },
      })
    }
  })

  it('reordered: the same definitions under other ids', () => {
    const a = base()
    const drift = between(a, inOrder(readBtf(a), [2, 1, 3, 4, 5, 6, 7]))
    expect(drift).toMatchObject({ class: 'reordered', orderOnly: true, duplicatesOnly: false })
    expect(drift.firstDiverging).toMatchObject({
      id: 1,
      a: { kind: 'INT' },
      b: { kind: 'STRUCT', name: 'inner' },
    })
    expect(drift.shifts.inOrder).toBe(false)
    expect(drift.shifts.buckets).toEqual([
      { by: 0, types: 5 },
      { by: -1, types: 1 },
      { by: 1, types: 1 },
    ])
  })

  it('reordered, too, where definitions are only repeated more often, and tells it', () => {
    const drift = between(
      base(),
      base((btf) => btf.add({ kind: Kind.PTR, third: id.inner })),
    )
    expect(drift).toMatchObject({
      class: 'reordered',
      orderOnly: false,
      duplicatesOnly: true,
      repeated: { a: 0, b: 1 },
      firstDiverging: { id: 8, a: null, b: { kind: 'PTR', text: 'struct inner *' } },
    })
  })

  it('reordered where a reference leads to another repetition alone', () => {
    const repeated = (target: number) =>
      base((btf) => {
        btf.add({
          kind: Kind.STRUCT,
          name: btf.str('inner'),
          vlen: 1,
          third: 4,
          rest: [btf.str('x'), id.int, 0],
        })
        btf.add({ kind: Kind.TYPEDEF, name: btf.str('t'), third: target })
      })
    expect(between(repeated(2), repeated(8))).toMatchObject({
      class: 'reordered',
      orderOnly: true,
      firstDiverging: { id: 9 },
      shifts: { moved: 0 },
    })
  })

  it('functions-only: functions came, with what only they need', () => {
    const b = base((btf) => {
      btf.add({ kind: Kind.PTR, third: id.outer })
      btf.add({ kind: Kind.FUNC_PROTO, third: id.int, vlen: 1, rest: [btf.str('all'), 8] })
      btf.add({ kind: Kind.FUNC, name: btf.str('count'), third: 9 })
      btf.add({ kind: Kind.DECL_TAG, name: btf.str('bpf_kfunc'), third: 10, rest: [0xffffffff] })
    })
    const came = between(base(), b)
    expect(came).toMatchObject({ class: 'functions-only', nameless: { added: 3, removed: 0 } })
    expect(names(came.functions.added)).toEqual(['FUNC count'])
    expect(between(b, base())).toMatchObject({
      class: 'functions-only',
      functions: { added: { total: 0 }, removed: { total: 1 } },
    })
  })

  it('functions-only: a prototype changed; a tag on a function came', () => {
    const changed = between(base(), base(undefined, { walk: id.other }))
    expect(changed).toMatchObject({ class: 'functions-only', functions: { added: { total: 0 } } })
    expect(namesChanged(changed.functions.changed)).toEqual(['FUNC walk 6 6'])
    const tagged = base((btf) =>
      btf.add({ kind: Kind.DECL_TAG, name: btf.str('bpf_kfunc'), third: id.walk, rest: [0xffffffff] }),
    )
    expect(between(base(), tagged)).toMatchObject({ class: 'functions-only', added: { total: 0 } })
  })

  it('additive: something else came, whatever became of functions', () => {
    const came = between(base(), base(struct('extra')))
    expect(came).toMatchObject({ class: 'additive', reaching: 0 })
    expect(names(came.added)).toEqual(['STRUCT extra'])
    const withFunctions = base(
      (btf) => {
        struct('extra')(btf)
        btf.add({ kind: Kind.FUNC, name: btf.str('more'), third: id.proto })
      },
      { walk: id.other },
    )
    expect(between(base(), withFunctions)).toMatchObject({
      class: 'additive',
      functions: { added: { total: 1 }, changed: { total: 1 } },
    })
    const gone = base((btf) => btf.add({ kind: Kind.FUNC, name: btf.str('gone'), third: id.proto }))
    expect(between(gone, base(struct('extra')))).toMatchObject({
      class: 'additive',
      functions: { removed: { total: 1 } },
    })
  })

  it('additive: a type without a name that no function needs; a tag on a type', () => {
    const pointer = base((btf) => btf.add({ kind: Kind.PTR, third: id.outer }))
    expect(between(base(), pointer)).toMatchObject({ class: 'additive', added: { total: 0 } })
    expect(between(pointer, base())).toMatchObject({ class: 'additive', nameless: { removed: 1 } })
    const tagged = base((btf) =>
      btf.add({ kind: Kind.DECL_TAG, name: btf.str('sealed'), third: id.outer, rest: [0xffffffff] }),
    )
    const came = between(base(), tagged)
    expect(came.class).toBe('additive')
    expect(names(came.added)).toEqual(['DECL_TAG sealed'])
    expect(between(tagged, base()).class).toBe('layout')
  })

  it('layout: a type changed; what holds it is told apart', () => {
    const drift = between(base(), base(undefined, { innerSize: 8 }))
    expect(drift).toMatchObject({ class: 'layout', reaching: 1, added: { total: 0 }, removed: { total: 0 } })
    expect(namesChanged(drift.changed)).toEqual(['STRUCT inner 2 2'])
  })

  it('layout: a type went, or became one of another kind', () => {
    const before = base(struct('extra'))
    expect(between(before, base())).toMatchObject({ class: 'layout', removed: { byKind: { STRUCT: 1 } } })
    const forward = base((btf) => btf.add({ kind: Kind.FWD, name: btf.str('extra') }))
    const became = between(before, forward)
    expect(became.class).toBe('layout')
    expect([names(became.removed), names(became.added)]).toEqual([['STRUCT extra'], ['FWD extra']])
  })

  it('layout: a section took another variable in', () => {
    const section = (count: number) =>
      base((btf) => {
        const rest: number[] = []
        for (let nth = 0; nth < count; nth++) {
          btf.add({ kind: Kind.VAR, name: btf.str(`v${nth}`), third: id.int, rest: [1] })
          rest.push(8 + nth, nth * 4, 4)
        }
        btf.add({ kind: Kind.DATASEC, name: btf.str('.data..percpu'), third: count * 4, vlen: count, rest })
      })
    const drift = between(section(1), section(2))
    expect(drift.class).toBe('layout')
    expect(names(drift.added)).toEqual(['VAR v1'])
    expect(namesChanged(drift.changed)).toEqual(['DATASEC .data..percpu 9 10'])
  })
})

describe('what changed', () => {
  it('the bases of a rebuild differ by two functions', () => {
    const drift = between(vector('base-1.1'), vector('base-1.3'))
    expect(drift.class).toBe('functions-only')
    expect(names(drift.functions.added)).toEqual(['FUNC kettle_hash_ring', 'FUNC kettle_lid_is_tight_shut'])
    expect(drift.nameless).toEqual({ added: 2, removed: 0 })
    expect(drift.firstDiverging).toMatchObject({ id: 36, b: { text: 'u64(struct ring *ring, u64 seed)' } })
    expect(drift.shifts).toEqual({
      corresponding: 41,
      moved: 6,
      distinct: 2,
      buckets: [
        { by: 0, types: 35 },
        { by: 4, types: 6 },
      ],
      inOrder: true,
    })
  })

  it('of several definitions of one name, equal ones go together, then those most alike', () => {
    const several = (...sizes: number[]) => base((btf) => sizes.map((size) => struct('twin', size)(btf)))
    const drift = between(several(8, 16, 32), several(40, 16, 8))
    expect(namesChanged(drift.changed)).toEqual(['STRUCT twin 10 8'])
    const two = (first: string, second: string) =>
      base((btf) => {
        for (const [nth, member] of [first, second].entries()) {
          const rest = [btf.str(member), id.int, 0, btf.str('y'), id.int, 32 + nth * 32]
          btf.add({ kind: Kind.STRUCT, name: btf.str('twin'), vlen: 2, third: 16, rest })
        }
      })
    const alike = between(
      two('left', 'right'),
      inOrder(readBtf(two('right', 'left')), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    )
    expect(namesChanged(alike.changed)).toEqual(['STRUCT twin 8 9', 'STRUCT twin 9 8'])
    const fewer = between(several(8, 16), several(16))
    expect(fewer).toMatchObject({ class: 'layout', changed: { total: 0 }, removed: { total: 1 } })
  })

  it('lists no more than asked, with true totals, by kind and name', () => {
    const a = base()
    const b = base((btf) => {
      for (const name of ['b', 'a', 'c']) struct(name)(btf)
      btf.add({ kind: Kind.TYPEDEF, name: btf.str('t'), third: id.int })
    })
    const { added } = driftOf({ bytes: a, btf: readBtf(a) }, { bytes: b, btf: readBtf(b) }, { most: 2 })
    expect(names(added)).toEqual(['STRUCT a', 'STRUCT b'])
    expect(added).toMatchObject({ total: 4, byKind: { STRUCT: 3, TYPEDEF: 1 } })
  })

  it('any order of the types of a base is reordered, any part of it taken away is found', () => {
    const a = vector('base-1.3')
    const btf: Btf = readBtf(a)
    const ids = Array.from({ length: btf.typeCount }, (_, index) => index + 1)
    const functions = ids.filter((one) => btf.kind(one) === Kind.FUNC)
    fc.assert(
      fc.property(
        fc.shuffledSubarray(ids, { minLength: ids.length }),
        fc.subarray(functions),
        (order, without) => {
          const drift = between(
            a,
            inOrder(
              btf,
              order.filter((one) => !without.includes(one)),
            ),
          )
          const moved = order.some((one, index) => one !== index + 1)
          expect(drift.class).toBe(without.length > 0 ? 'functions-only' : moved ? 'reordered' : 'none')
          expect(drift.functions.removed.total).toBe(without.length)
          const { corresponding, buckets, distinct } = drift.shifts
          const kept = order.filter((one) => !without.includes(one))
          expect(drift.shifts.inOrder).toBe(kept.every((one, index) => index === 0 || kept[index - 1]! < one))
          expect(corresponding).toBe(ids.length - without.length)
          const counted = buckets.reduce((sum, { types }) => sum + types, 0)
          if (distinct <= buckets.length) expect(counted).toBe(corresponding)
        },
      ),
      { numRuns: 100 },
    )
  })
})
