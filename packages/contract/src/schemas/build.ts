import Type, { type Static } from 'typebox'
import { versionReleasePattern } from '../version-release.js'
import {
  artifactKinds,
  artifactStates,
  buildStates,
  originSources,
  type VersionScheme,
  versionSchemes,
} from '../words.js'
import {
  count,
  nullableBoolean,
  nullableCount,
  nullableCursor,
  nullableRef,
  nullableString,
  nullableTimestamp,
  oneOf,
  ref,
  Sha256,
  Timestamp,
  Uuid,
} from './base.js'
import { Filename, Release, StreamName, Version } from './names.js'
import { BuildStatement, mostRefusals, Refusal } from './refusal.js'

/** Most bytes of a declaration, as JSON. */
export const declarationBytes = 32 * 1024

/** Text that a database and a terminal can take: tabs and line ends, but no other control characters, no half surrogates. */
const textPattern = '^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f\\p{Surrogate}]*$'

const text = (maxLength: number, description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, pattern: textPattern, description }))

/** A number of another system, as it counts them. */
const serial = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description }))

/** What the build system says of a build. All of it is optional, none of it decides a verdict. */
export const Provenance = Type.Object(
  {
    obs: Type.Optional(
      Type.Object(
        {
          project: text(256, 'Project, as in `openSUSE:Factory`'),
          repository: text(256, 'Repository of the project'),
          arch: text(64, 'Architecture of the scheduler'),
          package: text(256, 'Package'),
          srcmd5: text(64, 'MD5 of the expanded source'),
          verifymd5: text(64, 'MD5 of the source that was built'),
          versrel: text(256, 'Version and release as the scheduler has them'),
          bcnt: serial('Rebuild counter'),
          reason: text(1024, 'Why it was built'),
        },
        { additionalProperties: false, description: 'Open Build Service' },
      ),
    ),
    koji: Type.Optional(
      Type.Object(
        {
          buildId: serial('Id of the build'),
          taskId: serial('Id of the task'),
          tag: text(256, 'Tag or target'),
          source: text(1024, 'Source of the build'),
        },
        { additionalProperties: false, description: 'Koji' },
      ),
    ),
    url: text(2048, 'Page of the build'),
    labels: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[a-z][a-z0-9._-]{0,63}$' }),
        Type.String({ maxLength: 1024, pattern: textPattern }),
        {
          maxProperties: 32,
          additionalProperties: false,
          description: 'Anything else worth keeping',
        },
      ),
    ),
  },
  { $id: 'Provenance', additionalProperties: false, description: 'What the build system says of a build' },
)
export type Provenance = Static<typeof Provenance>

/** Body of the declaration of a build. */
export const Declaration = Type.Object(
  {
    provenance: Type.Optional(ref(Provenance)),
    builtFor: Type.Optional(
      Type.Unsafe<string | null>({
        ...nullableString(),
        maxLength: 257,
        pattern: versionReleasePattern,
        description:
          '`version-release` of the kernel build of the same stream that these modules were built for. ' +
          'Not needed where the build has its own kernel.',
      }),
    ),
  },
  { $id: 'Declaration', additionalProperties: false, description: 'A build and where it comes from' },
)
export type Declaration = Static<typeof Declaration>

/** Something that could not be used, and where. */
export const ArtifactProblem = Type.Object(
  {
    code: Type.String({ description: 'Stable' }),
    file: nullableString({ description: 'File, members after `!`' }),
    at: nullableString({ description: 'Where in the file' }),
    message: Type.String(),
  },
  { $id: 'ArtifactProblem', description: 'Something that could not be used, and where' },
)
export type ArtifactProblem = Static<typeof ArtifactProblem>

/** One uploaded file of a build. */
export const Artifact = Type.Object(
  {
    filename: Filename,
    kind: oneOf(artifactKinds, '`package`, a kernel or a module; the others are evidence beside them'),
    sha256: Sha256,
    size: count('Bytes'),
    state: oneOf(artifactStates, '`failed`: something of it could not be used, see `problems`'),
    problems: Type.Array(ref(ArtifactProblem)),
    createdAt: Timestamp,
  },
  { $id: 'Artifact', description: 'One uploaded file of a build' },
)
export type Artifact = Static<typeof Artifact>

