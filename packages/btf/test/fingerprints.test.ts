import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DefinitionDigests } from '../src/fingerprint/digests.js'
import { BaseFingerprints, type Btf, BtfError, Kind, readBtf, TypeClasses } from '../src/index.js'
import { Builder } from './build.js'
import { inOrder } from './permute.js'

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')
const file = (name: string): Uint8Array => readFileSync(new URL(`../testdata/${name}`, import.meta.url))
const of = (bytes: Uint8Array) => new BaseFingerprints(readBtf(bytes), sha256).all(bytes)

interface Vector {
  readonly name: string
  readonly hex?: string
  readonly bytes: string
  readonly layout: string
  readonly meaning: string
  readonly slices?: Readonly<Record<string, string>>
}
// Computed by another implementation, scripts/vectors/fingerprints.py.
const vectors = JSON.parse(Buffer.from(file('fingerprints.json')).toString()) as Vector[]
const bytesOf = ({ name, hex }: Vector): Uint8Array =>
  hex === undefined ? file(name) : Uint8Array.from(Buffer.from(hex, 'hex'))
const vector = (name: string): Vector => vectors.find((one) => one.name === name)!

describe('fingerprints of a base', () => {
  it.each(vectors)('$name: as another implementation computes them', (one) => {
    const bytes = bytesOf(one)
    expect(of(bytes)).toEqual({ bytes: one.bytes, layout: one.layout, meaning: one.meaning })
    const base = readBtf(bytes)
    const fingerprints = new BaseFingerprints(base, sha256)
    for (const [module, slice] of Object.entries(one.slices ?? {})) {
      expect(fingerprints.slice(readBtf(file(module), base))).toBe(slice)
    }
  })

  it('two types have the same digest exactly where they are of the same class', () => {
    const classes = new TypeClasses()
    const classOf = new Map<string, number>()
    const digestOf = new Map<number, string>()
    for (const one of vectors) {
      const base = readBtf(bytesOf(one))
      const { definition } = classes.add(base)
      const digests = new DefinitionDigests(base, sha256)
      for (let id = 1; id <= base.lastId; id++) {
        const digest = Buffer.from(digests.of(id)).toString('hex')
        const known = classOf.get(digest) ?? definition[id]!
        const before = digestOf.get(definition[id]!) ?? digest
        expect([definition[id], digest], `${one.name}, type ${id}`).toEqual([known, before])
        classOf.set(digest, known)
        digestOf.set(known, digest)
      }
    }
  })

  it('byte order and string table do not count in layout and meaning, in bytes they do', () => {
    const forms = ['every kind', 'every kind, big endian', 'every kind, strings the other way round'].map(
      vector,
    )
    expect(new Set(forms.map(({ bytes }) => bytes)).size).toBe(3)
    expect(new Set(forms.map(({ layout }) => layout)).size).toBe(1)
    expect(new Set(forms.map(({ meaning }) => meaning)).size).toBe(1)
  })

  it('circles of types without names are told by what they unfold to, not by their length', () => {
    const short = vector('circles without names')
    const long = vector('the same circles, longer')
    expect(long.meaning).toBe(short.meaning)
    expect(long.layout).not.toBe(short.layout)
  })

  it('order and repetition do not count in the meaning, in the layout they do', () => {
    const base = readBtf(file('base-1.3.btf'))
    const before = of(file('base-1.3.btf'))
    const ids = Array.from({ length: base.typeCount }, (_, index) => index + 1)
    const orders = fc.tuple(
      fc.shuffledSubarray(ids, { minLength: ids.length }),
      fc.array(fc.constantFrom(...ids), { maxLength: 3 }),
    )
    fc.assert(
      fc.property(orders, ([order, again]) => {
        fc.pre(again.length > 0 || order.some((id, index) => id !== index + 1))
        const after = of(inOrder(base, [...order, ...again]))
        expect(after.meaning).toBe(before.meaning)
        expect(after.layout).not.toBe(before.layout)
      }),
      { numRuns: 50 },
    )
  })

  it('each word of a definition counts in the meaning', () => {
    const bytes = bytesOf(vector('every kind'))
    const { meaning } = of(bytes)
    const base = readBtf(bytes)
    const start = base.header.hdrLen
    const changed = (word: number, to: (before: number) => number): string | null => {
      const copy = bytes.slice()
      const view = new DataView(copy.buffer)
      view.setUint32(start + word * 4, to(view.getUint32(start + word * 4, true)), true)
      try {
        return of(copy).meaning
      } catch (error) {
        if (error instanceof BtfError) return null
        throw error
      }
    }
    // Words that say nothing: the third word of what has neither size nor type, and of the array.
    const silent = new Set([7, 3].map((id) => base.starts[id - 1]! + 2))
    for (let word = 0; word < base.words.length; word++) {
      const infos = base.starts.includes(word - 1)
      if (infos || silent.has(word)) continue
      expect(
        changed(word, (before) => before ^ 1),
        `word ${word}`,
      ).not.toBe(meaning)
    }
  })

  it('a bit field counts by offset and size, however the record has them written', () => {
    const written = (flag: boolean, place: number): string => {
      const btf = new Builder()
      btf.add({ kind: Kind.INT, name: btf.str('int'), third: 4, rest: [32] })
      btf.add({
        kind: Kind.STRUCT,
        name: btf.str('s'),
        flag,
        vlen: 1,
        third: 8,
        rest: [btf.str('m'), 1, place],
      })
      return of(btf.bytes()).meaning
    }
    expect(written(true, 32)).toBe(written(false, 32))
    expect(written(true, (3 << 24) | 32)).not.toBe(written(true, 32))
    expect(written(true, (3 << 24) | 32)).not.toBe(written(false, (3 << 24) | 32))
  })

  it('refuses what would take beyond any bound', () => {
    const circles = new Builder()
    for (let id = 1; id <= 2049; id++) circles.add({ kind: Kind.PTR, third: (id % 2049) + 1 })
    expect(() => of(circles.bytes())).toThrow(expect.objectContaining({ code: 'btf-repetition' }))
    const names = new Builder()
    const name = names.str('a'.repeat(1 << 20))
    for (let id = 1; id <= 200; id++) names.add({ kind: Kind.FWD, name })
    expect(() => of(names.bytes())).toThrow(expect.objectContaining({ code: 'btf-repetition' }))
  })
})

