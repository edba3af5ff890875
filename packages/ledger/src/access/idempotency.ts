import { randomUUID } from 'node:crypto'
import type { Database } from '../db.js'
import type { JsonObject } from '../rows.js'
import type { Idempotency, KeptAnswer } from './types.js'

/** How long a key counts, in milliseconds. */
const keptMs = 24 * 3_600_000

/** After how long without a word a write that is under way counts as abandoned, in milliseconds. */
const leaseMs = 60_000

/** Keys kept of one token. */
const kept = 10_000

/** The repository of idempotency keys. */
export function createIdempotency({ prisma, clock }: Database): Idempotency {
  const before = (ms: number) => new Date(clock().getTime() - ms)
  const lease = () => new Date(clock().getTime() + leaseMs)
  return {
    async begin({ tokenId, key }, fingerprint) {
      const holder = randomUUID()
      const now = clock()
      // One statement, so that of equal requests at the same time one begins. What was abandoned may be begun again.
      const begun = await prisma.$executeRaw`
        INSERT INTO "IdempotencyRecord" AS old ("tokenId", key, fingerprint, holder, "leaseUntil", "createdAt")
        VALUES (${tokenId}::uuid, ${key}, ${Buffer.from(fingerprint)}, ${holder}::uuid, ${lease()}, ${now})
        ON CONFLICT ("tokenId", key) DO UPDATE SET fingerprint = excluded.fingerprint, holder = excluded.holder,
          "leaseUntil" = excluded."leaseUntil", status = NULL, headers = NULL, body = NULL, "createdAt" = excluded."createdAt"
        WHERE old."createdAt" <= ${before(keptMs)}
          OR (old.status IS NULL AND old."leaseUntil" <= ${now} AND old.fingerprint = excluded.fingerprint)`
      if (begun === 1) return { state: 'begun', holder }
      const there = await prisma.idempotencyRecord.findUnique({ where: { tokenId_key: { tokenId, key } } })
      // Released between the two: whoever repeats the request finds it free.
      if (there === null) return { state: 'running' }
      if (!Buffer.from(there.fingerprint).equals(fingerprint)) return { state: 'differs' }
      if (there.status === null) return { state: 'running' }
      const headers = (there.headers ?? {}) as KeptAnswer['headers']
      return { state: 'done', answer: { status: there.status, headers, body: there.body } }
    },

    async extend(holders) {
      await prisma.idempotencyRecord.updateMany({
        where: { holder: { in: [...holders] }, status: null },
        data: { leaseUntil: lease() },
      })
    },

    async finish({ tokenId, key }, holder, { status, headers, body }) {
      await prisma.idempotencyRecord.updateMany({
        where: { tokenId, key, holder },
        data: { status, headers: headers as JsonObject, body },
      })
    },

    async release({ tokenId, key }, holder) {
      await prisma.idempotencyRecord.deleteMany({ where: { tokenId, key, holder, status: null } })
    },

    async sweep() {
      const { count } = await prisma.idempotencyRecord.deleteMany({
        where: { createdAt: { lte: before(keptMs) } },
      })
      const beyond = await prisma.$executeRaw`
        DELETE FROM "IdempotencyRecord" WHERE ("tokenId", key) IN (
          SELECT "tokenId", key FROM (
            SELECT "tokenId", key, status,
              row_number() OVER (PARTITION BY "tokenId" ORDER BY "createdAt" DESC) AS place
            FROM "IdempotencyRecord") AS placed
          WHERE place > ${kept} AND status IS NOT NULL)`
      return count + beyond
    },
  }
}
