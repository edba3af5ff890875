import { httpSchemas } from '@basedrift/contract'
import fastJsonStringify, { type Schema } from 'fast-json-stringify'
import type { App } from '../types.js'

type Serializer = (value: unknown) => string

/** Ids of the shared schemas that a schema refers to: `Name#` and what stands behind it. */
function referred(schema: unknown, into: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$ref' && typeof value === 'string') into.add(value.split('#', 1)[0]!)
    else referred(value, into)
  }
}

/** The shared schemas that writing a value by this one takes, by their ids: not itself, where it is one of them. */
export function schemasFor(schema: object): Record<string, Schema> {
  const own = (schema as { $id?: string }).$id
  const ids = new Set<string>()
  referred(schema, ids)
  // A set gives what is added while it is walked.
  for (const id of ids) referred(shared.get(id), ids)
  const found = [...ids].flatMap((id) => {
    const there = id === own ? undefined : shared.get(id)
    return there === undefined ? [] : [[id, there as Schema] as const]
  })
  return Object.fromEntries(found)
}

const shared = new Map<string, object>(httpSchemas.map((schema) => [schema.$id, schema]))

/**
 * Writes answers by their schemas, each made once with the shared schemas that it needs. Fastify by itself makes one for each
 * status of each route and checks all shared schemas each time: two seconds and 150 MB at each start.
 */
export function useSerialization(app: App): void {
  const made = new Map<string, Serializer>()
  app.setSerializerCompiler(({ schema }) => {
    const key = JSON.stringify(schema)
    const write: Serializer =
      made.get(key) ?? fastJsonStringify(schema as Schema, { schema: schemasFor(schema as object) })
    made.set(key, write)
    return write
  })
}
