import { describe, expect, it } from 'vitest'
import { moduleNameFromPath, readModule, symbolFlags } from '../../src/bytes/index.js'
import { codeOf } from './support/codes.js'
import {
  buildIdNote,
  chars,
  identity,
  join,
  type SectionSpec,
  symbolSections,
  versionRecords,
  Writer,
  writeElf,
} from './support/writers.js'

const modinfo: SectionSpec = {
  name: '.modinfo',
  data: chars(
    'license=GPL\0\0\0vermagic=6.1.0-56-test SMP mod_unload modversions \0name=a_b\0srcversion=ABC\0name=later\0myname=x',
  ),
}
const versions = [
  ['module_layout', 0x2ba2a6ea],
  ['x'.repeat(55), 0xffffffff],
  ['zero', 0],
] as const
const imports = versions.map(([name, crc]) => ({ name, crc }))
/** What makes an object a module that has no .modinfo. */
const thisModule: SectionSpec = { name: '.gnu.linkonce.this_module', data: [0] }
const read = (sections: SectionSpec[], spec = {}) => {
  const isMarked = sections.some(({ name }) => name === '.modinfo')
  return readModule(
    writeElf({ sections: isMarked ? sections : [...sections, thisModule], ...spec }),
    identity,
  )
}

describe.each([
  [32, true],
  [32, false],
  [64, true],
  [64, false],
] as const)('a module of %i bit, little endian %s', (bits, little) => {
  it('is read section by section', () => {
    const { module, problems } = read(
      [
        { name: '.note.gnu.build-id', type: 7, data: buildIdNote([0xab, 0x01, 0xff], little) },
        modinfo,
        { name: '__versions', data: versionRecords(versions, bits, little) },
        { name: '.BTF', data: [1, 2, 3] },
        { name: '.BTF.base', data: [4] },
      ],
      { bits, little },
    )
    expect(problems).toEqual([])
    const { imports: imported, extendedImports, exports, ...rest } = module
    expect([[...imported], [...extendedImports], [...exports]]).toEqual([imports, [], []])
    expect(rest).toEqual({
      type: 'module',
      ...identity,
      name: 'a_b',
      vermagic: '6.1.0-56-test SMP mod_unload modversions ',
      srcversion: 'ABC',
      buildId: 'ab01ff',
      btf: Uint8Array.of(1, 2, 3),
      distilled: Uint8Array.of(4),
      stamp: null,
      basicVersions: 'read',
      extendedVersions: 'absent',
      structSize: null,
      flagTable: false,
      machine: 62,
      lacks: 'symbols',
      terms: { license: 'GPL', namespaces: [] },
      btfIds: null,
    })
  })

  it('reads extended symbol versions, whose names may be long', () => {
    const long = 'a_rust_symbol_'.repeat(20)
    const crcs = new Writer(little).int(4, 7).int(4, 0xfffffffe).done()
    const { module } = read(
      [
        modinfo,
        { name: '__versions', data: versionRecords(versions, bits, little) },
        { name: '__version_ext_crcs', data: crcs },
        { name: '__version_ext_names', data: chars(`module_layout\0${long}\0`) },
      ],
      { bits, little },
    )
    expect([...module.imports]).toEqual(imports)
    expect([...module.extendedImports]).toEqual([
      { name: 'module_layout', crc: 7 },
      { name: long, crc: 0xfffffffe },
    ])
  })

  it('names its exports by their labels, in the order of the entries', () => {
    const names = ['__ksymtab', '__ksymtab_gpl', '__kcrctab', '__kcrctab_gpl', '.rodata']
    const { module } = read(
      [
        { name: '__ksymtab', data: new Uint8Array(36) },
        { name: '__ksymtab_gpl', data: new Uint8Array(12) },
        { name: '__kcrctab', data: new Writer(little).int(4, 0x11).int(4, 0x22).int(4, 0).done() },
        { name: '__kcrctab_gpl', data: new Writer(little).int(4, 0x33).done() },
        { name: '.rodata', data: new Writer(little).int(4, 0).int(4, 0x44).done() },
        { name: '.rel__kcrctab', type: 9, info: '__kcrctab' },
        ...symbolSections(
          [
            { name: '__ksymtab_second', value: 12, section: '__ksymtab' },
            { name: '__ksymtab_first', value: 0, section: '__ksymtab' },
            { name: '__ksymtab_third', value: 24, section: '__ksymtab' },
            { name: '__ksymtab_fourth', value: 0, section: '__ksymtab_gpl' },
            { name: '__ksymtab_elsewhere', value: 0, section: '.rodata' },
            { name: '__crc_first', value: 0x9abcdef0, section: 0xfff1 },
            { name: '__crc_second', value: 4, section: '__kcrctab' },
            { name: '__crc_third', value: 4, section: '.rodata' },
          ],
          names,
          bits,
          little,
        ),
      ],
      { bits, little },
    )
    expect([...module.exports]).toEqual([
      { name: 'first', crc: 0x9abcdef0 },
      { name: 'second', crc: 0x22 },
      { name: 'third', crc: 0x44 },
      { name: 'fourth', crc: 0x33 },
    ])
    // A word that no relocation fills in leads to no namespace.
    expect([...module.exports.flags]).toEqual([0, 0, 0, symbolFlags.gplTable | symbolFlags.gplOnly])
    expect(module.exports.spaces.size).toBe(0)
  })

  it('says of its exports what the table of their flags does, which an old table of GPL exports does not ask', () => {
    const names = ['__ksymtab', '__ksymtab_gpl', '__kflagstab']
    const readWith = (flags: number[]) =>
      read(
        [
          { name: '__ksymtab', data: new Uint8Array(24) },
          { name: '__ksymtab_gpl', data: new Uint8Array(12) },
          { name: '__kflagstab', data: flags },
          ...symbolSections(
            [
              { name: '__ksymtab_second', value: 12, section: '__ksymtab' },
              { name: '__ksymtab_first', value: 0, section: '__ksymtab' },
              { name: '__ksymtab_old', value: 0, section: '__ksymtab_gpl' },
            ],
            names,
            bits,
            little,
          ),
        ],
        { bits, little },
      )
    const { noCrc, gplOnly, gplTable } = symbolFlags
    const { module, problems } = readWith([2, 1])
    expect([...module.exports.flags]).toEqual([noCrc, noCrc | gplOnly, noCrc | gplTable | gplOnly])
    expect(problems.map(({ code }) => code)).not.toContain('exports-unknown')
    expect(readWith([1]).problems.map(({ code }) => code)).toContain('exports-unknown')
  })

  it.each([true, false])(
    'names its exports by relocations where labels were stripped (addends %s)',
    (addends) => {
      const names = ['__ksymtab', '__kcrctab', '__ksymtab_strings']
      const strings = chars('alpha\0OUTER\0beta\0SPACE\0')
      const word = bits / 8
      // Entries of 12 bytes (value, name, namespace); a section symbol and an addend for each string.
      const fields = [
        [16, 12],
        [20, 17],
        [4, 0],
        [8, 6],
      ] as const
      const relocations = new Writer(little)
      const table = new Writer(little).raw(new Uint8Array(addends ? 24 : 0))
      for (const [at, addend] of fields) {
        relocations.int(word, at)
        if (bits === 64) {
          // r_info: the symbol in the high word, the type in the low one.
          const halves = little ? [2, 1] : [1, 2]
          relocations.int(4, halves[0]!).int(4, halves[1]!)
        } else relocations.int(4, (1 << 8) | 2)
        if (addends) relocations.int(word, addend)
      }
      if (!addends) table.int(4, 0).int(4, 0).int(4, 6).int(4, 0).int(4, 12).int(4, 17)
      const { module, problems } = read(
        [
          { name: '__ksymtab', data: table.done() },
          { name: '__kcrctab', data: new Writer(little).int(4, 5).int(4, 6).done() },
          { name: '__ksymtab_strings', data: strings },
          {
            name: '.relk',
            type: addends ? 4 : 9,
            data: relocations.done(),
            info: '__ksymtab',
            link: '.symtab',
          },
          ...symbolSections([{ name: '', value: 0, section: '__ksymtab_strings' }], names, bits, little),
        ],
        { bits, little },
      )
      // Without addends the names are where the table's own words point; entry 0's name is string 0.
      expect([...module.exports]).toEqual([
        { name: 'alpha', crc: 5 },
        { name: 'beta', crc: 6 },
      ])
      expect([...module.exports.spaces]).toEqual([
        [0, 'OUTER'],
        [1, 'SPACE'],
      ])
      expect(problems).toEqual([])
    },
  )
})

