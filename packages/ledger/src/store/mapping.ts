import type { Prisma } from '../generated/client.js'
import type {
  ArtifactRow,
  BuildRow,
  Counts,
  Failure,
  JsonObject,
  KernelRow,
  PairRow,
  RulesRow,
  TaskPayload,
  TaskRow,
} from '../rows.js'

/** What of a build is read with it. */
export const wholeBuild = {
  stream: true,
  base: true,
  moduleSet: true,
  artifacts: { orderBy: { filename: 'asc' } },
} as const satisfies Prisma.BuildInclude

type BuildRecord = Prisma.BuildGetPayload<{ include: typeof wholeBuild }>
type ArtifactRecord = Prisma.ArtifactGetPayload<object>
type TaskRecord = Prisma.TaskGetPayload<object>

export const time = (at: Date): string => at.toISOString()
export const timeOrNull = (at: Date | null): string | null => at?.toISOString() ?? null

/** A failure as it was stored; columns of type Json hold what this package wrote. */
export const failureOrNull = (json: unknown): Failure | null => json as Failure | null

export function artifactRow(record: ArtifactRecord): ArtifactRow {
  return {
    id: record.id,
    filename: record.filename,
    sha256: record.sha256,
    size: Number(record.size),
    state: record.state,
    problems: record.problems as unknown as Failure[],
    createdAt: time(record.createdAt),
  }
}

export function rulesRow(record: {
  rulesVersion: string | null
  allowBtfMismatch: boolean | null
}): RulesRow | null {
  const { rulesVersion: version, allowBtfMismatch } = record
  return version === null ? null : { version, allowBtfMismatch }
}

function kernelRow(record: BuildRecord): BuildRow['kernel'] {
  if (record.base === null || record.kernelFile === null) return null
  const { sha256, types, strings } = record.base
  const kernel: KernelRow = {
    file: record.kernelFile,
    release: record.kernelRelease,
    banner: record.kernelBanner,
    buildId: record.kernelBuildId,
    rules: rulesRow(record),
  }
  return { ...kernel, base: { sha256, types, strings } }
}

export function buildRow(record: BuildRecord): BuildRow {
  return {
    id: record.id,
    stream: record.stream.name,
    version: record.version,
    release: record.release,
    state: record.state,
    provenance: record.provenance as JsonObject,
    builtFor: record.builtFor,
    kernel: kernelRow(record),
    modules: record.moduleSet === null ? null : { setId: record.moduleSet.id, count: record.moduleSet.count },
    artifacts: record.artifacts.map(artifactRow),
    failure: failureOrNull(record.failure),
    createdAt: time(record.createdAt),
    sealedAt: timeOrNull(record.sealedAt),
    finishedAt: timeOrNull(record.finishedAt),
  }
}

export function taskRow(record: TaskRecord): TaskRow {
  return {
    id: record.id,
    payload: record.payload as unknown as TaskPayload,
    state: record.state,
    attempt: record.attempt,
    leaseOwner: record.leaseOwner,
    leaseUntil: timeOrNull(record.leaseUntil),
    runAt: time(record.runAt),
    error: failureOrNull(record.error),
    createdAt: time(record.createdAt),
    finishedAt: timeOrNull(record.finishedAt),
  }
}

/** What of a pair is read with it. */
export const wholePair = {
  kernelBuild: { include: wholeBuild },
  moduleBuild: { include: wholeBuild },
  comparison: true,
} as const satisfies Prisma.PairInclude

export function pairRow(record: Prisma.PairGetPayload<{ include: typeof wholePair }>): PairRow {
  const { comparison } = record
  return {
    stream: record.kernelBuild.stream.name,
    kernelBuild: buildRow(record.kernelBuild),
    moduleBuild: buildRow(record.moduleBuild),
    state: record.state,
    error: failureOrNull(record.error),
    comparison: comparison === null ? null : comparisonRow(comparison),
    updatedAt: time(record.updatedAt),
  }
}

export function comparisonRow(record: Prisma.ComparisonGetPayload<object>) {
  const { moduleSetId, runningSha256, originSha256, rulesVersion: version, allowBtfMismatch, engine } = record
  return {
    moduleSetId,
    runningSha256,
    originSha256,
    rules: { version, allowBtfMismatch },
    engine,
    counts: record.counts as Counts,
    rows: record.rows,
  }
}
