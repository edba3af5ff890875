import { describe, expect, it } from 'vitest'
import { type ModuleFacts, readKernelImage, readModule, symbolFlags } from '../../src/bytes/index.js'
import { findVermagic } from '../../src/bytes/vermagic.js'
import { codeOf } from './support/codes.js'
import {
  banner,
  chars,
  type ElfSpec,
  identity,
  join,
  type SectionSpec,
  symbolSections,
  versionRecords,
  Writer,
  writeBtf,
  writeElf,
} from './support/writers.js'

const forms = [
  [32, true],
  [32, false],
  [64, true],
  [64, false],
] as const
const globalSymbol = 0x10
const weakSymbol = 0x20

/** A module, as its `struct module` says that stands behind what else it has. */
const moduleElf = (spec: ElfSpec) =>
  writeElf({
    ...spec,
    sections: [...spec.sections, { name: '.gnu.linkonce.this_module', data: [0] }],
  })

describe.each(forms)('imports of a module of %i bit, little endian %s', (bits, little) => {
  const versions = [
    ['module_layout', 1],
    ['first', 2],
    ['second', 3],
    ['unused', 4],
  ] as const
  const undefinedSymbols = ['second', 'first', 'plain', '_GLOBAL_OFFSET_TABLE_'].map((name) => ({
    name,
    value: 0,
    section: 0,
    info: globalSymbol,
  }))
  const read = (sections: readonly SectionSpec[]) => readWith(sections).module
  const readWith = (sections: readonly SectionSpec[]) =>
    readModule(
      moduleElf({
        bits,
        little,
        sections: [
          ...sections,
          ...symbolSections(
            [
              { name: 'own', value: 0, section: 1 },
              ...undefinedSymbols,
              { name: 'maybe', value: 0, section: 0, info: weakSymbol },
            ],
            [],
            bits,
            little,
          ),
        ],
      }),
      identity,
    )

  it('are its undefined symbols with their versions, and module_layout', () => {
    const module = read([{ name: '__versions', data: versionRecords(versions, bits, little) }])
    expect([...module.imports]).toEqual([
      { name: 'module_layout', crc: 1 },
      { name: 'second', crc: 3 },
      { name: 'first', crc: 2 },
      { name: 'plain', crc: null },
      { name: 'maybe', crc: null },
    ])
    expect([...module.imports.flags]).toEqual([
      0,
      0,
      0,
      symbolFlags.noCrc,
      symbolFlags.noCrc | symbolFlags.weak,
    ])
    expect([module.basicVersions, module.extendedVersions]).toEqual(['read', 'absent'])
    expect(module.extendedImports).toHaveLength(0)
  })

  const table = (records = versions, cut = 0) => {
    const data = versionRecords(records, bits, little)
    return { name: '__versions', data: data.subarray(0, data.length - cut) }
  }
  const extendedTable = (names = 'plain\0second\0', more: number[] = []) => [
    {
      name: '__version_ext_crcs',
      data: join(new Writer(little).int(4, 9).int(4, 0xffffffff).done(), more),
    },
    { name: '__version_ext_names', data: chars(names) },
  ]
  const said = ({ imports, extendedImports, basicVersions, extendedVersions }: ModuleFacts) => ({
    imports: [...imports].map(({ name, crc }) => `${name} ${crc}`),
    extendedImports: [...extendedImports].map(({ name, crc }) => `${name} ${crc}`),
    tables: [basicVersions, extendedVersions],
  })
  const unversioned = ['second null', 'first null', 'plain null', 'maybe null']
  const withExtended = [`second ${0xffffffff}`, 'first null', 'plain 9', 'maybe null']

  it('have no versions without a table', () => {
    expect(said(read([]))).toEqual({
      imports: unversioned,
      extendedImports: [],
      tables: ['absent', 'absent'],
    })
  })

  it('have the versions of both tables, each apart', () => {
    expect(said(read(extendedTable()))).toEqual({
      imports: unversioned,
      extendedImports: withExtended,
      tables: ['absent', 'read'],
    })
    expect(said(read([table(), ...extendedTable()]))).toEqual({
      imports: ['module_layout 1', 'second 3', 'first 2', 'plain null', 'maybe null'],
      extendedImports: withExtended,
      tables: ['read', 'read'],
    })
  })

  it('are read as the kernel reads a table that ends within a record', () => {
    const { module, problems } = readWith([table(versions, 1)])
    expect(said(module)).toMatchObject({
      imports: ['module_layout 1', 'second 3', 'first 2', 'plain null', 'maybe null'],
      tables: ['read', 'absent'],
    })
    expect(problems.map(({ code, at }) => [code, at])).toEqual([['versions-malformed', '__versions']])
    const extended = read(extendedTable('plain\0second\0', [1, 2, 3]))
    expect(said(extended)).toMatchObject({ extendedImports: withExtended, tables: ['absent', 'read'] })
  })

  it.each([
    ['a compressed table', [{ ...table(), flags: 0x802 }], ['unreadable', 'absent']],
    ['a table without content', [{ ...table(), type: 8 }], ['unreadable', 'absent']],
    ['names that are missing', extendedTable('plain\0'), ['absent', 'unreadable']],
    ['no names at all', extendedTable().slice(0, 1), ['absent', 'unreadable']],
    ['names alone', extendedTable().slice(1), ['absent', 'unreadable']],
  ])('cannot be read from %s', (_, sections, tables) => {
    expect(said(read(sections))).toEqual({ imports: unversioned, extendedImports: [], tables })
  })
})

