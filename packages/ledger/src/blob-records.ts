import { type Database, type Tx, transact } from './db.js'
import { Prisma } from './generated/client.js'

/** Longer than any upload or task takes: nobody still stores, or is about to record, what was claimed before. In milliseconds. */
const claimMs = 7 * 24 * 3_600_000

/** How long nothing refers to a file before it goes: whoever read where it is has read it by then. In milliseconds. */
const idleMs = 24 * 3_600_000

/** That somebody stores a file, or is about to refer to one that is stored. */
export interface BlobClaim {
  readonly sha256: string
  /** Whether nothing was known of the file before. */
  readonly first: boolean
}

/** Takes a file out of the blob store; no error where it is not there. */
export type RemoveBlob = (sha256: string) => Promise<void>

/** Hears of a file that could not be removed, and why. */
export type FailedRemoval = (sha256: string, error: unknown) => void

/** What is known of the files in the blob store, so that those that nothing refers to go and no other does. */
export interface BlobRecords {
  /** Before a file is stored, or found to be stored, and recorded: it is not collected for a week. */
  claim(sha256: string): Promise<BlobClaim>
  /**
   * After what was claimed was not recorded: removes the file where nothing refers to it and nobody else ever claimed it. Else it is
   * left, to be collected once nobody can mean it any more.
   */
  release(claim: BlobClaim, remove: RemoveBlob): Promise<'removed' | 'left'>
  /**
   * Removes files that nobody claimed for a week and that nothing has referred to for a day, at most `limit`; gives how many. One that
   * nothing refers to is first seen, and removed by a later call. One that cannot be removed is told to `failed` and tried again a
   * day later, so that those behind it have their turn.
   */
  collect(options: { limit: number; remove: RemoveBlob; failed: FailedRemoval }): Promise<number>
}

/** Columns that say where a file of the blob store is. */
const references = [
  ['Artifact', 'sha256'],
  ['Base', 'sha256'],
  ['ModuleSet', 'bundleSha256'],
  ['ModuleSet', 'symbolsSha256'],
  ['Build', 'exportsSha256'],
  ['Drift', 'reportSha256'],
  ['Comparison', 'symbolsSha256'],
  ['Comparison', 'exportsSha256'],
] as const

/** Whether anything recorded refers to the file of a row `b`. One question each, so that each can be answered from a hash table. */
const isReferred = Prisma.sql`(${Prisma.join(
  references.map(([table, column]) => {
    const [from, name] = [Prisma.raw(`"${table}"`), Prisma.raw(`"${column}"`)]
    return Prisma.sql`EXISTS (SELECT 1 FROM ${from} r WHERE r.${name} = b.sha256)`
  }),
  ' OR ',
)})`

/** Records files that are stored, with their sizes, in the caller's transaction, which records what refers to them. */
export async function recordBlobs(
  tx: Tx,
  files: readonly { sha256: string; size: number }[],
  now: Date,
): Promise<void> {
  const sorted = [...files].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))
  for (const { sha256, size } of sorted)
    await tx.$executeRaw`
      INSERT INTO "Blob" AS b (sha256, size, "createdAt", "claimedAt") VALUES (${sha256}, ${size}, ${now}, ${now})
      ON CONFLICT (sha256) DO UPDATE SET size = EXCLUDED.size, "claimedAt" = greatest(b."claimedAt", ${now}), "unusedSince" = NULL`
}

/** The repository of files. */
export function createBlobRecords(db: Database): BlobRecords {
  const { prisma, clock } = db

  /** Holds the row, so that who claims the file waits, and comes to find it gone; false where there is a reason to keep it. */
  const removeHeld = (held: Prisma.Sql, remove: () => Promise<void>): Promise<boolean> =>
    transact(db, async (tx) => {
      const [found] = await tx.$queryRaw<{ sha256: string }[]>`
        SELECT sha256 FROM "Blob" b WHERE ${held} FOR UPDATE SKIP LOCKED`
      if (found === undefined) return false
      // A statement of its own: what was recorded before the row was held is seen.
      const [state] = await tx.$queryRaw<{ referred: boolean }[]>`
        SELECT ${isReferred} AS referred FROM "Blob" b WHERE b.sha256 = ${found.sha256}`
      if (state?.referred !== false) {
        await tx.blob.update({ where: { sha256: found.sha256 }, data: { unusedSince: null } })
        return false
      }
      await remove()
      await tx.blob.delete({ where: { sha256: found.sha256 } })
      return true
    })

  return {
    async claim(sha256) {
      const at = clock()
      const [row] = await prisma.$queryRaw<{ first: boolean }[]>`
        INSERT INTO "Blob" AS b (sha256, "createdAt", "claimedAt") VALUES (${sha256}, ${at}, ${at})
        ON CONFLICT (sha256) DO UPDATE SET "claimedAt" = greatest(b."claimedAt", ${at}), claims = b.claims + 1, "unusedSince" = NULL
        RETURNING claims = 1 AS first`
      return { sha256, first: row?.first === true }
    },

    async release({ sha256, first }, remove) {
      if (!first) return 'left'
      const mine = Prisma.sql`b.sha256 = ${sha256} AND b.claims = 1`
      return (await removeHeld(mine, () => remove(sha256))) ? 'removed' : 'left'
    },

    async collect({ limit, remove, failed }) {
      const now = clock()
      const before = new Date(now.getTime() - claimMs)
      await prisma.$executeRaw`
        UPDATE "Blob" SET "unusedSince" = ${now} WHERE sha256 IN (
          SELECT sha256 FROM "Blob" b WHERE b."unusedSince" IS NULL AND b."claimedAt" < ${before} AND NOT ${isReferred}
          ORDER BY sha256 LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
      const idle = await prisma.blob.findMany({
        where: { unusedSince: { lt: new Date(now.getTime() - idleMs) } },
        select: { sha256: true },
        orderBy: { unusedSince: 'asc' },
        take: limit,
      })
      let removed = 0
      for (const { sha256 } of idle) {
        const still = Prisma.sql`b.sha256 = ${sha256} AND b."unusedSince" IS NOT NULL`
        try {
          if (await removeHeld(still, () => remove(sha256))) removed++
        } catch (error) {
          await prisma.blob.updateMany({
            where: { sha256, NOT: { unusedSince: null } },
            data: { unusedSince: now },
          })
          failed(sha256, error)
        }
      }
      return removed
    },
  }
}
