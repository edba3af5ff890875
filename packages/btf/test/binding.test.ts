import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Binding, type ClassedBase, readBtf, TypeClasses } from '../src/index.js'
import { baseArb, moduleArb, type Pair, pairArb, wildModuleArb } from './support/arbitrary-btf.js'
import { harmless, inPlace, moving } from './support/mutations.js'
import {
  bindSlow,
  isNamed,
  readSlow,
  type Side,
  sameDefinition,
  sameEntity,
  sameSlice,
  type Type,
  typeAt,
} from './support/slow-binding.js'
import { type Base, type Module, writeBase, writeModule } from './support/specs.js'

const anyChange = [...harmless, ...inPlace, ...moving]
const layoutChange = ['offset', 'size', 'data', 'addEntry', 'dropEntry', 'swapEntries', 'retarget', 'flag']
const everything = { maxFindings: Number.MAX_SAFE_INTEGER }

/** A property over many cases. */
function holds<Case>(cases: fc.Arbitrary<Case>, check: (given: Case) => void, numRuns = 500): void {
  fc.assert(fc.property(cases, check), { numRuns })
}

/** What the engine finds, as the slow implementation says it. */
function bindFast(origin: Uint8Array, running: Uint8Array, module: Uint8Array) {
  const bound = new Binding(readBtf(origin), readBtf(running)).bind(module, everything)
  expect(bound.misbound).toHaveLength(bound.misboundTotal)
  expect(bound.changed).toHaveLength(bound.changedTotal)
  return {
    misbound: bound.misbound.map(({ typeId, strOff }) =>
      typeId === undefined ? `name ${strOff}` : `type ${typeId}`,
    ),
    changed: bound.changed.map(({ originId }) => originId).sort((a, b) => a - b),
    verdict: bound.misboundTotal > 0 ? 'misread' : bound.changedTotal > 0 ? 'changed' : 'compatible',
    bound,
  }
}

/** The engine and the slow implementation say the same of one module. */
function agree([{ origin, running }, module]: [Pair, Module], bigEndian = false): void {
  const originBytes = writeBase(origin, bigEndian).bytes
  const runningBytes = writeBase(running, bigEndian).bytes
  const moduleBytes = writeModule(module, origin, bigEndian)
  const slow = bindSlow(readSlow(originBytes), readSlow(runningBytes), moduleBytes)
  const { misbound, changed, verdict, bound } = bindFast(originBytes, runningBytes, moduleBytes)
  const place = (text: string): string => text.slice(text.indexOf(' ') + 1)
  expect([...misbound].sort()).toEqual(slow.misbound.map(place).sort())
  expect(verdict).toBe(slow.verdict)
  expect(changed).toEqual(slow.verdict === 'misread' ? [] : slow.changed)
  for (const { from, expected, actual } of bound.misbound) {
    expect(from).not.toBe('')
    expect([typeof expected, typeof actual]).toEqual(['string', 'string'])
  }
}

interface Both {
  readonly slow: Side
  readonly fast: ClassedBase
}
/** All types of both bases with their classes. */
function classesOf(sides: readonly Both[]) {
  return sides.flatMap(({ slow, fast }) =>
    [0, ...slow.own.map(({ id }) => id)].map((id) => ({
      type: typeAt(slow, id),
      entity: fast.entity[id]!,
      definition: fast.definition[id]!,
      slice: fast.slice[id]!,
    })),
  )
}
function classify(bases: readonly Base[], classes = new TypeClasses()): Both[] {
  return bases.map((base) => {
    const { bytes } = writeBase(base)
    return { slow: readSlow(bytes), fast: classes.add(readBtf(bytes)) }
  })
}
const name = ({ side, id, kind, name }: Type): string => `${side.label}:[${id}] ${kind} ${name}`

describe('classes of types', () => {
  it('have the same number exactly where they are the same', () => {
    holds(pairArb(anyChange), ({ origin, running }) => {
      const all = classesOf(classify([origin, running]))
      for (const [at, a] of all.entries()) {
        for (const b of all.slice(at)) {
          const pair = `${name(a.type)}, ${name(b.type)}`
          const entity = sameEntity(a.type, b.type)
          expect([pair, 'entity', a.entity === b.entity]).toEqual([pair, 'entity', entity])
          // What has no name is defined by being what it is.
          const definition = isNamed(a.type) ? sameDefinition(a.type, b.type) : entity
          expect([pair, 'definition', a.definition === b.definition]).toEqual([
            pair,
            'definition',
            definition,
          ])
          const slice = sameSlice(a.type, b.type)
          expect([pair, 'slice', a.slice === b.slice]).toEqual([pair, 'slice', slice])
        }
      }
    })
  })

  it('do not depend on the order in which bases come, nor on whether the same one comes again', () => {
    holds(
      fc.tuple(pairArb(anyChange), baseArb),
      ([{ origin, running }, third]) => {
        const bytes = [origin, running, third].map((base) => writeBase(base).bytes)
        const partition = (order: readonly number[]): string => {
          const classes = new TypeClasses()
          const bases = bytes.map((one) => readBtf(one))
          for (const at of order) classes.add(bases[at]!)
          const numbers = bases.map((base) => classes.add(base))
          return (['entity', 'definition', 'slice'] as const)
            .map((what) => {
              const all = numbers.flatMap((base) => [...base[what]])
              return all.map((number) => all.indexOf(number)).join()
            })
            .join('\n')
        }
        const first = partition([0, 1, 2])
        expect(partition([2, 1, 0])).toBe(first)
        expect(partition([1, 2, 1, 0, 0])).toBe(first)
      },
      200,
    )
  })

  it('are kept by whatever changes ids and the sharing of types alone', () => {
    holds(pairArb(harmless, 6), ({ origin, running }) => {
      const classes = new TypeClasses()
      const [before, after] = [origin, running].map((base) => {
        const { bytes, ids } = writeBase(base)
        return { ids, fast: classes.add(readBtf(bytes)) }
      })
      for (const [key, id] of before!.ids) {
        const now = after!.ids.get(key)!
        for (const what of ['entity', 'definition', 'slice'] as const)
          expect([key, what, after!.fast[what][now]]).toEqual([key, what, before!.fast[what][id]])
      }
    })
  })

  it('void has the number 0, and it alone', () => {
    holds(
      baseArb,
      (base) => {
        const [{ fast }] = classify([base]) as [Both]
        for (const numbers of [fast.entity, fast.definition, fast.slice]) {
          expect(numbers).toHaveLength(base.types.length + 1)
          expect(numbers.indexOf(0)).toBe(0)
          expect(numbers.lastIndexOf(0)).toBe(0)
        }
      },
      100,
    )
  })
})

