import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { declaration, Kind, readBtf, typeText } from '../src/index.js'
import { Builder, type Record } from './build.js'

/** Ids of a BTF with one of everything that declarations are made of; what a test needs on top comes after them. */
const int = 1
const buffer = 2
const u32 = 3
const pointer = 4
const last = 4

/** Types after those; their `name` is text, and ids start at 5. */
type Named = Omit<Record, 'name'> & { readonly name?: string }
function btfOf(...types: Named[]) {
  const b = new Builder()
  b.add({ kind: Kind.INT, name: b.str('int'), third: 4, rest: [0x01000020] })
  b.add({ kind: Kind.STRUCT, name: b.str('sk_buff'), third: 0 })
  b.add({ kind: Kind.TYPEDEF, name: b.str('u32'), third: int })
  b.add({ kind: Kind.PTR, third: buffer })
  for (const { name, ...record } of types) b.add({ ...record, name: name === undefined ? 0 : b.str(name) })
  return readBtf(b.bytes())
}
const ptr = (third: number): Named => ({ kind: Kind.PTR, third })
const array = (type: number, count: number): Named => ({ kind: Kind.ARRAY, rest: [type, int, count] })
const proto = (third: number, ...types: number[]): Named => ({
  kind: Kind.FUNC_PROTO,
  third,
  vlen: types.length,
  rest: types.flatMap((type) => [0, type]),
})
const modified = (kind: number, third: number): Named => ({ kind, third })

