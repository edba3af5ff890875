import type { WaiverExpiringNotice } from '@basedrift/contract'
import { noticeLimits } from '@basedrift/contract'
import { type Database, transact } from '../db.js'
import { line } from './sources.js'
import { touch } from './subjects.js'

/** Waivers of which one call tells. */
const atOnce = 100

/**
 * Has channels told of waivers that end within `withinMs` milliseconds and that they were not told of; gives how many. Who calls it
 * again and again tells of each once. A waiver that was made for less than twice that time is told of when half of its time is over:
 * whoever made it knows when it ends. One whose place another takes, which accepts as much for longer, ends without a word.
 */
export function touchExpiring(db: Database, withinMs: number): Promise<number> {
  return transact(db, async (tx) => {
    const now = db.clock()
    const until = new Date(now.getTime() + withinMs)
    const ids = await tx.$queryRaw<{ id: string }[]>`
      SELECT w.id FROM "Waiver" w WHERE w."withdrawnAt" IS NULL AND w."expiresAt" > ${now} AND w."expiresAt" <= ${until}
        AND w."expiresAt" - (w."expiresAt" - w."createdAt") / 2 <= ${now}
        AND NOT EXISTS (SELECT 1 FROM "Subject" WHERE key = 'waiver:' || w.id)
        AND NOT EXISTS (SELECT 1 FROM "Waiver" o
          WHERE o."streamId" = w."streamId" AND o.grounds = w.grounds AND o."moduleSetId" = w."moduleSetId"
            AND o."withdrawnAt" IS NULL AND o.verdicts @> w.verdicts AND (o.modules IS NULL OR o.modules @> w.modules)
            AND (o."expiresAt" > w."expiresAt" OR (o."expiresAt" = w."expiresAt" AND o.id <> w.id
              AND NOT (w.verdicts @> o.verdicts AND (w.modules IS NULL OR w.modules @> o.modules)))))
      ORDER BY w."expiresAt", w.id LIMIT ${atOnce}`
    const waivers = await tx.waiver.findMany({
      where: { id: { in: ids.map(({ id }) => id) } },
      include: {
        stream: { select: { name: true } },
        moduleBuild: { select: { id: true, version: true, release: true } },
      },
      orderBy: { id: 'asc' },
    })
    for (const { id, stream, moduleBuild, author, reason, modules, expiresAt } of waivers) {
      const draft: WaiverExpiringNotice = {
        kind: 'waiver-expiring',
        severity: 'warning',
        at: now.toISOString(),
        link: `/v1/waivers/${id}`,
        stream: stream.name,
        waiver: id,
        build: moduleBuild,
        environment: null,
        author: line(author, noticeLimits.name),
        reason: line(reason, noticeLimits.text),
        modules: Array.isArray(modules) ? modules.length : null,
        expiresAt: expiresAt.toISOString(),
      }
      await touch(tx, { subject: `waiver:${id}`, draft }, now)
    }
    return waivers.length
  })
}
