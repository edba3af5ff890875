import { LedgerError } from './errors.js'

const longest = 1024

/** The cursor after a row: the list's name and the row's place in its order, as base64url of JSON. */
export function encodeCursor(list: string, place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...place])).toString('base64url')
}

/**
 * The place that `encodeCursor` wrote, null where there is no cursor. `valid` says for each part whether it can stand there;
 * anything else is `cursor-invalid`: cursors come from outside and go into queries.
 */
export function decodeCursor(
  list: string,
  cursor: string | undefined,
  valid: readonly ((part: unknown) => boolean)[],
): (string | number)[] | null {
  if (cursor === undefined) return null
  let parts: unknown
  try {
    if (cursor.length <= longest) parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    // Not JSON: refused below.
  }
  if (!Array.isArray(parts) || parts.length !== valid.length + 1 || parts[0] !== list)
    throw new LedgerError('cursor-invalid')
  const place = parts.slice(1)
  if (!valid.every((check, i) => check(place[i]))) throw new LedgerError('cursor-invalid')
  return place
}

/** The number of rows of a page: 1 to 1,000. */
export function pageLimit(limit: number): number {
  return Math.min(1000, Math.max(1, Math.trunc(limit) || 1))
}

/** Cuts rows, of which one more than `limit` was asked for, to a page. */
export function pageOf<Row, Item>(
  rows: Row[],
  limit: number,
  item: (row: Row) => Item,
  cursorAfter: (row: Row) => string,
): { items: Item[]; next: string | null } {
  const kept = rows.slice(0, limit)
  const last = kept.at(-1)
  return {
    items: kept.map(item),
    next: rows.length > limit && last !== undefined ? cursorAfter(last) : null,
  }
}
