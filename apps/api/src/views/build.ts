import type {
  Artifact,
  ArtifactProblem,
  BaseFacts,
  Build,
  BuildRef,
  BuildSummary,
  Failure,
  Kernel,
  ModuleRow,
  Origin,
  Progress,
  Provenance,
} from '@basedrift/contract'
import type {
  ArtifactRow,
  BaseRow,
  BuildProgress,
  BuildRow,
  FingerprintedBase,
  KernelRow,
  OriginRow,
  Failure as RecordedFailure,
  ModuleRow as RecordedModule,
  RefusalRow,
} from '@basedrift/ledger'

function placeOf(at: string | number | null | undefined): string | null {
  return at === null || at === undefined ? null : String(at)
}

/** A failure as it is told; null where there is none. */
export function failureView(failure: RecordedFailure | null): Failure | null {
  return failure === null ? null : { code: failure.code, message: failure.message, at: placeOf(failure.at) }
}

function problemView(problem: RecordedFailure): ArtifactProblem {
  return { code: problem.code, file: problem.file ?? null, at: placeOf(problem.at), message: problem.message }
}

export function artifactView(artifact: ArtifactRow): Artifact {
  return {
    filename: artifact.filename,
    kind: artifact.kind,
    sha256: artifact.sha256,
    size: artifact.size,
    state: artifact.state,
    problems: artifact.problems.map(problemView),
    createdAt: artifact.createdAt,
  }
}

export function kernelView(kernel: KernelRow & { base: FingerprintedBase }): Kernel {
  const { file, release, banner, buildId, rules, btfModules, base } = kernel
  return {
    file,
    release,
    banner,
    buildId,
    rules: rules === null ? null : { version: rules.version, allowBtfMismatch: rules.allowBtfMismatch },
    btfModules,
    base: baseView(base),
    fingerprints:
      base.layout === null || base.meaning === null ? null : { layout: base.layout, meaning: base.meaning },
  }
}

function baseView({ sha256, types, strings }: BaseRow): BaseFacts {
  return { sha256, types, strings }
}

function originView(origin: OriginRow | null): Origin | null {
  return origin === null ? null : { base: baseView(origin.base), source: origin.source }
}

export function buildRefView({ id, version, release }: BuildRef): BuildRef {
  return { id, version, release }
}

/** A build as it stands in a list. */
export function buildSummaryView(build: BuildRow): BuildSummary {
  return {
    id: build.id,
    stream: build.stream,
    version: build.version,
    release: build.release,
    state: build.state,
    builtFor: build.builtFor,
    kernel: build.kernel === null ? null : kernelView(build.kernel),
    modules: build.modules === null ? null : { count: build.modules.count, set: build.modules.setId },
    origin: originView(build.origin),
    failure: failureView(build.failure),
    createdAt: build.createdAt,
    sealedAt: build.sealedAt,
    finishedAt: build.finishedAt,
    withdrawal: build.withdrawal,
  }
}

export function progressView({ pending, done, failed }: BuildProgress): Progress {
  return { pairs: pending + done + failed, done, failed }
}

/** A build with all that is told of it. */
export function buildView(build: BuildRow, progress: BuildProgress, refusals: readonly RefusalRow[]): Build {
  return {
    ...buildSummaryView(build),
    // Only declarations that fit the schema are recorded.
    provenance: build.provenance as Provenance,
    artifacts: build.artifacts.map(artifactView),
    problems: build.problems.map(problemView),
    progress: progressView(progress),
    refusals: [...refusals],
  }
}

export function moduleView(module: RecordedModule): ModuleRow {
  const { name, file, sha256, vermagic, srcversion, buildId } = module
  const btf =
    module.btfSha256 === null
      ? null
      : {
          sha256: module.btfSha256,
          bytes: module.btfBytes ?? 0,
          types: module.types,
          strings: module.strings,
          originStrings: module.originStrings,
          stamp: module.stamp,
          distilledSha256: module.distilledSha256,
        }
  return { name, file, sha256, vermagic, srcversion, buildId, btf }
}
