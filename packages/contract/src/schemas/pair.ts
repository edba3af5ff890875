import Type, { type Static } from 'typebox'
import {
  btfIdsStates,
  doubtCodes,
  findingStates,
  modversionsStates,
  type OriginSource,
  obstacleCodes,
  originSources,
  overalls,
  pairStates,
  type Verdict,
  verdicts,
  vermagicStates,
} from '../words.js'
import {
  count,
  nullableCursor,
  nullableRef,
  nullableString,
  nullableTimestamp,
  oneOf,
  ref,
  Uuid,
} from './base.js'
import { BaseFacts, BuildRef, Failure, Kernel, ModuleRow } from './build.js'

/** Modules per verdict; a verdict that no module has is left out. */
export const Counts = Type.Unsafe<Partial<Record<Verdict, number>>>({
  $id: 'Counts',
  type: 'object',
  description: 'Modules per verdict; a verdict that no module has is left out',
  properties: Object.fromEntries(verdicts.map((verdict) => [verdict, { type: 'integer', minimum: 0 }])),
  additionalProperties: false,
})
export type Counts = Static<typeof Counts>

/** Why a kernel does not take a module's BTF, for machines. */
export const Reason = Type.Object(
  {
    code: Type.String({ description: 'Stable' }),
    typeId: Type.Optional(count('Id of the type, counted from the base')),
    path: Type.Optional(Type.String({ description: 'The type and member' })),
    expected: Type.Optional(Type.String()),
    actual: Type.Optional(Type.String()),
  },
  { $id: 'Reason', description: 'Why, for machines' },
)
export type Reason = Static<typeof Reason>

/** A reference that binds to something else than it was built to mean. */
export const Misbound = Type.Object(
  {
    from: Type.String({ description: 'Whose reference it is: `struct veth_priv.dev`' }),
    typeId: Type.Optional(count('The type id that stands there')),
    strOff: Type.Optional(count('Or the string offset')),
    expected: Type.String({ description: 'What it was built to mean' }),
    actual: Type.String({ description: 'What it means on this kernel' }),
  },
  { $id: 'Misbound', description: 'A reference that binds to something else than it was built to mean' },
)
export type Misbound = Static<typeof Misbound>

/** A type that the running base defines otherwise than the module was built with. */
export const ChangedType = Type.Object(
  {
    type: Type.String({ description: 'As C has it: `struct net_device`' }),
    from: Type.String({ description: 'The first reference that reaches it' }),
    originId: count('Its id in the base that the module was built on'),
    runningId: count('Its id in the base of this kernel'),
  },
  {
    $id: 'ChangedType',
    description: 'A type that this kernel defines otherwise than the module was built with',
  },
)
export type ChangedType = Static<typeof ChangedType>

/** What else makes a kernel refuse a module. */
export const LoadObstacle = Type.Object(
  {
    code: oneOf(obstacleCodes, 'What the kernel does not take'),
    expected: Type.Optional(Type.String()),
    actual: Type.Optional(Type.String()),
  },
  { $id: 'LoadObstacle', description: 'What else makes the kernel refuse the module' },
)
export type LoadObstacle = Static<typeof LoadObstacle>

/** What becomes of the type ids in a module's code. */
export const BtfIds = Type.Object(
  {
    state: oneOf(btfIdsStates, 'Whether they stand for what they were built to'),
    errno: Type.Optional(count('Of `fails`: what the kernel returns, positive')),
    wrong: Type.Optional(
      Type.Array(
        Type.Object({
          set: Type.Optional(Type.String({ description: 'The set that it is in' })),
          id: count('As it is in the module'),
          expected: Type.Optional(Type.String({ description: 'What it was built to stand for' })),
          actual: Type.String({ description: 'What stands there' }),
        }),
        { description: 'The first ids that stand for something else' },
      ),
    ),
    wrongTotal: Type.Optional(count('How many do, where that is more')),
  },
  { $id: 'BtfIds', description: 'What becomes of the type ids in `.BTF_ids`' },
)
export type BtfIds = Static<typeof BtfIds>

/** What else would stop a module. */
export const Load = Type.Object(
  {
    vermagic: oneOf(vermagicStates, 'As that kernel compares it'),
    modversions: Type.Object({
      state: oneOf(modversionsStates, 'Checksums of the imported symbols'),
      mismatched: Type.Array(Type.String(), { description: 'The first symbols whose checksum differs' }),
      mismatchedTotal: Type.Optional(count('How many differ, where that is more')),
      unresolved: Type.Optional(
        Type.Array(Type.String(), { description: 'The first imports that nothing recorded exports' }),
      ),
      unresolvedTotal: Type.Optional(count('How many there are, where that is more')),
    }),
    obstacles: Type.Optional(Type.Array(ref(LoadObstacle), { description: 'What else the kernel refuses' })),
    doubts: Type.Optional(
      Type.Array(oneOf(doubtCodes, 'What is missing'), {
        description: 'What leaves open whether the kernel takes the module',
      }),
    ),
    missed: Type.Optional(
      Type.Array(
        Type.Object({
          module: Type.Optional(
            Type.String({ description: 'The module of the kernel, where that is known' }),
          ),
          symbol: Type.String({ description: 'What it imports' }),
        }),
        {
          description:
            'The first imports of modules of the kernel that this module breaks in the place of another',
        },
      ),
    ),
    missedTotal: Type.Optional(count('How many there are, where that is more')),
    btfIds: Type.Optional(ref(BtfIds)),
  },
  { $id: 'Load', description: 'What else would stop the module' },
)
export type Load = Static<typeof Load>

