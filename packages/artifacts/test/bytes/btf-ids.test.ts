import { describe, expect, it } from 'vitest'
import { readModule } from '../../src/bytes/index.js'
import { elfForms, identity, moduleElf, type SectionSpec, symbolSections, Writer } from './support/writers.js'

describe.each(elfForms)('.BTF_ids of %i bit, little endian %s', (bits, little) => {
  const words = (...values: number[]) => {
    const out = new Writer(little)
    for (const value of values) out.int(4, value)
    return out.done()
  }
  const mark = (name: string, value: number) => ({ name: `__BTF_ID__${name}`, value, section: '.BTF_ids' })
  const read = (data: Uint8Array, marks: ReturnType<typeof mark>[]) =>
    readModule(
      moduleElf({
        bits,
        little,
        sections: [{ name: '.BTF_ids', data }, ...symbolSections(marks, ['.BTF_ids'], bits, little)],
      }),
      identity,
    )

  it('holds sets with their members, and single ids', () => {
    const data = words(7, 9, /* set8 */ 2, 1, 20, 0x10, 21, 4, /* set */ 1, 30, 5)
    const { module, problems } = read(data, [
      mark('func__late__12', 40),
      mark('set8__kfuncs', 8),
      mark('func__bpf_a__3', 16),
      mark('func__bpf__b__4', 24),
      mark('struct__nf_conn__1', 0),
      mark('struct__nf_conn___init__2', 4),
      mark('set__other', 32),
      mark('typedef__u8__9', 36),
    ])
    expect(problems).toEqual([])
    expect(module.btfIds).toEqual({
      complete: true,
      sets: [
        {
          at: 8,
          kind: 'set8',
          name: 'kfuncs',
          flags: 1,
          ids: [20, 21],
          members: [
            { kind: 'func', name: 'bpf_a' },
            { kind: 'func', name: 'bpf__b' },
          ],
        },
        {
          at: 32,
          kind: 'set',
          name: 'other',
          flags: 0,
          ids: [30],
          members: [{ kind: 'typedef', name: 'u8' }],
        },
      ],
      list: [
        { at: 0, kind: 'struct', name: 'nf_conn', id: 7 },
        { at: 4, kind: 'struct', name: 'nf_conn___init', id: 9 },
        { at: 40, kind: 'func', name: 'late', id: 5 },
      ],
    })
  })

  it.each([
    ['a set that goes beyond the section', words(2, 0, 1, 0), [mark('set8__s', 0)]],
    ['a set of more ids than there are', words(0xffffffff), [mark('set__s', 0)]],
    ['an id beyond the section', words(1), [mark('func__f__1', 4)]],
    ['no symbols', words(1), []],
  ])('is reported with %s', (_, data, marks) => {
    const { module, problems } = read(data, marks)
    expect(problems.map(({ code, at }) => [code, at])).toEqual([['btf-ids-malformed', '.BTF_ids']])
    expect(module.btfIds).toEqual({ complete: false, sets: [], list: [] })
  })

  it('knows an element that is not used, which has no symbol', () => {
    const { module, problems } = read(words(0, 7, 0), [mark('struct__a__1', 4)])
    expect(problems).toEqual([])
    expect(module.btfIds).toMatchObject({ complete: true, list: [{ at: 4, id: 7 }] })
  })

  // Ids of a set are sorted: what its symbols label is not what they name, and must not be taken for single ids.
  it.each([
    ['a set has no symbol', words(2, 20, 21), [mark('func__a__1', 4), mark('func__b__2', 8)], []],
    ['a member has no symbol', words(2, 20, 21), [mark('set__s', 0), mark('func__a__1', 4)], [['a']]],
    ['a single id has no symbol', words(7, 1, 20), [mark('set__s', 4), mark('func__a__1', 8)], [['a']]],
    ['a symbol stands within an entry', words(1, 20), [mark('set__s', 0), mark('func__a__1', 6)], [[]]],
    [
      'two symbols stand at one entry',
      words(1, 20),
      ['a__1', 'b__2'].map((name) => mark(`func__${name}`, 4)).concat(mark('set__s', 0)),
      [['a']],
    ],
    [
      'a set reaches into another',
      words(2, 1, 20),
      [mark('set__s', 0), mark('set__t', 4), mark('func__a__1', 8)],
      [['a']],
    ],
    ['a set is broken, whatever follows', words(9, 20, 21), [mark('set__s', 0), mark('func__a__1', 4)], []],
  ])('is not complete where %s', (_, data, marks, members) => {
    const { module, problems } = read(data, marks)
    expect(problems.map(({ code }) => code)).toEqual(['btf-ids-malformed'])
    expect(module.btfIds).toMatchObject({ complete: false, list: [] })
    expect(module.btfIds?.sets.map((set) => set.members.map(({ name }) => name))).toEqual(members)
  })

  it('is not complete where it is compressed', () => {
    const sections: SectionSpec[] = [{ name: '.BTF_ids', data: words(7), flags: 0x800 }]
    const { module } = readModule(
      moduleElf({
        bits,
        little,
        sections: [...sections, ...symbolSections([mark('struct__a__1', 0)], ['.BTF_ids'], bits, little)],
      }),
      identity,
    )
    expect(module.btfIds).toEqual({ complete: false, sets: [], list: [] })
  })
})