/** The BTF of a vmlinux, by fingerprint. */
export const BaseFacts = Type.Object(
  {
    sha256: Sha256,
    types: count('Types without void, so the last id'),
    strings: count('Bytes of the string section'),
  },
  { $id: 'BaseFacts', description: 'The BTF of a vmlinux, by fingerprint' },
)
export type BaseFacts = Static<typeof BaseFacts>

/** What a kernel version and its configuration do with module BTF. */
export const Rules = Type.Object(
  {
    version: Type.String({ description: 'Kernel version' }),
    allowBtfMismatch: nullableBoolean(
      '`CONFIG_MODULE_ALLOW_BTF_MISMATCH`; null where the config is not known',
    ),
  },
  { $id: 'Rules', description: 'What decides how a kernel takes module BTF' },
)
export type Rules = Static<typeof Rules>

/** The kernel of a build. */
export const Kernel = Type.Object(
  {
    file: Type.String({ description: 'File, members after `!`' }),
    release: nullableString({ description: '`uname -r`' }),
    banner: nullableString({ description: 'The banner of the image' }),
    buildId: nullableString({ description: 'Build id of the image' }),
    rules: nullableRef(Rules),
    btfModules: nullableBoolean(
      '`CONFIG_DEBUG_INFO_BTF_MODULES`: false where the kernel looks at the BTF of no module; null where the config is not known',
    ),
    base: ref(BaseFacts),
    fingerprints: Type.Unsafe<{ layout: string; meaning: string } | null>({
      anyOf: [Type.Object({ layout: Sha256, meaning: Sha256 }), { type: 'null' }],
      description:
        'Of the base: equal where order counts, and where it does not; null until they are computed',
    }),
  },
  { $id: 'Kernel', description: 'The kernel of a build; `rules` is null where its version is not known' },
)
export type Kernel = Static<typeof Kernel>

/** The modules of a build. */
export const Modules = Type.Object(
  {
    count: count('Modules'),
    set: Sha256,
  },
  {
    $id: 'Modules',
    description: 'The modules of a build; builds whose modules are equal have the same `set`',
  },
)
export type Modules = Static<typeof Modules>

/** The base that the modules of a build were built on. */
export const Origin = Type.Object(
  {
    base: ref(BaseFacts),
    source: oneOf(
      originSources,
      '`own`: the kernel in the build; `stated`: that of the build that it names in `builtFor`; `stamp`: a stamp in the ' +
        'modules; `found`: nothing says so, and of the bases in the stream only this one fits the modules’ string length and ' +
        'references: a hint, by which no verdict is decided',
    ),
  },
  {
    $id: 'Origin',
    description: 'The base that the modules of a build were built on, as far as that is known',
  },
)
export type Origin = Static<typeof Origin>

/** Why a build could not be used at all. */
export const Failure = Type.Object(
  {
    code: Type.String({ description: 'Stable' }),
    message: Type.String(),
    at: nullableString({ description: 'Where' }),
  },
  { $id: 'Failure', description: 'Why it failed' },
)
export type Failure = Static<typeof Failure>

/** How far a build has come. */
export const Progress = Type.Object(
  {
    pairs: count('Pairs of this build, as kernel and as modules'),
    done: count('Pairs with verdicts'),
    failed: count('Pairs that could not be compared'),
  },
  { $id: 'Progress', description: 'How far the comparison has come' },
)
export type Progress = Static<typeof Progress>

/** A build by name. */
export const BuildRef = Type.Object(
  {
    id: Uuid,
    version: Version,
    release: Release,
  },
  { $id: 'BuildRef', description: 'A build by name' },
)
export type BuildRef = Static<typeof BuildRef>

const buildFields = {
  id: Uuid,
  stream: StreamName,
  version: Version,
  release: Release,
  state: oneOf(buildStates, 'How far it has come; `done` and `failed` are final'),
  builtFor: nullableString({ description: '`version-release` of the kernel build it was made for' }),
  kernel: nullableRef(Kernel),
  modules: nullableRef(Modules),
  origin: nullableRef(Origin),
  failure: nullableRef(Failure),
  createdAt: Timestamp,
  sealedAt: nullableTimestamp,
  finishedAt: nullableTimestamp,
  withdrawal: nullableRef(
    BuildStatement,
    'Null unless somebody said that it was pushed by mistake: then its name is free, and it takes part in nothing',
  ),
}

