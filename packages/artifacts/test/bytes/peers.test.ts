import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { detectFormat, elfRole, findBaseBtf, readElf, readModule, readRawBtf } from '../../src/bytes/index.js'
import { chars } from './support/writers.js'

/** Files that other projects test with: libabigail's modules, cilium/ebpf's ELF files and BTF. */
const root = process.env.BASEDRIFT_FIXTURES ?? ''
const there = root !== '' && existsSync(join(root, 'libabigail')) && existsSync(join(root, 'cilium-ebpf'))
if (!there)
  console.log('left out: the files of libabigail and cilium/ebpf, as BASEDRIFT_FIXTURES does not name them')

const bytesOf = (...path: string[]) => new Uint8Array(readFileSync(join(root, ...path)))
const moduleOf = (...path: string[]) => {
  const bytes = bytesOf('libabigail', ...path)
  expect(detectFormat(bytes)).toBe('elf')
  expect(elfRole(readElf(bytes))).toBe('module')
  const { module, problems } = readModule(bytes, { file: path.join('/'), sha256: '', size: bytes.length })
  expect(problems).toEqual([])
  return module
}
const all = ['exported_function', 'exported_variable', 'exported_function_gpl', 'exported_variable_gpl']

describe.skipIf(!there)('modules of libabigail', () => {
  it.each([
    ['kernel-4.14', '4.14.180 '],
    ['kernel-4.19', '4.19.123 '],
    ['kernel-5.4', '5.4.41 '],
    ['kernel-5.6', '5.6.13 '],
  ])('%s', (folder, vermagic) => {
    const expected: Record<string, string[]> = {
      empty: [],
      one_of_each: all,
      single_function: [all[0]!],
      single_variable: [all[1]!],
      single_function_gpl: [all[2]!],
      single_variable_gpl: [all[3]!],
    }
    for (const [name, exports] of Object.entries(expected)) {
      const module = moduleOf(folder, `${name}.ko`)
      expect([module.name, module.vermagic, module.btf]).toEqual([name, vermagic, null])
      expect([...module.imports].filter(({ crc }) => crc !== null)).toEqual([])
      expect(module.buildId).toMatch(/^[0-9a-f]{40}$/)
      expect([...module.exports]).toEqual(exports.map((symbol) => ({ name: symbol, crc: null })))
    }
  })

  it('kernel-modversions: CRCs of absolute symbols, as readelf shows them', () => {
    const module = moduleOf('kernel-modversions', 'one_of_each.ko')
    expect([...module.imports]).toEqual([{ name: 'module_layout', crc: 0x26a5396e }])
    expect([...module.exports]).toEqual([
      { name: all[0], crc: 0xe52d5bcf },
      { name: all[1], crc: 0xee94d699 },
      { name: all[2], crc: 0xfda43846 },
      { name: all[3], crc: 0x41336c46 },
    ])
  })
})

describe.skipIf(!there)('files of cilium/ebpf', () => {
  const pairs = there
    ? readdirSync(join(root, 'cilium-ebpf'))
        .filter((name) => name.endsWith('-eb.elf'))
        .map((name) => name.slice(0, -'-eb.elf'.length))
    : []

  it.each(pairs)('%s: both byte orders have the same sections', (name) => {
    const [big, little] = ['eb', 'el'].map((order) => readElf(bytesOf('cilium-ebpf', `${name}-${order}.elf`)))
    expect([big!.little, little!.little, big!.bits, big!.type]).toEqual([false, true, 64, 1])
    const listing = [big!, little!].map((elf) => {
      elf.checkSections()
      expect(elfRole(elf)).toBe('other')
      return Array.from({ length: elf.sectionCount }, (_, index) => [
        elf.sectionName(index),
        elf.section(index).size,
      ])
    })
    expect(listing[0]).toEqual(listing[1])
    for (const elf of [big!, little!]) {
      const section = elf.find(chars('.BTF'))
      if (section === null) continue
      const btf = elf.content(section)
      expect(detectFormat(btf)).toBe('raw-btf')
      expect(findBaseBtf(elf.bytes, elf.little)).toEqual(btf)
    }
  })

  it('the BTF of a kernel stands alone, that of a module does not', () => {
    const kernel = new Uint8Array(gunzipSync(bytesOf('cilium-ebpf', 'vmlinux.btf.gz')))
    const found = findBaseBtf(kernel, true)
    expect([found?.length, found?.byteOffset]).toEqual([kernel.length, kernel.byteOffset])
    expect(readRawBtf(kernel, { file: 'vmlinux.btf', sha256: '', size: kernel.length }).btf).toBe(kernel)
    const module = bytesOf('cilium-ebpf', 'btf_testmod.btf')
    expect(detectFormat(module)).toBe('raw-btf')
    expect(findBaseBtf(module, true)).toBeNull()
    const distilled = bytesOf('cilium-ebpf', 'btf_testmod.btf.base')
    expect(findBaseBtf(distilled, true)).toEqual(distilled)
  })
})
