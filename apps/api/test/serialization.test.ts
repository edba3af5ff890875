import { httpSchemas } from '@basedrift/contract'
import fastJsonStringify, { type Schema } from 'fast-json-stringify'
import { describe, expect, it } from 'vitest'
import { schemasFor, useSerialization } from '../src/plugins/serialization.js'
import type { App } from '../src/types.js'

const all = Object.fromEntries(httpSchemas.map((schema) => [schema.$id, schema as Schema]))

describe('serialization', () => {
  it('takes of the shared schemas those that are referred to, also by others, and not the schema itself', () => {
    expect(Object.keys(schemasFor({ $ref: 'Problem#' }))).toEqual(['Problem', 'FieldError'])
    expect(schemasFor({ type: 'object', properties: { none: { type: 'string' } } })).toEqual({})
    const ofList = Object.keys(schemasFor(all.BuildList!))
    expect(ofList).toContain('BuildSummary')
    expect(ofList).not.toContain('BuildList')
    expect(ofList.length).toBeLessThan(httpSchemas.length)
  })

  it('writes by every shared schema what it writes with all of them at hand', () => {
    for (const schema of httpSchemas) {
      const { [schema.$id]: own, ...others } = all
      const standalone = { mode: 'standalone' } as const
      const code = (external: Record<string, Schema>) =>
        // Schemas that are merged get numbers as they come.
        String(fastJsonStringify(own as Schema, { ...standalone, schema: external })).replace(
          /__fjs_[a-z]+_\d+/g,
          '',
        )
      expect(code(schemasFor(schema)), schema.$id).toBe(code(others))
    }
  })

  it('makes one for all routes and statuses that answer alike', () => {
    const compilers: ((about: { schema: unknown }) => unknown)[] = []
    const app = { setSerializerCompiler: (compiler: (typeof compilers)[number]) => compilers.push(compiler) }
    useSerialization(app as unknown as App)
    const [compile] = compilers
    expect(compile?.({ schema: { $ref: 'Problem#' } })).toBe(compile?.({ schema: { $ref: 'Problem#' } }))
    expect(compile?.({ schema: { $ref: 'Build#' } })).not.toBe(compile?.({ schema: { $ref: 'Problem#' } }))
  })
})
