import type { Audit, Idempotency, Tokens } from './access/types.js'
import type { BlobRecords } from './blob-records.js'
import type { Asked } from './gate/asked.js'
import type { Attested } from './gate/attested.js'
import type { Gate } from './gate/decisions.js'
import type { Lives } from './gate/live.js'
import type { Policies } from './gate/policies.js'
import type { GateUses } from './gate/uses.js'
import type { Waivers } from './gate/waivers.js'
import type { Channels } from './notices/channels.js'
import type { Courier } from './notices/courier.js'
import type { Deliveries } from './notices/deliveries.js'
import type { Notices } from './notices/subjects.js'
import type { Quotas } from './quotas.js'
import type { Renewals } from './renewal/renewals.js'
import type { Retention } from './retention.js'
import type {
  ArtifactKind,
  ArtifactRow,
  ArtifactState,
  BaseFingerprintsRow,
  BaseRow,
  BellRow,
  BuildProgress,
  BuildRow,
  ComparisonKey,
  ComparisonRow,
  DriftInputs,
  DriftResult,
  DriftRow,
  Failure,
  JsonObject,
  KernelRow,
  MatrixCell,
  ModuleRow,
  ModuleSetRow,
  OriginSource,
  Page,
  PageRequest,
  PairInputs,
  PairRow,
  RefusalRow,
  Seen,
  TaskRow,
  VersionScheme,
} from './rows.js'

/** A stream by its name. */
export interface StreamRow {
  id: string
  name: string
  /** How its versions are ordered; null until a package tells: then in the order of declaration. */
  versionScheme: VersionScheme | null
  createdAt: string
}

export interface Streams {
  /** Null where no build was ever declared in it. */
  find(name: string): Promise<StreamRow | null>
  /** By name; those alone whose names fit one of `globs` where it is given. */
  list(query: Seen & PageRequest): Promise<Page<StreamRow>>
  /** Orders its builds, and the drifts between them, by that scheme from now on; null where there is no such stream. */
  order(name: string, scheme: VersionScheme): Promise<StreamRow | null>
}

/** How a build is declared. `provenance` and `builtFor` are its content: other content under the same name is refused. */
export interface Declaration {
  stream: string
  version: string
  release: string
  provenance: JsonObject
  builtFor: string | null
  /** Name of the token that declares it: it is told of a refusal. */
  by?: string
}

/** What an ingest found. `kernel` and `base` are both there or both null; so are `manifest` and `bundle`. */
export interface IngestResult {
  buildId: string
  kernel: KernelRow | null
  /** Bytes of the base blob in `size`. */
  base: (BaseRow & { size: number }) | null
  /** Sorted by `file`; at least one module. */
  manifest: ModuleRow[] | null
  bundle: { sha256: string; size: number } | null
  /** Blob with what the modules import and export; `codec` counts up with what such blobs tell. */
  symbols?: { sha256: string; size: number; codec: number } | null
  /** Blob with what the kernel gives to modules. */
  exports?: { sha256: string; size: number } | null
  artifacts: { id: string; state: ArtifactState; problems: Failure[] }[]
  /** What was decided of the origin of the modules; left out where there are none. */
  origin?: OriginDecision | undefined
}

/** By what the origin of a build's modules is looked for. */
export interface OriginQuery {
  /** The stream of the build, and the build of it that the modules are said to be made for. */
  stream: string
  builtFor: string | null
  /** When the build was declared: of several builds that had that name one after the other, that tells which is meant. */
  declaredAt: string
  /** SHA-256 of the build's own base, which is none of the others; null without one. */
  own: string | null
  /** SHA-256 of the base that the stamps of most of its modules name. */
  stamp: string | null
  /** The string length of the base that most of the modules were built on, where they tell it. */
  strings: number | null
  /** Kernel releases that the modules name (`uname -r`). */
  releases: string[]
}

/** What the ledger knows that the origin of a build's modules can follow from. Equal evidence, equal decision. */
export interface OriginEvidence {
  /** The base that the stamps name. */
  stamped: BaseRow | null
  /** Base of the build that it means by `builtFor`; null where that was withdrawn. */
  stated: BaseRow | null
  /** `uname -r` of that build's kernel; null where it does not tell, or there is none. */
  statedRelease: string | null
  /** Bases of the kernels of its stream that have that string length, by hash: at most one more than `mostOriginCandidates`. */
  candidates: BaseRow[]
  /** Bases of the kernels of its stream that have one of those releases, by hash, likewise. */
  named: BaseRow[]
}

/** The origin of a build's modules, what of them contradicts what is said of it, and what both follow from. */
export interface OriginDecision {
  /** `release`: `uname -r` of the kernel that the base is of, by which modules of others are told apart; null where it is not known. */
  origin: { baseSha256: string; source: OriginSource; release: string | null } | null
  problems: Failure[]
  /** Null where it follows from the build alone. */
  seen: { query: OriginQuery; evidence: OriginEvidence } | null
}

