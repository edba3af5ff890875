import { describe, expect, it } from 'vitest'
import { readModule, symbolFlags } from '../../src/bytes/index.js'
import { codeOf } from './support/codes.js'
import {
  chars,
  globalSymbol,
  identity,
  type SectionSpec,
  symbolSections,
  versionRecords,
  writeElf,
} from './support/writers.js'

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
          { name: '__kflagstab', data: [2] },
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
    expect([...module.exports.flags]).toEqual([
      symbolFlags.noCrc,
      symbolFlags.noCrc | symbolFlags.gplTable | symbolFlags.gplOnly,
    ])
  })
})
