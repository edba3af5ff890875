import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Btf,
  BtfBuilder,
  checkModule,
  distill,
  dumpRaw,
  encodeBtf,
  Kind,
  prepareBase,
  type RunningBase,
  readBtf,
  relocate,
} from '../src/index.js'
import { Builder } from './build.js'
import { everyKind } from './every-kind.js'
import { isRecorded, openCorpus } from './support/corpus.js'

const vector = (name: string): Uint8Array => readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url))
const textOf = (btf: Btf): string => [...dumpRaw(btf)].join('')

/** A BTF written again, type after type. */
function written(btf: Btf): Uint8Array {
  const builder = new BtfBuilder(btf.littleEndian, btf.base)
  for (let id = btf.startId; id <= btf.lastId; id++) builder.copy(btf, id)
  return builder.encode()
}

describe('writing BTF', () => {
  it.each([
    ['little endian', {}],
    ['big endian', { bigEndian: true }],
    ['a header that is longer', { hdrLen: 32 }],
  ])('of every kind, reads the same again: %s', (_, form) => {
    const btf = readBtf(everyKind().bytes(form))
    const again = readBtf(written(btf))
    expect(textOf(again)).toBe(textOf(btf))
    expect(again.littleEndian).toBe(btf.littleEndian)
    expect(again.header.hdrLen).toBe(24)
  })

  it.each(['base-1.1', 'base-1.3', 'teapot-1.1', 'saucer-1.3'])(
    'gives the same bytes for the same parts: %s',
    (name) => {
      const bytes = vector(name)
      expect(Buffer.compare(encodeBtf(readBtf(bytes)), bytes)).toBe(0)
    },
  )

  it('keeps a string once, and takes those of the base', () => {
    const base = new Builder()
    base.add({ kind: Kind.INT, name: base.str('int'), third: 4, rest: [32] })
    const read = readBtf(base.bytes())
    const builder = new BtfBuilder(true, read)
    expect([builder.add(Kind.FWD, 'own', 0), builder.add(Kind.FWD, 'int', 0)]).toEqual([2, 3])
    builder.add(Kind.FWD, 'own', 0)
    // The end of another string is a string to a reader, and none to a writer.
    builder.add(Kind.FWD, 'wn', 0)
    const split = readBtf(builder.encode(), read)
    expect([...split.strings]).toEqual([...Buffer.from('own\0wn\0')])
    expect([2, 3, 4, 5].map((id) => split.name(id))).toEqual(['own', 'int', 'own', 'wn'])
    expect(split.nameOff(3)).toBe(1)
  })

  it('copies names byte by byte, and no reserved bits', () => {
    const b = new Builder()
    b.add({ kind: Kind.ENUM, name: b.str('\x80\xff'), vlen: 0x10001, third: 4, rest: [b.str('\xe9'), 5] })
    const again = readBtf(written(readBtf(b.bytes())))
    expect(again.name(1)).toBe('\x80\xff')
    expect(again.word(1, 1)).toBe(0x06000001)
  })

  it('refuses what it cannot write', () => {
    const layout = Array.from({ length: 101 }, () => [0, 0, 0, 0]).flat()
    const later = readBtf(new Builder().add({ kind: 100 }).bytes({ hdrLen: 32, layout }))
    expect(() => written(later)).toThrow(expect.objectContaining({ code: 'btf-kind' }))
    const dangling = readBtf(new Builder().add({ kind: Kind.FWD, name: 99 }).bytes())
    expect(() => written(dangling)).toThrow(expect.objectContaining({ code: 'btf-dangling' }))
    const full = new BtfBuilder(true, null)
    for (let id = 0; id <= 0xfffff; id++) full.add(Kind.PTR, '', 0)
    expect(() => full.encode()).toThrow(expect.objectContaining({ code: 'btf-too-large' }))
  })

  it('of any types reads the same again', () => {
    const name = fc.string({
      unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
    })
    const id = fc.nat(40)
    const type = fc.oneof(
      fc.record({
        kind: fc.constantFrom(Kind.PTR, Kind.CONST, Kind.TYPEDEF, Kind.FUNC, Kind.TYPE_TAG),
        name,
        third: id,
      }),
      fc.record({ kind: fc.constant(Kind.ARRAY), name: fc.constant(''), rest: fc.tuple(id, id, fc.nat()) }),
      fc.record({ kind: fc.constant(Kind.INT), name, third: fc.nat(16), rest: fc.tuple(fc.nat()) }),
      fc.record({
        kind: fc.constantFrom(Kind.STRUCT, Kind.UNION),
        name,
        flag: fc.boolean(),
        third: fc.nat(),
        members: fc.array(fc.tuple(name, id, fc.nat())),
      }),
    )
    fc.assert(
      fc.property(fc.array(type), fc.array(type), fc.boolean(), (low, high, bigEndian) => {
        const build = (types: typeof low, start: number): Uint8Array => {
          const b = new Builder(start)
          for (const { name: text, ...record } of types) {
            const members = 'members' in record ? record.members : []
            const entries = members.flatMap(([own, ...more]) => [own === '' ? 0 : b.str(own), ...more])
            const rest = 'rest' in record ? record.rest : entries
            b.add({ ...record, name: text === '' ? 0 : b.str(text), vlen: members.length, rest })
          }
          return b.bytes({ bigEndian })
        }
        const base = readBtf(build(low, 0))
        expect(textOf(readBtf(written(base)))).toBe(textOf(base))
        const split = readBtf(build(high, base.stringsEnd), base)
        expect(textOf(readBtf(written(split), base))).toBe(textOf(split))
      }),
    )
  })
})

