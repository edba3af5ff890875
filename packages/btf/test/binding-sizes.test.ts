import { describe, expect, it } from 'vitest'
import { Binding, BtfError, Kind, readBtf, TypeClasses } from '../src/index.js'
import { Builder } from './build.js'

/** A base or, with the length of the strings below it, a module. */
function blob(types: (b: Builder) => void, startStr = 0): Uint8Array {
  const b = new Builder(startStr)
  types(b)
  return b.bytes()
}

/** A module that points to type 1. */
const toFirst = (base: Uint8Array): Uint8Array =>
  blob((b) => void b.add({ kind: Kind.PTR, third: 1 }), readBtf(base).stringsEnd)

const bind = (origin: Uint8Array, running: Uint8Array, module = toFirst(origin)) =>
  new Binding(readBtf(origin), readBtf(running)).bind(module)

/** Structs without a name, each of which holds the next one and another one somewhere; the first has `size`. */
const web = (count: number, size = 8): Uint8Array =>
  blob((b) => {
    for (let at = 0; at < count; at++) {
      const rest = [0, ((at + 1) % count) + 1, 0, 0, ((at * 7919) % count) + 1, 32]
      b.add({ kind: Kind.STRUCT, third: at === 0 ? size : 8, vlen: 2, rest })
    }
  })

const voids = (count: number): Uint8Array =>
  blob((b) => {
    for (let at = 0; at < count; at++) b.add({ kind: Kind.PTR })
  })

/** Structs by value in one another, the last one of `size`. */
const nest = (depth: number, size: number): Uint8Array =>
  blob((b) => {
    const name = b.str('s')
    for (let at = 1; at < depth; at++)
      b.add({ kind: Kind.STRUCT, name, third: 8, vlen: 1, rest: [0, at + 1, 0] })
    b.add({ kind: Kind.STRUCT, name, third: size })
  })

/**
 * Structs without a name in a ring, whose first two members lead on and to the struct itself, or the other way round; what
 * the last of them holds besides has `bits`. Every pair of structs can be met on the way there.
 */
const crossed = (count: number, onward: 0 | 1, bits: number): Uint8Array =>
  blob((b) => {
    const name = b.str('i')
    const pointerTo = (at: number): number => count + 1 + (at % count)
    for (let at = 0; at < count; at++) {
      const [first, second] = onward === 0 ? [at + 1, at] : [at, at + 1]
      const leaf = 2 * count + (at === count - 1 ? 2 : 1)
      const rest = [0, pointerTo(first), 0, 0, pointerTo(second), 0, 0, leaf, 0]
      b.add({ kind: Kind.STRUCT, third: 8, vlen: 3, rest })
    }
    for (let at = 0; at < count; at++) b.add({ kind: Kind.PTR, third: at + 1 })
    b.add({ kind: Kind.INT, name, third: 4, rest: [32] })
    b.add({ kind: Kind.INT, name, third: 4, rest: [bits] })
  })

describe('bases and modules that were made to hurt', () => {
  it('a chain of three hundred thousand pointers, and one more', () => {
    const chain = (length: number): Uint8Array =>
      blob((b) => {
        for (let at = 1; at <= length; at++) b.add({ kind: Kind.PTR, third: at < length ? at + 1 : 0 })
      })
    expect(bind(chain(300_000), chain(300_001)).misboundTotal).toBe(1)
  })

  it('circles of thirty thousand types that no path tells apart, and that one type tells apart', () => {
    expect(bind(web(30_000), web(29_999))).toMatchObject({ misboundTotal: 0, changedTotal: 0 })
    expect(bind(web(30_000), web(30_000, 16)).misboundTotal).toBe(1)
  })

  it('thirty thousand circles, each of its own', () => {
    const arrays = (from: number): Uint8Array =>
      blob((b) => {
        for (let at = 1; at <= 30_000; at++) b.add({ kind: Kind.ARRAY, rest: [at, 0, from + at] })
      })
    const classes = new TypeClasses()
    const [before, after] = [arrays(0), arrays(15_000)].map((base) => classes.add(readBtf(base)))
    expect(new Set(before!.entity).size).toBe(30_001)
    expect(after!.entity[1]).toBe(before!.entity[15_001])
    expect(before!.entity.indexOf(after!.entity[15_001]!)).toBe(-1)
  })

  it('circles of a module, whose ids shift', () => {
    const circles = 20_000
    const module = blob((b) => {
      for (let at = 0; at < circles; at++) b.add({ kind: Kind.ARRAY, rest: [2 + at, 0, at] })
      for (let at = 0; at < circles; at++) b.add({ kind: Kind.PTR, third: 2 + at })
    }, 1)
    // Each array now holds the one before it, and each pointer leads to that.
    expect(bind(voids(1), voids(2), module).misboundTotal).toBe(2 * circles)
  })

  it('prototypes with tens of thousands of parameters, in circles', () => {
    const count = 6
    const prototypes = blob((b) => {
      const name = b.str('p')
      for (let at = 0; at < count; at++) {
        const rest = Array.from({ length: 60_000 }, (_, nth) => [name, ((nth + at) % count) + 1]).flat()
        b.add({ kind: Kind.FUNC_PROTO, vlen: 60_000, rest })
      }
    })
    expect(bind(prototypes, prototypes.slice())).toMatchObject({ misboundTotal: 0, changedTotal: 0 })
  })

  it('structs in structs without end, and forty thousand ways into them', () => {
    const [before, after] = [nest(100_000, 8), nest(100_000, 16)]
    const module = blob((b) => {
      for (let at = 1; at <= 40_000; at++) b.add({ kind: Kind.PTR, third: at })
    }, 3)
    expect(bind(before, after, module)).toMatchObject({
      changedTotal: 1,
      changed: [{ originId: 100_000, runningId: 100_000 }],
    })
  })

  it('a change behind more pairs of types than are looked at is no pass', () => {
    const [origin, running] = [crossed(1_500, 0, 32), crossed(1_500, 1, 16)]
    expect(bind(origin, running)).toMatchObject({ misboundTotal: 0, changedTotal: 1 })
    // What it is can be said where there are fewer.
    expect(bind(crossed(100, 0, 32), crossed(100, 1, 16)).changed).toMatchObject([
      { originId: 201, runningId: 202 },
      { originId: 202, runningId: 202 },
    ])
    expect(bind(origin, crossed(1_500, 1, 32)).changedTotal).toBe(0)
  })

  it('structs that all hold one another, each as another in the running base', () => {
    const count = 500
    // Every pair of the two bases is met, and each has as many members.
    const rotated = (shift: number, size: number): Uint8Array =>
      blob((b) => {
        const name = b.str('same')
        const members = Array.from({ length: count }, (_, nth) => b.str(`m${nth}`))
        for (let at = 0; at < count; at++) {
          const rest = members.flatMap((field, nth) => [field, ((nth + at * shift) % count) + 1, 0])
          b.add({ kind: Kind.STRUCT, name, third: size + at, vlen: count, rest })
        }
      })
    const { misboundTotal, changedTotal } = bind(rotated(0, 8), rotated(1, 16))
    expect(misboundTotal).toBe(0)
    expect(changedTotal).toBeGreaterThan(0)
  })

  it('names that overlap without end are refused', () => {
    const base = blob((b) => {
      const name = b.str('x'.repeat(1_000_000))
      for (let at = 0; at < 1_000; at++) b.add({ kind: Kind.FWD, name: name + at })
    })
    expect(() => bind(base, base.slice())).toThrow(BtfError)
    expect(() => bind(base, base.slice())).toThrow(expect.objectContaining({ code: 'btf-names' }))
  })
})
