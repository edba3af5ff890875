import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readElf, readModule, readStamp, stampChange, writeSections } from '../../src/bytes/index.js'
import { codeOf } from './support/codes.js'
import { chars, identity, join, Writer, writeElf } from './support/writers.js'

const shapes = ([32, 64] as const).flatMap((bits) => [true, false].map((little) => ({ bits, little })))
const stamp = { sha256: '0123456789abcdef'.repeat(4), types: 95246, strings: 1694074 }
const modinfo = { name: '.modinfo', data: chars('name=m\0') }

/** The note as docs/stamp.md describes it, byte by byte. */
function note(little: boolean, { version = 1, extra = 0, name = 'Basedrift\0', type = 1 } = {}): Uint8Array {
  const out = new Writer(little)
    .int(4, name.length)
    .int(4, 44 + extra)
    .int(4, type)
  out.padded(name, Math.ceil(name.length / 4) * 4).int(4, version)
  for (let at = 0; at < 64; at += 2) out.int(1, Number.parseInt(stamp.sha256.slice(at, at + 2), 16))
  return out.int(4, stamp.types).int(4, stamp.strings).raw(new Uint8Array(extra)).done()
}
const withNote = (
  data: Uint8Array,
  { bits = 64, little = true, flags = 0 }: { bits?: 32 | 64; little?: boolean; flags?: number } = {},
) => writeElf({ bits, little, sections: [modinfo, { name: '.note.basedrift.origin', type: 7, data, flags }] })

describe.each(shapes)('stamp, $bits bit, little endian $little', ({ bits, little }) => {
  it('is written and read as it is documented', () => {
    const bytes = writeElf({ bits, little, sections: [modinfo] })
    expect(readStamp(readElf(bytes))).toBeNull()
    const stamped = writeSections(bytes, [stampChange(stamp, little)])
    const elf = readElf(stamped)
    const section = elf.find(chars('.note.basedrift.origin'))!
    expect([...elf.content(section)]).toEqual([...note(little)])
    expect(section).toMatchObject({ type: 7, size: 68 })
    expect(readStamp(elf)).toEqual(stamp)
    expect(readModule(stamped, identity)).toMatchObject({ module: { name: 'm', stamp }, problems: [] })
  })

  it('is replaced by another, and taken away', () => {
    const other = { sha256: 'f'.repeat(64), types: 1, strings: 0xffffffff }
    const stamped = withNote(note(little), { bits, little })
    const again = writeSections(stamped, [stampChange(other, little)])
    expect(again.length).toBe(stamped.length)
    expect(readStamp(readElf(again))).toEqual(other)
    expect(readStamp(readElf(writeSections(again, [stampChange(null, little)])))).toBeNull()
  })
})

describe('stamp', () => {
  it('is found behind the notes of others', () => {
    const data = join(note(true, { name: 'GNU\0' }), note(true, { type: 2 }), note(true))
    expect(readStamp(readElf(withNote(data)))).toEqual(stamp)
  })

  it.each<[string, Uint8Array, number?]>([
    ['of another version', note(true, { version: 2 })],
    ['that is longer', note(true, { extra: 4 })],
    ['that is cut off', note(true).subarray(0, 67)],
    ['of another name', note(true, { name: 'Basedrif\0' })],
    ['of the other byte order', note(false)],
    ['that is compressed', note(true), 0x800],
    ['without a header', Uint8Array.of(1)],
  ])('one %s is a problem, not a stamp', (_, data, flags = 0) => {
    const bytes = withNote(data, { flags })
    expect(codeOf(() => readStamp(readElf(bytes)))).toBe('stamp-malformed .note.basedrift.origin')
    const { module, problems } = readModule(bytes, identity)
    expect(module.stamp).toBeNull()
    expect(problems).toMatchObject([{ code: 'stamp-malformed', at: '.note.basedrift.origin' }])
  })

  it('of any bytes is read or a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (data) => {
        expect(codeOf(() => readStamp(readElf(withNote(data))))).toMatch(/^(no error|stamp-malformed .*)$/)
      }),
    )
  })
})
