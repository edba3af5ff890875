import { type Database, type Tx, transact } from '../db.js'
import { enqueue } from '../enqueue.js'
import type { TaskPayload } from '../rows.js'
import { compareEngines } from './engines.js'

/** What was decided by engines of before, and is decided again. */
export interface Renewals {
  /**
   * Lets at most `limit` pairs, or else drifts, be compared again by `engine`: those that are done, and were by an older one or
   * before the symbols of their modules were read anew. What is recorded stays until the new answer is, in its place. Live builds
   * come first, then the newest. Nothing happens while other tasks wait or run, or another worker does the same. Gives the number
   * of tasks, each with its bell.
   */
  begin(options: { engine: string; limit: number }): Promise<number>
  /** Deletes comparisons that no pair has had for `unusedMs`; gives how many, at most `limit`. */
  sweep(limit: number): Promise<number>
}

/** A renewal that failed for good leaves the old answer, and is not tried again for a day. */
const failedPauseMs = 24 * 3_600_000

/** How long a comparison stays that no pair has: longer than any request that has read its key takes. */
export const unusedMs = 3_600_000

/** Advisory lock of whoever looks for what to renew. */
const lockId = 0x72656e65

async function isBusy(tx: Tx, now: Date): Promise<boolean> {
  const [found] = await tx.$queryRaw<{ busy: boolean }[]>`
    SELECT NOT pg_try_advisory_xact_lock(${lockId})
      OR EXISTS (SELECT 1 FROM "Task" WHERE state = 'leased' OR (state = 'pending' AND "runAt" <= ${now})) AS busy`
  return found?.busy !== false
}

/** Versions of the engine that are recorded and older than this one. */
async function olderThan(tx: Tx, engine: string): Promise<string[]> {
  const rows = await tx.$queryRaw<{ engine: string }[]>`
    SELECT engine FROM "Comparison" UNION SELECT engine FROM "Drift" WHERE engine IS NOT NULL`
  return rows.map((row) => row.engine).filter((other) => compareEngines(other, engine) < 0)
}

interface Ends {
  a: string
  b: string
}

async function pairsToRenew(
  tx: Tx,
  {
    engine,
    older,
    limit,
    failedAfter,
  }: { engine: string; older: string[]; limit: number; failedAfter: Date },
): Promise<TaskPayload[]> {
  const pairs = await tx.$queryRaw<Ends[]>`
    SELECT p."kernelBuildId" AS a, p."moduleBuildId" AS b
    FROM "Pair" p JOIN "Comparison" c ON c.key = p."comparisonKey" JOIN "ModuleSet" s ON s.id = c."moduleSetId"
    WHERE p.state = 'done'
      AND (c.engine = ANY(${older}) OR (c.engine = ${engine} AND c."symbolsSha256" IS DISTINCT FROM s."symbolsSha256"))
      AND NOT EXISTS (
        SELECT 1 FROM "Build" b WHERE b.id IN (p."kernelBuildId", p."moduleBuildId") AND b."withdrawnAt" IS NOT NULL)
      AND NOT EXISTS (
        SELECT 1 FROM "Task" t WHERE t.id = 'compare:' || p."kernelBuildId" || ':' || p."moduleBuildId"
          AND (t.state = 'pending' OR (t.state = 'failed' AND t."finishedAt" > ${failedAfter})))
    ORDER BY
      EXISTS (SELECT 1 FROM "Live" l WHERE l."buildId" IN (p."kernelBuildId", p."moduleBuildId") AND l."leftAt" IS NULL) DESC,
      greatest(p."kernelBuildId", p."moduleBuildId") DESC, least(p."kernelBuildId", p."moduleBuildId") DESC, 1
    LIMIT ${limit}`
  return pairs.map(({ a, b }) => ({ kind: 'compare', kernelBuildId: a, moduleBuildId: b }))
}

async function driftsToRenew(
  tx: Tx,
  { older, limit, failedAfter }: { older: string[]; limit: number; failedAfter: Date },
): Promise<TaskPayload[]> {
  const drifts = await tx.$queryRaw<Ends[]>`
    SELECT d."fromBuildId" AS a, d."toBuildId" AS b FROM "Drift" d
    WHERE d.state = 'done' AND d.neighbours AND d.engine = ANY(${older})
      AND NOT EXISTS (
        SELECT 1 FROM "Task" t WHERE t.id = 'drift:' || d."fromBuildId" || ':' || d."toBuildId"
          AND (t.state = 'pending' OR (t.state = 'failed' AND t."finishedAt" > ${failedAfter})))
    ORDER BY d."toBuildId" DESC, d."fromBuildId" DESC LIMIT ${limit}`
  return drifts.map(({ a, b }) => ({ kind: 'drift', fromBuildId: a, toBuildId: b }))
}

/** The repository of what is decided again. */
export function createRenewals(db: Database): Renewals {
  return {
    begin: ({ engine, limit }) =>
      transact(db, async (tx) => {
        const now = db.clock()
        if (await isBusy(tx, now)) return 0
        const failedAfter = new Date(now.getTime() - failedPauseMs)
        const query = { engine, older: await olderThan(tx, engine), limit, failedAfter }
        const pairs = await pairsToRenew(tx, query)
        const tasks = pairs.length > 0 ? pairs : await driftsToRenew(tx, query)
        await enqueue(tx, tasks, now)
        return tasks.length
      }),

    sweep: (limit) =>
      transact(db, async (tx) => {
        const now = db.clock()
        await tx.$executeRaw`
          UPDATE "Comparison" c SET "unusedSince" = CASE WHEN c."unusedSince" IS NULL THEN ${now}::timestamptz END
          WHERE (c."unusedSince" IS NULL) <> EXISTS (SELECT 1 FROM "Pair" p WHERE p."comparisonKey" = c.key)`
        const before = new Date(now.getTime() - unusedMs)
        const unused = await tx.$queryRaw<{ key: string }[]>`
          SELECT key FROM "Comparison" WHERE "unusedSince" <= ${before} LIMIT ${limit} FOR UPDATE SKIP LOCKED`
        // A statement of its own, after they are held: it sees the pair that took one of them meanwhile.
        return tx.$executeRaw`
          DELETE FROM "Comparison" c WHERE c.key = ANY(${unused.map(({ key }) => key)})
            AND NOT EXISTS (SELECT 1 FROM "Pair" p WHERE p."comparisonKey" = c.key)`
      }),
  }
}