describe('typeText and declaration', () => {
  it.each<[string, string, Named[]]>([
    ['u32[8]', 'u32 x[8]', [array(u32, 8)]],
    ['u32[2][3]', 'u32 x[2][3]', [array(u32, 3), array(last + 1, 2)]],
    ['const u32 *', 'const u32 *x', [modified(Kind.CONST, u32), ptr(last + 1)]],
    ['u32 * const', 'u32 * const x', [ptr(u32), modified(Kind.CONST, last + 1)]],
    ['u32 * const *', 'u32 * const *x', [ptr(u32), modified(Kind.CONST, last + 1), ptr(last + 2)]],
    ['int (*)(struct sk_buff *, u32)', 'int (*x)(struct sk_buff *, u32)', [proto(int, pointer, u32), ptr(5)]],
    ['struct sk_buff *(*)(void)', 'struct sk_buff *(*x)(void)', [proto(pointer), ptr(5)]],
    ['int (*)(int, ...)', 'int (*x)(int, ...)', [proto(int, int, 0), ptr(5)]],
    ['int (*[2])(void)', 'int (*x[2])(void)', [proto(int, 0), ptr(5), array(6, 2)]],
    ['int (*)[4]', 'int (*x)[4]', [array(int, 4), ptr(5)]],
    ['struct sk_buff *(*)[4]', 'struct sk_buff *(*x)[4]', [array(pointer, 4), ptr(5)]],
    ['const int[4]', 'const int x[4]', [modified(Kind.CONST, int), array(5, 4), modified(Kind.CONST, 6)]],
    ['void (*(*)(int))(u32)', 'void (*(*x)(int))(u32)', [proto(0, u32), ptr(5), proto(6, int), ptr(7)]],
    ['void (*)(void)', 'void (*x)(void)', [proto(0), modified(Kind.VOLATILE, 5), ptr(6)]],
    ['struct {…} *', 'struct {…} *x', [{ kind: Kind.STRUCT }, ptr(5)]],
    ['union {…}', 'union {…} x', [{ kind: Kind.UNION }]],
    ['enum {…}', 'enum {…} x', [{ kind: Kind.ENUM, third: 4 }]],
    ['enum state', 'enum state x', [{ kind: Kind.ENUM64, name: 'state', third: 8 }]],
    ['struct page *', 'struct page *x', [{ kind: Kind.FWD, name: 'page' }, ptr(5)]],
    ['union page', 'union page x', [{ kind: Kind.FWD, name: 'page', flag: true }]],
    ['(no type 99) *', '(no type 99) *x', [ptr(99)]],
    ['section .data', 'section .data x', [{ kind: Kind.DATASEC, name: '.data' }]],
    ['tag "user"', 'tag "user" x', [{ kind: Kind.DECL_TAG, name: 'user', third: int, rest: [0] }]],
    [
      'int __attribute__((btf_type_tag("user"))) *',
      'int __attribute__((btf_type_tag("user"))) *x',
      [{ kind: Kind.TYPE_TAG, name: 'user', third: int }, ptr(5)],
    ],
    [
      'const int __attribute__((btf_type_tag("a??b"))) *',
      'const int __attribute__((btf_type_tag("a??b"))) *x',
      [modified(Kind.CONST, int), { kind: Kind.TYPE_TAG, name: 'a"\nb', third: 5 }, ptr(6)],
    ],
    [
      'int __attribute__((address_space(1)))',
      'int __attribute__((address_space(1))) x',
      [{ kind: Kind.TYPE_TAG, name: 'address_space(1)', third: int, flag: true }],
    ],
    ['func f', 'int x(struct sk_buff *)', [proto(int, pointer), { kind: Kind.FUNC, name: 'f', third: 5 }]],
    ['var v', 'u32 x', [{ kind: Kind.VAR, name: 'v', third: u32, rest: [0] }]],
    ['(anon)', '(anon) x', [{ kind: Kind.TYPEDEF, third: int }]],
  ])('%s', (type, declared, types) => {
    const btf = btfOf(...types)
    expect(typeText(btf, btf.lastId)).toBe(type)
    expect(declaration(btf, btf.lastId, 'x')).toBe(declared)
  })

  it('void, ids beyond every table, kinds and names that are not known', () => {
    const btf = btfOf({ kind: Kind.TYPEDEF, third: 1 })
    expect([typeText(btf, 0), typeText(btf, 6), declaration(btf, 0, 'x')]).toEqual([
      'void',
      '(no type 6)',
      'void x',
    ])
    const b = new Builder().add({ kind: Kind.STRUCT, name: 77 }).add({ kind: 20 })
    const odd = readBtf(b.bytes({ hdrLen: 32, layout: new Array(84).fill(0) }))
    expect([typeText(odd, 1), typeText(odd, 2)]).toEqual(['struct (invalid)', '(kind 20)'])
  })

  it('names of parameters are part of it', () => {
    const b = new Builder()
    b.add({ kind: Kind.INT, name: b.str('int'), third: 4, rest: [0x01000020] })
    b.add({ kind: Kind.FUNC_PROTO, third: 1, vlen: 2, rest: [b.str('fd'), 1, b.str('flags'), 1] })
    expect(typeText(readBtf(b.bytes()), 2)).toBe('int(int fd, int flags)')
  })

  it('types of a module on its base', () => {
    const vector = (name: string) => readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url))
    const split = readBtf(vector('teapot-1.1'), readBtf(vector('base-1.1')))
    const texts = Array.from({ length: split.typeCount }, (_, at) => typeText(split, split.startId + at))
    expect(texts).toMatchInlineSnapshot(`
      [
        "const char[12]",
        "const char[12]",
        "const char[63]",
        "const char[63]",
        "enum teapot_state",
        "struct teapot_leaf",
        "struct teapot",
        "struct teapot_leaf[3]",
        "int(struct teapot *, u32)",
        "struct teapot *",
        "int (*)(struct teapot *, u32)",
        "func cleanup_module",
        "int(void)",
        "func init_module",
        "func teapot_open",
      ]
    `)
  })

  it('circles, long names and many parameters end', () => {
    expect(typeText(btfOf(ptr(5)), 5)).toBe('…')
    const self = btfOf(proto(int, 6), ptr(5))
    expect(typeText(self, 6)).toHaveLength(201)
    expect(typeText(self, 6)).toMatch(/^int \(\*\)\(int \(\*\)\(.*…$/)
    expect(declaration(self, 6, 'f')).toHaveLength(1001)
    expect(typeText(btfOf(proto(int, ...new Array(60_000).fill(int))), 5)).toHaveLength(201)
    const b = new Builder()
    b.add({ kind: Kind.STRUCT, name: b.str('x'.repeat(100_000)) })
    expect(typeText(readBtf(b.bytes()), 1)).toBe(`struct ${'x'.repeat(193)}…`)
  })

  it('any references give a text of bounded length', () => {
    const record = fc.record({
      kind: fc.constantFrom(...Object.values(Kind).filter((kind) => kind > 0)),
      third: fc.nat(14),
      types: fc.array(fc.nat(14), { minLength: 3, maxLength: 3 }),
      flag: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), (records) => {
        const btf = btfOf(
          ...records.map(({ kind, third, types, flag }): Named => {
            if (kind === Kind.FUNC_PROTO) return proto(third, ...types)
            if (kind === Kind.ARRAY) return array(third, types[0]!)
            const fixed = kind === Kind.INT || kind === Kind.VAR || kind === Kind.DECL_TAG ? [0] : []
            return { kind, third, flag, name: 'n', rest: fixed }
          }),
        )
        for (let id = 0; id <= btf.lastId + 1; id++) {
          expect(typeText(btf, id).length).toBeLessThanOrEqual(201)
          expect(declaration(btf, id, 'x').length).toBeLessThanOrEqual(1001)
        }
      }),
    )
  })
})