describe('distill', () => {
  it('keeps names and sizes in the base, and moves the rest behind the own types', () => {
    const b = everyKind()
    b.add({ kind: Kind.STRUCT, vlen: 1, third: 4, rest: [0, 5, 0] }).add({ kind: Kind.PTR, third: 20 })
    const base = readBtf(b.bytes())
    const own = new Builder(base.stringsEnd)
    own
      .add({ kind: Kind.TYPEDEF, name: own.str('mine'), third: 21 })
      .add({ kind: Kind.PTR, third: 4 })
      .add({ kind: Kind.CONST, third: 22 })
      .add({ kind: Kind.PTR, third: 6 })
      .add({ kind: Kind.PTR, third: 19 })
      .add({ kind: Kind.PTR, third: 7 })
      .add({ kind: Kind.CONST, third: 11 })
      .add({ kind: Kind.VOLATILE, third: 16 })
    const { btf, base: ownBase, ids } = distill(readBtf(own.bytes(), base))
    const read = readBtf(ownBase)
    expect(textOf(read)).toBe(`[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
[2] STRUCT 's' size=8 vlen=0
[3] UNION 'u' size=4 vlen=0
[4] ENUM 'e' encoding=UNSIGNED size=4 vlen=0
[5] FWD 'fwd' fwd_kind=union
[6] FLOAT 'float' size=8
[7] ENUM 'e64' encoding=UNSIGNED size=8 vlen=0
`)
    expect(textOf(readBtf(btf, read))).toBe(`[8] TYPEDEF 'mine' type_id=19
[9] PTR '(anon)' type_id=2
[10] CONST '(anon)' type_id=8
[11] PTR '(anon)' type_id=4
[12] PTR '(anon)' type_id=7
[13] PTR '(anon)' type_id=5
[14] CONST '(anon)' type_id=17
[15] VOLATILE '(anon)' type_id=6
[16] PTR '(anon)' type_id=1
[17] RESTRICT '(anon)' type_id=16
[18] STRUCT '(anon)' size=4 vlen=1
	'(anon)' type_id=3 bits_offset=0
[19] PTR '(anon)' type_id=18
`)
    expect([ids[0], ids[1], ids[4], ids[3], ids[22]]).toEqual([0, 1, 2, 0, 8])
  })

  it.each([
    [Kind.FUNC, 12],
    [Kind.VAR, 14],
    [Kind.DATASEC, 15],
    [Kind.DECL_TAG, 17],
  ])('refuses a reference to kind %i of the base', (_, third) => {
    const base = readBtf(everyKind().bytes())
    const split = readBtf(new Builder(base.stringsEnd).add({ kind: Kind.PTR, third }).bytes(), base)
    expect(() => distill(split)).toThrow(expect.objectContaining({ code: 'distill-kind' }))
  })

  it('refuses an id beyond every table', () => {
    const base = readBtf(everyKind().bytes())
    const split = readBtf(new Builder(base.stringsEnd).add({ kind: Kind.PTR, third: 21 }).bytes(), base)
    expect(() => distill(split)).toThrow(expect.objectContaining({ code: 'btf-dangling' }))
  })

  it.each(['teapot-1.1', 'saucer-1.1'])(
    '%s binds to what it bound to, on its own base and on the next',
    (name) => {
      const origin = prepareBase(vector('base-1.1'))
      const split = readBtf(vector(name), origin.btf!)
      bindsAsBefore(split, origin)
      const { btf, base } = distill(split)
      const next = prepareBase(vector('base-1.3'))
      const rules = { version: '6.12.117', allowBtfMismatch: false }
      const relocated = relocate(btf, base, next, rules)!
      const read = readBtf(base)
      for (let id = 1; id <= read.lastId; id++) {
        expect([id, next.btf!.name(relocated.ids[id]!)]).toEqual([id, read.name(id)])
      }
    },
  )
})

/** Distils, and relocates on the base that it was taken off: every type must be the one it was. */
function bindsAsBefore(split: Btf, origin: RunningBase): void {
  const { btf, base, ids } = distill(split)
  const rules = { version: '6.12.117', allowBtfMismatch: false }
  expect(checkModule({ name: 'm', btf, distilled: base }, origin, rules)).toMatchObject({
    outcome: 'accepted',
    log: [],
  })
  const relocated = relocate(btf, base, origin, rules)!
  const distilled = readBtf(base).lastId
  for (let id = 1; id < split.startId; id++) {
    const at = ids[id]!
    if (at !== 0 && at <= distilled && relocated.ids[at] !== id)
      expect([id, at, relocated.ids[at]]).toEqual([id, at, id])
  }
}

const recorded = isRecorded('kernels/6.1.0-56.base.btf.zst')

describe.skipIf(!recorded)('Debian’s modules (BASEDRIFT_CONFORMANCE)', () => {
  it('are written as they were read, and distilled bind as before', async () => {
    const corpus = await openCorpus()
    const { running } = await corpus.baseOf('kernels/6.1.0-56')
    const base = readBtf(running.bytes)
    const again = readBtf(written(base))
    expect(again.typeCount).toBe(base.typeCount)
    const differing: number[] = []
    const lines = dumpRaw(base)
    for (const line of dumpRaw(again))
      if (lines.next().value !== line) differing.push(Number.parseInt(line.slice(1), 10))
    expect(differing).toEqual([])
    const modules = [...(await corpus.modulesOf('kernels/6.1.0-56')).values()]
    expect(modules.length).toBe(4023)
    for (const [nth, { btf }] of modules.entries()) {
      // All of them take half a minute.
      if (nth % 8 !== 0) continue
      const split = readBtf(btf!, base)
      bindsAsBefore(split, running)
      expect(textOf(readBtf(written(split), base)) === textOf(split)).toBe(true)
    }
  }, 120_000)
})
