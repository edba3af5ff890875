import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { ArtifactError, type Elf, readElf, type SectionChange, writeSections } from '../../src/bytes/index.js'
import { codeOf } from './support/codes.js'
import { chars, join, symbolSections, writeElf } from './support/writers.js'

const shapes = ([32, 64] as const).flatMap((bits) =>
  [true, false].flatMap((little) => [true, false].map((extended) => ({ bits, little, extended }))),
)
const text = (length: number, seed: number) => Uint8Array.from({ length }, (_, at) => (at * 7 + seed) & 0xff)
const change = (name: string, content: Uint8Array, type = 1, align = 1): SectionChange => ({
  name,
  content,
  type,
  align,
})
const contentOf = (elf: Elf, name: string) => [...elf.content(elf.find(chars(name))!)]

describe.each(shapes)('writeSections, $bits bit, little endian $little, extended $extended', (shape) => {
  const names = ['.text', '.BTF', '.modinfo']
  const sections = [
    { name: '.text', data: text(100, 1), flags: 6 },
    { name: '.BTF', data: text(40, 2) },
    { name: '.modinfo', data: text(10, 3) },
    ...symbolSections([{ name: 'x', value: 4, section: '.text' }], names, shape.bits, shape.little),
  ]
  const bytes = writeElf({ ...shape, sections })

  it.each([
    ['as long', 40, 0],
    ['shorter', 7, 0],
    ['empty', 0, 0],
    ['longer', 1000, 1000],
  ])('replaces a section by one that is %s', (_, length, growth) => {
    const out = writeSections(bytes, [change('.BTF', text(length, 9))])
    const elf = readElf(out)
    elf.checkSections()
    expect(contentOf(elf, '.BTF')).toEqual([...text(length, 9)])
    expect(out.length - bytes.length).toBeLessThanOrEqual(growth + 8)
    const before = readElf(bytes)
    for (const name of ['.text', '.modinfo', '.symtab', '.strtab', '.shstrtab']) {
      expect(elf.find(chars(name))).toEqual(before.find(chars(name)))
      expect(contentOf(elf, name)).toEqual(contentOf(before, name))
    }
    // Beyond the section and its header nothing moves or changes.
    const { offset } = before.find(chars('.BTF'))!
    const header = before.sectionTable + 2 * (shape.bits === 64 ? 64 : 40)
    const same = (from: number, to: number) =>
      expect([...out.subarray(from, to)]).toEqual([...bytes.subarray(from, to)])
    same(0, offset)
    same(offset + 40, header)
    same(header + (shape.bits === 64 ? 64 : 40), bytes.length)
  })

  it('adds sections behind the others', () => {
    const out = writeSections(bytes, [
      change('.BTF', text(90, 9)),
      change('.BTF.base', text(30, 8), 1, 4),
      change('.note.x', text(12, 7), 7, 64),
    ])
    const elf = readElf(out)
    elf.checkSections()
    const before = readElf(bytes)
    expect(elf.sectionCount).toBe(before.sectionCount + 2)
    for (let index = 0; index < before.sectionCount; index++) {
      expect(elf.sectionName(index)).toBe(before.sectionName(index))
      expect(elf.sectionType(index)).toBe(before.sectionType(index))
    }
    expect(elf.sectionName(before.sectionCount)).toBe('.BTF.base')
    expect([contentOf(elf, '.BTF'), contentOf(elf, '.BTF.base'), contentOf(elf, '.note.x')]).toEqual([
      [...text(90, 9)],
      [...text(30, 8)],
      [...text(12, 7)],
    ])
    expect(elf.find(chars('.note.x'))).toMatchObject({ type: 7, compressed: false, link: 0, info: 0 })
    expect(elf.find(chars('.note.x'))!.offset % 64).toBe(0)
    // The file header up to e_shoff, and all contents, are as they were.
    expect(
      Buffer.compare(out.subarray(64, before.sectionTable), bytes.subarray(64, before.sectionTable)),
    ).toBe(0)
    // What was added can be replaced in turn.
    const again = readElf(
      writeSections(out, [change('.BTF.base', text(31, 1)), change('.note.x', text(3, 2))]),
    )
    expect([contentOf(again, '.BTF.base'), contentOf(again, '.note.x'), again.sectionCount]).toEqual([
      [...text(31, 1)],
      [...text(3, 2)],
      elf.sectionCount,
    ])
  })

  it('does not overwrite what shares bytes with a section', () => {
    const overlapping = bytes.slice()
    const elf = readElf(bytes)
    const wide = shape.bits === 64
    // .modinfo begins in the middle of .BTF.
    const at = elf.sectionTable + 3 * (wide ? 64 : 40) + (wide ? 24 : 16)
    const middle = elf.find(chars('.BTF'))!.offset + 10
    const view = new DataView(overlapping.buffer)
    if (wide) view.setBigUint64(at, BigInt(middle), shape.little)
    else view.setUint32(at, middle, shape.little)
    const out = readElf(writeSections(overlapping, [change('.BTF', text(40, 9))]))
    expect(contentOf(out, '.BTF')).toEqual([...text(40, 9)])
    expect(contentOf(out, '.modinfo')).toEqual([...text(40, 2)].slice(10, 20))
  })

  it('of a file that is broken anywhere gives a file that can be read, or a coded error', () => {
    const changes = [change('.BTF', text(60, 9)), change('.BTF.base', text(5, 9))]
    const edits = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 4 })
    fc.assert(
      fc.property(edits, fc.nat(bytes.length), (spoils, cut) => {
        const broken = bytes.slice(0, spoils.length === 0 ? cut : bytes.length)
        for (const [at, value] of spoils) broken[at] = value
        let out: Uint8Array
        try {
          out = writeSections(broken, changes)
        } catch (error) {
          expect(error).toBeInstanceOf(ArtifactError)
          return
        }
        const elf = readElf(out)
        elf.checkSections()
        for (const { name, content } of changes) expect(contentOf(elf, name)).toEqual([...content])
      }),
      { numRuns: 300 },
    )
  })
})

