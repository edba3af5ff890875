import { createHash } from 'node:crypto'
import { LedgerError } from '../errors.js'
import type { Pairs } from '../repositories.js'
import type { ComparisonKey, Counts } from '../rows.js'
import { decodeCursor, isText, pageOf, rowsToAsk } from './cursor.js'
import { type Database, Prisma, type Queries, transact } from './database.js'
import { isId } from './ids.js'
import { comparisonRow, failureOrNull, pairRow, rulesRow, wholePair } from './mapping.js'
import { originOf } from './origin.js'

/** The name of a comparison: SHA-256 over all that its verdicts follow from. */
function nameOf({ moduleSetId, runningSha256, originSha256, rules, engine }: ComparisonKey): string {
  const parts = [moduleSetId, runningSha256, originSha256, rules.version, rules.allowBtfMismatch, engine]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/**
 * Takes hold of both builds of a pair before it ends: of two pairs that end at once, the later then sees the earlier as ended,
 * and knows whether it was the last.
 */
async function hold(queries: Queries, kernelBuildId: string, moduleBuildId: string): Promise<void> {
  await queries.$queryRaw`
    SELECT id FROM "Build" WHERE id IN (${kernelBuildId}::uuid, ${moduleBuildId}::uuid) ORDER BY id FOR NO KEY UPDATE`
}

/** Ends those of the two builds that wait for no pair any more. */
async function endBuilds(queries: Queries, kernelBuildId: string, moduleBuildId: string, now: Date) {
  await queries.$executeRaw`
    UPDATE "Build" b SET state = 'done', "finishedAt" = ${now}
    WHERE b.id IN (${kernelBuildId}::uuid, ${moduleBuildId}::uuid) AND b.state = 'comparing'
      AND NOT EXISTS (SELECT FROM "Pair" p WHERE p."kernelBuildId" = b.id AND p.state = 'pending')
      AND NOT EXISTS (SELECT FROM "Pair" p WHERE p."moduleBuildId" = b.id AND p.state = 'pending')`
}

const buildRef = { id: true, version: true, release: true } as const

/** Module builds on kernel builds, and the comparisons that decide them. */
export function createPairs(database: Database, now: () => Date): Pairs {
  return {
    async matrix({ stream, ...page }) {
      const isUuid = (part: unknown): part is string => isText(part) && isId(part)
      const before = decodeCursor<[string, string]>(page.cursor, [isUuid, isUuid])
      const found = await database.stream.findUnique({ where: { name: stream } })
      if (found === null) return { cells: [], next: null }
      const records = await database.pair.findMany({
        where: {
          streamId: found.id,
          ...(before === null
            ? {}
            : {
                OR: [
                  { kernelBuildId: { lt: before[0] } },
                  { kernelBuildId: before[0], moduleBuildId: { lt: before[1] } },
                ],
              }),
        },
        orderBy: [{ kernelBuildId: 'desc' }, { moduleBuildId: 'desc' }],
        take: rowsToAsk(page),
        select: {
          kernelBuild: { select: buildRef },
          moduleBuild: { select: buildRef },
          state: true,
          error: true,
          comparison: { select: { counts: true } },
        },
      })
      const { items: cells, next } = pageOf(
        records,
        page,
        ({ kernelBuild, moduleBuild }) => [kernelBuild.id, moduleBuild.id],
        ({ kernelBuild, moduleBuild, state, error, comparison }) => ({
          kernelBuild,
          moduleBuild,
          state,
          counts: (comparison?.counts ?? {}) as Counts,
          error: failureOrNull(error),
        }),
      )
      return { cells, next }
    },

    async get(kernelBuildId, moduleBuildId) {
      if (!isId(kernelBuildId) || !isId(moduleBuildId)) return null
      const record = await database.pair.findUnique({
        where: { kernelBuildId_moduleBuildId: { kernelBuildId, moduleBuildId } },
        include: wholePair,
      })
      return record === null ? null : pairRow(record)
    },

    async inputs(kernelBuildId, moduleBuildId) {
      if (!isId(kernelBuildId) || !isId(moduleBuildId)) return null
      const record = await database.pair.findUnique({
        where: { kernelBuildId_moduleBuildId: { kernelBuildId, moduleBuildId } },
        include: { kernelBuild: { include: { base: true } }, moduleBuild: { include: { moduleSet: true } } },
      })
      const base = record?.kernelBuild.base ?? null
      const moduleSet = record?.moduleBuild.moduleSet ?? null
      if (record === null || base === null || moduleSet === null) return null
      return {
        kernelBuildId,
        moduleBuildId,
        state: record.state,
        running: { sha256: base.sha256, types: base.types, strings: base.strings },
        rules: rulesRow(record.kernelBuild),
        originSha256: await originOf(database, record.moduleBuild),
        moduleSet: { id: moduleSet.id, count: moduleSet.count, bundleSha256: moduleSet.bundleSha256 },
      }
    },

    async comparisonOf(key) {
      const record = await database.comparison.findUnique({ where: { key: nameOf(key) } })
      return record === null ? null : comparisonRow(record)
    },

    record: ({ kernelBuildId, moduleBuildId, comparison }) =>
      transact(database, async (queries) => {
        const key = nameOf(comparison)
        const { moduleSetId, runningSha256, originSha256, rules, engine, counts, rows } = comparison
        await queries.comparison.createMany({
          data: [
            {
              key,
              moduleSetId,
              runningSha256,
              originSha256,
              rulesVersion: rules.version,
              allowBtfMismatch: rules.allowBtfMismatch,
              engine,
              counts,
              rows: new Uint8Array(rows),
            },
          ],
          skipDuplicates: true,
        })
        await hold(queries, kernelBuildId, moduleBuildId)
        const pair = await queries.pair.findUnique({
          where: { kernelBuildId_moduleBuildId: { kernelBuildId, moduleBuildId } },
          include: { moduleBuild: true },
        })
        if (pair === null) throw new LedgerError('pair-unknown')
        if (pair.state !== 'pending') return 'already'
        if ((await originOf(queries, pair.moduleBuild)) !== originSha256) return 'stale'
        await queries.pair.update({
          where: { kernelBuildId_moduleBuildId: { kernelBuildId, moduleBuildId } },
          data: { state: 'done', comparisonKey: key, error: Prisma.DbNull },
        })
        await endBuilds(queries, kernelBuildId, moduleBuildId, now())
        return 'recorded'
      }),

    fail: (kernelBuildId, moduleBuildId, error) =>
      transact(database, async (queries) => {
        await hold(queries, kernelBuildId, moduleBuildId)
        await queries.pair.updateMany({
          where: { kernelBuildId, moduleBuildId, state: 'pending' },
          data: { state: 'failed', error: { ...error } },
        })
        await endBuilds(queries, kernelBuildId, moduleBuildId, now())
      }),
  }
}
