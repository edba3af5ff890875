import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  BaseEvidence,
  type Btf,
  checkModule,
  contradiction,
  dumpRaw,
  Kind,
  type Obstacle,
  prepareBase,
  type RebaseFault,
  Rebaser,
  type RunningBase,
  readBtf,
  recoverOriginLength,
  typeText,
  visitStringReferences,
  visitTypeReferences,
} from '../src/index.js'
import { Builder, type Record } from './build.js'
import { isRecorded, openCorpus } from './support/corpus.js'

const vector = (name: string): Uint8Array => readFileSync(new URL(`../testdata/${name}.btf`, import.meta.url))
const rules = { version: '6.12.117', allowBtfMismatch: false }

/** What a record says, with names and with references as C writes them, so that it does not depend on ids and offsets. */
function meaning(btf: Btf, id: number): string {
  const parts: unknown[] = [btf.kind(id), btf.vlen(id), btf.kindFlag(id)]
  const referring = new Set([0, 1])
  visitStringReferences(btf, id, (offset, index) => {
    parts.push(btf.stringAt(offset))
    referring.add(index)
  })
  visitTypeReferences(btf, id, (target, index) => {
    parts.push(typeText(btf, target))
    referring.add(index)
  })
  for (const [index, word] of btf.record(id).entries()) if (!referring.has(index)) parts.push(word)
  return JSON.stringify(parts)
}

/** Rebases, and reads back: every own type must say what it said, and the kernel of the target must take it. */
function mustMean(rebaser: Rebaser, split: Btf, target: RunningBase): Btf {
  const rebased = rebaser.rebase(split)
  if ('obstacles' in rebased) throw new Error(JSON.stringify(rebased.obstacles))
  expect(rebaser.faultOf(split, rebased)).toBeNull()
  const again = readBtf(rebased.btf, target.btf!)
  for (let ordinal = 0; ordinal < split.typeCount; ordinal++) {
    const now = meaning(again, again.startId + ordinal)
    if (now !== meaning(split, split.startId + ordinal))
      expect(now).toBe(meaning(split, split.startId + ordinal))
  }
  expect(checkModule({ name: 'm', btf: rebased.btf, distilled: null }, target, rules)).toMatchObject({
    errno: 0,
    log: [],
  })
  expect([target.btf!.stringsLength, null]).toContain(recoverOriginLength(rebased.btf))
  return again
}

/** A base of named types and `int`, its last; `add` makes what differs between two of them. */
function written(add: (b: Builder) => void): Uint8Array {
  const b = new Builder()
  add(b)
  b.add({ kind: Kind.INT, name: b.str('int'), third: 4, rest: [0x01000020] })
  return b.bytes()
}
const base = (add: (b: Builder) => void): Btf => readBtf(written(add))
const none = (): void => undefined
/** A split BTF on `origin`: `struct own { <third> field; }` for each given id. */
function holding(origin: Btf, ...targets: number[]): Btf {
  const own = new Builder(origin.stringsEnd)
  for (const [nth, target] of targets.entries()) {
    own.add({
      kind: Kind.STRUCT,
      name: own.str(`own${nth}`),
      vlen: 1,
      third: 64,
      rest: [own.str(`f${nth}`), target, 0],
    })
  }
  return readBtf(own.bytes(), origin)
}
const struct = (b: Builder, name: string, ...members: [string, number][]): Record => ({
  kind: Kind.STRUCT,
  name: name === '' ? 0 : b.str(name),
  vlen: members.length,
  third: members.length * 4,
  rest: members.flatMap(([field, type], nth) => [b.str(field), type, nth * 32]),
})
const short = ({ type, is, from }: Obstacle): string => `${is} ${type} from ${from}`

