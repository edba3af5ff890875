import { describe, expect, it } from 'vitest'
import { Binding, Kind, readBtf } from '../src/index.js'
import { Builder } from './build.js'
import { bindSlow, readSlow } from './support/slow-binding.js'
import {
  all,
  array,
  enumeration,
  int,
  named,
  proto,
  ptr,
  ref,
  s,
  struct,
  type Types,
  tag,
  written,
} from './support/types.js'

/** A module's own types; `first` is the id of the first one, on the base that it is built on. */
type Own = (b: Builder, first: number) => void

/** Binds a module built on `origin`: the values of misbound references, the ids of changed types, the verdict. */
function bind(origin: Types, running: Types, own: Own) {
  const bytes = [written(origin), written(running)] as const
  const [before, after] = bytes.map((base) => readBtf(base))
  const b = new Builder(before!.stringsEnd)
  own(b, before!.lastId + 1)
  const module = b.bytes()
  const bound = new Binding(before!, after!).bind(module)
  const slow = bindSlow(readSlow(bytes[0]), readSlow(bytes[1]), module)
  expect(
    bound.misbound.map(
      ({ typeId, strOff }) => `${typeId === undefined ? `name ${strOff}` : `type ${typeId}`}`,
    ),
  ).toEqual(slow.misbound.map((text) => text.slice(text.indexOf(' ') + 1)))
  const changed = bound.changed.map(({ originId }) => originId).sort((x, y) => x - y)
  expect(changed).toEqual(slow.verdict === 'misread' ? [] : slow.changed)
  return { bound, misbound: slow.misbound, changed, verdict: slow.verdict }
}
const own =
  (types: (first: number) => Types): Own =>
  (b, first) =>
    types(first)(b)
/** As {@link own}, with a name of the module's own, so that it need not be among the base's. */
const pointer = (id: number): Own => own(() => ptr(id))

describe('binding', () => {
  it('a reference that means something else is misbound', () => {
    const { bound, verdict } = bind(all(int('i'), s(8)), all(int('i'), struct('list_head', [])), pointer(2))
    expect(verdict).toBe('misread')
    expect(bound.misbound).toMatchObject([
      { typeId: 2, expected: expect.stringContaining('s'), actual: expect.stringContaining('list_head') },
    ])
  })

  it('so is a name that is another string', () => {
    const module = own(() => struct('own', []))
    expect(bind(int('i'), int('long'), module).bound.misbound).toMatchObject([
      { strOff: 3, expected: 'own', actual: expect.any(String) },
    ])
    expect(bind(int('i'), int('j'), module).verdict).toBe('compatible')
  })

  it('names of members, parameters and enumerators are looked at', () => {
    const shifted = (module: Own): readonly string[] => bind(int('i'), int('in'), module).misbound
    expect(shifted(own(() => struct('', [{ name: 'm', type: 0 }])))).toEqual(['0.3 name 3'])
    expect(shifted(own(() => proto(0, { name: 'm', type: 0 })))).toEqual(['0.3 name 3'])
    expect(shifted(own(() => enumeration('', [['m', 0]])))).toEqual(['0.3 name 3'])
    expect(shifted(own(() => tag(Kind.TYPE_TAG, 'm', 0)))).toEqual(['0.0 name 3'])
  })

  it('offsets beyond every table are no empty names', () => {
    const beyond: Own = (b) => void b.add({ kind: Kind.STRUCT, name: 90 })
    expect(bind(int('i'), int('long'), beyond).verdict).toBe('compatible')
    const long = int('x'.repeat(89))
    expect(bind(int('i'), long, beyond).misbound).toEqual(['0.0 name 90'])
  })

  it('an id beyond every table is no type, and not void', () => {
    expect(bind(all(int('i'), int('i')), int('i'), pointer(2)).verdict).toBe('misread')
    expect(bind(int('i'), int('i'), pointer(40)).verdict).toBe('compatible')
    expect(bind(int('i'), int('i'), pointer(0)).verdict).toBe('compatible')
  })

  it('a module’s own ids shift with the base', () => {
    const module = own((first) => all(ptr(first + 1), struct('', []), struct('', [], { size: 16 })))
    expect(bind(int('i'), int('i'), module).verdict).toBe('compatible')
    expect(bind(int('i'), all(int('i'), ptr(1)), module).misbound).toEqual(['0.2 type 3'])
  })

  it('an own record that is just like it will do', () => {
    const module = own((first) => all(ptr(first + 1), struct('', []), struct('', [])))
    expect(bind(all(int('i'), ptr(1)), int('i'), module).verdict).toBe('compatible')
  })

  it('what an own record says is told in its own place, once', () => {
    const module = own((first) => all(ptr(first + 1), ptr(1), ref(Kind.CONST, first)))
    expect(bind(s(8), struct('t', []), module).misbound).toEqual(['1.2 type 1'])
  })

  it('between a module’s types and a base’s', () => {
    const module: Own = (b, first) => {
      b.add({ kind: Kind.PTR, third: first + 1 })
      b.add({ kind: Kind.STRUCT, name: 1, third: 8 })
    }
    const grown = (last: Types): Types => all(s(4), int('i'), last, last)
    const origin = all(s(4), int('i'))
    expect(bind(origin, grown(s(8)), module).verdict).toBe('compatible')
    expect(bind(origin, grown(s(4)), module)).toMatchObject({ verdict: 'changed', changed: [4] })
    expect(bind(origin, grown(struct('t', [])), module).misbound).toEqual(['0.2 type 4'])
  })
})

