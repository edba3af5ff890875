import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BtfError, dumpC, Kind, readBtf } from '../src/index.js'
import { Types } from './types.js'

/** What is printed of some types, between what stands at the start and at the end of every dump. */
function printed(define: (types: Types) => void): string {
  const types = new Types()
  define(types)
  return [...dumpC(types.btf())].slice(1, -1).join('')
}

describe('dumpC: order', () => {
  it('defines what is held by value before, declares what is pointed to, each once', () => {
    const text = printed((t) => {
      const outer = t.struct('outer', 16, ['inner', 2, 0], ['later', 4, 64])
      t.struct('inner', 8, ['self', 3, 0])
      t.ptr(outer)
      t.ptr(5)
      t.struct('later', 8, ['self', 4, 0])
    })
    expect(text).toBe(`struct outer;

struct inner {
	struct outer *self;
};

struct later;

struct outer {
	struct inner inner;
	struct later *later;
};

struct later {
	struct later *self;
};

`)
  })

  it('defines what an anonymous struct behind a pointer holds', () => {
    const text = printed((t) => {
      t.struct('outer', 8, ['x', 2, 0])
      t.ptr(3)
      t.struct(null, 4, ['y', 4, 0])
      t.struct('inner', 4, ['z', 5, 0])
      t.int('int', 4, 1)
    })
    expect(text).toBe(`struct inner {
	int z;
};

struct outer {
	struct {
		struct inner y;
	} *x;
};

`)
  })

  it('typedefs of what comes later wait for it, or are declared early where a pointer needs them', () => {
    const text = printed((t) => {
      t.struct('a', 8, ['b', 2, 0])
      t.ptr(3)
      t.typedef('b_t', 4)
      t.struct('b', 8, ['a', 5, 0])
      t.typedef('a_ptr', 6)
      t.ptr(1)
      t.typedef('fn_t', 8)
      t.proto(0, ['b', 2], [null, 0])
    })
    expect(text).toBe(`struct b;

typedef struct b b_t;

struct a {
	b_t *b;
};

typedef struct a *a_ptr;

struct b {
	a_ptr a;
};

typedef void fn_t(b_t *b, ...);

`)
  })

  it('prints the base of a split BTF too, as bpftool does', () => {
    const base = new Types()
    base.int('int', 4, 1)
    base.typedef('s32', 1)
    const on = base.btf()
    const split = new Types(on.stringsEnd, on.lastId + 1)
    split.struct('mine', 4, ['x', 2, 0])
    const text = [...dumpC(split.btf(on))].join('')
    expect(text).toContain('typedef int s32;\n\nstruct mine {\n\ts32 x;\n};\n')
  })
})

describe('dumpC: names', () => {
  it('tells definitions of one name apart', () => {
    const text = printed((t) => {
      const int = t.int('int', 4, 1)
      t.struct('x', 4, ['a', int, 0])
      t.struct('x', 4, ['b', int, 0])
      t.union('x', 4, ['c', int, 0])
      t.typedef('x', int)
      t.enum32('y', 4, { x: 0, z: 1 })
      t.enum32(null, 4, { z: 1 })
    })
    expect(text.match(/(struct|union|enum|typedef int) x\w*|[xz]\w* = /g)).toEqual([
      'struct x',
      'struct x___2',
      'union x___3',
      'typedef int x',
      'x___2 = ',
      'z = ',
      'z___2 = ',
    ])
  })

  it('a forward declaration stands for the definition of its kind and name only', () => {
    const text = printed((t) => {
      t.forward('x')
      t.union('x', 0)
      t.struct('x', 0)
      t.forward('x', true)
    })
    expect(text).toBe('struct x;\n\nunion x___2 {};\n\nstruct x {};\n\nunion x___2;\n\n')
  })

  it('names that C does not have are changed, and said', () => {
    const text = printed((t) => {
      const u8 = t.int('u8', 1)
      t.int('usize', 8)
      t.int('bool', 1, 4)
      const own = t.struct('core::fmt::Formatter<*/>', 3, ['r#type', u8, 0], ['int', 3, 8], ['1', u8, 16])
      const p = t.proto(2, ['self.0', own], ['ok', own])
      t.typedef('call', t.ptr(p))
      t.enum32('enum', 4, { 'A::B': 1 })
    })
    expect(text).toBe(`/* core__fmt__Formatter____ is core::fmt::Formatter<*?> */
struct core__fmt__Formatter____ {
	unsigned char r_type; /* is r#type */
	_Bool int_; /* is int */
	unsigned char _1; /* is 1 */
};

typedef unsigned long long (*call)(struct core__fmt__Formatter____, struct core__fmt__Formatter____ ok);

/* enum_ is enum */
enum enum_ {
	A__B = 1, /* is A::B */
};

`)
  })

  it('members of one name, in anonymous members too', () => {
    const text = printed((t) => {
      const int = t.int('int', 4, 1)
      const inner = t.struct(null, 8, ['a', int, 0], ['b', int, 32])
      t.struct('outer', 16, ['a', int, 0], [null, inner, 32], ['b', int, 96])
    })
    expect(text.match(/int \w+/g)).toEqual(['int a', 'int a___2', 'int b', 'int b___2'])
  })
})