describe('Rebaser', () => {
  it.each(['teapot', 'saucer'])('writes %s of one build as the other build has it', (name) => {
    for (const [from, to] of [
      ['1.1', '1.3'],
      ['1.3', '1.1'],
    ]) {
      const origin = readBtf(vector(`base-${from}`))
      const target = prepareBase(vector(`base-${to}`))
      const again = mustMean(
        new Rebaser(origin, target.btf!),
        readBtf(vector(`${name}-${from}`), origin),
        target,
      )
      const built = readBtf(vector(`${name}-${to}`), target.btf!)
      expect([...dumpRaw(again)]).toEqual([...dumpRaw(built)])
    }
  })

  it('appends types without a name that the target lacks, with what they refer to', () => {
    // ptr → (anonymous struct with a pointer to itself and an int) → …
    const origin = base((b) =>
      b.add({ kind: Kind.PTR, third: 2 }).add(struct(b, '', ['self', 1], ['count', 3])),
    )
    const target = prepareBase(written(none))
    const rebaser = new Rebaser(origin, target.btf!)
    const again = mustMean(rebaser, holding(origin, 1, 3), target)
    expect(again.typeCount).toBe(4)
    expect([...dumpRaw(again)].join('')).toContain(
      `[4] PTR '(anon)' type_id=5\n[5] STRUCT '(anon)' size=8 vlen=2\n\t'self' type_id=4 bits_offset=0\n\t'count' type_id=1 bits_offset=32\n`,
    )
  })

  it('says which types are missing, and from where they are referred to', () => {
    const origin = base((b) => b.add(struct(b, 'gone', ['x', 3])).add({ kind: Kind.PTR, third: 1 }))
    const rebased = new Rebaser(origin, base(none)).rebase(holding(origin, 2, 1))
    expect('obstacles' in rebased && rebased.obstacles).toEqual([
      { type: 'struct gone', is: 'missing', from: 'struct own1.f1', originId: 1, targetId: null },
    ])
  })

  it('says what is defined differently, where another type holds it', () => {
    const shape = (field: string) => (b: Builder) =>
      b
        .add(struct(b, 'inner', [field, 4]))
        .add(struct(b, 'outer', ['inner', 1]))
        .add({ kind: Kind.PTR, third: 2 })
    const [origin, target] = [base(shape('x')), base(shape('y'))]
    const rebased = new Rebaser(origin, target).rebase(holding(origin, 3, 4))
    expect('obstacles' in rebased && rebased.obstacles.map(short)).toEqual([
      'different struct inner from struct own0.f0',
    ])
  })

  it('is not in the way of what is behind the pointers of a named type', () => {
    const shape = (field: string) => (b: Builder) =>
      b
        .add(struct(b, 'far', [field, 4]))
        .add({ kind: Kind.PTR, third: 1 })
        .add(struct(b, 'near', ['far', 2]))
    const origin = base(shape('x'))
    const target = prepareBase(written(shape('y')))
    mustMean(new Rebaser(origin, target.btf!), holding(origin, 3), target)
  })

  it('chooses among several definitions of a name the one that was meant', () => {
    const two = (first: string, second: string) => (b: Builder) =>
      b.add(struct(b, 'twice', [first, 3])).add(struct(b, 'twice', [second, 3]))
    const origin = base(two('x', 'y'))
    const target = base(two('y', 'x'))
    const rebased = new Rebaser(origin, target).rebase(holding(origin, 1))
    expect('ids' in rebased && rebased.ids[1]).toBe(2)
  })

  it('maps what else is asked for', () => {
    const origin = base((b) =>
      b.add({ kind: Kind.FWD, name: b.str('extra') }).add({ kind: Kind.FWD, name: b.str('only') }),
    )
    const target = base((b) => b.add({ kind: Kind.PTR }).add({ kind: Kind.FWD, name: b.str('extra') }))
    const rebaser = new Rebaser(origin, target)
    const rebased = rebaser.rebase(holding(origin, 3), [1])
    expect('ids' in rebased && [...rebased.ids]).toEqual([0, 2, 0, 3, 4])
    const obstructed = rebaser.rebase(holding(origin, 3), [2])
    expect('obstacles' in obstructed && obstructed.obstacles.map(short)).toEqual([
      'missing struct only from ',
    ])
  })

  it('is proved by what was written: any other word in it is a fault', () => {
    const origin = readBtf(vector('base-1.1'))
    const target = readBtf(vector('base-1.3'))
    const rebaser = new Rebaser(origin, target)
    for (const name of ['teapot', 'saucer']) {
      const split = readBtf(vector(`${name}-1.1`), origin)
      const rebased = rebaser.rebase(split)
      if ('obstacles' in rebased) throw new Error('obstructed')
      const { header, words } = readBtf(rebased.btf, target)
      const start = header.hdrLen + header.typeOff
      let readable = 0
      for (let at = 0; at < words.length; at++) {
        for (const change of [1, 0x0800_0000]) {
          const btf = rebased.btf.slice()
          new DataView(btf.buffer).setUint32(start + at * 4, (words[at]! + change) >>> 0, true)
          let fault: RebaseFault | null
          try {
            fault = rebaser.faultOf(split, { ...rebased, btf })
          } catch {
            continue
          }
          readable++
          if (fault === null) expect([name, at, change]).toBe('a fault')
        }
      }
      expect(readable).toBeGreaterThan(words.length)
    }
  })

  it('is proved for what else was asked for, and for every type that was written', () => {
    const names = (first: string, second: string) => (b: Builder) =>
      b.add({ kind: Kind.FWD, name: b.str(first) }).add({ kind: Kind.FWD, name: b.str(second) })
    const origin = base(names('one', 'two'))
    const rebaser = new Rebaser(origin, base(names('two', 'one')))
    const split = holding(origin, 3)
    const rebased = rebaser.rebase(split, [1])
    if ('obstacles' in rebased) throw new Error('obstructed')
    expect(rebaser.faultOf(split, rebased, [1])).toBeNull()
    const ids = rebased.ids.slice()
    ids[1] = 1
    expect(rebaser.faultOf(split, { ...rebased, ids }, [1])).toEqual({
      originId: 1,
      expected: 'struct one',
      rebasedId: 1,
      actual: 'struct two',
    })
    const more = rebaser.rebase(holding(origin, 3, 3))
    if ('obstacles' in more) throw new Error('obstructed')
    expect(rebaser.faultOf(split, { ...rebased, btf: more.btf })).toMatchObject({ rebasedId: 5 })
  })

  it('refuses what it cannot decide', () => {
    const origin = base(none)
    const rebaser = new Rebaser(origin, base(none))
    expect(() => rebaser.rebase(holding(origin, 9))).toThrow(
      expect.objectContaining({ code: 'btf-dangling' }),
    )
    const big = new Builder().add({ kind: Kind.PTR }).bytes({ bigEndian: true })
    expect(() => new Rebaser(origin, readBtf(big))).toThrow(
      expect.objectContaining({ code: 'btf-byte-order' }),
    )
  })
})

const recorded = isRecorded('kernels/6.1.0-56.base.btf.zst')

describe.skipIf(!recorded)('Debian’s modules (BASEDRIFT_CONFORMANCE)', () => {
  it('of one build mean the same on the base of the build before', async () => {
    const corpus = await openCorpus()
    const [{ running: from }, { running: to }] = await Promise.all([
      corpus.baseOf('kernels/6.1.0-56'),
      corpus.baseOf('kernels/6.1.0-55'),
    ])
    const [origin, target] = [from.btf!, to.btf!]
    const rebaser = new Rebaser(origin, target)
    const evidence = new BaseEvidence(target)
    const modules = [...(await corpus.modulesOf('kernels/6.1.0-56')).values()]
    // All 4,023 can be rebased; comparing every type of them takes minutes.
    for (const [nth, { btf }] of modules.entries()) {
      if (nth % 32 !== 0) continue
      const again = mustMean(rebaser, readBtf(btf!, origin), to)
      expect(contradiction(again, evidence)).toBeNull()
    }
  }, 120_000)
})
