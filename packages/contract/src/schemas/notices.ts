import Type, { type Static, type TProperties } from 'typebox'
import { Value } from 'typebox/value'
import { versionReleasePattern } from '../version-release.js'
import { driftClasses, gateOutcomes, noticeRemedies, severities } from '../words.js'
import {
  count,
  nullableCount,
  nullableRef,
  nullableString,
  oneOf,
  ref,
  Sha256,
  Timestamp,
  Uuid,
} from './base.js'
import { BuildRef } from './build.js'
import { DriftCounts } from './drift.js'
import { Filename, StreamName } from './names.js'
import { Counts } from './pair.js'

/** Most entries of a list in a notice; each list stands beside its true total. */
export const noticeLimits = { reasons: 8, problems: 4, hints: 4, text: 512, name: 256 } as const

/** Text of others in one line: any characters but control characters and half surrogates. Whoever prints it escapes it. */
const linePattern = '^[^\\u0000-\\u001f\\u007f\\p{Surrogate}]*$'
const line = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: linePattern, description })
const name = (description: string) => line(noticeLimits.name, description)
const text = (description: string) => line(noticeLimits.text, description)

const code = (description: string) =>
  Type.String({ maxLength: 64, pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$', description })

/** A path of the service, as it follows the base URL: percent-encoded, with an optional query, without a second slash at its start. */
export const LinkPath = Type.String({
  minLength: 1,
  maxLength: 512,
  pattern: "^/(?!/)[A-Za-z0-9._~!$'()*+,;=:@%/-]*(\\?[A-Za-z0-9._~!$'()*+,;=:@%/?&-]*)?$",
  description: 'Where to read more: a path of the service',
  examples: ['/v1/drifts/019a0000-0000-7000-8000-000000000003'],
})

/** What becomes of the modules of one build on the kernel of the other. */
export const NoticeBlast = Type.Object(
  { total: count('Modules in all'), counts: ref(Counts) },
  {
    $id: 'NoticeBlast',
    additionalProperties: false,
    description: 'What becomes of the modules of one build on the kernel of the other',
  },
)
export type NoticeBlast = Static<typeof NoticeBlast>

/** How many modules have symbol checksums that match, over both directions of a drift. */
export const NoticeModversions = Type.Object(
  {
    match: count('Modules all of whose imports match'),
    mismatch: count('Modules with a symbol whose checksum differs'),
    unknown: count('Modules of which it is not known'),
  },
  {
    $id: 'NoticeModversions',
    additionalProperties: false,
    description: 'Modules by what modversions says of them',
  },
)
export type NoticeModversions = Static<typeof NoticeModversions>

const ids = {
  build: '019a0000-0000-7000-8000-000000000001',
  before: '019a0000-0000-7000-8000-000000000002',
  drift: '019a0000-0000-7000-8000-000000000003',
  waiver: '019a0000-0000-7000-8000-000000000004',
}
const common = {
  severity: 'warning',
  at: '2026-01-15T09:30:00.000Z',
  stream: 'openSUSE:Factory/x86_64/default',
} as const
const older = { id: ids.before, version: '5.15.12', release: '1.1' }
const newer = { id: ids.build, version: '5.15.12', release: '1.3' }

/** One kind of event: what all have, and its own fields. */
function notice<const Kind extends string, Fields extends TProperties>(
  id: string,
  kind: Kind,
  description: string,
  fields: Fields,
  example: { [key: string]: unknown },
) {
  return Type.Object(
    {
      kind: Type.Unsafe<Kind>({ type: 'string', const: kind }),
      severity: oneOf(severities, 'How much it matters'),
      at: Type.Unsafe<string>({ ...Timestamp, description: 'When it happened, UTC, RFC 3339' }),
      link: LinkPath,
      ...fields,
    },
    { $id: id, additionalProperties: false, description, examples: [{ kind, ...common, ...example }] },
  )
}

const both = {
  stream: StreamName,
  from: ref(BuildRef),
  to: ref(BuildRef),
}
const blasts = {
  oldOnNew: nullableRef(NoticeBlast),
  newOnOld: nullableRef(NoticeBlast),
}

/** The base moved between neighbouring kernel builds. */
export const DriftNotice = notice(
  'DriftNotice',
  'drift',
  'The base moved from one kernel build to the next of its stream',
  {
    ...both,
    class: oneOf(driftClasses, 'What sort of difference there is'),
    counts: ref(DriftCounts),
    ...blasts,
    modversions: nullableRef(NoticeModversions),
    remedy: oneOf(noticeRemedies, 'What to do'),
  },
  {
    link: `/v1/drifts/${ids.drift}`,
    from: older,
    to: newer,
    class: 'functions-only',
    counts: {
      added: 0,
      removed: 0,
      changed: 0,
      reaching: 0,
      functionsAdded: 2,
      functionsRemoved: 0,
      functionsChanged: 0,
      moved: 61_204,
    },
    oldOnNew: { total: 4023, counts: { rejected: 4020, misread: 3 } },
    newOnOld: { total: 4023, counts: { rejected: 4021, misread: 2 } },
    modversions: { match: 8046, mismatch: 0, unknown: 0 },
    remedy: 'rebuild-or-hold',
  },
)
export type DriftNotice = Static<typeof DriftNotice>

/** The decision of a gate is another than before. */
export const GateNotice = notice(
  'GateNotice',
  'gate',
  'The decision whether a build may be published into an environment is another than before',
  {
    stream: StreamName,
    build: ref(BuildRef),
    environment: name('The environment'),
    before: Type.Unsafe<(typeof gateOutcomes)[number] | null>({
      enum: [...gateOutcomes, null],
      description: 'What was decided before; null where nothing was',
    }),
    outcome: oneOf(gateOutcomes, 'What is decided now'),
    live: Type.Optional(
      Type.Boolean({
        description:
          'True where the build is live there already: then the reasons are about what was there before it',
      }),
    ),
    reasons: Type.Array(
      Type.Object(
        {
          code: code('Why'),
          kernel: nullableString({
            maxLength: 257,
            pattern: versionReleasePattern,
            description: 'Running kernel build',
          }),
          modules: nullableString({
            maxLength: 257,
            pattern: versionReleasePattern,
            description: 'Module build',
          }),
          total: count('Modules in all'),
          counts: ref(Counts),
        },
        { additionalProperties: false },
      ),
      { maxItems: noticeLimits.reasons, description: 'The first reasons; none where it passes' },
    ),
    reasonsTotal: count('How many reasons there are'),
  },
  {
    severity: 'critical',
    link: `/v1/gate?build=${ids.build}&environment=production`,
    build: newer,
    environment: 'production',
    before: 'pass',
    outcome: 'fail',
    reasons: [
      {
        code: 'verdict',
        kernel: '5.15.12-1.1',
        modules: '5.15.12-1.3',
        total: 4023,
        counts: { rejected: 4021, misread: 2 },
      },
    ],
    reasonsTotal: 1,
  },
)
export type GateNotice = Static<typeof GateNotice>

/** A build or an artifact came again with other content. */
export const BuildDiffersNotice = notice(
  'BuildDiffersNotice',
  'build-differs',
  'A name came again with other content; what is recorded stands',
  {
    stream: StreamName,
    build: ref(BuildRef),
    filename: Type.Unsafe<string | null>({
      anyOf: [Filename, { type: 'null' }],
      description: 'The artifact; null where it is the declaration of the build',
    }),
    recorded: Type.Unsafe<string | null>({
      anyOf: [Sha256, { type: 'null' }],
      description: 'SHA-256 that is recorded',
    }),
    given: Type.Unsafe<string | null>({
      anyOf: [Sha256, { type: 'null' }],
      description: 'SHA-256 that came',
    }),
  },
  {
    severity: 'critical',
    link: `/v1/builds/${ids.build}`,
    build: newer,
    filename: 'kernel-default-5.15.12-1.3.x86_64.rpm',
    recorded: 'a'.repeat(64),
    given: 'b'.repeat(64),
  },
)
export type BuildDiffersNotice = Static<typeof BuildDiffersNotice>

/** Something of an artifact, or a build, could not be used. */
export const ArtifactRefusedNotice = notice(
  'ArtifactRefusedNotice',
  'artifact-refused',
  'An artifact, or a part of it, cannot be used; or many of them, or the build as a whole',
  {
    stream: StreamName,
    build: ref(BuildRef),
    filename: Type.Unsafe<string | null>({
      anyOf: [Filename, { type: 'null' }],
      description: 'The artifact; null where many of the build cannot be used, or the build as a whole',
    }),
    artifacts: count('Artifacts of the build'),
    failed: count('How many of them cannot be used as a whole'),
    problems: Type.Array(
      Type.Object(
        {
          code: code('Stable'),
          file: nullableString({
            maxLength: noticeLimits.text,
            pattern: linePattern,
            description: 'Member of the artifact',
          }),
          message: text('What is wrong'),
        },
        { additionalProperties: false },
      ),
      { maxItems: noticeLimits.problems, description: 'The first problems' },
    ),
    problemsTotal: count('How many problems there are'),
  },
  {
    link: `/v1/builds/${ids.build}`,
    build: newer,
    filename: 'kernel-default-5.15.12-1.3.x86_64.rpm',
    artifacts: 9,
    failed: 1,
    problems: [{ code: 'xz-corrupt', file: null, message: 'The xz data ends in the middle of a block.' }],
    problemsTotal: 1,
  },
)
export type ArtifactRefusedNotice = Static<typeof ArtifactRefusedNotice>

/** The same definitions came out under other ids. */
export const UnreproducibleNotice = notice(
  'UnreproducibleNotice',
  'unreproducible',
  'A build has the definitions of the one before it under other ids',
  {
    ...both,
    moved: count('Types with another id'),
    ...blasts,
    hints: Type.Array(code('What may have caused it'), { maxItems: noticeLimits.hints }),
  },
  {
    link: `/v1/drifts/${ids.drift}`,
    from: older,
    to: newer,
    moved: 61_204,
    oldOnNew: { total: 4023, counts: { misread: 4023 } },
    newOnOld: { total: 4023, counts: { misread: 4023 } },
    hints: ['parallel-encoding'],
  },
)
export type UnreproducibleNotice = Static<typeof UnreproducibleNotice>

/** A waiver ends soon. */
export const WaiverExpiringNotice = notice(
  'WaiverExpiringNotice',
  'waiver-expiring',
  'A waiver that a gate passes by ends soon',
  {
    stream: StreamName,
    waiver: Uuid,
    build: nullableRef(BuildRef),
    environment: Type.Unsafe<string | null>({
      anyOf: [name('The environment'), { type: 'null' }],
      description: 'Where it holds; null for every environment',
    }),
    author: name('Who accepted it'),
    reason: text('Why'),
    modules: nullableCount('Modules that it accepts; null where it does not name them'),
    expiresAt: Timestamp,
  },
  {
    link: `/v1/waivers/${ids.waiver}`,
    waiver: ids.waiver,
    build: newer,
    environment: 'production',
    author: 'release-team',
    reason: 'ipheth is not on these machines',
    modules: 1,
    expiresAt: '2026-01-22T09:30:00.000Z',
  },
)
export type WaiverExpiringNotice = Static<typeof WaiverExpiringNotice>

/** Somebody tries a channel. */
export const TestNotice = notice(
  'TestNotice',
  'test',
  'Somebody tries a channel',
  {
    stream: Type.Unsafe<null>({ type: 'null', description: 'It is about no stream' }),
    channel: name('Name of the channel'),
    by: name('Who asked for it'),
  },
  { severity: 'info', stream: null, link: '/', channel: 'kernel-team', by: 'release-team' },
)
export type TestNotice = Static<typeof TestNotice>

export type Notice =
  | DriftNotice
  | GateNotice
  | BuildDiffersNotice
  | ArtifactRefusedNotice
  | UnreproducibleNotice
  | WaiverExpiringNotice
  | TestNotice

const kinds = [
  DriftNotice,
  GateNotice,
  BuildDiffersNotice,
  ArtifactRefusedNotice,
  UnreproducibleNotice,
  WaiverExpiringNotice,
  TestNotice,
]

/** An event that channels are told of, by `kind`. */
export const Notice = Type.Unsafe<Notice>({
  $id: 'Notice',
  anyOf: kinds.map((schema) => ref(schema)),
  description: 'An event that channels are told of, by `kind`',
})

/** One example of each kind, as the schemas have it. */
export const noticeExamples: readonly Notice[] = kinds.map(
  (schema) => (schema as { examples?: Notice[] }).examples?.[0] as Notice,
)

const context = Object.fromEntries(
  [BuildRef, Counts, DriftCounts, NoticeBlast, NoticeModversions, ...kinds].map((schema) => [
    `${(schema as { $id?: string }).$id}#`,
    schema,
  ]),
)

/** Whether a value is an event as the schemas have it: what is stored is held to this before and after. */
export function isNotice(value: unknown): value is Notice {
  return Value.Check(context, Notice, value)
}