describe('what came before', () => {
  it('a string of the module that the running base has for another use', () => {
    const module: Own = (b) => void b.add({ kind: Kind.STRUCT, name: b.str('zz'), third: 8 })
    const strings: Types = (b) => {
      int('i')(b)
      b.str('zz')
    }
    expect(bind(int('i'), strings, module).verdict).toBe('compatible')
    const member = all(int('i'), struct('', [{ name: 'zz', type: 0 }], { size: 4 }))
    expect(bind(int('i'), member, module).verdict).toBe('compatible')
  })

  it('a type of the module that leads into a circle of the base', () => {
    const module = own(() => all(ptr(1), ref(Kind.CONST, 2)))
    expect(bind(ptr(1), all(ptr(1), ptr(1)), module).verdict).toBe('compatible')
    expect(bind(ptr(1), all(ptr(1), ptr(0)), module).misbound).toEqual(['1.2 type 2'])
  })

  it('a module with circles of its own', () => {
    const module = own((first) => all(ptr(first + 1), ptr(first), ref(Kind.CONST, first)))
    expect(bind(all(int('i'), ptr(2)), all(int('i'), ptr(2), ptr(3)), module).verdict).toBe('compatible')
  })
})

describe('what a module needs', () => {
  const changed = (types: (size: number) => Types, module: Own): readonly number[] =>
    bind(types(8), types(16), module).changed
  const behind = (size: number): Types => all(struct('h', [{ type: 2 }]), ptr(3), s(size))

  it('what it refers to, through anything without a name', () => {
    expect(changed(s, pointer(1))).toEqual([1])
    expect(changed((size) => all(ptr(2), s(size)), pointer(1))).toEqual([2])
    expect(changed((size) => all(ptr(2), ptr(3), ref(Kind.CONST, 4), s(size)), pointer(1))).toEqual([4])
    expect(changed((size) => all(ptr(2), proto(0, { type: 3 }), s(size)), pointer(1))).toEqual([3])
    expect(changed((size) => all(ptr(2), struct('', [{ type: 3 }]), ptr(4), s(size)), pointer(1))).toEqual([
      4,
    ])
  })

  it('and what that holds by value', () => {
    expect(changed((size) => all(struct('h', [{ type: 2 }]), array(3), s(size)), pointer(1))).toEqual([3])
    expect(changed((size) => all(named(Kind.TYPEDEF, 't', { third: 2 }), s(size)), pointer(1))).toEqual([2])
  })

  it('not what is behind a pointer that a named type holds', () => {
    expect(changed(behind, pointer(1))).toEqual([])
    expect(changed(behind, pointer(2))).toEqual([3])
    expect(
      changed(
        (size) => all(struct('h', [{ type: 2 }]), struct('', [{ type: 3 }]), ptr(4), s(size)),
        pointer(1),
      ),
    ).toEqual([])
  })

  it('both ways to a type count, whichever comes first', () => {
    const twice = (a: number, b: number): Own => own(() => all(ptr(a), ptr(b)))
    expect(changed(behind, twice(1, 2))).toEqual([3])
    expect(changed(behind, twice(2, 1))).toEqual([3])
  })

  it('a type that changed counts once', () => {
    const twice = own(() => all(ptr(1), ref(Kind.CONST, 1)))
    expect(changed(s, twice)).toEqual([1])
  })

  it('below a type that changed, members go by name and entity', () => {
    const nested = (...members: readonly string[]): Types =>
      all(
        struct(
          'h',
          members.map((name, at) => ({ name, type: 2, at })),
        ),
        s(members.length),
      )
    const between = (before: Types, after: Types): readonly number[] =>
      bind(before, after, pointer(1)).changed
    expect(between(nested('m'), nested('n', 'm'))).toEqual([1, 2])
    expect(between(nested('m'), nested('n', 'o'))).toEqual([1])
    expect(between(nested('m', 'n'), nested('n'))).toEqual([1, 2])
    const other = all(struct('h', [{ name: 'm', type: 3 }]), s(8), struct('t', []))
    expect(between(nested('m'), other)).toEqual([1])
  })

  it('misread is worse than changed', () => {
    const module = own(() => all(ptr(1), ptr(2)))
    expect(bind(all(s(8), int('i')), all(s(16), int('j')), module)).toMatchObject({
      verdict: 'misread',
      misbound: ['1.2 type 2'],
      changed: [],
    })
  })

  it('names the type and a reference to it', () => {
    const { bound } = bind(all(ptr(2), s(8)), all(ptr(2), s(16)), pointer(1))
    expect(bound.changed).toMatchObject([{ type: 'struct s', originId: 2, runningId: 2 }])
    expect(bound.changed[0]!.from).not.toBe('')
  })
})
