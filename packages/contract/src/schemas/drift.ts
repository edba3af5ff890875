import Type, { type Static, type TSchema } from 'typebox'
import { driftClasses, pairStates } from '../words.js'
import {
  count,
  nullableCursor,
  nullableRef,
  nullableString,
  oneOf,
  ref,
  Sha256,
  Timestamp,
  Uuid,
} from './base.js'
import { BuildRef, Failure } from './build.js'
import { StreamName } from './names.js'
import { Counts } from './pair.js'

/** One of the kernels of a drift. */
export const DriftKernel = Type.Object(
  {
    file: Type.String({ description: '`version-release` of the build' }),
    release: nullableString({ description: '`uname -r`' }),
    version: nullableString({ description: 'Kernel version' }),
    compiler: nullableString({ description: 'Compiler, as the config records it' }),
    pahole: nullableString({ description: 'Version of pahole, as the config records it' }),
    base: Type.Object({
      sha256: Sha256,
      types: count('Types without void'),
      strings: count('Bytes of the string section'),
      fingerprints: Type.Object({ bytes: Sha256, layout: Sha256, meaning: Sha256 }),
    }),
  },
  { $id: 'DriftKernel', description: 'One of the kernels of a drift' },
)
export type DriftKernel = Static<typeof DriftKernel>

const kindName = { kind: Type.String({ description: '`STRUCT`' }), name: Type.String() }

/** How many were found, by kind, and the first of them. */
const found = <Item extends TSchema>(item: Item, description: string) =>
  Type.Object(
    {
      total: count('How many there are'),
      byKind: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
      listed: Type.Array(item, { description: 'The first of them' }),
    },
    { description },
  )

const driftType = Type.Object({ ...kindName, id: count('Its id') })
const driftFunction = Type.Object({
  name: Type.String(),
  id: count('Its id'),
  prototype: Type.String({ description: 'As C has it' }),
})
const place = (description: string) =>
  Type.Unsafe<{ kind: string; name: string; text: string } | null>({
    anyOf: [
      Type.Object({ ...kindName, text: Type.String({ description: 'The type as C has it' }) }),
      { type: 'null' },
    ],
    description,
  })

/** What becomes of the modules of one build on the kernel of the other. */
export const Blast = Type.Object(
  {
    summary: Type.Unsafe<{ total: number } & Counts>({
      type: 'object',
      additionalProperties: { type: 'integer', minimum: 0 },
      required: ['total'],
      description: 'Modules, in all and per verdict',
    }),
    broken: Type.Object({
      total: count('Modules that the drift breaks'),
      listed: Type.Array(
        Type.Object({
          name: Type.String(),
          file: Type.String(),
          verdict: Type.String(),
          basis: Type.String(),
        }),
      ),
    }),
    undecided: count('Modules of which nothing can be said'),
  },
  { $id: 'Blast', description: 'What becomes of the modules of one build on the kernel of the other' },
)
export type Blast = Static<typeof Blast>

