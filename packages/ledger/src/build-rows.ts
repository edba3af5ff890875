import type { Prisma } from './generated/client.js'
import type { ArtifactRow, BuildRow, Failure, JsonObject, Statement } from './rows.js'

/** What a build row is made of. */
export const buildInclude = {
  stream: { select: { name: true } },
  base: { select: { sha256: true, types: true, strings: true, layout: true, meaning: true } },
  moduleSet: { select: { id: true, count: true } },
  origin: { select: { sha256: true, types: true, strings: true } },
  artifacts: { orderBy: { filename: 'asc' } },
} satisfies Prisma.BuildInclude

type ArtifactRecord = Prisma.ArtifactGetPayload<object>
type BuildRecord = Prisma.BuildGetPayload<{ include: typeof buildInclude }>

/** What somebody said, where anybody did. */
export function statementOf(at: Date | null, by: string | null, reason: string | null): Statement | null {
  return at === null ? null : { by: by ?? '', at: at.toISOString(), reason: reason ?? '' }
}

const time = (date: Date | null) => (date === null ? null : date.toISOString())

/** An artifact as it is given out. */
export function artifactRow(record: ArtifactRecord): ArtifactRow {
  const { id, filename, kind, sha256, size, state, problems, createdAt } = record
  return {
    id,
    filename,
    kind,
    sha256,
    size: Number(size),
    state,
    problems: problems as unknown as Failure[],
    createdAt: createdAt.toISOString(),
  }
}

/** A build as it is given out. */
export function buildRow(record: BuildRecord): BuildRow {
  const { base, moduleSet, origin, originSource } = record
  return {
    id: record.id,
    stream: record.stream.name,
    version: record.version,
    release: record.release,
    state: record.state,
    provenance: record.provenance as JsonObject,
    builtFor: record.builtFor,
    kernel:
      base === null
        ? null
        : {
            file: record.kernelFile ?? '',
            release: record.kernelRelease,
            banner: record.kernelBanner,
            buildId: record.kernelBuildId,
            rules:
              record.rulesVersion === null
                ? null
                : { version: record.rulesVersion, allowBtfMismatch: record.allowBtfMismatch },
            compiler: record.compiler,
            pahole: record.pahole,
            btfModules: record.btfModules,
            base,
          },
    modules: moduleSet === null ? null : { setId: moduleSet.id, count: moduleSet.count },
    origin: origin === null || originSource === null ? null : { base: origin, source: originSource },
    artifacts: record.artifacts.map(artifactRow),
    problems: record.problems as unknown as Failure[],
    failure: record.failure as unknown as Failure | null,
    createdAt: record.createdAt.toISOString(),
    sealedAt: time(record.sealedAt),
    finishedAt: time(record.finishedAt),
    withdrawal: statementOf(record.withdrawnAt, record.withdrawnBy, record.withdrawnReason),
  }
}
