import type { Tx } from './db.js'
import { taskId } from './ids.js'
import type { TaskPayload } from './rows.js'

/**
 * Records tasks, each with a bell, in the caller's transaction. A task that is there already starts anew: its inputs have
 * changed, and whoever has it loses the lease.
 */
export async function enqueue(tx: Tx, payloads: TaskPayload[], now: Date): Promise<void> {
  if (payloads.length === 0) return
  const rows = payloads.map((payload) => ({ id: taskId(payload), kind: payload.kind, payload }))
  await tx.$executeRaw`
    WITH made AS (
      INSERT INTO "Task" (id, kind, payload, "runAt", bells, "rungAt", "createdAt")
      SELECT id, kind, payload, ${now}, 1, ${now}, ${now}
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS given (id text, kind text, payload jsonb)
      ON CONFLICT (id) DO UPDATE SET
        state = 'pending', attempt = 0, "leaseOwner" = NULL, "leaseUntil" = NULL, "runAt" = EXCLUDED."runAt",
        bells = "Task".bells + 1, "rungAt" = EXCLUDED."rungAt", error = NULL, "finishedAt" = NULL
      RETURNING id, bells
    )
    INSERT INTO "Outbox" ("taskId", bell, "createdAt") SELECT id, bells, ${now} FROM made ORDER BY id`
}
