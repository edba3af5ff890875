import type { Outbox, Tasks } from '../repositories.js'
import type { Failure, TaskKind, TaskState } from '../rows.js'
import { type Database, Prisma, transact } from './database.js'
import { taskRow, time } from './mapping.js'
import { ringAgain } from './work.js'

/** What a task becomes when its owner lets go of it. */
interface Ending {
  state: TaskState
  error: Failure | null
  finishedAt: Date | null
}

/** Tasks in Postgres. Whatever changes one is a single statement with its condition: compare and set. */
export function createTasks(database: Database, now: () => Date): Tasks {
  const end = async (id: string, owner: string, { state, error, finishedAt }: Ending): Promise<boolean> => {
    const { count } = await database.task.updateMany({
      where: { id, state: 'leased', leaseOwner: owner },
      data: {
        state,
        error: error === null ? Prisma.DbNull : { ...error },
        finishedAt,
        leaseOwner: null,
        leaseUntil: null,
      },
    })
    return count === 1
  }

  return {
    async get(id) {
      const record = await database.task.findUnique({ where: { id } })
      return record === null ? null : taskRow(record)
    },

    async take(id, owner, leaseMs) {
      const at = now()
      const [record] = await database.task.updateManyAndReturn({
        where: {
          id,
          OR: [
            { state: 'pending', runAt: { lte: at } },
            { state: 'leased', leaseUntil: { lte: at } },
          ],
        },
        data: {
          state: 'leased',
          attempt: { increment: 1 },
          leaseOwner: owner,
          leaseUntil: new Date(at.getTime() + leaseMs),
        },
      })
      return record === undefined ? null : taskRow(record)
    },

    async extend(id, owner, leaseMs) {
      const { count } = await database.task.updateMany({
        where: { id, state: 'leased', leaseOwner: owner },
        data: { leaseUntil: new Date(now().getTime() + leaseMs) },
      })
      return count === 1
    },

    finish: (id, owner) => end(id, owner, { state: 'done', error: null, finishedAt: now() }),
    fail: (id, owner, error) => end(id, owner, { state: 'failed', error, finishedAt: now() }),

    retry: (id, owner, error, runAt) =>
      transact(database, async (queries) => {
        const { count } = await queries.task.updateMany({
          where: { id, state: 'leased', leaseOwner: owner },
          data: { state: 'pending', error: { ...error }, runAt, leaseOwner: null, leaseUntil: null },
        })
        if (count === 1) await ringAgain(queries, Prisma.sql`id = ${id}`, now())
        return count === 1
      }),

    async overdue(limit, quietMs) {
      const quiet = new Date(now().getTime() - quietMs)
      const found = await database.task.findMany({
        where: {
          OR: [
            { state: 'pending', runAt: { lte: quiet } },
            { state: 'leased', leaseUntil: { lte: quiet } },
          ],
          AND: [{ OR: [{ rungAt: null }, { rungAt: { lte: quiet } }] }],
          outbox: { none: {} },
        },
        orderBy: { runAt: 'asc' },
        take: limit,
        select: { id: true },
      })
      return found.map(({ id }) => id)
    },

    ring: (ids) =>
      ringAgain(database, Prisma.sql`id = ANY(${ids}::text[]) AND state IN ('pending', 'leased')`, now()),

    async counts() {
      const groups = await database.task.groupBy({ by: ['state'], _count: { _all: true } })
      const counts = { pending: 0, leased: 0, done: 0, failed: 0 }
      for (const { state, _count } of groups) counts[state] = _count._all
      return counts
    },
  }
}

/** Bells that wait to be carried to the queue. */
export function createOutbox(database: Database): Outbox {
  return {
    async batch(limit) {
      const rows = await database.outbox.findMany({
        orderBy: { id: 'asc' },
        take: limit,
        include: { task: { select: { kind: true, runAt: true } } },
      })
      return rows.map(({ id, taskId, bell, task }) => ({
        id: id.toString(),
        taskId,
        kind: task.kind as TaskKind,
        bell,
        runAt: time(task.runAt),
      }))
    },

    async done(ids) {
      await database.outbox.deleteMany({ where: { id: { in: ids.map(BigInt) } } })
    },

    size: () => database.outbox.count(),
  }
}
