import { describe, expect, it } from 'vitest'
import { Kind } from '../src/index.js'
import { printed } from './support/printed.js'

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