/** What `basedrift diff --format json` prints. */
export const DriftReport = Type.Object(
  {
    engine: Type.String({ description: 'Version of the engine' }),
    a: ref(DriftKernel),
    b: ref(DriftKernel),
    class: oneOf(driftClasses, 'What sort of difference there is'),
    headline: Type.String({ description: 'In one sentence' }),
    orderOnly: Type.Boolean({ description: 'Both have each definition equally often, under other ids' }),
    duplicatesOnly: Type.Boolean({ description: 'Both have the same definitions, some of them more often' }),
    repeated: Type.Object({ a: count('Repeated definitions of A'), b: count('Of B') }),
    firstDiverging: Type.Unsafe<{
      id: number
      a: { kind: string; name: string; text: string } | null
      b: { kind: string; name: string; text: string } | null
    } | null>({
      anyOf: [
        Type.Object({ id: count('The id'), a: place('What A has there'), b: place('What B has there') }),
        { type: 'null' },
      ],
      description: 'The first id under which they hold different types',
    }),
    shifts: Type.Object({
      corresponding: count('Types that both have'),
      moved: count('Those with another id'),
      distinct: count('Different shifts'),
      buckets: Type.Array(Type.Object({ by: Type.Integer(), types: Type.Integer({ minimum: 0 }) })),
      inOrder: Type.Boolean(),
    }),
    added: found(driftType, 'Types that only B has'),
    removed: found(driftType, 'Types that only A has'),
    changed: found(
      Type.Object({
        ...kindName,
        a: count('Id in A'),
        b: count('Id in B'),
        diff: nullableString({ description: 'Unified difference of the two definitions as C' }),
      }),
      'Types that both define, differently',
    ),
    reaching: count('Types that are defined as before, and hold by value something that is not'),
    functions: Type.Object({
      added: found(driftFunction, 'Functions that only B has'),
      removed: found(driftFunction, 'Functions that only A has'),
      changed: found(
        Type.Object({ name: Type.String(), a: driftFunction, b: driftFunction }),
        'Functions with another prototype',
      ),
    }),
    nameless: Type.Object({ added: count('Types without a name that only B has'), removed: count('Only A') }),
    blast: Type.Object({ ofAOnB: nullableRef(Blast), ofBOnA: nullableRef(Blast) }),
    configDifferences: Type.Unsafe<{
      total: number
      listed: { option: string; a: string | null; b: string | null }[]
    } | null>({
      anyOf: [
        Type.Object({
          total: count('Options that differ'),
          listed: Type.Array(
            Type.Object({ option: Type.String(), a: nullableString(), b: nullableString() }),
          ),
        }),
        { type: 'null' },
      ],
    }),
    hints: Type.Array(Type.Object({ code: Type.String(), message: Type.String() }), {
      description: 'What may have caused it',
    }),
    remedy: Type.String({ description: 'What to do' }),
  },
  { $id: 'DriftReport', description: 'What differs between the BTF of two kernels, A before B' },
)
export type DriftReport = Static<typeof DriftReport>

/** One direction of a drift in numbers. */
export const DriftSide = Type.Object(
  {
    state: oneOf(pairStates, '`pending`: not compared yet; `failed`: cannot be compared'),
    counts: ref(Counts),
  },
  { $id: 'DriftSide', description: 'Modules of one build on the kernel of the other, per verdict' },
)
export type DriftSide = Static<typeof DriftSide>

/** How many types and functions a drift is of. */
export const DriftCounts = Type.Object(
  {
    added: count('Types that came'),
    removed: count('Types that went'),
    changed: count('Types that are defined differently'),
    reaching: count('Types that hold such a one by value'),
    functionsAdded: count('Functions that came'),
    functionsRemoved: count('Functions that went'),
    functionsChanged: count('Functions with another prototype'),
    moved: count('Types with another id'),
  },
  { $id: 'DriftCounts', description: 'How many types and functions a drift is of' },
)
export type DriftCounts = Static<typeof DriftCounts>

const driftFields = {
  id: Uuid,
  stream: StreamName,
  from: ref(BuildRef),
  to: ref(BuildRef),
  neighbours: Type.Boolean({
    description: 'False once a kernel build was ingested whose version is between the two',
  }),
  state: oneOf(pairStates, '`pending`: not computed yet; `failed`: cannot be computed'),
  class: Type.Unsafe<(typeof driftClasses)[number] | null>({
    enum: [...driftClasses, null],
    description: 'Null until it is computed',
  }),
  headline: nullableString({ description: 'In one sentence' }),
  counts: nullableRef(DriftCounts),
  oldOnNew: nullableRef(DriftSide),
  newOnOld: nullableRef(DriftSide),
  error: nullableRef(Failure),
  createdAt: Timestamp,
  updatedAt: Timestamp,
}

/** A drift in a list. */
export const DriftSummary = Type.Object(driftFields, {
  $id: 'DriftSummary',
  description:
    'What differs between the bases of two kernel builds of a stream; `oldOnNew` and `newOnOld`: modules of the one on the kernel ' +
    'of the other',
})
export type DriftSummary = Static<typeof DriftSummary>

/** A drift with its report. */
export const Drift = Type.Object(
  { ...driftFields, report: nullableRef(DriftReport) },
  {
    $id: 'Drift',
    description: 'A drift with its difference and blast radius; `report` is null until it is computed',
  },
)
export type Drift = Static<typeof Drift>

/** A page of drifts. */
export const DriftList = Type.Object(
  { items: Type.Array(ref(DriftSummary)), next: nullableCursor },
  { $id: 'DriftList', description: 'Drifts between neighbouring kernel builds, the latest first' },
)
export type DriftList = Static<typeof DriftList>
