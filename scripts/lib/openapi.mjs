// Reads an OpenAPI document. Shapes are in openapi.d.mts.

export const operationsOf = (document) =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )

export const codesOf = (operation) =>
  Object.values(operation.responses)
    .flatMap(({ content }) => content?.['application/problem+json']?.schema.properties.code.enum ?? [])
    .sort()

/** Codes that any call may end in, sorted. */
export const commonCodes = (operations) => {
  const [first = [], ...rest] = operations.map(({ operation }) => codesOf(operation))
  return first.filter((code) => rest.every((codes) => codes.includes(code)))
}

const prefix = '#/components/schemas/'

export const nameOf = (schema) => (schema.$ref?.startsWith(prefix) ? schema.$ref.slice(prefix.length) : null)

export const resolved = (document, schema) => {
  const name = nameOf(schema)
  return name === null ? schema : resolved(document, document.components.schemas[name])
}

export const successOf = (operation) => {
  const [status, answer] = Object.entries(operation.responses).find(([code]) => code.startsWith('2'))
  const [media] = Object.entries(answer.content ?? {})
  return media === undefined ? null : { status, media: media[0], schema: media[1].schema }
}
