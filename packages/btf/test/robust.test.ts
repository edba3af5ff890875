import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BtfError,
  checkBase,
  checkModule,
  definitionText,
  dumpC,
  dumpRaw,
  Kind,
  prepareBase,
  readBtf,
  recoverOriginLength,
  relocate,
  visitStringReferences,
  visitTypeReferences,
} from '../src/index.js'
import { Builder } from './build.js'

/** A copy that is no Buffer, whose `slice` would give the same bytes again, to be changed under what was read of them. */
const vector = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url)))
const bases = [vector('base-1.1'), vector('base-1.3')]
const splits = ['teapot-1.1', 'teapot-1.3', 'saucer-1.1', 'saucer-1.3'].map(vector)
const versions = ['5.10', '5.11', '5.15', '5.17-rc5', '6.1.192', '6.6', '6.12.1', '6.12.117', '7.3']
const runningBases = bases.map((bytes) => prepareBase(bytes))

/** Reads bytes in every way there is: what they are must not matter. */
function everything(bytes: Uint8Array, other: Uint8Array): void {
  for (const base of [undefined, runningBases[0]!.btf!]) {
    try {
      const btf = readBtf(bytes, base)
      let lines = 0
      for (const line of dumpRaw(btf)) lines += line.endsWith('\n') ? 1 : 0
      expect(lines).toBeGreaterThanOrEqual(btf.typeCount)
      for (let id = btf.startId; id <= btf.lastId; id++) definitionText(btf, id)
      for (const text of dumpC(btf)) expect(text).not.toBe('')
      for (let id = btf.startId; id <= btf.lastId; id++) {
        visitTypeReferences(btf, id, (type) => void btf.name(type))
        visitStringReferences(btf, id, (offset) => void btf.stringAt(offset))
      }
    } catch (error) {
      expect(error).toBeInstanceOf(BtfError)
    }
  }
  recoverOriginLength(bytes)
  const asBase = prepareBase(bytes)
  for (const version of versions) {
    const rules = { version, allowBtfMismatch: version === '6.6' }
    const answer = checkBase(bytes, rules)
    expect(answer.outcome === 'accepted').toBe(answer.errno === 0)
    // What a kernel takes as a base can be read as one.
    if (answer.outcome === 'accepted') expect(asBase.btf).not.toBeNull()
    for (const [running, btf, distilled] of [
      [runningBases[0]!, bytes, null],
      [runningBases[1]!, bytes, other],
      [runningBases[1]!, other, bytes],
      [asBase, other, null],
      [asBase, bytes, bytes],
    ] as const) {
      const { outcome, errno, log, reason } = checkModule({ name: 'm', btf, distilled }, running, rules)
      expect(errno > 0).toBe(outcome === 'rejected' || outcome === 'discarded')
      if (outcome !== 'accepted' && outcome !== 'ignored') expect(reason).not.toBeNull()
      for (const line of log) expect(line).not.toMatch(/[ \t]$|^BPF:$|\n|^$/)
      if (distilled !== null) relocate(btf, distilled, running, rules)
    }
  }
}

const anyVector = fc.constantFrom(...bases, ...splits)

describe('bytes that were made to hurt', () => {
  it('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), anyVector, (bytes, other) => everything(bytes, other)),
      { numRuns: 100 },
    )
  })

  it('any bytes behind a header', () => {
    const field = fc.oneof(fc.nat(64), fc.nat(400), fc.integer({ min: 0, max: 0xffffffff }))
    const body = fc.uint8Array({ maxLength: 160 })
    fc.assert(
      fc.property(
        fc.tuple(field, field, field, field, field),
        body,
        fc.boolean(),
        anyVector,
        (fields, rest, le, other) => {
          const bytes = new Uint8Array(24 + rest.length)
          const view = new DataView(bytes.buffer)
          view.setUint16(0, 0xeb9f, le)
          bytes[2] = 1
          bytes.set(rest, 24)
          for (const [index, value] of fields.entries()) view.setUint32(4 + index * 4, value, le)
          everything(bytes, other)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('real BTF with some words changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0x7f, 0x80, 0xff))), {
      minLength: 1,
      maxLength: 6,
    })
    fc.assert(
      fc.property(anyVector, changes, anyVector, (original, places, other) => {
        const bytes = original.slice()
        for (const [at, value] of places) bytes[at % bytes.length] = value
        everything(bytes, other)
      }),
      { numRuns: 200 },
    )
  })

  it('real BTF, cut and moved', () => {
    fc.assert(
      fc.property(anyVector, fc.nat(1400), fc.nat(3), anyVector, (original, length, shift, other) => {
        const cut = original.subarray(0, Math.min(length, original.length))
        const moved = new Uint8Array(cut.length + shift)
        moved.set(cut, shift)
        everything(moved.subarray(shift), other)
      }),
      { numRuns: 100 },
    )
  })

  it('records that refer to anything, in circles too', () => {
    const record = fc.record({
      kind: fc.integer({ min: 1, max: 19 }),
      third: fc.nat(12),
      words: fc.array(fc.nat(12), { minLength: 6, maxLength: 6 }),
      vlen: fc.nat(2),
      flag: fc.boolean(),
      named: fc.boolean(),
    })
    const sizes: Readonly<Record<number, readonly [number, number]>> = {
      [Kind.INT]: [1, 0],
      [Kind.ARRAY]: [3, 0],
      [Kind.STRUCT]: [0, 3],
      [Kind.UNION]: [0, 3],
      [Kind.ENUM]: [0, 2],
      [Kind.FUNC_PROTO]: [0, 2],
      [Kind.VAR]: [1, 0],
      [Kind.DATASEC]: [0, 3],
      [Kind.DECL_TAG]: [1, 0],
      [Kind.ENUM64]: [0, 3],
    }
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), fc.boolean(), anyVector, (records, asSplit, other) => {
        const b = new Builder(asSplit ? 1 : 0)
        const name = b.str('name')
        for (const { kind, third, words, vlen, flag, named } of records) {
          const [fixed, entry] = sizes[kind] ?? [0, 0]
          const entries = entry > 0 ? vlen : 0
          const rest = words.slice(0, fixed + entry * entries)
          b.add({ kind, third, flag, vlen: entries, rest, name: named ? name : 0 })
        }
        everything(b.bytes(), other)
      }),
      { numRuns: 300 },
    )
  }, 20_000)
})

