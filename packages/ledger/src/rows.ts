import type {
  ArtifactKind,
  ArtifactState,
  BuildState,
  OriginSource,
  PairState,
  RefusalCode,
  TaskKind,
} from '@basedrift/contract'

export type {
  ArtifactKind,
  ArtifactState,
  BuildState,
  OriginSource,
  PairState,
  TaskKind,
  VersionScheme,
} from '@basedrift/contract'

/** What repositories take and give: plain values that go into JSON as they are. Times are ISO 8601 in UTC, sizes numbers. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

export type TaskState = 'pending' | 'leased' | 'done' | 'failed'

/** What went wrong, for people and for machines: a stable code and a sentence; `at` says where in the file. */
export interface Failure {
  code: string
  message: string
  file?: string
  at?: string | number | null
}

/** One page of a list; `next` is the cursor of the page after it, null at the end. */
export interface Page<T> {
  items: T[]
  next: string | null
}

/** Which page: at most `limit` rows (1 to 1,000) after `cursor`. */
export interface PageRequest {
  cursor?: string | undefined
  limit: number
}

/** Of what a list tells: streams whose names fit one of the globs; all where it is left out. */
export interface Seen {
  globs?: readonly string[] | undefined
}

/** The load-time rules of a kernel; `allowBtfMismatch` is null where its config is not known. */
export interface RulesRow {
  version: string
  allowBtfMismatch: boolean | null
}

/** A base BTF, which is also a blob. `types` does not count void; `strings` is the string section's length in bytes. */
export interface BaseRow {
  sha256: string
  types: number
  strings: number
}

/** The fingerprints of layout and meaning of a base. */
export interface BaseFingerprintsRow {
  sha256: string
  layout: string
  meaning: string
}

/** A base with its fingerprints of layout and meaning, null until they were computed. */
export interface FingerprintedBase extends BaseRow {
  layout: string | null
  meaning: string | null
}

/** The kernel part of a build. `rules` is null where its version is not known. */
export interface KernelRow {
  file: string
  /** `uname -r`, where the input tells. */
  release: string | null
  banner: string | null
  buildId: string | null
  rules: RulesRow | null
  /** What its config records of the tools that made it. */
  compiler: string | null
  pahole: string | null
  /** CONFIG_DEBUG_INFO_BTF_MODULES: without it the kernel looks at no module's BTF. Null where its config is not known. */
  btfModules: boolean | null
}

/** One module of a manifest, which is sorted by `file`. Sizes in bytes; hashes lower-case hex. */
export interface ModuleRow {
  name: string
  file: string
  sha256: string
  vermagic: string | null
  srcversion: string | null
  buildId: string | null
  btfSha256: string | null
  distilledSha256: string | null
  btfBytes: number | null
  types: number | null
  strings: number | null
  /** String length of the base it was built on, where the module alone tells it. */
  originStrings: number | null
  /** Which base it was built on, as its origin note says; null without one. */
  stamp: StampRow | null
  /** Whether it was found in an initramfs image, which may be older than the kernel beside it. */
  inImage: boolean
}

/** What an origin note says of a base: SHA-256 of its bytes, types without void, bytes of its strings. */
export interface StampRow {
  sha256: string
  types: number
  strings: number
}

/** The base that the modules of a build were built on. */
export interface OriginRow {
  base: BaseRow
  source: OriginSource
}

export interface ArtifactRow {
  id: string
  filename: string
  kind: ArtifactKind
  sha256: string
  size: number
  state: ArtifactState
  problems: Failure[]
  createdAt: string
}

export interface BuildRow {
  id: string
  stream: string
  version: string
  release: string
  state: BuildState
  provenance: JsonObject
  /** `version-release` of the kernel build of this stream that its modules were built for. */
  builtFor: string | null
  /** Null until ingested, and for a build without a kernel. */
  kernel: (KernelRow & { base: FingerprintedBase }) | null
  /** Null until ingested, and for a build without modules. */
  modules: { setId: string; count: number } | null
  /** Null where it is not known, and for a build without modules. */
  origin: OriginRow | null
  artifacts: ArtifactRow[]
  /** What of the build contradicts what is said of it. */
  problems: Failure[]
  failure: Failure | null
  createdAt: string
  sealedAt: string | null
  finishedAt: string | null
  /** Null unless somebody said that it was pushed by mistake: then its name is free, and it takes part in nothing. */
  withdrawal: Statement | null
}

/** What somebody said of a build, and when. */
export interface Statement {
  by: string
  at: string
  reason: string
}

/** How far the pairs of a build are, as kernel build and as module build together. */
export interface BuildProgress {
  pending: number
  done: number
  failed: number
}

/** The same name came with other content. `filename` is null where the declaration differed. */
export interface RefusalRow {
  id: string
  filename: string | null
  code: RefusalCode
  recorded: Json
  given: Json
  /** Name of the token that sent it first; null where that was not recorded. */
  by: string | null
  createdAt: string
  times: number
  lastAt: string
  /** `version-release` of a build of modules for the same kernel that has what came after the seal; it is looked at there. */
  heldBy: string | null
  /** Null until somebody looked at it. */
  acknowledgement: Statement | null
}

/** Enough of a build to name it. */
export interface BuildRef {
  id: string
  version: string
  release: string
}

/** How many modules have which verdict. */
export type Counts = { [verdict: string]: number }

/** What becomes of the modules of one build on the kernel of the other, as far as the pair has come. */
export interface DriftSide {
  state: PairState
  counts: Counts
}