/** One module on one running kernel: the object that `basedrift check` prints. */
export const ModuleResult = Type.Object(
  {
    name: Type.String({ description: 'As the kernel has it' }),
    file: Type.String({ description: 'File, members after `!`' }),
    sha256: nullableString({
      pattern: '^[0-9a-f]{64}$',
      description:
        'SHA-256 of its file in lower-case hexadecimal digits; null where it could not be read as a module',
    }),
    verdict: oneOf(verdicts, 'The outcome for its BTF'),
    basis: Type.String({ description: 'What the verdict rests on' }),
    errno: count('What the kernel returns, positive; 0 where it accepts'),
    log: Type.Array(Type.String(), { description: 'What the kernel prints, without time stamps' }),
    reason: Type.Optional(ref(Reason)),
    misboundTotal: Type.Optional(count('References that bind to something else')),
    misbound: Type.Optional(Type.Array(ref(Misbound), { description: 'The first of them' })),
    changedTotal: Type.Optional(count('Types that are defined otherwise')),
    changed: Type.Optional(Type.Array(ref(ChangedType), { description: 'The first of them' })),
    load: ref(Load),
    overall: oneOf(overalls, 'What becomes of the module'),
  },
  { $id: 'ModuleResult', description: 'One module on one running kernel' },
)
export type ModuleResult = Static<typeof ModuleResult>

/** One cell of the matrix. */
export const Cell = Type.Object(
  {
    kernelBuild: Uuid,
    moduleBuild: Uuid,
    state: oneOf(pairStates, '`pending`: not compared yet; `failed`: cannot be compared'),
    counts: ref(Counts),
    error: nullableRef(Failure),
  },
  { $id: 'Cell', description: 'One module build on one kernel build' },
)
export type Cell = Static<typeof Cell>

/** A page of the matrix of a stream. */
export const Matrix = Type.Object(
  {
    cells: Type.Array(ref(Cell)),
    builds: Type.Array(ref(BuildRef), { description: 'The builds that the cells name' }),
    next: nullableCursor,
  },
  { $id: 'Matrix', description: 'Kernel builds × module builds, with counts per verdict' },
)
export type Matrix = Static<typeof Matrix>

const pairFields = {
  kernelBuild: Uuid,
  moduleBuild: Uuid,
  builds: Type.Array(ref(BuildRef), { description: 'Both builds by name' }),
  state: oneOf(pairStates, '`pending`: not compared yet; `failed`: cannot be compared'),
  engine: nullableString({ description: 'Version of the engine that decided' }),
  findings: oneOf(
    findingStates,
    '`omitted`: `misbound` and `changed` are left out, as there was no time to find them again or another version of the engine ' +
      'has decided; the totals stand',
  ),
}

/** One module build on one kernel build. */
export const Pair = Type.Object(
  {
    ...pairFields,
    counts: ref(Counts),
    error: nullableRef(Failure),
    kernel: nullableRef(Kernel),
    updatedAt: nullableTimestamp,
    rows: Type.Array(ref(ModuleResult), { description: 'Modules by file, as far as the filter lets them' }),
    next: nullableCursor,
  },
  { $id: 'Pair', description: 'One module build on one kernel build' },
)
export type Pair = Static<typeof Pair>

/** All that is known of one module on one kernel build. */
export const Explanation = Type.Object(
  {
    ...pairFields,
    result: ref(ModuleResult),
    module: ref(ModuleRow),
    kernel: ref(Kernel),
    origin: Type.Object({
      build: nullableRef(BuildRef),
      stream: nullableString({ description: 'The stream of that build' }),
      base: nullableRef(BaseFacts),
      source: Type.Unsafe<OriginSource | null>({
        enum: [...originSources, null],
        description:
          'Who says so; null where the origin is not known. `found`: nobody, and it had no part in the verdict',
      }),
      strings: Type.Unsafe<number | null>({
        type: ['integer', 'null'],
        description: 'String length of the origin base, where the module alone tells it',
      }),
    }),
    happened: Type.Array(Type.String(), { description: 'What happens, in sentences' }),
    remedy: Type.Array(Type.String(), { description: 'What would change it, in sentences' }),
  },
  { $id: 'Explanation', description: 'All that is known of one module on one kernel build' },
)
export type Explanation = Static<typeof Explanation>
