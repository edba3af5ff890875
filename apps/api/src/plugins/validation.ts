import { httpSchemas } from '@basedrift/contract'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { App } from '../types.js'

function ajv(coerceTypes: boolean | 'array'): Ajv {
  return new Ajv({
    coerceTypes,
    useDefaults: true,
    removeAdditional: false,
    allErrors: false,
    // An error comes with the schema that it is of, whose words say more than a pattern.
    verbose: true,
    allowUnionTypes: true,
    strictTypes: false,
    formats: { 'date-time': true },
    keywords: ['example'],
    schemas: [...httpSchemas],
  })
}

/**
 * A validator that takes no number beyond all bounds: Ajv makes one of `1e999`, and then looks at no minimum or maximum, since they
 * are for finite numbers alone.
 */
function finite(validate: ValidateFunction) {
  const check = (data: unknown): boolean => {
    check.errors = validate(data) ? unbounded(data) : (validate.errors ?? null)
    return check.errors === null
  }
  check.errors = null as ErrorObject[] | null
  return check
}

function unbounded(data: unknown): ErrorObject[] | null {
  const found = Object.entries(data as object).find(
    ([, value]) => Math.abs(value) === Number.POSITIVE_INFINITY,
  )
  if (found === undefined) return null
  const message = 'must be a number within bounds'
  return [{ instancePath: `/${found[0]}`, keyword: 'type', schemaPath: '#/type', params: {}, message }]
}

/**
 * Validates requests. What stands in an address is text, so numbers and lists are made of it; a body says itself what is a
 * number, and a property that no schema knows is an error there, not dropped.
 */
export function useValidation(app: App): void {
  const strict = ajv(false)
  const coercing = ajv('array')
  app.setValidatorCompiler(({ schema, httpPart }) =>
    httpPart === 'body' ? strict.compile(schema as object) : finite(coercing.compile(schema as object)),
  )
}
