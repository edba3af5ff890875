import Type, { type Static, type TSchema } from 'typebox'

/** Largest page of a list, and the size of a page where none is asked for. */
export const pageLimits = { max: 500, default: 100 } as const

/** Most findings that are listed of a module, and how many where it is not asked. */
export const findingLimits = { max: 1000, default: 20 } as const
export const defaultFindings = findingLimits.default

/** A reference to a named schema: `$ref` in the document, the full type in the code. */
export function ref<S extends TSchema>(schema: S) {
  const id = (schema as { $id?: string }).$id
  if (id === undefined) throw new TypeError('Only a schema with an $id can be referred to')
  return Type.Unsafe<Static<S>>({ $ref: `${id}#` })
}

/** A reference to a named schema, or null. */
export function nullableRef<S extends TSchema>(schema: S, description?: string) {
  return Type.Unsafe<Static<S> | null>({
    anyOf: [ref(schema), { type: 'null' }],
    ...(description === undefined ? {} : { description }),
  })
}

/** A string or null. */
export function nullableString(options: { description?: string; maxLength?: number; pattern?: string } = {}) {
  return Type.Unsafe<string | null>({ type: ['string', 'null'], ...options })
}

/** A whole number that is not negative, or null. */
export function nullableCount(description: string) {
  return Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 0, description })
}

/** True, false, or null for not known. */
export function nullableBoolean(description: string) {
  return Type.Unsafe<boolean | null>({ type: ['boolean', 'null'], description })
}

/** One of the given words. */
export function oneOf<const W extends readonly string[]>(words: W, description: string) {
  return Type.Unsafe<W[number]>({ type: 'string', enum: [...words], description })
}

/** A whole number that is not negative. */
export function count(description: string) {
  return Type.Integer({ minimum: 0, description })
}

export const Uuid = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  description: 'An id that the service gave',
})

export const Sha256 = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: 'SHA-256 in lower-case hexadecimal digits',
})

export const Timestamp = Type.String({ format: 'date-time', description: 'UTC, RFC 3339' })

export const nullableTimestamp = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  format: 'date-time',
  description: 'UTC, RFC 3339; null while it has not happened',
})

export const Cursor = Type.String({
  minLength: 1,
  maxLength: 512,
  pattern: '^[A-Za-z0-9_-]+$',
  description: 'Where the next page starts: `next` of the page before. Its content is the service’s own.',
})

export const nullableCursor = nullableString({ description: 'Cursor of the next page; null on the last one' })

export const MaxFindings = Type.Integer({
  minimum: 0,
  maximum: findingLimits.max,
  default: findingLimits.default,
  description: 'References, and changed types, that are listed of each module',
})

export const Limit = Type.Integer({
  minimum: 1,
  maximum: pageLimits.max,
  default: pageLimits.default,
  description: 'Entries a page',
})
