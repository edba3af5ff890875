import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { openApiDocument } from '@basedrift/api/document'
import { httpSchemas } from '@basedrift/contract'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv } from 'ajv'
import { beforeAll, describe, expect, it } from 'vitest'
import { exampleOf } from '../../../scripts/lib/examples.mjs'
import { type Document, operationsOf, successOf } from '../../../scripts/lib/openapi.mjs'

let document: Document
beforeAll(async () => {
  document = (await openApiDocument()) as Document
})

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0')
    expect(await new Validator().validate(structuredClone(document) as never)).toMatchObject({ valid: true })
  })

  it('has every schema of the contract, and each call with a name of its own, its answers and the codes of its errors', () => {
    for (const { $id } of httpSchemas) expect(document.components.schemas).toHaveProperty($id)
    const operations = operationsOf(document)
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(
      expect.arrayContaining(['declareBuild', 'putArtifact', 'sealBuild', 'getBuild', 'matrix', 'pair']),
    )
    const tags = document.tags.map(({ name }) => name)
    for (const { operation } of operations) {
      expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true)
      expect(operation.responses).toHaveProperty('500')
      expect(tags).toContain(operation.tags[0])
      for (const [status, { content }] of Object.entries(operation.responses)) {
        const problem = content?.['application/problem+json']
        if (problem !== undefined)
          expect(
            problem.schema.properties?.code?.enum?.length,
            `${operation.operationId} ${status}`,
          ).toBeGreaterThan(0)
      }
    }
  })
})

describe('what is made from it', () => {
  it('is up to date: the operations of the client, and the page of the docs', () => {
    const script = path.resolve(import.meta.dirname, '../../../scripts/api.mjs')
    execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })
  })

  it('has examples that fit their schemas', () => {
    const ajv = new Ajv({ strict: false, allowUnionTypes: true, formats: { 'date-time': true } })
    ajv.addSchema({ $id: 'document', components: document.components })
    const local = (schema: object) =>
      JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components'))
    for (const { operation } of operationsOf(document)) {
      const success = successOf(operation)
      const parts = [
        ...(operation.parameters ?? []).map((one) => ({ ...one, what: one.name })),
        ...Object.values(operation.requestBody?.content ?? {}).map((one) => ({
          ...one,
          name: '',
          what: 'body',
        })),
        ...(success?.media.endsWith('json') ? [{ ...success, name: '', what: 'answer' }] : []),
      ]
      for (const { schema, name, what } of parts) {
        const example = exampleOf(document, schema, name)
        const valid = ajv.validate(local(schema), example)
        expect(
          valid,
          `${operation.operationId} ${what}: ${ajv.errorsText()} ${JSON.stringify(example)}`,
        ).toBe(true)
      }
    }
  })
})
