import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Btf, definitionText, Kind, readBtf } from '../src/index.js'
import { Types } from './types.js'

/** The definition of the last type that is defined here. */
function last(define: (types: Types) => void): string[] {
  const types = new Types()
  types.int('int', 4, 1)
  types.int('long int', 8, 1)
  define(types)
  const btf = types.btf()
  return definitionText(btf, btf.lastId)
}
const [int, long] = [1, 2]

describe('definitionText', () => {
  it('of a struct: offsets, sizes, holes, bit fields, anonymous members from the start of the whole', () => {
    const text = last((t) => {
      const inner = t.union(null, 8, ['a', int, 0], ['b', long, 0])
      const named = t.struct(null, 8, ['x', int, 0], ['y', int, 32])
      const call = t.ptr(t.proto(int, ['fd', int]))
      const many = t.array(named, 3)
      t.struct(
        'outer',
        72,
        ['first', int, 0],
        [null, inner, 64],
        ['flag', int, 128, 3],
        ['wide', int, 136, 8],
        ['call', call, 192],
        ['many', many, 256],
        ['end', int, 448],
      )
    })
    expect(text.join('\n')).toBe(`struct outer {
	int first;                                      /*     0        4 */
	/* XXX 4 bytes hole */
	union {
		int a;                                  /*     8        4 */
		long int b;                             /*     8        8 */
	};                                              /*     8        8 */
	int flag:3;                                     /*    16: 0     4 */
	/* XXX 5 bits hole */
	int wide:8;                                     /*    16: 8     4 */
	/* XXX 6 bytes hole */
	int (*call)(int fd);                            /*    24        8 */
	struct {
		int x;                                  /*    32        4 */
		int y;                                  /*    36        4 */
	} many[3];                                      /*    32       24 */
	int end;                                        /*    56        4 */
	/* XXX 12 bytes at the end */
	/* size: 72, members: 7 */
};`)
  })

  it('of what an anonymous struct is pointed to by: its own offsets', () => {
    const text = last((t) => {
      const inner = t.struct(null, 4, ['x', int, 0])
      t.struct('outer', 16, ['first', long, 0], ['p', t.modified(Kind.CONST, t.ptr(inner)), 64])
    })
    expect(text.slice(2, 5)).toEqual([
      '\tstruct {',
      '\t\tint x;                                  /*     0        4 */',
      '\t} * const p;                                    /*     8        8 */',
    ])
  })

  it.each<[string, (types: Types) => void, string[]]>([
    [
      'enum',
      (t) => t.enum32('e', 4, { A: -1, B: 2 }, true),
      ['enum e {', '\tA = -1,', '\tB = 2,', '\t/* size: 4, enumerators: 2, signed */', '};'],
    ],
    [
      'enum of 64 bits',
      (t) => t.enum64('e', 8, { A: 1n << 63n }),
      ['enum e {', '\tA = 9223372036854775808,', '\t/* size: 8, enumerators: 1 */', '};'],
    ],
    ['typedef', (t) => t.typedef('call_t', t.ptr(t.proto(0, [null, int]))), ['typedef void (*call_t)(int);']],
    [
      'typedef of what has no name',
      (t) => t.typedef('e_t', t.enum32(null, 4, { A: 1 })),
      ['typedef enum {', '\tA = 1,', '\t/* size: 4, enumerators: 1 */', '} e_t;'],
    ],
    ['empty struct', (t) => t.struct('s', 0), ['struct s {', '\t/* size: 0, members: 0 */', '};']],
    ['forward', (t) => t.forward('u', true), ['union u;']],
    ['int', (t) => t.int('char', 1, 3), ['char: size=1 bits=8 SIGNED CHAR']],
    [
      'int with an offset',
      (t) => t.add(Kind.INT, 'b', 1, [(4 << 24) | (3 << 16) | 1]),
      ['b: size=1 bits=1 offset=3 BOOL'],
    ],
    ['float', (t) => t.float('double', 8), ['double: size=8 FLOAT']],
    ['func', (t) => t.add(Kind.FUNC, 'f', t.proto(int, ['x', int]), [], 1), ['int f(int x); /* global */']],
    ['var', (t) => t.add(Kind.VAR, 'v', t.array(int, 2), [0]), ['int v[2]; /* static */']],
    [
      'tag',
      (t) => t.add(Kind.DECL_TAG, 'user', t.struct('s', 4), [2]),
      ['tag "user" of struct s component 2'],
    ],
    ['tag of the whole', (t) => t.add(Kind.DECL_TAG, 'user', int, [-1]), ['tag "user" of int']],
    ['pointer', (t) => t.ptr(int), ['int *']],
    [
      'section',
      (t) => t.add(Kind.DATASEC, '.data', 8, [t.add(Kind.VAR, 'v', int, [1]), 4, 4], 1),
      [
        'section .data {',
        '\tint v;                                          /*     4        4 */',
        '\t/* size: 8, variables: 1 */',
        '};',
      ],
    ],
  ])('of %s', (_, define, expected) => {
    expect(last(define)).toEqual(expected)
  })

  it('has nothing of ids in it', () => {
    const base = (build: string): Btf =>
      readBtf(readFileSync(new URL(`../testdata/base-${build}.btf`, import.meta.url)))
    const texts = (btf: Btf): string[] =>
      Array.from({ length: btf.typeCount }, (_, at) => definitionText(btf, at + 1).join('\n'))
    const [one, three] = [texts(base('1.1')), texts(base('1.3'))]
    expect(three.length).toBe(one.length + 4)
    expect(three.filter((text) => !one.includes(text))).toEqual([
      expect.stringContaining('('),
      expect.stringMatching(/^\w+.*kettle_hash_ring\(.*\); \/\* static \*\/$/),
      expect.stringContaining('('),
      expect.stringMatching(/^\w+.*kettle_lid_is_tight_shut\(.*\); \/\* static \*\/$/),
    ])
  })

  it('is bounded in lines and depth, and ends in circles', () => {
    expect(
      last((t) =>
        t.enum32('e', 4, Object.fromEntries(Array.from({ length: 6000 }, (_, at) => [`A${at}`, at]))),
      ),
    ).toHaveLength(5001)
    const deep = last((t) => {
      let inner = int
      for (let level = 0; level < 100; level++) inner = t.struct(null, 4, ['x', inner, 0])
    })
    expect(deep).toContain(`${'\t'.repeat(16)}struct {…} x; /*     0        4 */`)
    expect(last((t) => t.struct(null, 4, ['x', 3, 0]))).toHaveLength(16 * 2 + 2)
    expect(last((t) => t.ptr(3))).toEqual(['…'])
    const twice = last((t) => {
      let inner = int
      for (let level = 0; level < 15; level++) inner = t.struct(null, 4, ['x', inner, 0], ['y', inner, 0])
    })
    expect(twice).toHaveLength(5001)
    // Prototypes of themselves, each as long as a declaration may be.
    const wide = last((t) => {
      const self = long + 1
      t.struct(null, 4, ['x', self + 1, 0], ['y', self + 1, 0])
      t.proto(self, ['a', self + 1], ['b', self + 1])
      t.struct('wide', 4, ['x', self, 0])
    })
    expect(wide.at(-1)).toBe('/* … */')
    expect(wide.join('').length).toBeLessThan(410_000)
    expect(last((t) => t.struct('s', 4, ['f', t.proto(int), 0], ['none', 99, 0])).slice(1, 3)).toEqual([
      '\tint f(void);                                    /*     0        ? */',
      '\t(no type 99) none;                              /*     0        ? */',
    ])
  })
})
