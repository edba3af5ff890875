import type { Tx } from '../db.js'
import { likePattern } from '../globs.js'

/** Ids of the streams whose names fit one of the globs. */
export async function streamIdsOf(tx: Tx, globs: readonly string[]): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Stream" WHERE name LIKE ANY(${globs.map(likePattern)}::text[])`
  return rows.map(({ id }) => id)
}
