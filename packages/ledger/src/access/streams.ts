import type { Tx } from '../db.js'
import { likePattern } from '../globs.js'

const streamsOf = (tx: Tx, globs: readonly string[]) =>
  tx.$queryRaw<{ id: string; name: string }[]>`
    SELECT id, name FROM "Stream" WHERE name LIKE ANY(${globs.map(likePattern)}::text[])`

/** Ids of the streams whose names fit one of the globs. */
export async function streamIdsOf(tx: Tx, globs: readonly string[]): Promise<string[]> {
  return (await streamsOf(tx, globs)).map(({ id }) => id)
}

/** Their names. */
export async function streamNamesOf(tx: Tx, globs: readonly string[]): Promise<string[]> {
  return (await streamsOf(tx, globs)).map(({ name }) => name)
}
