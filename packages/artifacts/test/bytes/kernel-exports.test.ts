import { describe, expect, it } from 'vitest'
import { readKernelImage, symbolFlags } from '../../src/bytes/index.js'
import { findVermagic } from '../../src/bytes/vermagic.js'
import {
  banner,
  chars,
  elfForms,
  identity,
  join,
  type SectionSpec,
  Writer,
  writeBtf,
  writeElf,
} from './support/writers.js'

/** A kernel whose tables point as `relative` says; the strings share their ends, as linkers make them. */
function kernelWith(
  bits: 32 | 64,
  little: boolean,
  relative: boolean,
  entries: readonly (readonly [at: number, crc: number, space?: number | null])[],
  more: SectionSpec[] = [],
  crcTable: Partial<SectionSpec> | null = {},
  tableName = '__ksymtab',
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
  entries.forEach(([at, , space = 0], index) => {
    const start = index * word * 3
    field(0x80000000, start)
    field(strings + at, start + word)
    if (space === null) fields.int(4, 0).raw(new Uint8Array(word - 4))
    else field(strings + space, start + word * 2)
  })
  const crcs = new Writer(little)
  for (const [, crc] of entries) crcs.int(4, crc)
  return writeElf({
    type: 2,
    bits,
    little,
    sections: [
      { name: tableName, data: fields.done(), address: table },
      ...(crcTable === null
        ? []
        : [{ name: '__kcrctab', data: crcs.done(), address: 0x81002000, ...crcTable }]),
      { name: '__ksymtab_strings', data: chars('\0__memcpy\0kfree\0CXL\0'), address: strings },
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

describe.each(elfForms)('exports of a kernel of %i bit, little endian %s', (bits, little) => {
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

  it.each([true, false])(
    'say their namespaces, where they are in one (self-relative: %s)',
    async (relative) => {
      const entries = [
        [3, 1, 16],
        [1, 2],
        [10, 3, null],
        [3, 4, 1000],
      ] as const
      const { kernel, problems } = await readKernelImage(
        kernelWith(bits, little, relative, entries),
        identity,
        noPayload,
      )
      expect(problems).toEqual([])
      expect([...kernel.exports!.spaces]).toEqual([[0, 'CXL']])
      expect([...kernel.exports!.flags]).toEqual([0, 0, 0, 0])
    },
  )

  it('are for modules with a license that is compatible with the GPL alone, of the table that says so', async () => {
    const strict = kernelWith(bits, little, true, [[10, 5]], [], {}, '__ksymtab_gpl')
    const { kernel } = await readKernelImage(strict, identity, noPayload)
    expect([...kernel.exports!.flags]).toEqual([symbolFlags.gplOnly | symbolFlags.noCrc])
  })

  it('are for such modules alone, of a table for all, where the byte of each says so', async () => {
    const entries = [
      [3, 1],
      [1, 2],
      [10, 3],
    ] as const
    const readWith = (section: Partial<SectionSpec>) => {
      const bytes = kernelWith(bits, little, true, entries, [{ name: '__kflagstab', ...section }])
      return readKernelImage(bytes, identity, noPayload)
    }
    const { kernel } = await readWith({ data: [1, 2, 3] })
    expect([...kernel.exports!.flags]).toEqual([symbolFlags.gplOnly, 0, symbolFlags.gplOnly])
    // Which byte is whose is not told: that all are for everybody would be a guess.
    for (const section of [{ data: [1, 1] }, { data: [1, 1, 1, 1] }, { data: [1, 1, 1], type: 8 }]) {
      const untold = await readWith(section)
      expect(untold.kernel.exports).toBeNull()
      expect(untold.problems.map(({ code }) => code)).toEqual(['exports-unknown'])
    }
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
