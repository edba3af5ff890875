import { decodeCursor, encodeCursor } from '../cursor.js'
import type { Tx } from '../db.js'
import { LedgerError } from '../errors.js'
import { isUuid } from '../ids.js'
import type { VersionScheme } from '../rows.js'

/** A build in the order of its stream. */
export interface Place {
  id: string
  versionKey: Uint8Array<ArrayBuffer>
}

/** Where a page of a list by version begins. */
export interface Places {
  /** How the stream is ordered; null where it is not yet, or is not there. */
  scheme: VersionScheme | null
  /** The builds that the cursor names; none on the first page. */
  builds: Place[]
}

const isId = (part: unknown) => typeof part === 'string' && isUuid(part)
const isScheme = (part: unknown) => part === 'none' || part === 'rpm' || part === 'dpkg'

/** A cursor of a list by version: keys may be longer than one, so it names builds, and by what scheme they were ordered. */
export function placeCursor(list: string, scheme: VersionScheme | null, ids: readonly string[]): string {
  return encodeCursor(list, [scheme ?? 'none', ...ids])
}

/**
 * Where the builds stand that a cursor of a list by version names. `cursor-invalid`, also where one of them is gone, is of another
 * stream, or the stream has been ordered by another scheme since: what comes after them is another part of the list then.
 */
export async function placesAfter(
  tx: Tx,
  list: string,
  stream: string,
  cursor: string | undefined,
  builds = 1,
): Promise<Places> {
  const place = decodeCursor(list, cursor, [isScheme, ...Array.from({ length: builds }, () => isId)])
  const found = await tx.stream.findUnique({ where: { name: stream }, select: { versionScheme: true } })
  const scheme = found?.versionScheme ?? null
  if (place === null) return { scheme, builds: [] }
  const [ordered, ...ids] = place as string[]
  if (ordered !== (scheme ?? 'none')) throw new LedgerError('cursor-invalid')
  const records = await tx.build.findMany({
    where: { id: { in: ids }, stream: { name: stream } },
    select: { id: true, versionKey: true },
  })
  const byId = new Map(records.map((record) => [record.id, record]))
  return {
    scheme,
    builds: ids.map((id) => {
      const build = byId.get(id)
      if (build === undefined) throw new LedgerError('cursor-invalid')
      return build
    }),
  }
}