describe('dumpC: layout', () => {
  const body = (size: number, ...members: [string | null, number, number, number?][]): string =>
    printed((t) => {
      t.int('char', 1, 1)
      t.int('int', 4, 1)
      t.int('long int', 8, 1)
      t.int('_Bool', 1, 4)
      t.struct('s', size, ...members)
    })
      .slice('struct s {'.length, -2)
      .replace(/\n\t?/g, ' ')
      .trim()
  const [char, int, long, bool] = [1, 2, 3, 4]

  it.each<[string, string, [string | null, number, number, number?][], number]>([
    [
      'as it stands',
      'char a; int b; };',
      [
        ['a', char, 0],
        ['b', int, 32],
      ],
      8,
    ],
    [
      'a hole',
      'char a; int: 0; char b; };',
      [
        ['a', char, 0],
        ['b', char, 32],
      ],
      5,
    ],
    [
      'a long hole',
      'char a; long: 64; char b; };',
      [
        ['a', char, 0],
        ['b', char, 128],
      ],
      17,
    ],
    ['at the end', 'int a; long: 64; long: 64; };', [['a', int, 0]], 24],
    [
      'packed',
      'char a; int b; } __attribute__((packed));',
      [
        ['a', char, 0],
        ['b', int, 8],
      ],
      5,
    ],
    [
      'packed by its size',
      'long int a; char b; } __attribute__((packed));',
      [
        ['a', long, 0],
        ['b', char, 64],
      ],
      9,
    ],
    [
      'bit fields',
      'int a: 3; int b: 29; int c: 1; };',
      [
        ['a', int, 0, 3],
        ['b', int, 3, 29],
        ['c', int, 32, 1],
      ],
      8,
    ],
    [
      'holes of bits',
      'int a: 3; char: 5; int b: 4; };',
      [
        ['a', int, 0, 3],
        ['b', int, 8, 4],
      ],
      4,
    ],
    [
      'bit fields across units',
      'int a: 24; int b: 24; } __attribute__((packed));',
      [
        ['a', int, 0, 24],
        ['b', int, 24, 24],
      ],
      6,
    ],
    [
      'unnamed bits',
      'int: 5; int a: 4; };',
      [
        [null, int, 0, 5],
        ['a', int, 5, 4],
      ],
      4,
    ],
    ['nothing', '};', [], 0],
    ['padding alone', 'long: 64; };', [], 8],
  ])('%s', (_, expected, members, size) => {
    expect(body(size, ...members)).toBe(expected)
  })

  it.each<[string, string, [string | null, number, number, number?][], number]>([
    [
      'overlaps',
      'b, at bit 16',
      [
        ['a', int, 0],
        ['b', int, 16],
      ],
      8,
    ],
    [
      'goes beyond the end',
      'b, at bit 32',
      [
        ['a', int, 0],
        ['b', long, 32],
      ],
      8,
    ],
    ['is wider than its type', 'b, at bit 0', [['b', bool, 0, 2]], 1],
    [
      'starts within a byte',
      'b, at bit 4',
      [
        ['a', char, 0, 4],
        ['b', char, 4, 0],
      ],
      2,
    ],
    ['has no size', 'b, at bit 0', [['b', 0, 0]], 8],
    ['has no name', 'a member, at bit 0', [[null, int, 0]], 4],
  ])('leaves a member out that %s, and keeps the size', (_, which, members, size) => {
    const text = body(size, ...members)
    expect(text).toContain(`/* left out: ${which}, where C has no place for it */`)
    expect(text).toContain('packed')
  })

  it('unions that are longer or shorter than their members make them', () => {
    const text = printed((t) => {
      const int = t.int('int', 4, 1)
      const five = t.array(t.int('char', 1, 1), 5)
      t.union('longer', 16, ['a', int, 0])
      t.union('shorter', 5, ['a', int, 0], ['b', five, 0])
      t.union('odd', 24, ['b', five, 0])
      t.union('empty', 8)
    })
    expect(text).toBe(`union longer {
	int a;
} __attribute__((aligned(16)));

union shorter {
	int a;
	char b[5];
} __attribute__((packed));

union odd {
	char b[5];
	char __filler[24];
} __attribute__((packed));

union empty {
	char __filler[8];
} __attribute__((packed));

`)
  })

  it('large holes are arrays', () => {
    const gigabytes = body(0xffffffff, ['a', char, 0])
    expect(gigabytes).toBe('char a; char __filler[4294967294]; } __attribute__((packed));')
  })

  it('members of a named struct that an unnamed member brings along', () => {
    const text = printed((t) => {
      const int = t.int('int', 4, 1)
      const base = t.struct('base', 4, ['x', int, 0])
      t.typedef('base_t', base)
      t.struct('derived', 8, [null, base + 1, 0], ['y', int, 32])
    })
    expect(text).toContain('struct derived {\n\tstruct {\n\t\tint x;\n\t};\n\tint y;\n};')
  })

  it('enums of every size', () => {
    const text = printed((t) => {
      t.enum32('byte', 1, { A: 200 })
      t.enum32('half', 2, { B: -1 }, true)
      t.enum32('int', 4, { C: 0xffffffff })
      t.enum32('word', 8, { D: 1 })
      t.enum64('wide', 8, { E: 1n << 40n })
      t.enum64('narrow', 8, { F: -1n, G: 1n }, true)
      t.enum64('mixed', 8, { H: -1n, I: 0xffffffffn }, true)
      t.enum32('open', 4, {})
    })
    expect(text.replace(/\n\n|\n\t/g, ' ').replaceAll('\n}', ' }')).toBe(
      'enum byte { A = 200, } __attribute__((mode(byte))); ' +
        'enum half { B = -1, } __attribute__((mode(HI))); ' +
        '/* int_ is int */\nenum int_ { C = 4294967295, }; ' +
        'enum word { D = 1, } __attribute__((mode(word))); ' +
        'enum wide { E = 1099511627776ULL, }; ' +
        'enum narrow { F = -1LL, G = 1LL, } __attribute__((mode(word))); ' +
        'enum mixed { H = -1LL, I = 4294967295LL, }; ' +
        'enum open; ',
    )
  })

  it('bit fields of integers that have their own width, as before kind_flag', () => {
    const text = printed((t) => {
      const three = t.int('unsigned int', 4, 0, 3)
      const five = t.add(Kind.INT, 'unsigned int', 4, [(3 << 16) | 5])
      t.struct('s', 4, ['a', three, 0], ['b', five, 0])
    })
    expect(text).toContain('struct s {\n\tunsigned int a: 3;\n\tunsigned int b: 5;\n};')
  })
})

