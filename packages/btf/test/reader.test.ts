import { describe, expect, it } from 'vitest'
import {
  BtfError,
  dumpRaw,
  dumpType,
  Kind,
  kindNames,
  readBtf,
  visitStringReferences,
  visitTypeReferences,
} from '../src/index.js'
import { Builder } from './build.js'
import { everyKind } from './every-kind.js'

/** As bpftool 7.1 prints it. */
const everyKindAsText = `[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] PTR '(anon)' type_id=1
[3] ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=3
[4] STRUCT 's' size=8 vlen=2
	'field' type_id=1 bits_offset=0 bitfield_size=3
	'(anon)' type_id=2 bits_offset=32
[5] UNION 'u' size=4 vlen=1
	'field' type_id=1 bits_offset=0
[6] ENUM 'e' encoding=SIGNED size=4 vlen=1
	'item' val=-1
[7] FWD 'fwd' fwd_kind=union
[8] TYPEDEF 't' type_id=1
[9] VOLATILE '(anon)' type_id=1
[10] CONST '(anon)' type_id=1
[11] RESTRICT '(anon)' type_id=2
[12] FUNC 'f' type_id=13 linkage=global
[13] FUNC_PROTO '(anon)' ret_type_id=1 vlen=2
	'param' type_id=1
	'(anon)' type_id=0
[14] VAR 'v' type_id=1, linkage=global
[15] DATASEC '.data' size=4 vlen=1
	type_id=14 offset=0 size=4 (VAR 'v')
[16] FLOAT 'float' size=8
[17] DECL_TAG 'tag' type_id=4 component_idx=-1
[18] TYPE_TAG 'tag' type_id=1
[19] ENUM64 'e64' encoding=UNSIGNED size=8 vlen=1
	'item' val=9223372036854775809ULL
`

const textOf = (btf: ReturnType<typeof readBtf>): string => [...dumpRaw(btf)].join('')

