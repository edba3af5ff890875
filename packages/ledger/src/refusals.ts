import type { Tx } from './db.js'
import { uuidv7 } from './ids.js'
import { touchRefusal } from './notices/sources.js'
import type { Json, RefusalRow } from './rows.js'

/** Refusals kept of one build: a hook that sends the same again and again fills no disk. */
const kept = 1000

/**
 * Records that a name came with other content, and that channels are told of it. The same refusal again is recorded once. The caller's transaction holds the
 * build, so that the count is right.
 */
export async function recordRefusal(
  tx: Tx,
  refusal: {
    buildId: string
    filename: string | null
    recorded: { [key: string]: Json }
    given: { [key: string]: Json }
    now: Date
  },
): Promise<void> {
  const { buildId, filename, recorded, given, now } = refusal
  const again = await tx.refusal.count({ where: { buildId, filename, given: { equals: given } } })
  if (again > 0 || (await tx.refusal.count({ where: { buildId } })) >= kept) return
  await tx.refusal.create({
    data: {
      id: uuidv7(now.getTime()),
      buildId,
      filename,
      code: 'build-differs',
      recorded,
      given,
      createdAt: now,
    },
  })
  await touchRefusal(tx, { buildId, filename, recorded, given }, now)
}

/** The refusals of a build, newest first, at most 100. */
export async function refusalsOf(tx: Tx, buildId: string): Promise<RefusalRow[]> {
  const rows = await tx.refusal.findMany({ where: { buildId }, orderBy: { id: 'desc' }, take: 100 })
  return rows.map(({ id, filename, code, recorded, given, createdAt }) => ({
    id,
    filename,
    code,
    recorded: recorded as Json,
    given: given as Json,
    createdAt: createdAt.toISOString(),
  }))
}
