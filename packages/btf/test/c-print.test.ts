import { describe, expect, it } from 'vitest'
import { dumpC } from '../src/index.js'
import { printed } from './support/printed.js'
import { Types } from './types.js'

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