describe('readBtf', () => {
  it.each([
    ['little endian', {}],
    ['big endian', { bigEndian: true }],
    ['a 32-byte header', { hdrLen: 32 }],
    ['a header that is not a whole number of words', { hdrLen: 33 }],
    ['a longer header, big endian', { hdrLen: 40, bigEndian: true }],
  ])('reads every kind: %s', (_, form) => {
    const btf = readBtf(everyKind().bytes(form))
    expect(textOf(btf)).toBe(everyKindAsText)
    expect(btf.typeCount).toBe(kindNames.length - 1)
  })

  it('reads bytes at any place of a buffer', () => {
    const bytes = everyKind().bytes()
    for (const shift of [1, 2, 3]) {
      const moved = new Uint8Array(bytes.length + shift)
      moved.set(bytes, shift)
      expect(textOf(readBtf(moved.subarray(shift)))).toBe(everyKindAsText)
      expect(textOf(readBtf(Buffer.from(moved.buffer).subarray(shift)))).toBe(everyKindAsText)
    }
  })

  it('gives ids and strings beyond every table no meaning, and does not throw', () => {
    const btf = readBtf(everyKind().bytes())
    for (const id of [0, 20, 0xfffff, 0xffffffff]) {
      expect(btf.kind(id)).toBe(0)
      expect(btf.name(id)).toBe('')
      expect(btf.record(id)).toHaveLength(0)
      expect(btf.has(id)).toBe(id === 0)
    }
    expect(btf.stringAt(btf.stringsEnd)).toBeNull()
    expect(btf.stringAt(0xffffffff)).toBeNull()
    expect(btf.stringAt(1)).toBe('int')
    expect(btf.stringAt(2)).toBe('nt')
  })

  it('numbers a split BTF after its base, also one it was not built on', () => {
    const base = readBtf(everyKind().bytes())
    const b = new Builder(base.stringsEnd)
    b.add({ kind: Kind.TYPEDEF, name: b.str('own'), third: 4 }).add({ kind: Kind.PTR, third: 20 })
    const split = readBtf(b.bytes(), base)
    expect(textOf(split)).toBe(`[20] TYPEDEF 'own' type_id=4\n[21] PTR '(anon)' type_id=20\n`)
    expect(split.name(4)).toBe('s')
    expect(split.looksSplit).toBe(true)
    expect(base.looksSplit).toBe(false)

    const small = new Builder()
    small.add({ kind: Kind.INT, name: small.str('i'), third: 4, rest: [32] })
    const misread = readBtf(b.bytes(), readBtf(small.bytes()))
    expect(textOf(misread)).toBe(`[2] TYPEDEF '(invalid)' type_id=4\n[3] PTR '(anon)' type_id=20\n`)
    expect(misread.stringAt(3)).toBe('own')
  })

  it('reads a split BTF without strings', () => {
    const base = readBtf(everyKind().bytes())
    const bytes = new Builder(base.stringsEnd).add({ kind: Kind.PTR, third: 4 }).bytes()
    const split = readBtf(bytes, base)
    expect(split.stringsLength).toBe(0)
    expect(split.lastId).toBe(20)
    expect(split.stringAt(base.stringsEnd)).toBeNull()
  })

  it('refuses a split BTF of another byte order than its base', () => {
    const base = readBtf(everyKind().bytes())
    const bytes = new Builder(base.stringsEnd).add({ kind: Kind.PTR, third: 4 }).bytes({ bigEndian: true })
    expect(() => readBtf(bytes, base)).toThrow(expect.objectContaining({ code: 'btf-byte-order' }))
  })

  it('skips kinds that it does not know by their layout', () => {
    const b = new Builder()
    const name = b.str('later')
    b.add({ kind: Kind.PTR })
      .add({ kind: 100, name, vlen: 2, third: 7, rest: [9, 1, 2, 3, 4] })
      .add({ kind: Kind.CONST, third: 1 })
    const layout = Array.from({ length: 101 }, () => [0, 0, 0, 0]).flat()
    layout.splice(400, 2, 4, 8)
    const btf = readBtf(b.bytes({ hdrLen: 32, layout }))
    expect(btf.typeCount).toBe(3)
    expect(btf.kind(2)).toBe(100)
    expect([...btf.record(2)].slice(3)).toEqual([9, 1, 2, 3, 4])
    expect(textOf(btf)).toBe(
      `[1] PTR '(anon)' type_id=0\n[2] UNKNOWN 'later'\n[3] CONST '(anon)' type_id=1\n`,
    )
    expect(() => readBtf(b.bytes())).toThrow(expect.objectContaining({ code: 'btf-kind', at: 24 + 12 }))
    layout[400] = 3
    expect(() => readBtf(b.bytes({ hdrLen: 32, layout }))).toThrow(
      expect.objectContaining({ code: 'btf-layout' }),
    )
  })

  it('reads vlen in 24 bits, and in 16 where the rest of them cannot be meant', () => {
    const members = 0x10001
    const rest = Array.from({ length: members * 2 }, () => 0)
    const long = readBtf(new Builder().add({ kind: Kind.ENUM, vlen: members, third: 4, rest }).bytes())
    expect(long.vlen(1)).toBe(members)
    const reserved = readBtf(
      new Builder().add({ kind: Kind.ENUM, vlen: 0x10001, third: 4, rest: [0, 5] }).bytes(),
    )
    expect(reserved.vlen(1)).toBe(1)
    expect([...dumpType(reserved, 1)].join('')).toBe(
      `[1] ENUM '(anon)' encoding=UNSIGNED size=4 vlen=1\n\t'(anon)' val=5\n`,
    )
  })

  it.each<[string, string, (bytes: Uint8Array) => Uint8Array]>([
    ['nothing', 'btf-truncated', () => new Uint8Array(0)],
    ['half a header', 'btf-truncated', (bytes) => bytes.subarray(0, 20)],
    ['another magic number', 'btf-magic', (bytes) => bytes.fill(1, 0, 1)],
    ['another version', 'btf-version', (bytes) => bytes.fill(2, 2, 3)],
    ['strings cut off', 'btf-section', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['a type section beyond the end', 'btf-section', (bytes) => bytes.fill(0xff, 12, 16)],
    ['a type cut off', 'btf-type', (bytes) => bytes.fill(bytes[12]! - 4, 12, 13)],
    ['part of a word after the types', 'btf-type', (bytes) => bytes.fill(bytes[12]! + 1, 12, 13)],
    ['kind 0', 'btf-kind', (bytes) => bytes.fill(0, 24 + 7, 24 + 8)],
  ])('refuses %s', (_, code, spoil) => {
    const bytes = spoil(everyKind().bytes())
    expect(() => readBtf(bytes)).toThrow(BtfError)
    expect(() => readBtf(bytes)).toThrow(expect.objectContaining({ code }))
  })
})

describe('references', () => {
  it('visits every type id and string offset of every kind', () => {
    const btf = readBtf(everyKind().bytes())
    const types: Record<string, number[]> = {}
    const names: Record<string, (string | null)[]> = {}
    for (let id = 1; id <= btf.lastId; id++) {
      const kind = kindNames[btf.kind(id)]!
      types[kind] = []
      names[kind] = []
      visitTypeReferences(btf, id, (value, index) => {
        expect(btf.word(id, index)).toBe(value)
        types[kind]!.push(value)
      })
      visitStringReferences(btf, id, (value, index) => {
        expect(btf.word(id, index)).toBe(value)
        names[kind]!.push(btf.stringAt(value))
      })
    }
    expect(types).toEqual({
      INT: [],
      PTR: [1],
      ARRAY: [1, 1],
      STRUCT: [1, 2],
      UNION: [1],
      ENUM: [],
      FWD: [],
      TYPEDEF: [1],
      VOLATILE: [1],
      CONST: [1],
      RESTRICT: [2],
      FUNC: [13],
      FUNC_PROTO: [1, 1, 0],
      VAR: [1],
      DATASEC: [14],
      FLOAT: [],
      DECL_TAG: [4],
      TYPE_TAG: [1],
      ENUM64: [],
    })
    expect(names.STRUCT).toEqual(['s', 'field', ''])
    expect(names.UNION).toEqual(['u', 'field'])
    expect(names.ENUM).toEqual(['e', 'item'])
    expect(names.FUNC_PROTO).toEqual(['', 'param', ''])
    expect(names.ENUM64).toEqual(['e64', 'item'])
    expect(names.DATASEC).toEqual(['.data'])
    expect(names.VAR).toEqual(['v'])
  })
})
