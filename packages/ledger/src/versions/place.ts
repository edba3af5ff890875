import { decodeCursor } from '../cursor.js'
import type { Tx } from '../db.js'
import { LedgerError } from '../errors.js'
import { isUuid } from '../ids.js'

const isId = (part: unknown) => typeof part === 'string' && isUuid(part)

/**
 * Where the build stands that a cursor of a list by version names; null without a cursor. Keys may be longer than a cursor, so it
 * holds the build's id alone. `cursor-invalid`, also where that build is gone.
 */
export async function placeAfter(
  tx: Tx,
  list: string,
  cursor: string | undefined,
): Promise<{ id: string; versionKey: Uint8Array<ArrayBuffer> } | null> {
  const place = decodeCursor(list, cursor, [isId])
  if (place === null) return null
  const build = await tx.build.findUnique({
    where: { id: place[0] as string },
    select: { id: true, versionKey: true },
  })
  if (build === null) throw new LedgerError('cursor-invalid')
  return build
}
