import { describe, expect, it } from 'vitest'
import { elfRole, readElf } from '../../src/bytes/index.js'
import { codeOf } from './support/codes.js'
import { chars, writeElf } from './support/writers.js'

const shapes = ([32, 64] as const).flatMap((bits) => [true, false].map((little) => ({ bits, little })))

describe.each(shapes)('ELF $bits bit, little endian $little', ({ bits, little }) => {
  const sections = [
    { name: '.BTF.ext', data: [9] },
    { name: '.BTF', data: [1, 2, 3], flags: 0 },
    { name: '.BTF', data: [4, 5] },
    { name: '.bss', type: 8, claimedSize: 1 << 20 },
  ]

  it.each([false, true])(
    'finds sections by exact name, the first match (extended numbering %s)',
    (extended) => {
      const elf = readElf(writeElf({ bits, little, sections, extended }))
      expect(elf.sectionCount).toBe(6)
      expect([elf.bits, elf.little, elf.type, elf.machine]).toEqual([bits, little, 1, 62])
      const found = elf.find(chars('.BTF'))
      expect(found?.index).toBe(2)
      expect([...elf.content(found!)]).toEqual([1, 2, 3])
      expect(elf.find(chars('.BT'))).toBeNull()
      expect(elf.find(chars('.BTF.base'))).toBeNull()
      expect(elf.content(elf.find(chars('.bss'))!).length).toBe(0)
      expect(elf.sectionName(4)).toBe('.bss')
      elf.checkSections()
    },
  )

  it('reads more sections than 16 bits can count', () => {
    const many = Array.from({ length: 65_600 }, (_, index) => ({ name: index === 65_599 ? '.BTF' : 'x' }))
    const bytes = writeElf({ bits, little, sections: [...many, { name: '.last', data: [7] }] })
    const elf = readElf(bytes)
    expect(elf.sectionCount).toBe(65_603)
    expect(elf.find(chars('.BTF'))?.index).toBe(65_600)
    expect([...elf.content(elf.find(chars('.last'))!)]).toEqual([7])
  })

  it('reads segments, whose number may stand in section header 0', () => {
    for (const extended of [false, true]) {
      const segments = [
        { type: 1, data: Uint8Array.of(1) },
        { type: 4, data: Uint8Array.of(2, 3) },
      ]
      const elf = readElf(writeElf({ bits, little, sections: [], segments, extended }))
      expect([...elf.segments()].map(({ type, size }) => [type, size])).toEqual([
        [1, 1],
        [4, 2],
      ])
    }
  })

  it('names the section that a truncated file lacks', () => {
    const claimed = [{ name: '.modinfo', data: [1], claimedSize: 5000 }]
    const elf = readElf(writeElf({ bits, little, sections: claimed }))
    expect(codeOf(() => elf.checkSections())).toBe('elf-truncated .modinfo')
    expect(codeOf(() => elf.content(elf.find(chars('.modinfo'))!))).toBe('elf-truncated .modinfo')
  })

  it('is cut off anywhere with a coded error', () => {
    const whole = writeElf({ bits, little, sections })
    for (let length = 0; length < whole.length; length++)
      expect(codeOf(() => readElf(whole.subarray(0, length)))).toMatch(/^elf-truncated /)
  })

  it('finds SHF_COMPRESSED in the flags of either width', () => {
    const elf = readElf(
      writeElf({
        bits,
        little,
        sections: [
          { name: 'a', flags: 0x800 },
          { name: 'b', flags: 2 },
        ],
      }),
    )
    expect([elf.section(1).compressed, elf.section(2).compressed]).toEqual([true, false])
  })
})

describe('ELF that breaks its own format', () => {
  const good = writeElf({ sections: [{ name: '.BTF', data: [1] }] })
  const changed = (change: (view: DataView, bytes: Uint8Array) => void) => {
    const bytes = good.slice()
    change(new DataView(bytes.buffer), bytes)
    return bytes
  }

  it.each([
    ['magic', changed((_, bytes) => bytes.fill(0, 0, 1)), 'elf-malformed e_ident'],
    ['class', changed((_, bytes) => bytes.fill(3, 4, 5)), 'elf-malformed e_ident'],
    ['byte order', changed((_, bytes) => bytes.fill(0, 5, 6)), 'elf-malformed e_ident'],
    ['table beyond 2^53', changed((view) => view.setUint32(44, 0x200000, true)), 'elf-malformed byte 40'],
    [
      'table beyond the file',
      changed((view) => view.setUint32(44, 1, true)),
      'elf-truncated section header 0',
    ],
    ['entry size', changed((view) => view.setUint16(58, 63, true)), 'elf-malformed e_shentsize'],
    [
      'too many sections',
      changed((view) => view.setUint16(60, 9999, true)),
      'elf-truncated section header table',
    ],
    ['name table index', changed((view) => view.setUint16(62, 9, true)), 'elf-malformed e_shstrndx'],
  ])('%s', (_, bytes, expected) => {
    expect(codeOf(() => readElf(bytes))).toBe(expected)
  })

  it('bounds an extended section count', () => {
    const bytes = changed((view) => {
      view.setUint16(60, 0, true)
      view.setUint32(Number(view.getBigUint64(40, true)) + 32, 2 ** 20 + 1, true)
    })
    expect(codeOf(() => readElf(bytes))).toBe('limit-exceeded e_shnum')
  })
})

describe('elfRole', () => {
  it.each([
    ['module', 1, '.modinfo'],
    ['module', 1, '.gnu.linkonce.this_module'],
    ['other', 1, '.BTF'],
    ['kernel', 2, '.BTF'],
    ['kernel', 3, '__ksymtab'],
    ['other', 3, '.text'],
    ['other', 4, '.BTF'],
  ])('%s: e_type %i with %s', (role, type, name) => {
    expect(elfRole(readElf(writeElf({ type, sections: [{ name }] })))).toBe(role)
  })
})