export interface Origins {
  evidence(query: OriginQuery): Promise<OriginEvidence>
  /**
   * Records the decision on an ingested build; where what its modules are compared with is another base now, its pairs wait again, each
   * with a task.
   * `stale`: other evidence came in since, and nothing was recorded. `build-unknown`.
   */
  record(buildId: string, decision: OriginDecision): Promise<'recorded' | 'same' | 'stale'>
}

export interface Builds {
  /** Idempotent. `differs` was recorded as a refusal; `build` is then what was recorded before. */
  declare(declaration: Declaration): Promise<{ outcome: 'created' | 'same' | 'differs'; build: BuildRow }>
  get(id: string): Promise<BuildRow | null>
  /** By its name, which one that was withdrawn has no more. */
  find(stream: string, version: string, release: string): Promise<BuildRow | null>
  /** The build whose kernel has this base: of several the first of that stream, else the first of all. */
  withBase(sha256: string, prefer: { stream: string }): Promise<BuildRow | null>
  /** Newest first; all streams where `stream` is not given; with `withdrawn` only those that were withdrawn, or were not. */
  list(
    query: { stream?: string | undefined; withdrawn?: boolean | undefined } & Seen & PageRequest,
  ): Promise<Page<BuildRow>>
  /** Newest version first, as the scheme of the stream orders them; those that are equal, and all without one, newest first. */
  listByVersion(
    query: { stream: string; withdrawn?: boolean | undefined } & PageRequest,
  ): Promise<Page<BuildRow>>
  /** In the manifest's order; `name` is a part of the module's name. `build-unknown`. */
  modules(id: string, query: { name?: string | undefined } & PageRequest): Promise<Page<ModuleRow>>
  /** Refused writes under the build's name: those that nobody has acknowledged, then the others, the newest first; at most 101. */
  refusals(id: string): Promise<RefusalRow[]>
  /** Somebody looked at these refusals of the build. Idempotent: what was said first stays. `build-unknown`, `refusal-unknown`. */
  acknowledge(id: string, of: { refusals: readonly string[]; reason: string; by: string }): Promise<BuildRow>
  /**
   * It was pushed by mistake: it takes part in nothing from now on, and its name is free for another build. What is recorded of it stays. Idempotent:
   * what was said first stays. `build-unknown`, `build-live`.
   */
  withdraw(id: string, of: { reason: string; by: string }): Promise<BuildRow>
  progress(id: string): Promise<BuildProgress>
  /** Closes the build and records its ingest task and bell in one transaction. Idempotent. `build-unknown`, `build-withdrawn`. */
  seal(id: string): Promise<BuildRow>
  /** sealed → ingesting. Null where there is nothing to do any more (comparing, done, failed); ingesting stays ingesting. */
  startIngest(id: string): Promise<BuildRow | null>
  /**
   * Records what was found, and every pair that follows from it with its task and bell, in one transaction that holds the
   * stream. The build is then `comparing`, or `done` where it has no pairs to compare. Of several calls the first counts; `pairs` is how many it made.
   * `stale`: other evidence of the modules' origin came in since, and nothing was recorded.
   */
  recordIngest(
    result: IngestResult,
  ): Promise<{ outcome: 'recorded' | 'already' | 'stale'; build: BuildRow; pairs: number }>
  /** Ends the build as failed, with what is known of its artifacts. Nothing happens to a build that has ended. */
  fail(id: string, failure: Failure, artifacts?: IngestResult['artifacts']): Promise<BuildRow>
}

export interface Artifacts {
  /**
   * Adds a file whose blob is stored. `differs`: the name holds other content, which stays (recorded as a refusal).
   * `sealed`: the build takes no more; `full`: it has `most` of them. `artifact` is what is recorded under the name, null where nothing is. `build-unknown`,
   * `build-withdrawn`.
   */
  add(artifact: {
    buildId: string
    filename: string
    /** `package` where it is left out. */
    kind?: ArtifactKind | undefined
    sha256: string
    size: number
    /** Name of the token that sends it: it is told of a refusal. */
    by?: string
    /** Artifacts that a build may have; any number where it is left out. */
    most?: number
  }): Promise<{ outcome: 'created' | 'same' | 'differs' | 'sealed' | 'full'; artifact: ArtifactRow | null }>
  /** Whether a build of a stream whose name fits one of the globs has this file. */
  has(sha256: string, globs: readonly string[]): Promise<boolean>
}

export interface ModuleSets {
  get(id: string): Promise<ModuleSetRow | null>
  /** All modules in order. */
  manifest(id: string): Promise<ModuleRow[]>
}

