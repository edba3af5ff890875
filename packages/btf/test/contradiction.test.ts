import { describe, expect, it } from 'vitest'
import { BaseEvidence, type Btf, contradiction, Kind, readBtf } from '../src/index.js'
import { Builder } from './build.js'

/** int, its pointer, a prototype, a function, struct of one int with a member `x`, a variable. */
const baseBuilder = () => {
  const builder = new Builder()
  const [int, fn, box, x, v] = ['int', 'fn', 'box', 'x', 'v'].map((name) => builder.str(name)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  builder
    .add({ kind: Kind.INT, name: int, third: 4, rest: [32] })
    .add({ kind: Kind.PTR, third: 1 })
    .add({ kind: Kind.FUNC_PROTO, third: 1 })
    .add({ kind: Kind.FUNC, name: fn, vlen: 1, third: 3 })
    .add({ kind: Kind.STRUCT, name: box, vlen: 1, third: 4, rest: [x, 1, 0] })
    .add({ kind: Kind.VAR, name: v, third: 1, rest: [1] })
  return builder
}
const ids = { int: 1, ptr: 2, proto: 3, func: 4, box: 5, var: 6, own: 7 } as const
const base = readBtf(baseBuilder().bytes())

type Own = Parameters<Builder['add']>[0]
const split = (on: Btf, make: (name: number) => Own): Btf => {
  const builder = new Builder(on.stringsEnd)
  return readBtf(builder.add(make(builder.str('mine'))).bytes(), on)
}
const codeOf = (make: (name: number) => Own, on = base): string | null =>
  contradiction(split(on, make), new BaseEvidence(on))?.code ?? null

describe('what proves that a split BTF was not built on a base', () => {
  it.each<[string, (name: number) => Own]>([
    ['a function without a prototype', (name) => ({ kind: Kind.FUNC, name, third: ids.int })],
    ['a pointer to a function’s name', () => ({ kind: Kind.PTR, third: ids.func })],
    ['a typedef of a variable', (name) => ({ kind: Kind.TYPEDEF, name, third: ids.var })],
    ['a member that is a prototype', (name) => member(name, ids.proto, 8, 0)],
    ['a member larger than what holds it', (name) => member(name, ids.box, 2, 0)],
    ['a member that ends beyond what holds it', (name) => member(name, ids.int, 6, 32)],
    ['an array of functions', () => ({ kind: Kind.ARRAY, rest: [ids.func, ids.int, 2] })],
    ['a variable that is a prototype', (name) => ({ kind: Kind.VAR, name, third: ids.proto, rest: [1] })],
    [
      'a section of a type',
      (name) => ({ kind: Kind.DATASEC, name, vlen: 1, third: 4, rest: [ids.int, 0, 4] }),
    ],
    ['a tag on a number', (name) => ({ kind: Kind.DECL_TAG, name, third: ids.int, rest: [0xffffffff] })],
    ['a tag on a second member of one', (name) => ({ kind: Kind.DECL_TAG, name, third: ids.box, rest: [1] })],
  ])('%s', (_, make) => {
    expect(codeOf(make)).toBe('kind-nonsense')
  })

  it('an id beyond every type', () => {
    expect(codeOf(() => ({ kind: Kind.PTR, third: ids.own + 1 }))).toBe('id-beyond-types')
  })

  it('a name in the middle of a string', () => {
    const middle = base.nameOff(ids.box) + 1
    const found = contradiction(
      split(base, () => ({ kind: Kind.TYPEDEF, name: middle, third: ids.int })),
      new BaseEvidence(base),
    )
    expect(found).toEqual({
      code: 'offset-inside-string',
      typeId: ids.own,
      path: 'typedef ox',
      expected: 'the start of a string',
      actual: 'ox',
    })
  })
})

const member = (name: number, type: number, size: number, place: number, flag = false): Own => ({
  kind: Kind.STRUCT,
  name,
  vlen: 1,
  flag,
  third: size,
  rest: [0, type, place],
})

describe('what proves nothing', () => {
  it.each<[string, (name: number) => Own]>([
    ['a function with a prototype', (name) => ({ kind: Kind.FUNC, name, third: ids.proto })],
    ['a pointer to a prototype', () => ({ kind: Kind.PTR, third: ids.proto })],
    ['a pointer to nothing', () => ({ kind: Kind.PTR, third: 0 })],
    ['a member that fits', (name) => member(name, ids.int, 4, 0)],
    ['a bit field that fits although its type does not', (name) => member(name, ids.int, 1, 3 << 24, true)],
    ['an array without elements at the end', () => ({ kind: Kind.ARRAY, rest: [ids.box, ids.int, 0] })],
    ['a tag on a function', (name) => ({ kind: Kind.DECL_TAG, name, third: ids.func, rest: [0xffffffff] })],
    ['a tag on a member', (name) => ({ kind: Kind.DECL_TAG, name, third: ids.box, rest: [0] })],
    ['an array of itself', () => ({ kind: Kind.ARRAY, rest: [ids.own, ids.int, 2] })],
  ])('%s', (_, make) => {
    expect(codeOf(make)).toBeNull()
  })

  it('a rule that the base itself does not keep to', () => {
    const builder = baseBuilder()
    const loose = readBtf(builder.add({ kind: Kind.FUNC, name: builder.str('loose'), third: 1 }).bytes())
    expect(codeOf((name) => ({ kind: Kind.FUNC, name, third: ids.int }), loose)).toBeNull()
    expect(codeOf(() => ({ kind: Kind.PTR, third: 100 }), loose)).toBe('id-beyond-types')
  })
})
