import type { Database } from './db.js'
import { expireUnsealed } from './expiry.js'
import { Prisma } from './generated/client.js'
import { firstId } from './ids.js'

/** Rows that were deleted, by what they were. */
export type Pruned = Record<'deliveries' | 'events' | 'gateUses' | 'decisions' | 'live', number>

/** What is not kept for ever. */
export interface Retention {
  /**
   * Withdraws builds that were not sealed, and that nobody used, for `unsealedMs` milliseconds, at most `limit`, the oldest first, and lets
   * go of their files. One that is live, of which a gate was asked since then, that modules were built for, that was built for such a kernel, or
   * that has what came late to another build, is used. Gives how many.
   */
  expire(options: { unsealedMs: number; limit: number }): Promise<number>
  /**
   * Deletes what is settled and older than `keepMs` milliseconds, at most `limit` rows of each kind, the oldest first: deliveries
   * that were sent or given up; events that no delivery has, but for what was last said of a gate; uses of gates; decisions that are neither
   * the last of their build and environment nor used; builds that have left an environment, but for the last that entered it.
   */
  prune(options: { keepMs: number; limit: number }): Promise<Pruned>
}

/** The repository of what is not kept for ever. */
export function createRetention(db: Database): Retention {
  const { prisma, clock } = db
  return {
    expire: (options) => expireUnsealed(db, options),

    async prune({ keepMs, limit }) {
      const before = new Date(clock().getTime() - keepMs)
      const remove = (table: string, settled: Prisma.Sql) => {
        const name = Prisma.raw(`"${table}"`)
        return prisma.$executeRaw`
          DELETE FROM ${name} WHERE id IN (
            SELECT t.id FROM ${name} t WHERE t.id < ${firstId(before)}::uuid AND ${settled}
            ORDER BY t.id LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
      }
      return {
        deliveries: await remove(
          'Delivery',
          Prisma.sql`t.state IN ('sent', 'dead') AND t."endedAt" < ${before}`,
        ),
        events: await remove(
          'Event',
          Prisma.sql`NOT EXISTS (SELECT 1 FROM "DeliveryEvent" d WHERE d."eventId" = t.id)
            AND NOT (t.kind = 'gate' AND EXISTS (SELECT 1 FROM "Subject" s WHERE s."toldId" = t.id))`,
        ),
        gateUses: await remove('GateUse', Prisma.sql`t."lastAt" < ${before}`),
        decisions: await remove(
          'Decision',
          Prisma.sql`NOT EXISTS (SELECT 1 FROM "GateUse" u WHERE u."decisionId" = t.id)
            AND EXISTS (SELECT 1 FROM "Decision" n
              WHERE n."buildId" = t."buildId" AND n.environment = t.environment AND n.id > t.id)`,
        ),
        live: await remove(
          'Live',
          Prisma.sql`t."leftAt" < ${before}
            AND EXISTS (SELECT 1 FROM "Live" n WHERE n.environment = t.environment AND n.id > t.id)`,
        ),
      }
    },
  }
}
