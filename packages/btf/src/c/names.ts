import type { Btf } from '../btf.js'
import { latin1 } from '../latin1.js'

/** Characters of a name that are looked at: kernels have names of up to 511 (KSYM_NAME_LEN). */
export const longestName = 512

/**
 * The string at `off`, cut after `limit` characters, so that names which overlap without end cost no more than that; null
 * beyond every table.
 */
export function shortString(btf: Btf, off: number, limit = longestName): string | null {
  let owner = btf
  while (off < owner.startStr) owner = owner.base!
  const from = off - owner.startStr
  const { strings } = owner
  if (!(from >= 0 && from < strings.length)) return null
  const most = Math.min(strings.length, from + limit)
  let end = from
  while (end < most && strings[end] !== 0) end++
  return latin1(strings, from, end)
}

/** The name of a type for a reader: `(anon)` where it has none, `(invalid)` where its offset is beyond every table. */
export function shownName(btf: Btf, id: number): string {
  const name = shortString(btf, btf.nameOff(id))
  return name === '' ? '(anon)' : (name ?? '(invalid)')
}

/** Whether there is a name at a string offset: not an empty one, and none beyond every table. */
export function isNamed(btf: Btf, nameOff: number): boolean {
  return nameOff !== 0 && (shortString(btf, nameOff, 1) ?? '') !== ''
}