describe('the fingerprint of what a module needs of its base', () => {
  /** A base with `outer` that holds `inner` by value and `far` behind a pointer, and a module with a pointer to `outer`. */
  function build(change: 'none' | 'inner' | 'far' | 'unused' | 'shifted' | 'proto'): [Btf, Btf] {
    const base = new Builder()
    if (change === 'shifted') {
      base.str('strings_move_too')
      base.add({ kind: Kind.FWD, name: base.str('one_more') })
    }
    const at = change === 'shifted' ? 1 : 0
    const size = (name: string): number => (change === name ? 4 : 8)
    base.add({ kind: Kind.INT, name: base.str('int'), third: 4, rest: [32] })
    base.add({ kind: Kind.STRUCT, name: base.str('inner'), third: size('inner') })
    base.add({ kind: Kind.STRUCT, name: base.str('far'), third: size('far') })
    base.add({ kind: Kind.STRUCT, name: base.str('unused'), third: size('unused') })
    base.add({ kind: Kind.PTR, third: at + 3 })
    const members = [base.str('held'), at + 2, 0, base.str('behind'), at + 5, 64]
    base.add({ kind: Kind.STRUCT, name: base.str('outer'), vlen: 2, third: 16, rest: members })
    const own = base.str('own')
    base.add({ kind: Kind.FUNC_PROTO, vlen: 1, rest: [own, change === 'proto' ? at + 5 : at + 1] })
    const running = readBtf(base.bytes())
    const split = new Builder(running.stringsEnd)
    split.add({ kind: Kind.PTR, third: at + 6 })
    split.add({ kind: Kind.PTR, third: at + 7 })
    split.add({ kind: Kind.TYPEDEF, name: own, third: running.lastId + 1 })
    return [running, readBtf(split.bytes(), running)]
  }
  const sliceOf = (change: Parameters<typeof build>[0]): string => {
    const [base, split] = build(change)
    return new BaseFingerprints(base, sha256).slice(split)
  }

  it('sees a change of what is held by value, and none behind a named type’s pointer or beside it', () => {
    const before = sliceOf('none')
    expect(sliceOf('inner')).not.toBe(before)
    expect(sliceOf('far')).toBe(before)
    expect(sliceOf('unused')).toBe(before)
  })

  it('sees through types without names, and not where ids and strings have moved', () => {
    const before = sliceOf('none')
    expect(sliceOf('proto')).not.toBe(before)
    expect(sliceOf('shifted')).toBe(before)
  })

  it('does not depend on what was asked before', () => {
    const [base, split] = build('none')
    const fingerprints = new BaseFingerprints(base, sha256)
    const first = fingerprints.slice(split)
    const nothing = readBtf(new Builder(base.stringsEnd).bytes(), base)
    expect(fingerprints.slice(nothing)).not.toBe(first)
    expect(fingerprints.slice(split)).toBe(first)
  })

  it('takes a name from the middle of a string, in the order of the texts', () => {
    const sliceWith = (text: string, offset: number, more: string): string => {
      const base = new Builder()
      base.str(text)
      const other = base.str(more)
      const on = readBtf(base.bytes())
      const split = new Builder(on.stringsEnd)
      split.add({ kind: Kind.FWD, name: other })
      split.add({ kind: Kind.FWD, name: offset })
      return new BaseFingerprints(on, sha256).slice(readBtf(split.bytes(), on))
    }
    expect(sliceWith('teapot', 4, 'cup')).toBe(sliceWith('pot', 1, 'cup'))
    expect(sliceWith('teapot', 4, 'saucer')).toBe(sliceWith('pot', 1, 'saucer'))
    expect(sliceWith('teapot', 4, 'cup')).not.toBe(sliceWith('teapot', 1, 'cup'))
  })
})
