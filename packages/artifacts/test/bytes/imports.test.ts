import { describe, expect, it } from 'vitest'
import { type ModuleFacts, readModule, symbolFlags } from '../../src/bytes/index.js'
import {
  chars,
  elfForms,
  globalSymbol,
  identity,
  join,
  moduleElf,
  type SectionSpec,
  symbolSections,
  versionRecords,
  Writer,
  weakSymbol,
} from './support/writers.js'

describe.each(elfForms)('imports of a module of %i bit, little endian %s', (bits, little) => {
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
