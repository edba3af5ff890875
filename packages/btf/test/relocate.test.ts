import { describe, expect, it } from 'vitest'
import { checkModule, type KernelReasonCode, Kind, prepareBase, relocate } from '../src/index.js'
import { Builder, type Record } from './build.js'

const int = (b: Builder, name: string, size = 4, encoding = 1): Record => ({
  kind: Kind.INT,
  name: b.str(name),
  third: size,
  rest: [(encoding << 24) | (size * 8)],
})
const struct = (b: Builder, name: string, size: number, more: Partial<Record> = {}): Record => ({
  kind: Kind.STRUCT,
  name: b.str(name),
  third: size,
  ...more,
})

/** The running kernel: ids 1 int, 2 struct node, 3 struct page, 4 enum mode, 5 and 6 struct twin, 7 FWD gone, 8 float. */
function kernel(): Builder {
  const b = new Builder()
  b.add(int(b, 'int'))
    .add(struct(b, 'node', 16))
    .add(struct(b, 'page', 64, { flag: true }))
  b.add({ kind: Kind.ENUM64, name: b.str('mode'), third: 8 })
  // A name that two types have is one string.
  const twin = { kind: Kind.STRUCT, name: b.str('twin') }
  b.add({ ...twin, third: 8 }).add({ ...twin, third: 16 })
  b.add({ kind: Kind.FWD, name: b.str('gone') })
  return b.add({ kind: Kind.FLOAT, name: b.str('float'), third: 4 })
}
const kernelIds = 8
const running = prepareBase(kernel().bytes())

/** A module with a distilled base; `own` adds the module's types, whose first id is given. */
function build(distil: (b: Builder) => void, own: (b: Builder, first: number) => void) {
  const distilled = new Builder()
  distil(distilled)
  const base = prepareBase(distilled.bytes()).btf!
  const split = new Builder(base.stringsEnd)
  own(split, base.lastId + 1)
  return { name: 'out-of-tree', btf: split.bytes(), distilled: distilled.bytes() }
}
const load = (module: ReturnType<typeof build>, version = '6.12.117', allowBtfMismatch = false) =>
  checkModule(module, running, { version, allowBtfMismatch })
const final = (errno: number): string => `failed to validate module [out_of_tree] BTF: -${errno}`
const pointsTo =
  (id: number) =>
  (b: Builder): void =>
    void b.add({ kind: Kind.PTR, third: id })
const holds =
  (...types: number[]) =>
  (b: Builder): void =>
    void b.add(struct(b, 'own', 1024, { vlen: types.length, rest: types.flatMap((type) => [0, type, 0]) }))

