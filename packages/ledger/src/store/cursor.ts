import { LedgerError } from '../errors.js'
import type { Page, PageRequest } from '../rows.js'

/** Rows of a page at most. */
const mostRows = 1_000
const longestCursor = 1_024

/** A cursor holds the sort key of the last row of its page, so that a page stays right while rows arrive before it. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/**
 * The key in a cursor; null without one. `valid` says for each part whether it can be one.
 * @throws LedgerError `cursor-invalid`
 */
export function decodeCursor<K extends readonly (string | number)[]>(
  cursor: string | undefined,
  valid: { [I in keyof K]: (part: unknown) => part is K[I] },
): K | null {
  if (cursor === undefined) return null
  let key: unknown
  try {
    key = cursor.length > longestCursor ? null : JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    key = null
  }
  if (!Array.isArray(key) || key.length !== valid.length || !valid.every((is, at) => is(key[at])))
    throw new LedgerError('cursor-invalid')
  return key as unknown as K
}

export const isText = (part: unknown): part is string => typeof part === 'string' && !part.includes('\0')
export const isCount = (part: unknown): part is number =>
  typeof part === 'number' && Number.isSafeInteger(part) && part >= 0 && part < 2 ** 31

/** The number of rows to ask the database for: one more than the page holds tells whether there is another. */
export function rowsToAsk({ limit }: PageRequest): number {
  return Math.min(Math.max(Math.trunc(limit), 1), mostRows) + 1
}

/** A page of rows that were asked for with {@link rowsToAsk}. */
export function pageOf<R, T>(
  rows: readonly R[],
  request: PageRequest,
  keyOf: (row: R) => readonly (string | number)[],
  show: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, rowsToAsk(request) - 1)
  const last = shown.at(-1)
  return {
    items: shown.map(show),
    next: rows.length > shown.length && last !== undefined ? encodeCursor(keyOf(last)) : null,
  }
}