/** A build in a list. */
export const BuildSummary = Type.Object(buildFields, {
  $id: 'BuildSummary',
  description: 'A build in a list',
})
export type BuildSummary = Static<typeof BuildSummary>

/** A build: one version and release of a stream, its artifacts, and what became of them. */
export const Build = Type.Object(
  {
    ...buildFields,
    provenance: ref(Provenance),
    artifacts: Type.Array(ref(Artifact)),
    problems: Type.Array(ref(ArtifactProblem), {
      description: 'What of the build contradicts what is said of it',
    }),
    progress: ref(Progress),
    refusals: Type.Array(ref(Refusal), {
      description: `Those that nobody has acknowledged, then the others, the newest first; at most ${mostRefusals}`,
    }),
  },
  { $id: 'Build', description: 'A build, its artifacts, and what became of them' },
)
export type Build = Static<typeof Build>

/** A page of builds. */
export const BuildList = Type.Object(
  { items: Type.Array(ref(BuildSummary)), next: nullableCursor },
  { $id: 'BuildList', description: 'Builds, newest first' },
)
export type BuildList = Static<typeof BuildList>

/** A stream. */
export const Stream = Type.Object(
  {
    name: StreamName,
    versionScheme: Type.Unsafe<VersionScheme | null>({
      enum: [...versionSchemes, null],
      description:
        'How its versions are ordered: as the package manager of its first package does; null until there is one, and then in the ' +
        'order of declaration',
    }),
    createdAt: Timestamp,
  },
  { $id: 'Stream', description: 'One line of builds that replace each other' },
)
export type Stream = Static<typeof Stream>

/** Body of a change to a stream. */
export const StreamChange = Type.Object(
  { versionScheme: oneOf(versionSchemes, 'By whose rules its versions are ordered') },
  { $id: 'StreamChange', additionalProperties: false, description: 'How a stream is to be' },
)
export type StreamChange = Static<typeof StreamChange>

/** A page of streams. */
export const StreamList = Type.Object(
  { items: Type.Array(ref(Stream)), next: nullableCursor },
  { $id: 'StreamList', description: 'Streams by name' },
)
export type StreamList = Static<typeof StreamList>

/** One module of a build. */
export const ModuleRow = Type.Object(
  {
    name: Type.String({ description: 'As the kernel has it' }),
    file: Type.String({ description: 'File, members after `!`' }),
    sha256: Sha256,
    vermagic: nullableString(),
    srcversion: nullableString(),
    buildId: nullableString(),
    btf: Type.Unsafe<ModuleBtf | null>({
      anyOf: [{ $ref: 'ModuleBtf#' }, { type: 'null' }],
    }),
  },
  { $id: 'ModuleRow', description: 'One module of a build; `btf` is null where it has none' },
)
export type ModuleRow = Static<typeof ModuleRow>

/** Which base a module says it was built on. */
export const Stamp = Type.Object(
  {
    sha256: Sha256,
    types: count('Types of that base, without void'),
    strings: count('Bytes of its strings'),
  },
  { $id: 'Stamp', description: 'The origin note of a module: the base that it was built on' },
)
export type Stamp = Static<typeof Stamp>

/** The split BTF of a module, in numbers. */
export const ModuleBtf = Type.Object(
  {
    sha256: Sha256,
    bytes: count('Bytes of `.BTF`'),
    types: nullableCount('Types; null where it could not be read'),
    strings: nullableCount('Bytes of its own strings; null where it could not be read'),
    originStrings: nullableCount('String length of the base it was built on, where the module tells it'),
    stamp: Type.Unsafe<Stamp | null>({ anyOf: [{ $ref: 'Stamp#' }, { type: 'null' }] }),
    distilledSha256: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      pattern: '^[0-9a-f]{64}$',
      description: 'SHA-256 of `.BTF.base`; null without one',
    }),
  },
  { $id: 'ModuleBtf', description: 'The split BTF of a module' },
)
export type ModuleBtf = Static<typeof ModuleBtf>

/** A page of the modules of a build. */
export const ModuleList = Type.Object(
  { items: Type.Array(ref(ModuleRow)), next: nullableCursor },
  { $id: 'ModuleList', description: 'Modules of a build by file' },
)
export type ModuleList = Static<typeof ModuleList>