describe('what the kernel looks for in memory (find_sec)', () => {
  const wide = versionRecords([
    ['module_layout', 1],
    ['f', 2],
  ])
  const imported = [{ name: 'f', value: 0, section: 0, info: globalSymbol }]
  const read = (sections: readonly SectionSpec[]) =>
    readModule(writeElf({ sections: [...sections, ...symbolSections(imported, [])] }), identity)

  it.each(['.modinfo', '__versions', '.gnu.linkonce.this_module', '__ksymtab', '__kflagstab'])(
    'is not there without SHF_ALLOC: %s',
    (name) => {
      const data = {
        '.modinfo': chars('vermagic=v \0'),
        __versions: wide,
        '.gnu.linkonce.this_module': new Uint8Array(8),
        __ksymtab: new Uint8Array(12),
        __kflagstab: [1],
      }
      const sections = Object.entries(data).map(([section, bytes]) => ({
        name: section,
        data: bytes,
        ...(section === name ? { flags: 0 } : {}),
      }))
      const { module, problems } = read(sections)
      const seen = {
        '.modinfo': module.vermagic !== null,
        __versions: module.basicVersions === 'read',
        '.gnu.linkonce.this_module': module.structSize === 8 && module.lacks === null,
        __ksymtab: problems.some(({ code }) => code === 'exports-unknown'),
        __kflagstab: module.flagTable,
      }
      expect(Object.entries(seen).filter(([, there]) => !there)).toEqual([[name, false]])
    },
  )

  const modinfo = { name: '.modinfo', data: chars('name=x\0') }

  it('takes the first version of a name that stands twice, and no CRC of more than 32 bits', () => {
    const twice = versionRecords([
      ['f', 9],
      ['module_layout', 1],
      ['f', 2],
    ])
    expect([...read([modinfo, { name: '__versions', data: twice }]).module.imports]).toEqual([
      { name: 'module_layout', crc: 1 },
      { name: 'f', crc: 9 },
    ])
    const high = wide.slice()
    high[64 + 7] = 1
    const { module, problems } = read([modinfo, { name: '__versions', data: high }])
    expect([module.basicVersions, problems.map(({ code }) => code)]).toEqual([
      'unreadable',
      ['versions-malformed'],
    ])
  })

  it('says what no kernel loads a module without', () => {
    const thisModule = { name: '.gnu.linkonce.this_module', data: new Uint8Array(8) }
    expect(read([thisModule]).module.lacks).toBeNull()
    expect(read([modinfo]).module.lacks).toBe('this-module')
    expect(read([{ ...thisModule, type: 8 }]).module.lacks).toBe('this-module')
    expect(readModule(writeElf({ sections: [thisModule] }), identity).module.lacks).toBe('symbols')
    const [table, ...names] = symbolSections([], [])
    const empty = [thisModule, { ...table!, data: [] }, ...names]
    expect(readModule(writeElf({ sections: empty }), identity).module.lacks).toBe('symbols')
  })

  it('refuses an object that is no module, unless it has BTF', () => {
    const text = { name: '.text', data: [0xc3] }
    expect(codeOf(() => read([text]))).toMatch(/^elf-unsupported/)
    expect(codeOf(() => readModule(writeElf({ sections: [] }), identity))).toMatch(/^elf-unsupported/)
    expect(read([text, { name: '.BTF', data: [1] }]).module.lacks).toBe('this-module')
  })

  it('takes a .BTF that claims to have no content from where it lies, unless it would be zeros', () => {
    const content = { name: '.BTF', data: [1, 2, 3] }
    expect(read([{ ...content, type: 8 }]).module.btf).toEqual(Uint8Array.of(1, 2, 3))
    expect(codeOf(() => read([{ ...content, type: 8, flags: 2 }]))).toMatch(/^elf-malformed/)
    expect(codeOf(() => read([{ ...content, type: 8, claimedSize: 1e6 }]))).toMatch(/^elf-truncated/)
  })
})