describe('sizes that were made to hurt', () => {
  it('a million members in circles of arrays are followed once', () => {
    const b = new Builder()
    b.add({ kind: Kind.INT, name: b.str('int'), third: 4, rest: [0x01000020] })
    const distilled = b.bytes()
    const split = new Builder(b.bytes().length - 24 - 16)
    const chain = 20_000
    for (let link = 0; link < chain; link++)
      split.add({ kind: Kind.ARRAY, rest: [link === chain - 1 ? 1 : 3 + link, 1, 1] })
    const members = 60_000
    const rest = Array.from({ length: members }, () => [0, 2, 0]).flat()
    split.add({ kind: Kind.STRUCT, third: 8, vlen: members, rest })
    const running = prepareBase(distilled)
    expect(
      checkModule({ name: 'm', btf: split.bytes(), distilled }, running, {
        version: '6.14',
        allowBtfMismatch: false,
      }).outcome,
    ).toBe('accepted')
  })

  it('names that overlap without end are compared by their start', () => {
    const b = new Builder()
    const first = b.str('x'.repeat(200_000))
    for (let at = 0; at < 5_000; at++) b.add({ kind: Kind.INT, name: first + at, third: 4, rest: [32] })
    const running = prepareBase(b.bytes())
    const distilled = new Builder()
    distilled.add({ kind: Kind.INT, name: distilled.str('int'), third: 4, rest: [32] })
    const answer = checkModule(
      {
        name: 'm',
        btf: new Builder(5).add({ kind: Kind.PTR, third: 1 }).bytes(),
        distilled: distilled.bytes(),
      },
      running,
      { version: '6.14', allowBtfMismatch: false },
    )
    expect(answer.reason).toMatchObject({ code: 'distilled-not-mapped' })
  })

  it('a name as long as the strings is looked at no further than names go', () => {
    const b = new Builder()
    const name = b.str('x'.repeat(1_000_000))
    for (let at = 0; at < 100_000; at++) b.add({ kind: Kind.FUNC_PROTO, vlen: 1, rest: [name + at, 0] })
    b.add({
      kind: Kind.STRUCT,
      vlen: 50_000,
      third: 4,
      rest: Array.from({ length: 50_000 }, (_, at) => [name + 999_500 + (at % 400), 1, 0]).flat(),
    })
    b.add({ kind: Kind.FWD, name })
    const answer = checkBase(b.bytes(), { version: '6.1', allowBtfMismatch: false })
    expect(answer.reason).toMatchObject({ code: 'invalid-name', typeId: 100_002 })
    expect(answer.log[0]).toHaveLength('BPF: '.length + 1023)
  })

  it('as many types of one name on both sides as fit end in a verdict', () => {
    const same = (kind: number, flag: boolean): Uint8Array => {
      const b = new Builder()
      const name = b.str('same')
      for (let id = 1; id <= 5_000; id++) b.add({ kind, name, flag })
      return b.bytes()
    }
    const running = prepareBase(same(Kind.FWD, false))
    const module = {
      name: 'm',
      btf: new Builder(6).add({ kind: Kind.PTR, third: 1 }).bytes(),
      distilled: same(Kind.FWD, true),
    }
    expect(checkModule(module, running, { version: '6.14', allowBtfMismatch: false })).toMatchObject({
      outcome: 'crashes',
      reason: { code: 'relocation-too-long' },
    })
  })

  it('a type with too many parameters is logged within bounds', () => {
    const b = new Builder()
    const vlen = 60_000
    b.add({ kind: Kind.FUNC_PROTO, name: b.str('p'), vlen, rest: new Array(vlen * 2).fill(1) })
    const answer = checkBase(b.bytes(), { version: '6.1', allowBtfMismatch: false })
    expect(answer.reason).toMatchObject({ code: 'invalid-name', typeId: 1 })
    expect(answer.log.length).toBeLessThan(5000)
  })

  it('types beyond BTF_MAX_TYPE are counted out loud, and left out', () => {
    const types = 0xfffff + 1
    const bytes = new Uint8Array(24 + types * 12 + 1)
    const words = new Uint32Array(bytes.buffer, 0, 6 + types * 3)
    words.set([0x0001eb9f, 24, 0, types * 12, types * 12, 1])
    for (let at = 6; at < words.length; at += 3) words[at + 1] = Kind.PTR << 24
    const answer = checkBase(bytes, { version: '6.1', allowBtfMismatch: false })
    expect(answer).toMatchObject({
      outcome: 'accepted',
      log: ['BPF: Exceeded max num of types', 'BPF: Exceeded max num of types'],
    })
  })
})