describe('binding a module in two bases', () => {
  it('agrees with the slow way, on modules as they are built', () => {
    holds(fc.tuple(pairArb(anyChange), moduleArb), agree)
    holds(fc.tuple(pairArb(layoutChange), moduleArb), agree)
  })

  it('agrees with the slow way, on modules with references to anything', () => {
    holds(fc.tuple(pairArb(anyChange), wildModuleArb), agree)
    holds(fc.tuple(pairArb(layoutChange), wildModuleArb), agree)
  })

  it('agrees with the slow way on bases that have nothing to do with each other', () => {
    holds(fc.tuple(fc.record({ origin: baseArb, running: baseArb }), wildModuleArb), agree)
  })

  it('does so in the other byte order', () => {
    holds(fc.tuple(pairArb(anyChange), wildModuleArb), (given) => agree(given, true), 100)
  })

  it('finds nothing on the base that the module was built on, nor on a copy of it', () => {
    holds(fc.tuple(baseArb, wildModuleArb), ([origin, module]) => {
      const { bytes } = writeBase(origin)
      const built = writeModule(module, origin)
      const base = readBtf(bytes)
      expect(new Binding(base, base).bind(built)).toMatchObject({ misboundTotal: 0, changedTotal: 0 })
      expect(new Binding(base, readBtf(bytes.slice())).bind(built)).toMatchObject({
        misboundTotal: 0,
        changedTotal: 0,
      })
    })
  })

  it('does not depend on ids: both bases renumbered alike, the module with them, give the same', () => {
    const swapsArb = fc.array(fc.nat(30), { maxLength: 6 })
    holds(fc.tuple(pairArb(anyChange), moduleArb, swapsArb), ([pair, module, swaps]) => {
      const shared = Math.min(pair.origin.types.length, pair.running.types.length)
      const moved = (base: Base): Base => {
        const types = [...base.types]
        for (const [at, swap] of swaps.entries()) {
          const [a, b] = [at % shared, swap % shared]
          const spec = types[a]!
          types[a] = types[b]!
          types[b] = spec
        }
        return { ...base, types }
      }
      const outcome = (origin: Base, running: Base): unknown => {
        const one = writeBase(origin)
        const { misbound, changed, verdict } = bindFast(
          one.bytes,
          writeBase(running).bytes,
          writeModule(module, origin),
        )
        const keys = [...one.ids].filter(([, id]) => changed.includes(id)).map(([key]) => key)
        return { total: misbound.length, changed: keys.sort((a, b) => a - b), verdict }
      }
      expect(outcome(moved(pair.origin), moved(pair.running))).toEqual(outcome(pair.origin, pair.running))
    })
  })

  it('does not depend on what was bound before', () => {
    holds(
      fc.tuple(pairArb(anyChange), fc.array(wildModuleArb, { minLength: 2, maxLength: 4 })),
      ([pair, modules]) => {
        const origin = readBtf(writeBase(pair.origin).bytes)
        const running = readBtf(writeBase(pair.running).bytes)
        const built = modules.map((module) => writeModule(module, pair.origin))
        const together = new Binding(origin, running)
        for (const bytes of [...built, ...built])
          expect(together.bind(bytes, everything)).toEqual(
            new Binding(origin, running).bind(bytes, everything),
          )
      },
      200,
    )
  })

  it('lists the first findings, and counts them all', () => {
    holds(
      fc.tuple(pairArb(anyChange), wildModuleArb, fc.nat(4)),
      ([pair, module, maxFindings]) => {
        const binding = new Binding(
          readBtf(writeBase(pair.origin).bytes),
          readBtf(writeBase(pair.running).bytes),
        )
        const bytes = writeModule(module, pair.origin)
        const all = binding.bind(bytes, everything)
        const some = binding.bind(bytes, { maxFindings })
        expect([some.misboundTotal, some.changedTotal]).toEqual([all.misboundTotal, all.changedTotal])
        expect(some.misbound).toEqual(all.misbound.slice(0, maxFindings))
        expect(some.changed).toEqual(all.changed.slice(0, maxFindings))
      },
      200,
    )
  })
})
