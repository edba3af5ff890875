// The operations of an OpenAPI document as TypeScript: what each takes and gives, and where it is.
import { codesOf, commonCodes, nameOf, operationsOf, successOf } from './openapi.mjs'

const quoted = (value) => (typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : String(value))
const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name))
const byName = (a, b) => (a < b ? -1 : 1)

/** The type of a schema; names of schemas that it uses are added to `used`. */
function typeOf(schema, used) {
  const name = nameOf(schema)
  if (name !== null) {
    used.add(name)
    return name
  }
  if (schema.enum !== undefined) return schema.enum.map(quoted).join(' | ')
  if (schema.const !== undefined) return quoted(schema.const)
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => typeOf(one, used)).join(' | ')
  if (Array.isArray(schema.type))
    return schema.type.map((type) => typeOf({ ...schema, type }, used)).join(' | ')
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `(${typeOf(schema.items ?? {}, used)})[]`
    case 'object': {
      if (schema.properties === undefined) return 'Record<string, unknown>'
      const required = new Set(schema.required ?? [])
      const members = Object.entries(schema.properties).map(
        ([property, of]) => `${key(property)}${required.has(property) ? '' : '?'}: ${typeOf(of, used)}`,
      )
      return `{ ${members.join('; ')} }`
    }
    default:
      return 'unknown'
  }
}

/** The parameters of one place, as members; null where there are none. */
function parametersOf({ parameters = [] }, where, used) {
  const those = parameters.filter((parameter) => parameter.in === where)
  if (those.length === 0) return null
  const members = those.map(({ name, required, schema }) =>
    required ? `${key(name)}: ${typeOf(schema, used)}` : `${key(name)}?: ${typeOf(schema, used)} | undefined`,
  )
  const optional = those.every(({ required }) => !required)
  return { text: `{ ${members.join('; ')} }`, optional }
}

function operationLines({ operation }, used, common) {
  const lines = [`  /** ${operation.summary} */`, `  ${operation.operationId}: {`]
  for (const where of ['path', 'query']) {
    const found = parametersOf(operation, where, used)
    if (found !== null) lines.push(`    ${where}${found.optional ? '?' : ''}: ${found.text}`)
  }
  const { requestBody } = operation
  if (requestBody !== undefined) {
    const [[media, { schema }]] = Object.entries(requestBody.content)
    const type = media === 'application/json' ? typeOf(schema, used) : 'Uint8Array'
    lines.push(`    body${requestBody.required ? '' : '?'}: ${type}`)
  }
  const success = successOf(operation)
  const answer =
    success === null ? 'null' : success.media === 'application/json' ? typeOf(success.schema, used) : 'string'
  lines.push(`    answer: ${answer}`)
  const own = codesOf(operation).filter((code) => !common.includes(code))
  lines.push(`    error: ${['CommonCode', ...own.map(quoted)].join(' | ')}`, '  }')
  return lines
}

/**
 * The module with the operations.
 * @param document the OpenAPI document
 * @param modules modules with schemas: file from `generated/`, and what it exports
 */
export function clientTypes(document, modules) {
  const placed = operationsOf(document).sort((a, b) =>
    byName(a.operation.operationId, b.operation.operationId),
  )
  const used = new Set()
  const common = commonCodes(placed)
  const interfaces = placed.flatMap((one) => operationLines(one, used, common))
  const imports = modules
    .map(({ file, names }) => ({ file, names: names.filter((name) => used.has(name)).sort(byName) }))
    .filter(({ names }) => names.length > 0)
    .map(({ file, names }) => `import type { ${names.join(', ')} } from '${file}'`)
  const places = placed.map(({ method, path, operation }) => {
    const media = Object.keys(operation.requestBody?.content ?? {})[0]
    const body = media === undefined ? '' : `, media: '${media}'`
    return `  ${operation.operationId}: { method: '${method}', path: '${path}'${body} },`
  })
  return [
    '// Made by `node scripts/api.mjs` from the OpenAPI document of the service. Change its schemas instead.',
    ...imports,
    '',
    '/** What any call may end in. */',
    `export type CommonCode = ${common.map(quoted).join(' | ')}`,
    '',
    '/** What each operation takes and gives: parameters, body, answer, and the codes of its errors. */',
    'export interface Operations {',
    ...interfaces,
    '}',
    '',
    '/** Where each operation is. */',
    'export const operations = {',
    ...places,
    '} as const',
    '',
  ].join('\n')
}