describe('relocation by a distilled base', () => {
  it('maps ids and names to those of the running base', () => {
    const module = build(
      (b) =>
        b
          .add(struct(b, 'node', 16))
          .add(int(b, 'int'))
          .add({ kind: Kind.ENUM, name: b.str('mode'), third: 8 }),
      (b) => {
        b.add({ kind: Kind.PTR, third: 1 }).add(struct(b, 'own', 24, { vlen: 2, rest: [1, 2, 0, 0, 4, 64] }))
      },
    )
    expect(load(module)).toEqual({ outcome: 'accepted', errno: 0, log: [], reason: null })
    const moved = relocate(module.btf, module.distilled, running, {
      version: '6.12.117',
      allowBtfMismatch: null,
    })!
    expect([...moved.ids]).toEqual([0, 2, 1, 4, kernelIds + 1, kernelIds + 2])
    expect(running.btf!.stringAt(moved.strings[1]!)).toBe('node')
    expect(moved.stringShift).toBe(running.btf!.stringsEnd - prepareBase(module.distilled).btf!.stringsEnd)
    expect(moved.unbounded).toBeNull()
  })

  it('is not done before 6.11: the module is read on the running base', () => {
    const module = build(
      (b) => {
        b.add(struct(b, 'node', 16))
        b.str('xy')
      },
      (b) => b.add(struct(b, 'own', 8)),
    )
    expect(
      relocate(module.btf, module.distilled, running, { version: '6.10', allowBtfMismatch: null }),
    ).toBeNull()
    expect(load(module, '6.10')).toMatchObject({
      outcome: 'rejected',
      log: ['BPF: [9] STRUCT', 'BPF: size=8 vlen=0', 'BPF: Invalid name', expect.any(String)],
    })
    expect(load(module, '6.11').outcome).toBe('accepted')
  })

  it.each<[string, (b: Builder) => void, (b: Builder, first: number) => void, string, KernelReasonCode]>([
    [
      'anonymous types',
      (b) => b.add({ kind: Kind.STRUCT }),
      pointsTo(1),
      'type [1], kind [4] is invalid for distilled base BTF; it is anonymous',
      'distilled-anonymous',
    ],
    [
      'other kinds',
      (b) => b.add({ kind: Kind.PTR }),
      pointsTo(1),
      'type [1] in distilled based BTF has unexpected kind [2]',
      'distilled-unexpected-kind',
    ],
    [
      'types that are gone',
      (b) => b.add(int(b, 'int')).add(struct(b, 'lost', 4)),
      pointsTo(2),
      "distilled base BTF type 'lost' [2] is not mapped to base BTF id",
      'distilled-not-mapped',
    ],
    [
      'numbers of another size',
      (b) => b.add(int(b, 'int', 8)),
      pointsTo(1),
      "distilled base BTF type 'int' [1] is not mapped to base BTF id",
      'distilled-not-mapped',
    ],
    [
      'numbers of another encoding',
      (b) => b.add(int(b, 'int', 4, 0)),
      pointsTo(1),
      "distilled base BTF type 'int' [1] is not mapped to base BTF id",
      'distilled-not-mapped',
    ],
    [
      'a struct held by value whose size changed',
      (b) => b.add(struct(b, 'node', 8)),
      holds(1),
      "distilled base BTF type 'node' [1] is not mapped to base BTF id",
      'distilled-not-mapped',
    ],
    [
      'a struct of a name with two sizes, of neither',
      (b) => b.add(struct(b, 'twin', 4)),
      pointsTo(1),
      "distilled base BTF type 'twin' [1] is not mapped to base BTF id",
      'distilled-not-mapped',
    ],
    [
      'a forward declaration of a struct with bit fields',
      (b) => b.add({ kind: Kind.FWD, name: b.str('page') }),
      pointsTo(1),
      "distilled base BTF type 'page' [1] is not mapped to base BTF id",
      'distilled-not-mapped',
    ],
    [
      'a forward declaration with two candidates',
      (b) => b.add({ kind: Kind.FWD, name: b.str('two') }),
      pointsTo(1),
      "distilled base BTF type 'two' [1], size 0 has multiple candidates of the same size (ids [10, 9]) in base BTF",
      'distilled-ambiguous',
    ],
  ])('refuses %s', (_, distil, own, line, code) => {
    const b = kernel()
    const name = b.str('two')
    const kernelWithTwo = prepareBase(
      b.add({ kind: Kind.FWD, name }).add({ kind: Kind.STRUCT, name }).bytes(),
    )
    const module = build(distil, own)
    const answer = checkModule(module, kernelWithTwo, { version: '6.12.117', allowBtfMismatch: false })
    expect(answer).toMatchObject({ outcome: 'rejected', errno: 22, log: [line, final(22)], reason: { code } })
    expect(checkModule(module, kernelWithTwo, { version: '6.12.117', allowBtfMismatch: true })).toMatchObject(
      {
        outcome: 'discarded',
        log: [line],
      },
    )
  })

  it('takes the struct of the right size where a name has two', () => {
    const module = build((b) => b.add(struct(b, 'twin', 16)), pointsTo(1))
    const moved = relocate(module.btf, module.distilled, running, { version: '6.12', allowBtfMismatch: null })
    expect(moved!.ids[1]).toBe(6)
  })

  it('lets the size of a struct change that is only pointed to, and its kind', () => {
    expect(load(build((b) => b.add(struct(b, 'node', 8)), pointsTo(1))).outcome).toBe('accepted')
    expect(load(build((b) => b.add(struct(b, 'node', 16, { kind: Kind.UNION })), holds(1))).outcome).toBe(
      'accepted',
    )
    expect(load(build((b) => b.add(struct(b, 'gone', 16)), pointsTo(1))).outcome).toBe('accepted')
  })

  it('sees what is held by value behind qualifiers, typedefs and arrays, not behind pointers', () => {
    const distil = (b: Builder): void => void b.add(struct(b, 'node', 8)).add(int(b, 'int'))
    const through = (kind: number, rest: number[] = []) =>
      load(
        build(distil, (b, first) => {
          const name = kind === Kind.TYPEDEF ? b.str('alias') : 0
          b.add({ kind, name, third: kind === Kind.ARRAY ? 0 : 1, rest })
          holds(first)(b)
        }),
      ).outcome
    expect(through(Kind.CONST)).toBe('rejected')
    expect(through(Kind.TYPEDEF)).toBe('rejected')
    expect(through(Kind.ARRAY, [1, 2, 3])).toBe('rejected')
    expect(through(Kind.PTR)).toBe('accepted')
  })

  it('looked at too few types before 6.14, 6.13.2 and 6.12.13', () => {
    const module = build((b) => b.add(struct(b, 'node', 8)), holds(1))
    expect(load(module, '6.12.12').outcome).toBe('accepted')
    expect(load(module, '6.13.1').outcome).toBe('accepted')
    expect(load(module, '6.12.13').outcome).toBe('rejected')
    expect(load(module, '6.14').outcome).toBe('rejected')
  })

  it('refuses names that only the distilled base has', () => {
    const module = build(
      (b) => {
        b.str('stray')
        b.add(int(b, 'int'))
      },
      (b) => b.add(struct(b, 'own', 4, { vlen: 1, rest: [1, 1, 0] })),
    )
    expect(load(module)).toMatchObject({
      errno: 2,
      log: ["string '' [offset 1] is not mapped to base BTF", final(2)],
      reason: { code: 'string-not-mapped' },
    })
  })

  it('checks the distilled base as a base, then the module on it', () => {
    const module = build((b) => b.add(int(b, 'int')), pointsTo(1))
    expect(load({ ...module, distilled: new Uint8Array(0) }).log).toEqual([
      'BPF: hdr_len not found',
      final(22),
    ])
    expect(load({ ...module, distilled: module.distilled.slice().fill(0, 31, 32) }).outcome).toBe('rejected')
    const beyond = build(
      (b) => b.add(int(b, 'int')),
      (b) => b.add({ kind: Kind.FWD, name: 4000 }),
    )
    expect(load(beyond).log).toEqual(['BPF: [2] Invalid name_offset:4000', final(22)])
  })

  it('a type of the running base with an empty name matches void', () => {
    const b = kernel()
    const odd = prepareBase(b.add({ kind: Kind.INT, name: 4, third: 0, rest: [0] }).bytes())
    const module = build((d) => d.add(int(d, 'int')), pointsTo(1))
    expect(checkModule(module, odd, { version: '6.12', allowBtfMismatch: false })).toMatchObject({
      log: ['base BTF id [9] maps to invalid distilled base BTF id [0]', final(22)],
      reason: { code: 'distilled-void-match' },
    })
  })

  it('finds the crash: an id beyond every table held by value', () => {
    const module = build((b) => b.str('x'), holds(5))
    expect(load(module)).toEqual({
      outcome: 'crashes',
      errno: 0,
      log: [],
      reason: { code: 'relocation-beyond-types', typeId: 1 },
    })
    expect(
      relocate(module.btf, module.distilled, running, { version: '6.12.117', allowBtfMismatch: null }),
    ).toBeNull()
  })

  it('finds the hang: an array that leads back to itself, also through a typedef', () => {
    const distil = (b: Builder): void => void b.add(int(b, 'int'))
    const itself = build(distil, (b, first) => {
      b.add({ kind: Kind.ARRAY, rest: [first, 1, 2] })
      holds(first)(b)
    })
    expect(load(itself)).toMatchObject({
      outcome: 'crashes',
      reason: { code: 'relocation-endless', typeId: 3 },
    })
    const around = build(distil, (b, first) => {
      b.add({ kind: Kind.ARRAY, rest: [first + 1, 1, 2] }).add({
        kind: Kind.TYPEDEF,
        name: b.str('t'),
        third: first,
      })
      holds(1, first, first)(b)
    })
    expect(load(around)).toMatchObject({ outcome: 'crashes', reason: { code: 'relocation-endless' } })
    const unheld = build(distil, (b, first) => b.add({ kind: Kind.ARRAY, rest: [first, 1, 2] }))
    expect(load(unheld).outcome).toBe('accepted')
  })

  it('says where the kernel would read beyond its map', () => {
    const module = build((b) => b.add(int(b, 'int')), pointsTo(77))
    expect(load(module)).toEqual({
      outcome: 'accepted',
      errno: 0,
      log: [],
      reason: { code: 'relocation-unbounded-read', typeId: 77 },
    })
  })
})
