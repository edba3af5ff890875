import fc from 'fast-check'
import { Kind } from '../../src/index.js'
import { type Mutation, mutate } from './mutations.js'
import {
  type Base,
  dangling,
  type Layout,
  type Module,
  type Name,
  ownKey,
  rawId,
  type Spec,
} from './specs.js'

/** All texts of types' names and of members; `b` is also the end of `ab`, and each NUL is an empty name. */
const texts = ['a', 'ab', 'b', 'xb', '\xe9']
const ownTexts = ['m', 'am']

/** What the types of a base are mostly like. */
interface Flavour {
  readonly kinds: fc.Arbitrary<number>
  /** Of ten names, how many are there. */
  readonly named: number
}
const structural = [Kind.PTR, Kind.CONST, Kind.ARRAY, Kind.FUNC_PROTO, Kind.VOLATILE, Kind.TYPE_TAG]
const mixed: Flavour = {
  kinds: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(Kind.STRUCT, Kind.STRUCT, Kind.UNION) },
    { weight: 4, arbitrary: fc.constantFrom(Kind.PTR, Kind.PTR, ...structural) },
    { weight: 2, arbitrary: fc.constantFrom(Kind.TYPEDEF, Kind.INT, Kind.ENUM, Kind.FWD) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 19 }) },
  ),
  named: 6,
}
/** Circles of types without a name, of every length and way in. */
const circles: Flavour = {
  kinds: fc.constantFrom(Kind.PTR, Kind.PTR, Kind.PTR, Kind.STRUCT, ...structural),
  named: 1,
}
/** Named types that hold each other, where a change is one of definition. */
const holders: Flavour = {
  kinds: fc.constantFrom(
    Kind.STRUCT,
    Kind.STRUCT,
    Kind.UNION,
    Kind.TYPEDEF,
    Kind.ARRAY,
    Kind.PTR,
    Kind.CONST,
  ),
  named: 9,
}

const nameArb = (of: readonly string[], named = 6): fc.Arbitrary<Name> =>
  fc.record({
    text: fc.oneof(
      { weight: 10 - named, arbitrary: fc.constant('') },
      { weight: named, arbitrary: fc.constantFrom(...of) },
    ),
    pick: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
  })
/** Offsets that are a bit field only under kind_flag, or the same with and without. */
const wordArb = fc.constantFrom(0, 8, 0x02000008, 0x03000008)
const smallArb = fc.constantFrom(4, 8)

/** Types numbered from `first`, whose references are among `targets`. */
function specsArb(
  first: number,
  max: number,
  targets: fc.Arbitrary<number>,
  of: readonly string[],
  { kinds, named }: Flavour,
): fc.Arbitrary<Spec[]> {
  const entry = fc.record({ name: nameArb(of), to: targets, a: wordArb, b: smallArb })
  const spec = fc.record({
    kind: kinds,
    name: nameArb(of, named),
    flag: fc.boolean(),
    size: smallArb,
    data: fc.constantFrom(0, 1),
    to: targets,
    index: targets,
    entries: fc.array(entry, { maxLength: 3, size: 'max' }),
  })
  return fc
    .array(spec, { minLength: 2, maxLength: max, size: 'max' })
    .map((list) => list.map((one, at) => ({ ...one, key: first + at })))
}

const layoutArb: fc.Arbitrary<Layout> = fc
  .tuple(
    fc.shuffledSubarray(texts, { minLength: texts.length }),
    fc.array(fc.constantFrom('', ...texts), { maxLength: 3 }),
  )
  .map(([all, more]) => [...all, ...more])

const mostKeys = 9

const baseTargets = fc.oneof(
  { weight: 40, arbitrary: fc.nat(mostKeys) },
  { weight: 1, arbitrary: fc.constant(dangling) },
)
/** Bases of up to nine types, with circles, several definitions of a name, and ids that lead nowhere. */
export const baseArb: fc.Arbitrary<Base> = fc.record({
  types: fc.oneof(
    ...[mixed, circles, holders].map((flavour) => specsArb(1, mostKeys, baseTargets, texts, flavour)),
  ),
  layout: layoutArb,
})

const mutationArb = (ops: readonly string[]): fc.Arbitrary<Mutation> =>
  fc.record({
    op: fc.constantFrom(...ops),
    at: fc.nat(30),
    entry: fc.nat(3),
    to: fc.nat(mostKeys),
    text: fc.constantFrom('', ...texts),
  })

const ownTargets = fc.oneof(
  { weight: 5, arbitrary: fc.nat(mostKeys) },
  { weight: 3, arbitrary: fc.integer({ min: ownKey, max: ownKey + 4 }) },
)
const anyTargets = fc.oneof(
  { weight: 3, arbitrary: ownTargets },
  { weight: 3, arbitrary: fc.integer({ min: rawId, max: rawId + 18 }) },
  { weight: 1, arbitrary: fc.constant(dangling) },
)
const ownLayoutArb: fc.Arbitrary<Layout> = fc
  .array(fc.constantFrom('', ...texts, ...ownTexts), { maxLength: 3 })
  .map((more) => [...ownTexts, ...more])

const ownTypesArb = (targets: fc.Arbitrary<number>): fc.Arbitrary<Spec[]> =>
  fc.oneof(
    ...[mixed, circles, holders].map((flavour) =>
      specsArb(ownKey, 5, targets, [...texts, ...ownTexts], flavour),
    ),
  )
/** Modules as tools write them: each reference is to a type and a text that are there. */
export const moduleArb: fc.Arbitrary<Module> = fc.record({
  types: ownTypesArb(ownTargets),
  layout: ownLayoutArb,
  offsets: fc.constant([]),
})
/** Modules with references to anything. */
export const wildModuleArb: fc.Arbitrary<Module> = fc.record({
  types: ownTypesArb(anyTargets),
  layout: ownLayoutArb,
  offsets: fc.array(fc.tuple(fc.nat(4), fc.nat(2), fc.nat(40)), { maxLength: 3 }),
})

export interface Pair {
  readonly origin: Base
  readonly running: Base
}

/** A base and another that came of it by some changes of the given kinds; its strings are the same ones, more, or others. */
export function pairArb(ops: readonly string[], mostChanges = 3): fc.Arbitrary<Pair> {
  const more = fc.array(fc.constantFrom('', ...ownTexts, ...ownTexts, ...texts), { maxLength: 3 })
  const strings = fc.oneof(
    { weight: 4, arbitrary: fc.constant((layout: Layout) => layout) },
    { weight: 2, arbitrary: more.map((added) => (layout: Layout) => [...layout, ...added]) },
    { weight: 1, arbitrary: layoutArb.map((other) => () => other) },
  )
  return fc
    .tuple(baseArb, fc.array(mutationArb(ops), { minLength: 1, maxLength: mostChanges }), strings)
    .map(([origin, mutations, layoutOf]) => ({
      origin,
      running: {
        layout: layoutOf(origin.layout),
        types: mutations.reduce<readonly Spec[]>(
          (types, mutation, nth) => mutate(types, mutation, 100 + nth),
          origin.types,
        ),
      },
    }))
}