describe('readModule', () => {
  it('does not tell an empty .BTF from an absent one, but an empty .BTF.base from an absent one', () => {
    const { module } = read([modinfo, { name: '.BTF' }, { name: '.BTF.base' }])
    expect(module.btf).toBeNull()
    expect(module.distilled).toEqual(new Uint8Array(0))
    expect(read([modinfo]).module.distilled).toBeNull()
  })

  it('takes the first section of a name, and subarrays of the input', () => {
    const bytes = writeElf({
      sections: [
        { name: '.BTF', data: [1] },
        { name: '.BTF', data: [2] },
      ],
    })
    const { module } = readModule(bytes, identity)
    expect([...module.btf!]).toEqual([1])
    expect(module.btf!.buffer).toBe(bytes.buffer)
  })

  it('takes its name from the file where .modinfo has none', () => {
    expect(read([{ name: '.modinfo', data: chars('license=GPL\0') }]).module.name).toBe('a_b')
    expect(read([]).module.vermagic).toBeNull()
  })

  it('gives a compressed .BTF as the kernel would take it, and says so', () => {
    const { module, problems } = read([{ name: '.BTF', data: [1, 2], flags: 0x800 }])
    expect([...module.btf!]).toEqual([1, 2])
    expect(problems.map(({ code, file, at }) => [code, file, at])).toEqual([
      ['section-compressed', identity.file, '.BTF'],
    ])
  })

  it('tells of symbol versions that are no whole records', () => {
    const { module, problems } = read([{ name: '__versions', data: new Uint8Array(65) }])
    expect(module.imports).toHaveLength(1)
    expect(problems[0]).toMatchObject({ code: 'versions-malformed', at: '__versions' })
    expect(problems[0]!.message).toContain('65 bytes')
  })

  it('has no extended versions where their names and CRCs do not pair', () => {
    const { module, problems } = read([
      { name: '__versions', data: versionRecords(versions) },
      { name: '__version_ext_crcs', data: new Uint8Array(8) },
      { name: '__version_ext_names', data: chars('one\0two') },
    ])
    expect([...module.imports]).toEqual(imports)
    expect([module.basicVersions, module.extendedVersions]).toEqual(['read', 'unreadable'])
    expect(problems.map(({ code }) => code)).toEqual(['versions-malformed'])
  })

  it('keeps names that are not ASCII, and the records after them', () => {
    const data = join(versionRecords([['x', 1]]), versionRecords([['after', 2]]))
    data.set([0xc3, 0xbf], 8)
    expect([...read([{ name: '__versions', data }]).module.imports]).toEqual([
      { name: 'ÿ', crc: 1 },
      { name: 'after', crc: 2 },
    ])
  })

  it('passes over other notes before the build id', () => {
    const other = new Writer(true)
      .int(4, 4)
      .int(4, 5)
      .int(4, 5)
      .raw('GNU\0')
      .raw([1, 2, 3, 4, 5, 0, 0, 0])
      .done()
    const linux = new Writer(true).int(4, 6).int(4, 1).int(4, 3).raw('Linux\0\0\0').raw([1, 0, 0, 0]).done()
    const data = join(other, linux, buildIdNote([0xfe]))
    expect(read([{ name: '.note.gnu.build-id', type: 7, data }]).module.buildId).toBe('fe')
    expect(read([{ name: '.note.gnu.build-id', type: 7, data: linux }]).module.buildId).toBeNull()
  })

  it('says by which license it uses exports, the first that it names, and of which namespaces', () => {
    const terms = (text: string) => read([{ name: '.modinfo', data: chars(text) }]).module.terms
    expect(terms('xlicense=GPL\0license=Acme\0import_ns=CXL\0license=GPL\0import_ns=DMA_BUF\0')).toEqual({
      license: 'Acme',
      namespaces: ['CXL', 'DMA_BUF'],
    })
    expect(terms('license\0import_ns\0')).toEqual({ license: null, namespaces: [] })
    expect(terms('import_ns=A\0'.repeat(1025))).toBeNull()
    expect(read([]).module.terms).toBeNull()
  })

  it('says when exports cannot be named', () => {
    const { module, problems } = read([{ name: '__ksymtab', data: new Uint8Array(12) }])
    expect([...module.exports]).toEqual([])
    expect(problems.map(({ code }) => code)).toEqual(['exports-unknown'])
  })

  it('leaves a CRC that only relocations would fill in open', () => {
    const { module } = read([
      { name: '__ksymtab', data: new Uint8Array(12) },
      { name: '__kcrctab', data: new Uint8Array(4) },
      { name: '.rela__kcrctab', type: 4, info: '__kcrctab' },
      ...symbolSections([{ name: '__ksymtab_f', value: 0, section: 1 }], []),
    ])
    expect([...module.exports]).toEqual([{ name: 'f', crc: null }])
  })

  it('follows symbols to sections whose index does not fit the symbol', () => {
    const table = symbolSections([{ name: '__ksymtab_far', value: 0, section: 0xffff }], [])
    const { module } = read([
      ...table,
      { name: '.symtab_shndx', type: 18, data: new Writer(true).int(4, 0).int(4, 4).done() },
      { name: '__ksymtab', data: new Uint8Array(12) },
    ])
    expect([...module.exports]).toEqual([{ name: 'far', crc: null }])
  })

  it('lacks its symbols where their table has no section of names', () => {
    const [symtab, strtab] = symbolSections([{ name: 'kfree', value: 0, section: 0 }], [])
    const sections = [{ name: '__versions', data: versionRecords([['kfree', 2]]) }, strtab!]
    const { link: _, ...unlinked } = symtab!
    expect(read([...sections, symtab!]).module.lacks).toBeNull()
    expect(read([...sections, unlinked]).module.lacks).toBe('symbols')
  })

  it('imports what has no name too, which nothing exports', () => {
    const symbols = ['kfree', '', 'after'].map((name) => ({ name, value: 0, section: 0 }))
    const { module } = read(symbolSections(symbols, []))
    expect([...module.imports].map(({ name }) => name)).toEqual(['kfree', '', 'after'])
    // A name that would start behind the table of names is none.
    const [symtab, strtab] = symbolSections([{ name: 'kfree', value: 0, section: 0 }], [])
    const short = read([symtab!, { ...strtab!, data: [0] }]).module
    expect([...short.imports].map(({ name }) => name)).toEqual([''])
  })

  it('refuses what is no module, and what is cut off', () => {
    expect(codeOf(() => read([modinfo], { type: 2 }))).toBe('elf-unsupported e_type')
    expect(codeOf(() => read([{ name: '.text', claimedSize: 1e6 }]))).toBe('elf-truncated .text')
  })
})

describe('moduleNameFromPath', () => {
  it.each([
    ['a.deb!lib/modules/6.1/kernel/drivers/i2c-smbus.ko.xz', 'i2c_smbus'],
    ['ext4.ko', 'ext4'],
    ['x/nf-log.ko.zst', 'nf_log'],
    ['x/nf-log.btf', 'nf_log'],
    ['odd.name.ko.gz', 'odd.name'],
  ])('%s → %s', (path, name) => expect(moduleNameFromPath(path)).toBe(name))
})
