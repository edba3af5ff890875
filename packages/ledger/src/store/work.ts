import type { TaskKind, TaskPayload } from '../rows.js'
import type { Prisma, Queries } from './database.js'

/** A task to be: its id says what is to be done, so that the same work is one task. */
export interface NewTask {
  id: string
  payload: TaskPayload
}

export const ingestTask = (buildId: string): NewTask => ({
  id: `ingest:${buildId}`,
  payload: { kind: 'ingest', buildId },
})

/** The origin base is part of what a comparison is about: once it is known, that is other work. */
export const compareTask = (
  kernelBuildId: string,
  moduleBuildId: string,
  originSha256: string | null,
): NewTask => ({
  id: `compare:${kernelBuildId}:${moduleBuildId}:${originSha256?.slice(0, 16) ?? 'none'}`,
  payload: { kind: 'compare', kernelBuildId, moduleBuildId },
})

/** Records tasks that are not there yet, each with its bell. To be called in the transaction that is the reason for them. */
export async function recordTasks(queries: Queries, tasks: readonly NewTask[], now: Date): Promise<void> {
  if (tasks.length === 0) return
  const ids = tasks.map(({ id }) => id)
  const kinds = tasks.map(({ payload }): TaskKind => payload.kind)
  const payloads = tasks.map(({ payload }) => JSON.stringify(payload))
  await queries.$executeRaw`
    WITH new AS (
      INSERT INTO "Task" (id, kind, payload, "runAt", bells, "rungAt", "createdAt")
      SELECT t.id, t.kind, t.payload::jsonb, ${now}, 1, ${now}, ${now}
      FROM unnest(${ids}::text[], ${kinds}::text[], ${payloads}::text[]) AS t(id, kind, payload)
      ON CONFLICT (id) DO NOTHING
      RETURNING id
    )
    INSERT INTO "Outbox" ("taskId", bell, "createdAt") SELECT id, 1, ${now} FROM new`
}

/** Writes another bell for each of the tasks; gives how many. */
export async function ringAgain(queries: Queries, condition: Prisma.Sql, now: Date): Promise<number> {
  return queries.$executeRaw`
    WITH rung AS (
      UPDATE "Task" SET bells = bells + 1, "rungAt" = ${now} WHERE ${condition} RETURNING id, bells
    )
    INSERT INTO "Outbox" ("taskId", bell, "createdAt") SELECT id, bells, ${now} FROM rung`
}
