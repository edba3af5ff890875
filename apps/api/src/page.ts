import { ProblemError } from './problem.js'

/** Cursor of the row after `position` in a list of the service’s own that does not change. */
export function cursorOf(position: number): string {
  return Buffer.from(`at:${position}`).toString('base64url')
}

/** Position that a cursor stands for; 0 without one. Throws `cursor-invalid`. */
export function positionOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0
  const match = /^at:(\d{1,9})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  if (match?.[1] === undefined) throw new ProblemError('cursor-invalid')
  return Number(match[1])
}

/** Up to `limit` rows from `position` on that `keep` wants, and the cursor of the next one, null where there is none. */
export function pageOf<T>(
  rows: readonly T[],
  position: number,
  limit: number,
  keep: (row: T) => boolean,
): { rows: T[]; next: string | null } {
  const page: T[] = []
  for (let at = position; at < rows.length; at++) {
    const row = rows[at] as T
    if (!keep(row)) continue
    if (page.length === limit) return { rows: page, next: cursorOf(at) }
    page.push(row)
  }
  return { rows: page, next: null }
}
