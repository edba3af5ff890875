import { httpSchemas } from '@basedrift/contract'
import { Ajv } from 'ajv'
import type { App } from '../types.js'

function ajv(coerceTypes: boolean | 'array'): Ajv {
  return new Ajv({
    coerceTypes,
    useDefaults: true,
    removeAdditional: false,
    allErrors: false,
    allowUnionTypes: true,
    strictTypes: false,
    formats: { 'date-time': true },
    keywords: ['example'],
    schemas: [...httpSchemas],
  })
}

/**
 * Validates requests. What stands in an address is text, so numbers and lists are made of it; a body says itself what is a
 * number, and a property that no schema knows is an error there, not dropped.
 */
export function useValidation(app: App): void {
  const strict = ajv(false)
  const coercing = ajv('array')
  app.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === 'body' ? strict : coercing).compile(schema as object),
  )
}
