import { recordAudit } from './access/audit.js'
import { type Database, type Tx, transact } from './db.js'
import { Prisma } from './generated/client.js'

const dayMs = 86_400_000

/** Whether a build is live, or a gate was asked about it since then. */
const isAskedFor = (id: Prisma.Sql, before: Date) => Prisma.sql`(
  EXISTS (SELECT 1 FROM "Live" l WHERE l."buildId" = ${id} AND l."leftAt" IS NULL)
  OR EXISTS (SELECT 1 FROM "Decision" d WHERE d."buildId" = ${id} AND greatest(d."createdAt", d."lastAskedAt") >= ${before}))`

/**
 * Builds that nobody seals and nobody uses: no file came since then, they are not live, no gate was asked about them since then, no
 * modules were built for them, and no package that came late to another build is among theirs. Nor were they built for a kernel that is live, or
 * about which a gate was asked since then: that gate waits for them, and only a person lets it pass without.
 */
const isForgotten = (before: Date) => Prisma.sql`
  b.state IN ('declared', 'open') AND b."withdrawnAt" IS NULL AND b."createdAt" < ${before}
  AND NOT EXISTS (SELECT 1 FROM "Artifact" a WHERE a."buildId" = b.id AND a."createdAt" >= ${before})
  AND NOT ${isAskedFor(Prisma.sql`b.id`, before)}
  AND NOT EXISTS (SELECT 1 FROM "Build" k
    WHERE k."streamId" = b."streamId" AND k.version = substring(b."builtFor" from '^(.*)-')
      AND k.release = substring(b."builtFor" from '[^-]*$') AND k."withdrawnAt" IS NULL AND ${isAskedFor(Prisma.sql`k.id`, before)})
  AND NOT EXISTS (SELECT 1 FROM "Build" m
    WHERE m."streamId" = b."streamId" AND m."builtFor" = b.version || '-' || b.release AND m."withdrawnAt" IS NULL)
  AND NOT EXISTS (SELECT 1 FROM "Artifact" a JOIN "Refusal" r ON r.code = 'after-seal' AND r.given->>'sha256' = a.sha256
    JOIN "Build" o ON o.id = r."buildId" WHERE a."buildId" = b.id AND o."streamId" = b."streamId")`

async function expireBuild(
  tx: Tx,
  id: string,
  before: Date,
  unsealedMs: number,
  now: Date,
): Promise<boolean> {
  // As who withdraws a build holds it and its stream. Nobody declares modules for it meanwhile.
  await tx.$queryRaw`SELECT id FROM "Build" WHERE id = ${id}::uuid FOR NO KEY UPDATE`
  await tx.$queryRaw`
    SELECT s.id FROM "Stream" s JOIN "Build" b ON b."streamId" = s.id WHERE b.id = ${id}::uuid FOR UPDATE OF s`
  const [still] = await tx.$queryRaw<{ files: number }[]>`
    SELECT (SELECT count(*)::int FROM "Artifact" a WHERE a."buildId" = b.id) AS files
    FROM "Build" b WHERE b.id = ${id}::uuid AND ${isForgotten(before)}`
  if (still === undefined) return false
  const days = Math.round(unsealedMs / dayMs)
  const what =
    still.files === 0 ? 'It had no files.' : `Its files (${still.files}) were not read and are removed.`
  const withdrawnReason = `Expired: it was not sealed, and nobody used it, for ${days} days. ${what}`
  await tx.build.update({
    where: { id },
    data: { withdrawnAt: now, withdrawnBy: 'retention', withdrawnReason },
  })
  await tx.artifact.deleteMany({ where: { buildId: id } })
  await recordAudit(tx, now, {
    tokenId: null,
    by: 'retention',
    operation: 'withdrawBuild',
    target: `/v1/builds/${id}/withdrawal`,
    status: 200,
    code: null,
    requestId: id,
  })
  return true
}

/**
 * Withdraws builds that were not sealed, and that nobody used, for `unsealedMs` milliseconds, at most `limit`, the oldest first, and lets go of
 * their files. Gives how many.
 */
export async function expireUnsealed(
  db: Database,
  { unsealedMs, limit }: { unsealedMs: number; limit: number },
): Promise<number> {
  const now = db.clock()
  const before = new Date(now.getTime() - unsealedMs)
  const found = await db.prisma.$queryRaw<{ id: string }[]>`
    SELECT b.id FROM "Build" b WHERE ${isForgotten(before)} ORDER BY b.id LIMIT ${limit}`
  let expired = 0
  for (const { id } of found)
    if (await transact(db, (tx) => expireBuild(tx, id, before, unsealedMs, now))) expired++
  return expired
}
