import type { Json } from './rows.js'

/** NUL and lone surrogates, which no `text` and no `jsonb` takes. */
const unstorable = /[\0\p{Surrogate}]/gu

/** Text from artifacts as Postgres stores it: what it cannot hold becomes U+FFFD. */
export function storable<T extends string | null>(text: T): T {
  return (text === null ? null : text.replace(unstorable, '\ufffd')) as T
}

/** A value whose every text is `storable`, keys too. */
export function storableJson(value: unknown): Json {
  if (typeof value === 'string') return storable(value)
  if (Array.isArray(value)) return value.map(storableJson)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [storable(key), storableJson(item)]),
    )
  return value as Json
}

/** JSON with sorted keys: equal texts mean equal values, in whatever order `jsonb` gives the keys back. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}
