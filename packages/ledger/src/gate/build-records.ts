import type { Tx } from '../db.js'
import { LedgerError } from '../errors.js'
import { Prisma } from '../generated/client.js'
import { isUuid } from '../ids.js'
import { heldBy } from '../refusals.js'
import type { BuildState, Failure, VersionScheme } from '../rows.js'
import type { Remark } from './missing.js'
import { remarksOf } from './remarks.js'

/** Packages of modules alone that are looked at beside the live builds. */
export const mostPackages = 512

/** A build as a gate looks at it. */
export interface BuildRecord {
  id: string
  version: string
  release: string
  state: BuildState
  hasKernel: boolean
  moduleSetId: string | null
  kernelRelease: string | null
  builtFor: string | null
  /** Whether the config of its kernel has BTF made for modules; null where that is not known. */
  btfModules: boolean | null
  createdAt: Date
  failure: Failure | null
  unusable: string[]
  /** Where it is a package of modules: artifacts of which modules may not have been looked at. */
  unlooked: string[]
  problems: Failure[]
  refused: number
  withdrawnAt: Date | null
  withdrawnBy: string | null
  withdrawnReason: string | null
}

/** The build that a gate is asked about. */
export interface GatedRecord extends BuildRecord {
  streamId: string
  stream: string
  versionScheme: VersionScheme | null
  empty: string[]
  remarks: Remark[]
  /** Whether it has modules, and none of them has BTF. */
  withoutBtf: boolean
}

/** The columns of a `BuildRecord`, of a build `b`. */
const columns = Prisma.sql`
  b.id, b.version, b.release, b.state, b."baseSha256" IS NOT NULL AS "hasKernel", b."moduleSetId", b."kernelRelease", b."builtFor", b."btfModules", b."createdAt",
  b.failure, ARRAY(SELECT filename FROM "Artifact" a WHERE a."buildId" = b.id AND a.state = 'failed' ORDER BY filename) AS unusable,
  ARRAY(SELECT filename FROM "Artifact" a
    WHERE a."buildId" = b.id AND b."baseSha256" IS NULL AND a.problems @> '[{"code": "modules-unread"}]') AS unlooked,
  b.problems, b."withdrawnAt", b."withdrawnBy", b."withdrawnReason",
  (SELECT count(*)::int FROM "Refusal" r WHERE r."buildId" = b.id AND ${heldBy} IS NULL) AS refused`

/** The build that is asked about. `build-unknown`. */
export async function gatedBuild(tx: Tx, buildId: string): Promise<GatedRecord> {
  const [found] = isUuid(buildId)
    ? await tx.$queryRaw<GatedRecord[]>`
        SELECT ${columns}, b."streamId", s.name AS stream, s."versionScheme",
          ARRAY(SELECT filename FROM "Artifact" a
            WHERE a."buildId" = b.id AND a.problems @> '[{"code": "artifact-empty"}]') AS empty,
          ${remarksOf} AS remarks,
          b."moduleSetId" IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM "Module" m WHERE m."moduleSetId" = b."moduleSetId" AND m."btfSha256" IS NOT NULL) AS "withoutBtf"
        FROM "Build" b JOIN "Stream" s ON s.id = b."streamId" WHERE b.id = ${buildId}::uuid`
    : []
  if (found === undefined) throw new LedgerError('build-unknown', `There is no build ${buildId}.`)
  return found
}

/** The builds of the stream that are live in the environment. */
export const liveBuilds = (tx: Tx, environment: string, streamId: string) =>
  tx.$queryRaw<BuildRecord[]>`
    SELECT ${columns} FROM "Live" l JOIN "Build" b ON b.id = l."buildId"
    WHERE l.environment = ${environment} AND l."leftAt" IS NULL AND b."streamId" = ${streamId}::uuid
    ORDER BY b.id`

/** Whether anything of any stream ever was live in an environment of this name. */
export async function isKnown(tx: Tx, environment: string): Promise<boolean> {
  const [found] = await tx.$queryRaw<{ known: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM "Live" WHERE environment = ${environment}) AS known`
  return found?.known === true
}

/**
 * Packages of modules alone that were built for one of these kernel builds, whatever became of them: who has the one may have the
 * other. One that has left the environment is none of them. One more than are looked at.
 */
export const packagesFor = (
  tx: Tx,
  { environment, streamId, buildId }: { environment: string; streamId: string; buildId: string },
  names: readonly string[],
) =>
  tx.$queryRaw<BuildRecord[]>`
    SELECT ${columns} FROM "Build" b
    WHERE b."streamId" = ${streamId}::uuid AND b."builtFor" = ANY(${[...names]}) AND b."baseSha256" IS NULL
      AND b.id <> ${buildId}::uuid AND b."withdrawnAt" IS NULL
      AND NOT EXISTS (SELECT 1 FROM "Live" l WHERE l."buildId" = b.id AND l.environment = ${environment})
    ORDER BY b.id DESC LIMIT ${mostPackages + 1}`

/** The build with this id; undefined for null. */
export async function buildRecord(tx: Tx, id: string | null): Promise<BuildRecord | undefined> {
  const [found] = await tx.$queryRaw<BuildRecord[]>`SELECT ${columns} FROM "Build" b WHERE b.id = ${id}::uuid`
  return found
}
