import { failBuild } from './builds.js'
import { type Database, type Tx, transact } from './db.js'
import { failDrift } from './drifts.js'
import { storableJson } from './json.js'
import { touchFailedBuild } from './notices/sources.js'
import { failPair } from './pairs.js'
import type { Outbox, Tasks } from './repositories.js'
import type { BellRow, Failure, TaskKind, TaskPayload, TaskRow, TaskState } from './rows.js'

/**
 * A bell may be answered on a machine whose clock is a little behind the one that wrote it; without this, such an answer would
 * find nothing due, and the task would wait for the reconciler.
 */
const earlyMs = 250

interface TaskRecord {
  id: string
  payload: unknown
  state: TaskState
  attempt: number
  leaseOwner: string | null
  leaseUntil: Date | null
  runAt: Date
  error: unknown
  createdAt: Date
  finishedAt: Date | null
}

function taskRow(record: TaskRecord): TaskRow {
  return {
    id: record.id,
    payload: record.payload as TaskPayload,
    state: record.state,
    attempt: record.attempt,
    leaseOwner: record.leaseOwner,
    leaseUntil: record.leaseUntil?.toISOString() ?? null,
    runAt: record.runAt.toISOString(),
    error: record.error as Failure | null,
    createdAt: record.createdAt.toISOString(),
    finishedAt: record.finishedAt?.toISOString() ?? null,
  }
}

/** The repository of tasks. Whoever does not hold the lease changes nothing. */
export function createTasks(db: Database): Tasks {
  const { prisma, clock } = db

  const end = async (
    tx: Tx,
    id: string,
    owner: string,
    state: 'done' | 'failed',
    error: Failure | null,
  ): Promise<boolean> => {
    const ended = await tx.$executeRaw`
      UPDATE "Task" SET state = ${state}::"TaskState", "leaseOwner" = NULL, "leaseUntil" = NULL,
        error = ${error === null ? null : JSON.stringify(storableJson(error))}::jsonb, "finishedAt" = ${clock()}
      WHERE id = ${id} AND state = 'leased' AND "leaseOwner" = ${owner}`
    return ended === 1
  }

  return {
    async get(id) {
      const task = await prisma.task.findUnique({ where: { id } })
      return task === null ? null : taskRow(task)
    },

    async take(id, owner, leaseMs) {
      const now = clock()
      const [task] = await prisma.task.updateManyAndReturn({
        where: {
          id,
          OR: [
            { state: 'pending', runAt: { lte: new Date(now.getTime() + earlyMs) } },
            { state: 'leased', leaseUntil: { lte: now } },
          ],
        },
        data: {
          state: 'leased',
          attempt: { increment: 1 },
          leaseOwner: owner,
          leaseUntil: new Date(now.getTime() + leaseMs),
        },
      })
      return task === undefined ? null : taskRow(task)
    },

    async extend(id, owner, leaseMs) {
      const { count } = await prisma.task.updateMany({
        where: { id, state: 'leased', leaseOwner: owner },
        data: { leaseUntil: new Date(clock().getTime() + leaseMs) },
      })
      return count === 1
    },

    finish: (id, owner) => end(prisma, id, owner, 'done', null),

    async fail(id, owner, error) {
      const task = await prisma.task.findUnique({ where: { id }, select: { payload: true } })
      if (task === null) return false
      const payload = task.payload as unknown as TaskPayload
      return transact(db, async (tx) => {
        const fail = () => end(tx, id, owner, 'failed', error)
        // Pair before task, as an ingest that lets pairs wait anew holds them: it then takes the lease, and nothing fails here.
        if (payload.kind === 'compare') return failPair(tx, payload, error, clock(), fail)
        const failed = await fail()
        if (failed && payload.kind === 'ingest' && (await failBuild(tx, payload.buildId, error, clock())))
          await touchFailedBuild(tx, payload.buildId, error, clock())
        if (failed && payload.kind === 'drift') await failDrift(tx, payload, error, clock())
        return failed
      })
    },

    async retry(id, owner, error, runAt, { counts = true } = {}) {
      const now = clock()
      const text = JSON.stringify(storableJson(error))
      const rung = await prisma.$executeRaw`
        WITH back AS (
          UPDATE "Task" SET state = 'pending', "leaseOwner" = NULL, "leaseUntil" = NULL, error = ${text}::jsonb,
            "runAt" = ${runAt}, bells = bells + 1, "rungAt" = ${now}, attempt = attempt - ${counts ? 0 : 1}
          WHERE id = ${id} AND state = 'leased' AND "leaseOwner" = ${owner}
          RETURNING id, bells
        )
        INSERT INTO "Outbox" ("taskId", bell, "createdAt") SELECT id, bells, ${now} FROM back`
      return rung === 1
    },

    async overdue(limit, quietMs) {
      const before = new Date(clock().getTime() - quietMs)
      const rows = await prisma.$queryRaw<{ id: string }[]>`
        SELECT id FROM "Task"
        WHERE ((state = 'pending' AND "runAt" <= ${before}) OR (state = 'leased' AND "leaseUntil" <= ${before}))
          AND ("rungAt" IS NULL OR "rungAt" <= ${before})
          AND NOT EXISTS (SELECT 1 FROM "Outbox" WHERE "taskId" = "Task".id)
        ORDER BY "runAt", id LIMIT ${limit}`
      return rows.map(({ id }) => id)
    },

    async ring(ids) {
      if (ids.length === 0) return 0
      const now = clock()
      return transact(
        db,
        (tx) => tx.$executeRaw`
          WITH due AS (
            SELECT id FROM "Task" WHERE id = ANY(${ids}) AND state IN ('pending', 'leased') ORDER BY id FOR UPDATE
          ), rung AS (
            UPDATE "Task" SET bells = bells + 1, "rungAt" = ${now} FROM due WHERE "Task".id = due.id
            RETURNING "Task".id, bells
          )
          INSERT INTO "Outbox" ("taskId", bell, "createdAt") SELECT id, bells, ${now} FROM rung`,
      )
    },

    async counts() {
      const counts = { pending: 0, leased: 0, done: 0, failed: 0 }
      for (const { state, _count } of await prisma.task.groupBy({ by: ['state'], _count: true }))
        counts[state] = _count
      return counts
    },
  }
}

/** The repository of bells that wait for the queue. */
export function createOutbox({ prisma }: Database): Outbox {
  return {
    async batch(limit) {
      const rows = await prisma.outbox.findMany({
        orderBy: { id: 'asc' },
        take: limit,
        select: { id: true, taskId: true, bell: true, task: { select: { kind: true, runAt: true } } },
      })
      return rows.map(
        ({ id, taskId, bell, task }): BellRow => ({
          id: id.toString(),
          taskId,
          kind: task.kind as TaskKind,
          bell,
          runAt: task.runAt.toISOString(),
        }),
      )
    },
    async done(ids) {
      if (ids.length > 0) await prisma.outbox.deleteMany({ where: { id: { in: ids.map(BigInt) } } })
    },
    size: () => prisma.outbox.count(),
  }
}
