import type { Tx } from '../db.js'
import { digestOf } from '../notices/sources.js'
import { heldBy, holders, latestFirst, mostRefusals } from '../refusals.js'
import type { RefusedContent } from './missing.js'

/** A build, and how many different contents came under names of it besides what is recorded. */
interface Refusing {
  readonly id: string
  readonly refused: number
}

/**
 * What was refused under names of builds: all of the new one, and of others the latest file that nobody has looked at. What those
 * hold is known, whatever is said of where it comes from.
 */
export async function refusedContents(
  tx: Tx,
  gated: Refusing,
  others: readonly Refusing[],
): Promise<ReadonlyMap<string, RefusedContent[]>> {
  const found = new Map<string, RefusedContent[]>()
  const ids = others.filter(({ id, refused }) => refused > 0 && id !== gated.id).map(({ id }) => id)
  if (ids.length === 0 && gated.refused === 0) return found
  const latest = await tx.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT ON (r."buildId") r.id FROM "Refusal" r JOIN "Build" b ON b.id = r."buildId"
    WHERE r."buildId" = ANY(${ids}::uuid[]) AND r."acknowledgedAt" IS NULL AND (r.filename IS NOT NULL OR r.code = 'more-differs')
      AND ${heldBy} IS NULL
    ORDER BY r."buildId", r.id DESC`
  const own = await tx.refusal.findMany({
    where: { buildId: gated.id },
    orderBy: latestFirst,
    take: mostRefusals,
  })
  const foreign = await tx.refusal.findMany({ where: { id: { in: latest.map(({ id }) => id) } } })
  const held = await holders(tx, own)
  for (const record of [...own, ...foreign]) {
    const { id, buildId, filename, by, acknowledgedBy } = record
    const content: RefusedContent = {
      id,
      filename,
      code: record.code as RefusedContent['code'],
      recorded: digestOf(record.recorded),
      given: digestOf(record.given),
      by,
      at: record.createdAt.toISOString(),
      acknowledgedBy,
      heldBy: held.get(id) ?? null,
    }
    found.set(buildId, [...(found.get(buildId) ?? []), content])
  }
  return found
}