describe('what else a module brings', () => {
  it('is the size of its struct module, its table of flags and exports of an obsolete table', () => {
    const names = ['__ksymtab', '__ksymtab_gpl', '__kflagstab', '.gnu.linkonce.this_module']
    const { module } = readModule(
      writeElf({
        sections: [
          { name: '__ksymtab', data: new Uint8Array(12) },
          { name: '__ksymtab_gpl', data: new Uint8Array(12) },
          { name: '__kflagstab', data: [1] },
          { name: '.gnu.linkonce.this_module', data: new Uint8Array(896) },
          ...symbolSections(
            [
              { name: '__ksymtab_one', value: 0, section: '__ksymtab' },
              { name: '__ksymtab_two', value: 0, section: '__ksymtab_gpl' },
            ],
            names,
          ),
        ],
      }),
      identity,
    )
    expect([module.structSize, module.flagTable]).toEqual([896, true])
    expect([...module.exports].map(({ name }) => name)).toEqual(['one', 'two'])
    expect([...module.exports.flags]).toEqual([symbolFlags.noCrc, symbolFlags.noCrc | symbolFlags.gplTable])
  })
})

describe.each(forms)('.BTF_ids of %i bit, little endian %s', (bits, little) => {
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

/** A kernel whose tables point as `relative` says; the strings share their ends, as linkers make them. */
function kernelWith(
  bits: 32 | 64,
  little: boolean,
  relative: boolean,
  entries: readonly (readonly [at: number, crc: number])[],
  more: SectionSpec[] = [],
  crcTable: Partial<SectionSpec> | null = {},
) {
  const table = 0x81001000
  const strings = 0x81400000
  const word = relative ? 4 : bits / 8
  const fields = new Writer(little)
  const high = relative || bits === 32 ? null : 0xffffffff
  const field = (address: number, at: number) => {
    const value = relative ? address - (table + at) : address
    if (high === null) fields.int(4, value)
    else if (little) fields.int(4, value).int(4, high)
    else fields.int(4, high).int(4, value)
  }
  entries.forEach(([at], index) => {
    const start = index * word * 3
    field(0x80000000, start)
    field(strings + at, start + word)
    field(strings, start + word * 2)
  })
  const crcs = new Writer(little)
  for (const [, crc] of entries) crcs.int(4, crc)
  return writeElf({
    type: 2,
    bits,
    little,
    sections: [
      { name: '__ksymtab', data: fields.done(), address: table },
      ...(crcTable === null
        ? []
        : [{ name: '__kcrctab', data: crcs.done(), address: 0x81002000, ...crcTable }]),
      { name: '__ksymtab_strings', data: chars('\0__memcpy\0kfree\0'), address: strings },
      { name: '.rodata', data: join(banner, '\n\0', ...moreText), address: 0x81500000 },
      { name: '.BTF', data: writeBtf(1, little) },
      ...more,
    ],
  })
}
const moreText = ['\x006.1.0-56-test SMP preempt mod_unload modversions \0\0']
const noPayload = () => {
  throw new Error('nothing is compressed here')
}

describe.each(forms)('exports of a kernel of %i bit, little endian %s', (bits, little) => {
  it.each([true, false])('are told by its own tables (self-relative: %s)', async (relative) => {
    const bytes = kernelWith(bits, little, relative, [
      [3, 0xfedcba98],
      [1, 5],
      [10, 0],
    ])
    const { kernel, problems } = await readKernelImage(bytes, identity, noPayload)
    expect(problems).toEqual([])
    expect(kernel.exports?.toJSON()).toEqual([
      { name: 'memcpy', crc: 0xfedcba98 },
      { name: '__memcpy', crc: 5 },
      { name: 'kfree', crc: 0 },
    ])
    expect(kernel.vermagic).toBe('6.1.0-56-test SMP preempt mod_unload modversions ')
  })

  it('are not guessed where a name points elsewhere', async () => {
    const { kernel, problems } = await readKernelImage(
      kernelWith(bits, little, true, [[1000, 1]]),
      identity,
      noPayload,
    )
    expect(kernel.exports).toBeNull()
    expect(problems.map(({ code }) => code)).toEqual(['exports-unknown'])
  })

  it('have no CRCs where there is no table of them', async () => {
    const bytes = kernelWith(bits, little, true, [[10, 5]], [], null)
    const { kernel, problems } = await readKernelImage(bytes, identity, noPayload)
    expect(problems).toEqual([])
    expect(kernel.exports?.toJSON()).toEqual([{ name: 'kfree', crc: null }])
  })

  it.each([
    ['is compressed', { flags: 0x800 }],
    ['has no content', { type: 8 }],
    ['is of another size', { data: [1, 2, 3, 4, 5, 6, 7, 8] }],
  ])('are not told where the table of CRCs %s', async (_, crcTable) => {
    const bytes = kernelWith(bits, little, true, [[10, 5]], [], crcTable)
    const { kernel, problems } = await readKernelImage(bytes, identity, noPayload)
    expect(kernel.exports).toBeNull()
    expect(problems.map(({ code }) => code)).toEqual(['exports-unknown'])
  })

  it('have the CRCs that self-relative words lead to', async () => {
    const address = 0x81600000
    const crcs = new Writer(little)
    const entries = Array.from({ length: 20 }, (_, index) => {
      crcs.int(4, 0x1000 + index)
      return [10, address + index * 4 - (0x81002000 + index * 4)] as const
    })
    const bytes = kernelWith(bits, little, true, entries, [{ name: '.crcs', data: crcs.done(), address }])
    const { kernel } = await readKernelImage(bytes, identity, noPayload)
    expect(kernel.exports?.toJSON().map(({ crc }) => crc)).toEqual(
      Array.from({ length: 20 }, (_, index) => 0x1000 + index),
    )
  })
})

describe('findVermagic', () => {
  const find = (...texts: string[]) => findVermagic(join(...texts.map((text) => `${text}\0`)), '6.1.0')

  it.each([
    '6.1.0 SMP preempt mod_unload modversions ',
    '6.1.0 SMP preempt_rt mod_unload ',
    '6.1.0 SMP mod_unload modversions aarch64',
    '6.1.0 mod_unload 686 RANDSTRUCT_0123abcd',
  ])('takes %j', (vermagic) => expect(find('x', vermagic, 'y')).toBe(vermagic))

  it.each([
    ['what is no vermagic', ['6.1.0 (builder@host) #1 SMP', '6.1.0 Debian', 'see 6.1.0 SMP mod_unload ']],
    ['two that differ', ['6.1.0 SMP mod_unload ', '6.1.0 SMP preempt mod_unload ']],
    ['another release', ['6.1.01 SMP mod_unload ']],
  ])('passes over %s', (_, texts) => expect(find(...texts)).toBeNull())

  it('takes nothing that is cut off', () => {
    expect(findVermagic(chars('6.1.0 SMP mod_unload '), '6.1.0')).toBeNull()
    expect(findVermagic(chars('x'), 'r'.repeat(300))).toBeNull()
  })
})