/** What differs between the bases of two kernel builds of a stream, the one before the other. */
export interface DriftRow {
  id: string
  stream: string
  from: BuildRef
  to: BuildRef
  /** False once a kernel build was ingested whose version is between the two. */
  neighbours: boolean
  state: PairState
  /** These are null until it is done. */
  class: string | null
  headline: string | null
  counts: Counts | null
  engine: string | null
  reportSha256: string | null
  /** Modules of the first build on the second kernel, and the other way round; null where there is no such pair. */
  oldOnNew: DriftSide | null
  newOnOld: DriftSide | null
  error: Failure | null
  createdAt: string
  updatedAt: string
}

/** One of the kernels of a drift, as it is compared. */
export interface DriftKernelRow {
  /** `version-release` of the build. */
  name: string
  release: string | null
  version: string | null
  compiler: string | null
  pahole: string | null
  baseSha256: string
}

/** What to compute a drift from. */
export interface DriftInputs {
  state: PairState
  /** The engine that its report is of; null where it has none. */
  engine: string | null
  from: DriftKernelRow
  to: DriftKernelRow
}

/** A drift as it was computed. */
export interface DriftResult {
  fromBuildId: string
  toBuildId: string
  class: string
  headline: string
  counts: Counts
  engine: string
  report: { sha256: string; size: number }
  fingerprints: BaseFingerprintsRow[]
}

export interface MatrixCell {
  kernelBuild: BuildRef
  moduleBuild: BuildRef
  state: PairState
  /** Empty until the pair is done. */
  counts: Counts
  error: Failure | null
}

/** The base that modules are compared with as the one that they were built on, and of which of them that is said. */
export interface OriginKey {
  /** Null where none is known. */
  originSha256: string | null
  /** Whether stamps alone name it: it is the origin of no module without one. */
  originStamped: boolean
  /** `uname -r` of the kernel that it is of: it is the origin of no module that names another. Null where that is not known. */
  originRelease: string | null
}

/** What a comparison is a pure function of. */
export interface ComparisonKey extends OriginKey {
  moduleSetId: string
  runningSha256: string
  /** Blob with what the modules import and export; null where none is recorded. */
  symbolsSha256: string | null
  /** Blob with what the kernel gives to modules: vermagic and exports. Null where none is recorded. */
  exportsSha256: string | null
  rules: RulesRow
  /** False where the kernel looks at no module's BTF. */
  btfModules: boolean
  engine: string
}

/** The verdicts of one module set; `rows` is compact, one a module in the manifest's order. */
export interface ComparisonRow extends ComparisonKey {
  counts: Counts
  rows: Uint8Array
  /** What a gate looks at of each module, a byte each; none where every module fits. Null where it was not recorded. */
  outcomes?: Uint8Array | null
  /** Recorded with the outcomes: modules that import what nothing known exports, the first by name, and the first of these symbols. */
  missing?: readonly MissingSymbols[]
}

/** A module that imports what nothing known exports, the first of these symbols, and how many they are. */
export interface MissingSymbols {
  readonly module: string
  readonly symbols: readonly string[]
  readonly total: number
}

/** The comparison that a pair has. */
export interface RecordedComparison {
  key: string
  engine: string
}

/** One module build on one kernel build, with its verdicts once it is done. */
export interface PairRow {
  stream: string
  kernelBuild: BuildRow
  moduleBuild: BuildRow
  state: PairState
  error: Failure | null
  comparison: ComparisonRow | null
  updatedAt: string
}

/** What a compare needs: both builds are ingested. */
export interface PairInputs extends OriginKey {
  kernelBuildId: string
  moduleBuildId: string
  state: PairState
  running: BaseRow
  rules: RulesRow | null
  /** False where the kernel is known to look at no module's BTF. */
  btfModules: boolean
  /** Blob with what the kernel gives to modules; null where none is recorded. */
  exportsSha256: string | null
  moduleSet: ModuleSetRow
  /** The comparison that the pair has; null where it has none. */
  recorded: RecordedComparison | null
}

/** The modules of a build; two builds whose modules are equal file by file share one. */
export interface ModuleSetRow {
  /** SHA-256 over the manifest. */
  id: string
  count: number
  /** Blob with the split BTFs. */
  bundleSha256: string
  /** Blob with what the modules import and export; null where none is recorded. */
  symbolsSha256: string | null
}

/** What a task is to do, by ids only. */
export type TaskPayload =
  | { kind: 'ingest'; buildId: string }
  | { kind: 'compare'; kernelBuildId: string; moduleBuildId: string }
  | { kind: 'origin'; buildId: string }
  | { kind: 'drift'; fromBuildId: string; toBuildId: string }
  | { kind: 'fingerprint'; baseSha256: string }
  | { kind: 'announce'; subject: string }

export interface TaskRow {
  /** From content: `ingest:BUILD`, `compare:KERNEL:MODULES`, `origin:BUILD`, `drift:FROM:TO`, `fingerprint:BASE`, `announce:SUBJECT`. */
  id: string
  payload: TaskPayload
  state: TaskState
  /** How often it was taken, this time included; runs that a stopping worker put back do not count. */
  attempt: number
  leaseOwner: string | null
  leaseUntil: string | null
  /** Not before this time. */
  runAt: string
  error: Failure | null
  createdAt: string
  finishedAt: string | null
}

/** A bell to ring in the queue, not before `runAt`. A job's id is made of `taskId` and `bell`. */
export interface BellRow {
  /** Of the outbox row, as decimal digits. */
  id: string
  taskId: string
  kind: TaskKind
  /** Counts up with every ring of the same task, so that no queue takes it for one it has seen. */
  bell: number
  runAt: string
}
