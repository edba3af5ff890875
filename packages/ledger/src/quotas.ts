import { type Database, transact } from './db.js'

/** Bytes that were taken from quotas of a day. */
export interface Taken {
  /** Since the epoch, in UTC. */
  readonly day: number
  readonly subjects: readonly string[]
  readonly bytes: number
}

/** A quota that does not have as many bytes left today. */
export interface Exhausted {
  /** Which of those that were asked. */
  readonly subject: string
  /** Bytes that were taken of it today. */
  readonly used: number
  /** Milliseconds until the next day begins, and it is whole again. */
  readonly leftMs: number
}

/** Bytes a day, in UTC, of whatever has a name. */
export interface Quotas {
  /** Takes bytes from each of these quotas, or from none of them where one does not have as many left. */
  take(
    quotas: readonly { subject: string; most: number }[],
    bytes: number,
  ): Promise<{ taken: Taken; exhausted: null } | { taken: null; exhausted: Exhausted }>
  /** Gives bytes back, on the day on which they were taken; at most as many as were. */
  giveBack(taken: Taken, bytes: number): Promise<void>
}

const dayMs = 86_400_000

class NotLeft extends Error {
  constructor(readonly exhausted: Exhausted) {
    super('no bytes are left')
  }
}

/** The repository of quotas. */
export function createQuotas(db: Database): Quotas {
  return {
    async take(quotas, bytes) {
      const now = db.clock().getTime()
      const day = Math.floor(now / dayMs)
      // All who take from several hold them in one order.
      const sorted = [...quotas].sort((a, b) => (a.subject < b.subject ? -1 : 1))
      const subjects = sorted.map(({ subject }) => subject)
      try {
        await transact(db, async (tx) => {
          for (const { subject, most } of sorted) {
            const [row] = await tx.$queryRaw<{ bytes: bigint }[]>`
              INSERT INTO "Quota" AS q (subject, day, bytes) VALUES (${subject}, ${day}, ${bytes}::bigint)
              ON CONFLICT (subject) DO UPDATE SET day = ${day},
                bytes = CASE WHEN q.day = ${day} THEN q.bytes ELSE 0 END + ${bytes}::bigint
              RETURNING bytes`
            const used = Number(row?.bytes ?? 0)
            if (used <= most) continue
            throw new NotLeft({ subject, used: used - bytes, leftMs: (day + 1) * dayMs - now })
          }
        })
        return { taken: { day, subjects, bytes }, exhausted: null }
      } catch (error) {
        if (error instanceof NotLeft) return { taken: null, exhausted: error.exhausted }
        throw error
      }
    },

    async giveBack({ day, subjects, bytes: taken }, bytes) {
      const back = Math.min(taken, bytes)
      for (const subject of subjects)
        await db.prisma.$executeRaw`
          UPDATE "Quota" SET bytes = bytes - ${back}::bigint WHERE subject = ${subject} AND day = ${day}`
    },
  }
}
