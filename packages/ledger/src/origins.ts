import { meantBy } from './built-for.js'
import { type Database, type Tx, transact } from './db.js'
import { enqueue } from './enqueue.js'
import { LedgerError } from './errors.js'
import { isUuid } from './ids.js'
import { canonical, storable, storableJson } from './json.js'
import { originKeyOf } from './origin-key.js'
import type { OriginDecision, OriginEvidence, OriginQuery, Origins } from './repositories.js'
import type { BaseRow, JsonObject } from './rows.js'

/** Bases that are looked at for one build: of more than these, none is taken for the one that its modules were built on. */
export const mostOriginCandidates = 64

/** Advisory lock of whoever adds a base, and of whoever decides by the bases that there are: one at a time. */
const lockId = 0x6f726967

/** Waits for the others that add or decide, and keeps them waiting until the transaction ends. */
export async function lockOrigins(tx: Tx): Promise<void> {
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(${lockId})::text`
}

const limit = mostOriginCandidates + 1

async function evidenceOf(tx: Tx, query: OriginQuery): Promise<OriginEvidence> {
  const { stream, own, stamp, strings, releases } = query
  const [stamped] = await tx.$queryRaw<
    BaseRow[]
  >`SELECT sha256, types, strings FROM "Base" WHERE sha256 = ${stamp}`
  const meant = await meantBy(tx, { ...query, declaredAt: new Date(query.declaredAt) })
  const [said] = await tx.$queryRaw<(BaseRow & { release: string | null })[]>`
    SELECT b.sha256, b.types, b.strings, k."kernelRelease" AS release
    FROM "Build" k JOIN "Base" b ON b.sha256 = k."baseSha256"
    WHERE k.id = ${meant?.withdrawn === false ? meant.id : null}::uuid`
  const candidates = await tx.$queryRaw<BaseRow[]>`
    SELECT DISTINCT b.sha256, b.types, b.strings
    FROM "Build" k JOIN "Stream" s ON s.id = k."streamId" JOIN "Base" b ON b.sha256 = k."baseSha256"
    WHERE s.name = ${stream} AND b.strings = ${strings}::int AND b.sha256 IS DISTINCT FROM ${own} AND k."withdrawnAt" IS NULL
    ORDER BY b.sha256 LIMIT ${limit}`
  const named = await tx.$queryRaw<BaseRow[]>`
    SELECT DISTINCT b.sha256, b.types, b.strings
    FROM "Build" k JOIN "Stream" s ON s.id = k."streamId" JOIN "Base" b ON b.sha256 = k."baseSha256"
    WHERE s.name = ${stream} AND k."kernelRelease" = ANY(${releases.map(storable)}) AND b.sha256 IS DISTINCT FROM ${own}
      AND k."withdrawnAt" IS NULL
    ORDER BY b.sha256 LIMIT ${limit}`
  const { release: statedRelease = null, ...stated } = said ?? {}
  return {
    stamped: stamped ?? null,
    stated: said === undefined ? null : (stated as BaseRow),
    statedRelease,
    candidates,
    named,
  }
}

/** Whether a decision still follows from what the ledger knows; the lock must be held. */
export async function stillHolds(tx: Tx, { seen }: Pick<OriginDecision, 'seen'>): Promise<boolean> {
  return seen === null || canonical(await evidenceOf(tx, seen.query)) === canonical(seen.evidence)
}

/** The columns of a build that a decision sets. */
export function originColumns({ origin, problems }: OriginDecision) {
  return {
    originSha256: origin?.baseSha256 ?? null,
    originSource: origin?.source ?? null,
    originRelease: storable(origin?.release ?? null),
    problems: storableJson(problems) as unknown as JsonObject[],
  }
}

/**
 * Looks again for the origin of module builds after a kernel came in: of those of its stream whose origin is not known, or is
 * known only because it was found and may change; and, where its base is a new one, of those of any stream whose stamps name it: a
 * stamp is proof, whoever brings the base. Nothing else that one stream brings has an effect on another.
 */
export async function lookAgain(
  tx: Tx,
  kernel: {
    buildId: string
    streamId: string
    name: string
    base: { sha256: string; strings: number }
    newBase: boolean
  },
  now: Date,
): Promise<void> {
  const { buildId, streamId, name, base, newBase } = kernel
  const builds = await tx.$queryRaw<{ id: string }[]>`
    SELECT m.id FROM "Build" m JOIN "ModuleSet" s ON s.id = m."moduleSetId"
    WHERE m.id <> ${buildId}::uuid AND m.state IN ('comparing', 'done') AND m."withdrawnAt" IS NULL
      AND ((m."streamId" = ${streamId}::uuid
          AND (m."originSha256" IS NULL
            OR (m."originSource" = 'found'
              AND (m."builtFor" = ${name} OR (s."originStrings" = ${base.strings} AND m."originSha256" <> ${base.sha256})))))
        OR (${newBase} AND s."stampSha256" = ${base.sha256}))
    ORDER BY m.id`
  await enqueue(
    tx,
    builds.map(({ id }) => ({ kind: 'origin', buildId: id })),
    now,
  )
}

/** The repository of the origins of modules. */
export function createOrigins(db: Database): Origins {
  const { prisma, clock } = db
  return {
    evidence: (query) => evidenceOf(prisma, query),

    async record(buildId, decision) {
      const unknown = () => new LedgerError('build-unknown', `There is no build ${buildId}.`)
      if (!isUuid(buildId)) throw unknown()
      return transact(db, async (tx) => {
        const now = clock()
        // The stream before the lock, and pairs before the build: as an ingest and a comparison hold them.
        await tx.$queryRaw`
          SELECT s.id FROM "Stream" s JOIN "Build" b ON b."streamId" = s.id WHERE b.id = ${buildId}::uuid
          FOR NO KEY UPDATE OF s`
        await lockOrigins(tx)
        if (!(await stillHolds(tx, decision))) return 'stale'
        const build = await tx.build.findUnique({
          where: { id: buildId },
          select: { originSha256: true, originSource: true, originRelease: true, problems: true },
        })
        if (build === null) throw unknown()
        const columns = originColumns(decision)
        if (canonical(build) === canonical(columns)) return 'same'
        if (canonical(originKeyOf(build)) !== canonical(originKeyOf(columns))) {
          const pairs = await tx.$queryRaw<{ kernelBuildId: string }[]>`
            UPDATE "Pair" SET state = 'pending', "comparisonKey" = NULL, error = NULL, "updatedAt" = ${now}
            FROM "Build" k
            WHERE k.id = "Pair"."kernelBuildId" AND "Pair"."moduleBuildId" = ${buildId}::uuid AND k."rulesVersion" IS NOT NULL
            RETURNING "Pair"."kernelBuildId"`
          await enqueue(
            tx,
            pairs.map(({ kernelBuildId }) => ({ kind: 'compare', kernelBuildId, moduleBuildId: buildId })),
            now,
          )
        }
        await tx.build.update({ where: { id: buildId }, data: columns })
        return 'recorded'
      })
    },
  }
}