describe('dumpC: compilers’ own types', () => {
  it('va_list, and polynomials of Arm', () => {
    const text = printed((t) => {
      t.typedef('__gnuc_va_list', 0)
      t.typedef('__builtin_va_list', t.array(t.struct('__va_list_tag', 0), 1))
      t.typedef('poly8_t', t.int('__Poly8_t', 1))
    })
    expect(text).toBe(
      'typedef __builtin_va_list __gnuc_va_list;\n\nstruct __va_list_tag {};\n\n' +
        'typedef unsigned char __Poly8_t;\n\ntypedef __Poly8_t poly8_t;\n\n',
    )
  })

  it('numbers of other languages and sizes', () => {
    const text = printed((t) => {
      for (const [name, size, encoding] of [
        ['i128', 16, 1],
        ['char', 4, 0],
        ['long unsigned int', 4, 0],
      ] as const)
        t.typedef(`t_${name.slice(0, 4)}`, t.int(name, size, encoding))
      t.typedef('f', t.float('f32', 4))
      t.typedef('l', t.float('long double', 16))
    })
    expect(text.match(/typedef .*/g)).toEqual([
      'typedef signed __int128 t_i128;',
      'typedef unsigned int t_char;',
      'typedef long unsigned int t_long;',
      'typedef float f;',
      'typedef long double l;',
    ])
  })
})

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