describe('writeSections', () => {
  it('begins extended numbering where the sections no longer fit', () => {
    const many = Array.from({ length: 0xff00 - 2 }, () => ({ name: 'x' }))
    const bytes = writeElf({ sections: many.slice(1) })
    expect(new DataView(bytes.buffer).getUint16(60, true)).toBe(0xfeff)
    const out = writeSections(bytes, [change('.last', text(3, 1))])
    expect(new DataView(out.buffer).getUint16(60, true)).toBe(0)
    const elf = readElf(out)
    expect(elf.sectionCount).toBe(0xff00)
    expect(contentOf(elf, '.last')).toEqual([...text(3, 1)])
  })

  it('gives a section without content some', () => {
    const bytes = writeElf({ sections: [{ name: '.BTF', type: 8, claimedSize: 4096 }] })
    expect(contentOf(readElf(writeSections(bytes, [change('.BTF', text(9, 1))])), '.BTF')).toEqual([
      ...text(9, 1),
    ])
  })

  it('leaves the memory that it was given as it is, a Buffer too', () => {
    const bytes = Buffer.from(writeElf({ sections: [{ name: '.BTF', data: text(40, 1) }] }))
    const before = Buffer.from(bytes)
    // The new content is a part of the old.
    const part = readElf(bytes).content(readElf(bytes).section(1)).subarray(10, 20)
    const out = writeSections(bytes, [change('.BTF', part)])
    expect(contentOf(readElf(out), '.BTF')).toEqual([...text(40, 1)].slice(10, 20))
    expect(bytes.equals(before)).toBe(true)
  })

  const compressed = writeElf({ sections: [{ name: '.BTF', data: text(4, 1), flags: 0x800 }] })
  const plain = writeElf({ sections: [{ name: '.BTF', data: text(4, 1) }] })
  const executable = writeElf({ type: 2, sections: [{ name: '.BTF', data: text(4, 1) }] })
  it.each([
    ['a signed module', join(plain, 'signature', '~Module signature appended~\n'), 'module-signed byte'],
    ['a compressed section', compressed, 'section-compressed .BTF'],
    ['a linked file', executable, 'elf-unsupported e_type'],
    ['a file without section names', noNames(plain), 'elf-unsupported e_shstrndx'],
    ['section names without an end', unterminated(plain), 'elf-malformed section 2'],
    ['a section name beyond the table', misnamed(plain), 'elf-malformed section 2'],
    ['a compressed file', Uint8Array.of(0x1f, 0x8b, ...text(40, 1)), 'elf-malformed e_ident'],
  ])('refuses %s', (_, bytes, code) => {
    expect(
      codeOf(() => writeSections(bytes, [change('.BTF', text(4, 2)), change('.new', text(1, 1))])),
    ).toMatch(code)
  })
})

function noNames(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice()
  new DataView(out.buffer).setUint16(62, 0, true)
  return out
}

function unterminated(bytes: Uint8Array): Uint8Array {
  const { offset, size } = readElf(bytes).section(2)
  return bytes.slice().fill(0x41, offset + size - 1, offset + size)
}

/** Section 1 takes its name from the first byte behind the table. */
function misnamed(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice()
  const elf = readElf(bytes)
  new DataView(out.buffer).setUint32(elf.sectionTable + 64, elf.section(2).size, true)
  return out
}

const readelf = spawnSync('readelf', ['--version'])
const objcopy = spawnSync('objcopy', ['--version'])
const folder = mkdtempSync(path.join(tmpdir(), 'basedrift-elf-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe.skipIf(readelf.status !== 0 || objcopy.status !== 0)('binutils (readelf, objcopy)', () => {
  it('take what was written', () => {
    const own = new URL('../../../btf/testdata/teapot-1.1.ko', import.meta.url)
    const file = path.join(folder, 'teapot.ko')
    const dumped = path.join(folder, 'btf')
    writeFileSync(
      file,
      writeSections(readFileSync(own), [
        change('.BTF', text(5000, 1)),
        change('.BTF.base', text(30, 2), 1, 4),
        change('.note.x', join([2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0], 'X\0\0\0', [1, 2, 3, 4]), 7, 4),
      ]),
    )
    const shown = spawnSync('readelf', ['-SWn', file], { encoding: 'utf8' })
    expect(shown.stderr).toBe('')
    expect(shown.stdout).toMatch(/\.BTF\.base\s+PROGBITS\s+0+ [0-9a-f]+ 00001e 00\s+0\s+0\s+4/)
    expect(shown.stdout).toMatch(/X\s+0x00000004/)
    const copied = spawnSync('objcopy', ['--dump-section', `.BTF=${dumped}`, file, `${file}.copy`], {
      encoding: 'utf8',
    })
    expect([copied.stderr, copied.status]).toEqual(['', 0])
    expect([...readFileSync(dumped)]).toEqual([...text(5000, 1)])
  })
})
