// The page of the docs with an example for every call.
import { exampleOf } from './examples.mjs'
import { codesOf, commonCodes, operationsOf, successOf } from './openapi.mjs'

const server = 'http://127.0.0.1:8080'

/** Most lines of an example answer: longer ones are in the document. */
const mostLines = 40

function addressOf(document, path, parameters) {
  const value = (parameter) =>
    exampleOf(
      document,
      { ...parameter.schema, ...(parameter.example === undefined ? {} : { example: parameter.example }) },
      parameter.name,
    )
  let address = path
  const query = []
  for (const parameter of parameters) {
    if (parameter.in === 'path')
      address = address.replace(`{${parameter.name}}`, encodeURIComponent(String(value(parameter))))
    if (parameter.in === 'query' && parameter.required)
      query.push(`${parameter.name}=${encodeURIComponent(String(value(parameter)))}`)
  }
  return server + address + (query.length === 0 ? '' : `?${query.join('&')}`)
}

/** A body in single quotes whose ends are always to come, and not too far off, whenever it is copied. */
const inTheFuture = (json) =>
  json.replace(/"(expiresAt)":"[^"]*"/g, `"$1":"'"$(date -u -d +30days +%FT%TZ)"'"`)

function curlOf(document, { method, path, operation }) {
  const parameters = operation.parameters ?? []
  const address = `'${addressOf(document, path, parameters)}'`
  const token = operation.security === undefined ? [] : [`-H "authorization: Bearer $BASEDRIFT_TOKEN"`]
  const how = { GET: [], HEAD: ['-I'] }[method] ?? [`-X ${method}`]
  const [media, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? []
  const rest = []
  if (media === 'application/json') {
    const json = JSON.stringify(exampleOf(document, body.schema)).replaceAll("'", "'\\''")
    rest.push(`-H 'content-type: ${media}'`, `-d '${inTheFuture(json)}'`)
  } else if (media !== undefined) {
    rest.push(`-H 'content-type: ${media}'`)
    if (parameters.some(({ name }) => name === 'content-digest'))
      rest.push('-H "content-digest: sha-256=:$(openssl dgst -sha256 -binary FILE | base64 -w0):"')
    rest.push('-T FILE')
  }
  return [['curl -sS --fail-with-body', ...how, address].join(' '), ...token, ...rest]
    .map((part, n) => (n === 0 ? `    ${part}` : `      ${part}`))
    .join(' \\\n')
}

/** A value as JSON, in lines that are not too long: what fits into one stands in one. */
function jsonLines(value, indent = '') {
  const flat = JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ')
  if (typeof value !== 'object' || value === null || indent.length + flat.length <= 100) return [flat]
  const list = Array.isArray(value)
  const entries = Object.entries(value).map(([key, item]) => {
    const [first, ...rest] = jsonLines(item, `${indent}  `)
    return [`${list ? '' : `${JSON.stringify(key)}: `}${first}`, ...rest]
  })
  const lines = entries.flatMap((entry, n) => {
    const end = n === entries.length - 1 ? '' : ','
    return entry.map((line, m) => `  ${line}${m === entry.length - 1 ? end : ''}`)
  })
  return [list ? '[' : '{', ...lines, list ? ']' : '}']
}

function answerOf(document, operation) {
  const success = successOf(operation)
  if (success === null) return []
  const { status, media, schema } = success
  if (!media.endsWith('json')) return ['', `Answers ${status} with \`${media}\`.`]
  const lines = jsonLines(exampleOf(document, schema))
  const shown = lines.length > mostLines ? [...lines.slice(0, mostLines), '…'] : lines
  return ['', `Answers ${status}:`, '', ...shown.map((line) => `    ${line}`)]
}

function parametersOf({ parameters = [] }) {
  const optional = parameters.filter((parameter) => parameter.in === 'query' || parameter.in === 'header')
  if (optional.length === 0) return []
  const rows = optional.map(({ name, in: where, required, description = '' }) => {
    const kind = `${where === 'header' ? 'header' : 'query'}${required ? ', required' : ''}`
    return `| \`${name}\` | ${kind} | ${description.replaceAll('\n', ' ').replaceAll('|', '\\|')} |`
  })
  return ['', '| parameter | | meaning |', '| --- | --- | --- |', ...rows]
}

function section(document, placed, common) {
  const { method, path, operation } = placed
  const own = codesOf(operation).filter((code) => !common.includes(code))
  const scopes = (operation.security ?? []).flatMap(({ token = [] }) => token).map((scope) => `\`${scope}\``)
  return [
    '',
    `### ${operation.operationId}`,
    '',
    `\`${method} ${path}\`: ${operation.summary}${/[.?!]$/.test(operation.summary) ? '' : '.'}${scopes.length === 0 ? '' : ` Needs a token with ${scopes.join(' or ')}.`}`,
    ...(operation.description === undefined ? [] : ['', operation.description]),
    ...parametersOf(operation),
    '',
    curlOf(document, placed),
    ...answerOf(document, operation),
    ...(own.length === 0 ? [] : ['', `Errors: ${own.map((code) => `\`${code}\``).join(', ')}.`]),
  ]
}

/** The page, from the OpenAPI document. */
export function apiPage(document) {
  const operations = operationsOf(document)
  const common = commonCodes(operations)
  const lines = [
    '# The HTTP API, call by call',
    '',
    'This page is made by `node scripts/api.mjs` from the OpenAPI document, which the service gives at `/v1/openapi.json`. How a build hook uses the calls is in',
    '[http.md](http.md); what each error code means is in [errors.md](errors.md). Examples show shapes: their values are made up.',
    '',
    `Any call may end in ${common.map((code) => `\`${code}\``).join(', ')}.`,
  ]
  for (const { name, description } of document.tags) {
    const of = operations.filter(({ operation }) => operation.tags[0] === name)
    if (of.length === 0) continue
    lines.push('', `## ${description}`)
    for (const placed of of) lines.push(...section(document, placed, common))
  }
  return `${lines.join('\n')}\n`
}