export interface Pairs {
  /** Newest kernel build first, then newest module build. */
  matrix(query: { stream: string } & PageRequest): Promise<{ cells: MatrixCell[]; next: string | null }>
  get(kernelBuildId: string, moduleBuildId: string): Promise<PairRow | null>
  /** What to compare; null where there is no such pair. */
  inputs(kernelBuildId: string, moduleBuildId: string): Promise<PairInputs | null>
  /** Verdicts that are known already, whichever pair they were computed for. */
  comparisonOf(key: ComparisonKey): Promise<ComparisonRow | null>
  /**
   * Stores the comparison unless it is there, ends the pair, and ends builds that were waiting for it alone. Of a pair that is
   * done it takes the place of an older engine's, or of one with other inputs. `stale`: the pair's inputs have changed since
   * they were read (its origin base came in, or other symbols of its modules), and nothing was recorded.
   */
  record(result: {
    kernelBuildId: string
    moduleBuildId: string
    comparison: ComparisonRow
  }): Promise<'recorded' | 'already' | 'stale'>
}

export interface Bases {
  /** Keeps them where there are none yet. */
  recordFingerprints(fingerprints: readonly BaseFingerprintsRow[]): Promise<void>
}

export interface Drifts {
  /** Of neighbouring kernel builds, the latest version first. */
  list(query: { stream: string } & PageRequest): Promise<Page<DriftRow>>
  get(id: string): Promise<DriftRow | null>
  /** What to compute; null where there is no such drift. */
  inputs(fromBuildId: string, toBuildId: string): Promise<DriftInputs | null>
  /** Ends a drift, or takes the place of an older engine's report, and keeps the fingerprints of its bases. `drift-unknown`. */
  record(result: DriftResult): Promise<'recorded' | 'already'>
}

export interface Tasks {
  get(id: string): Promise<TaskRow | null>
  /** Compare-and-set: the task where it was due (pending, or its lease ended) and is now this owner's, one attempt more; else null. */
  take(id: string, owner: string, leaseMs: number): Promise<TaskRow | null>
  /** False where the lease is not this owner's any more: stop working on it. */
  extend(id: string, owner: string, leaseMs: number): Promise<boolean>
  finish(id: string, owner: string): Promise<boolean>
  /**
   * Final: what failed will fail again. Fails what the task was to do too, in one transaction: the build of an ingest, or the
   * pair of a compare, which ends builds that were waiting for it alone, or the drift. False, and nothing is changed, where the lease is not
   * this owner's any more: the pair may be waiting with other inputs.
   */
  fail(id: string, owner: string, error: Failure): Promise<boolean>
  /**
   * Failure of the world: pending again from `runAt` on, with a new bell in the same transaction. With `counts` false the run
   * is none of the task's attempts: its worker put it back in good order.
   */
  retry(
    id: string,
    owner: string,
    error: Failure,
    runAt: Date,
    options?: { counts?: boolean },
  ): Promise<boolean>
  /**
   * Tasks whose bell seems lost, at most `limit`: due and pending, or with a lease that has ended, for at least `quietMs`, and
   * no bell of theirs in the outbox or written within `quietMs`.
   */
  overdue(limit: number, quietMs: number): Promise<string[]>
  /** Writes a new bell for each that is still not finished; gives how many. */
  ring(ids: string[]): Promise<number>
  /** How many there are in each state. */
  counts(): Promise<{ pending: number; leased: number; done: number; failed: number }>
}

export interface Outbox {
  /** Oldest first. Rows stay until `done`, so two dispatchers may see the same: job ids make that harmless. */
  batch(limit: number): Promise<BellRow[]>
  done(ids: string[]): Promise<void>
  size(): Promise<number>
}

/** The record of everything. No singletons: whoever opens it closes it. */
export interface Ledger {
  readonly streams: Streams
  readonly builds: Builds
  readonly artifacts: Artifacts
  readonly blobs: BlobRecords
  readonly quotas: Quotas
  readonly moduleSets: ModuleSets
  readonly origins: Origins
  readonly pairs: Pairs
  readonly bases: Bases
  readonly drifts: Drifts
  readonly lives: Lives
  readonly policies: Policies
  readonly waivers: Waivers
  readonly gate: Gate
  readonly gateUses: GateUses
  readonly renewals: Renewals
  readonly retention: Retention
  readonly asked: Asked
  readonly attested: Attested
  readonly notices: Notices
  readonly channels: Channels
  readonly deliveries: Deliveries
  readonly courier: Courier
  readonly tasks: Tasks
  readonly outbox: Outbox
  readonly tokens: Tokens
  readonly audit: Audit
  readonly idempotency: Idempotency
  /** Answers within `timeoutMs` or throws `database-unreachable`. */
  ping(timeoutMs?: number): Promise<void>
  close(): Promise<void>
}
