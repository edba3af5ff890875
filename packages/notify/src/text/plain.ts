import { headline, omitted, type Told } from '../message.js'
import type { Entry } from './entries.js'
import { fitted, largest, type Part } from './parts.js'
import { unlinked } from './tame.js'

/** A part as plain text. */
export const plainPart = ({ text, name }: Part): string => (name ? unlinked(text) : text)

/** Two lines: what happened, and what to do with a link. */
export function plainEntry(entry: Entry, max: number): string {
  const todo = `${entry.todo}: ${entry.url}`
  return `${fitted(entry.what, plainPart, max - todo.length - 1)}\n${todo}`
}

/** A message as plain text of at most `max` characters, and how many of its entries it has. */
export function plainText({ entries, baseUrl }: Told, max: number, eachMax: number): string {
  const [only] = entries
  if (entries.length === 1 && only) return plainEntry(only, Math.min(max, eachMax))
  const build = (count: number) => {
    const rest = entries.length - count
    const shown = entries.slice(0, count).map((entry) => plainEntry(entry, eachMax))
    const more = rest === 0 ? [] : [`${omitted(rest)}: ${baseUrl}`]
    return [headline(entries), ...shown, ...more].join('\n\n')
  }
  return build(largest(entries.length, (count) => build(count).length <= max))
}
