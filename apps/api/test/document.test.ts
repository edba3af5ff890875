import { httpSchemas } from '@basedrift/contract'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestService, type TestService } from '../../../test/e2e/support/service.js'

interface Operation {
  operationId: string
  parameters?: { name: string; in: string; schema: Record<string, unknown> }[]
  requestBody?: { content: Record<string, unknown> }
  responses: Record<string, { content?: Record<string, { schema: Record<string, unknown> }> }>
}
interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown> }
}

let service: TestService
let document: Document
const ajv = new Ajv({
  allowUnionTypes: true,
  strictTypes: false,
  formats: { 'date-time': true },
  strict: false,
})

beforeAll(async () => {
  service = await startTestService()
  document = (await (await fetch(`${service.url}/v1/openapi.json`)).json()) as Document
  ajv.addSchema({ $id: 'document', components: document.components })
})
afterAll(() => service?.[Symbol.asyncDispose]())

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )

/** What is wrong with an answer according to the document; null where nothing is. */
function faultOf(operation: Operation, status: number, type: string | null, body: string): string | null {
  const response = operation.responses[status]
  if (response === undefined) return `status ${status} is not documented`
  if (body === '') return null
  const media = type?.split(';')[0] ?? ''
  const schema = response.content?.[media]?.schema
  if (schema === undefined) return `${media} is not documented for ${status}`
  if (!media.endsWith('json')) return null
  const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components'))
  return ajv.validate(local, JSON.parse(body)) ? null : ajv.errorsText()
}

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0')
    expect(await new Validator().validate(structuredClone(document) as never)).toMatchObject({ valid: true })
  })

  it('has every schema of the contract, and every call with its answers', () => {
    for (const { $id } of httpSchemas) expect(document.components.schemas).toHaveProperty($id)
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.sort()).toEqual(
      [
        'breakGlass',
        'buildEvents',
        'changeStream',
        'decision',
        'decisionInputs',
        'declareBuild',
        'drift',
        'enterLive',
        'gate',
        'getBuild',
        'getPolicy',
        'getWaiver',
        'headBlob',
        'health',
        'leaveLive',
        'listBuilds',
        'listDecisions',
        'listDrifts',
        'listEnvironments',
        'listGateUses',
        'listLive',
        'listModules',
        'listStreams',
        'listWaivers',
        'matrix',
        'metrics',
        'pair',
        'pairModule',
        'putArtifact',
        'ready',
        'sealBuild',
        'setPolicy',
        'waive',
        'withdrawWaiver',
      ].sort(),
    )
    for (const { operation } of operations()) {
      expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true)
      expect(operation.responses).toHaveProperty('500')
    }
  })
})

/** Half surrogates cannot be sent in an address. */
const wellFormed = (text: string) => text.replace(/\p{Surrogate}/gu, '?')

/** Text that someone might send: what fits, what almost fits, and anything else. */
const nasty = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    'a/b',
    '1-1',
    'a.rpm',
    '00000000-0000-0000-0000-000000000000',
    '0'.repeat(64),
    '<script>alert(1)</script>',
    "'; DROP TABLE x; --",
    '../../etc/passwd',
    '%00',
    '\u0000',
    '-1',
    '99999999999999999999',
    'x'.repeat(300),
  ),
)

describe('every operation', () => {
  it('answers any input as it documents, and never with a failure of its own', async () => {
    const all = operations().filter(({ operation }) => operation.operationId !== 'buildEvents')
    const cases = fc.record({
      which: fc.nat({ max: all.length - 1 }),
      values: fc.array(nasty, { minLength: 12, maxLength: 12 }),
      body: fc.oneof(
        fc.constant(undefined),
        fc.json(),
        nasty,
        fc
          .record({ provenance: fc.record({ url: nasty, labels: fc.dictionary(nasty, nasty) }) })
          .map((v) => JSON.stringify(v)),
        fc.record({ builtFor: nasty }).map((v) => JSON.stringify(v)),
      ),
    })
    await fc.assert(
      fc.asyncProperty(cases, async ({ which, values, body }) => {
        const { path, method, operation } = all[which] as (typeof all)[number]
        let next = 0
        const value = () => values[next++ % values.length] as string
        let url = path
        const query = new URLSearchParams()
        const headers = new Headers()
        for (const { name, in: where } of operation.parameters ?? []) {
          const text = value()
          if (where === 'path') url = url.replace(`{${name}}`, encodeURIComponent(wellFormed(text)) || 'x')
          else if (where === 'query') query.append(name, wellFormed(text))
          else if (/^[\x21-\x7e]+$/.test(text)) headers.set(name, text)
        }
        if (operation.requestBody !== undefined) {
          headers.set('content-type', Object.keys(operation.requestBody.content)[0] ?? '')
        }
        const response = await fetch(`${service.url}${url}${query.size > 0 ? `?${query}` : ''}`, {
          method: method.toUpperCase(),
          headers,
          ...(operation.requestBody !== undefined && body !== undefined ? { body } : {}),
        })
        const text = await response.text()
        expect(response.status).toBeLessThan(500)
        // A path of dots alone is another address, and so may have no such method.
        if ([404, 405].includes(response.status) && /"code":"(route-unknown|method-refused)"/.test(text))
          return
        expect(faultOf(operation, response.status, response.headers.get('content-type'), text)).toBeNull()
      }),
      { numRuns: 400 },
    )
  })
})
