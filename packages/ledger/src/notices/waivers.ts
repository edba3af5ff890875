import type { WaiverExpiringNotice } from '@basedrift/contract'
import { noticeLimits } from '@basedrift/contract'
import { type Database, transact } from '../db.js'
import { line } from './sources.js'
import { touch } from './subjects.js'

/** Waivers of which one call tells. */
const atOnce = 100

/**
 * Has channels told of waivers that end within `withinMs` milliseconds and that they were not told of; gives how many. Who calls it
 * again and again tells of each once.
 */
export function touchExpiring(db: Database, withinMs: number): Promise<number> {
  return transact(db, async (tx) => {
    const now = db.clock()
    const until = new Date(now.getTime() + withinMs)
    const ids = await tx.$queryRaw<{ id: string }[]>`
      SELECT id FROM "Waiver" WHERE "withdrawnAt" IS NULL AND "expiresAt" > ${now} AND "expiresAt" <= ${until}
        AND NOT EXISTS (SELECT 1 FROM "Subject" WHERE key = 'waiver:' || "Waiver".id)
      ORDER BY "expiresAt", id LIMIT ${atOnce}`
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
