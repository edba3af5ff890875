import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CheckPool } from '@basedrift/check'
import { createPostgresQueue } from '@basedrift/jobs'
import { startWorker } from '@basedrift/worker/main'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Document, operationsOf, type Placed } from '../../../scripts/lib/openapi.mjs'
import { smallBuilds } from '../../../scripts/lib/small-builds.mjs'
import { newName, startTestService, type TestService, uploadOf } from '../../../test/e2e/support/service.js'
import {
  badRequests,
  type Fixtures,
  fixtureOf,
  goodRequests,
  knownRequest,
  type Request,
} from './support/requests.js'

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let service: TestService
let document: Document
let fixtures: Fixtures
const ajv = new Ajv({ strict: false, allowUnionTypes: true, formats: { 'date-time': true } })

/** Two kernel builds with their modules, compared, as a worker leaves them. */
async function ingestTwo(): Promise<Fixtures> {
  const folder = await mkdtemp(path.join(tmpdir(), 'basedrift-walk-'))
  const { ledger, blobs, client, database } = service
  const queue = await createPostgresQueue({ databaseUrl: database.url, log: quiet, name: 'walk' })
  const pool = new CheckPool({ threads: 1 })
  const worker = await startWorker({ ledger, blobs, queue, pool, log: quiet, dataDir: folder })
  try {
    const { stream } = newName()
    const ids: string[] = []
    const digests: string[] = []
    const releases: string[] = []
    for (const { release, files } of await smallBuilds(path.join(folder, 'builds'))) {
      const name = { stream, version: '5.15.12', release }
      await client.declareBuild(name)
      for (const file of files) {
        const upload = uploadOf(await readFile(file))
        digests.push(upload.sha256)
        await client.putArtifact(name, path.basename(file), upload)
      }
      const { id } = await client.sealBuild(name)
      worker.dispatcher.ring()
      await client.waitForBuild(id, { everyMs: 20, signal: AbortSignal.timeout(40_000) })
      ids.push(id)
      releases.push(`5.15.12-${release}`)
    }
    const { items } = await client.listDrifts({ stream })
    const [{ filename } = { filename: '' }] = (await client.getBuild(ids[0] ?? '')).artifacts
    const [module] = (await client.listModules(ids[0] ?? '')).items
    return {
      stream: [stream],
      vr: releases,
      filename: [filename],
      sha256: digests,
      kernelBuild: ids,
      moduleBuild: ids,
      build: ids,
      'builds/{id}': ids,
      'drifts/{id}': items.map(({ id }) => id),
      name: [module?.name ?? ''],
      environment: ['production'],
      // Nothing is waited for.
      wait: ['0s'],
    }
  } finally {
    await worker.stop(0)
    await pool.close()
    await queue.close()
    await rm(folder, { recursive: true, force: true })
  }
}

beforeAll(async () => {
  service = await startTestService()
  document = (await (await service.fetch('/v1/openapi.json')).json()) as Document
  ajv.addSchema({ $id: 'document', components: document.components })
  fixtures = await ingestTwo()
})
afterAll(() => service?.[Symbol.asyncDispose]())

/** What is wrong with an answer according to the document; null where nothing is. */
function faultOf({ operation }: Placed, status: number, type: string | null, body: string): string | null {
  const response = operation.responses[status]
  if (response === undefined) return `status ${status} is not documented: ${body.slice(0, 200)}`
  if (body === '') return null
  const media = type?.split(';')[0] ?? ''
  const schema = response.content?.[media]?.schema
  if (schema === undefined) return `${media} is not documented for ${status}`
  if (!media.endsWith('json')) return null
  const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components'))
  return ajv.validate(local, JSON.parse(body)) ? null : `${ajv.errorsText()}: ${body.slice(0, 200)}`
}

/** Sends it; of events only the first are read, since they may have no end. */
async function answerTo({ method, path: address, headers, body }: Request) {
  const response = await service.fetch(address, {
    method,
    headers,
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  })
  const type = response.headers.get('content-type')
  if (type?.startsWith('text/event-stream') !== true) return { response, type, text: await response.text() }
  await response.body?.cancel()
  return { response, type, text: '' }
}

/** A path of dots alone is another address, and so may have no such method. */
const elsewhere = /"code":"(route-unknown|method-refused)"/

/** Milliseconds for all that is generated, over all operations. */
const budgetMs = 30_000

async function check(placed: Placed, request: Request): Promise<number> {
  const { response, type, text } = await answerTo(request)
  const told = `${request.method} ${request.path} ${request.body ?? ''}`
  expect(response.status, told + text).toBeLessThan(500)
  if ([404, 405].includes(response.status) && elsewhere.test(text)) return response.status
  expect(faultOf(placed, response.status, type, text), told).toBeNull()
  return response.status
}

it('every question whose subject the fixtures know is answered', async () => {
  for (const placed of operationsOf(document)) {
    const { method, path: address, operation } = placed
    const required = (operation.parameters ?? []).filter((one) => one.required)
    if (method !== 'GET' || required.some(({ name }) => fixtureOf(fixtures, address, name) === undefined))
      continue
    const status = await check(placed, knownRequest(fixtures, placed))
    expect([operation.operationId, status]).toEqual([operation.operationId, 200])
  }
})

it('every operation answers any input as it documents, and never with a failure of its own', async () => {
  const operations = operationsOf(document)
  const interruptAfterTimeLimit = budgetMs / operations.length / 2
  for (const placed of operations) {
    for (const requests of [goodRequests, badRequests])
      await fc.assert(
        fc.asyncProperty(requests(document, fixtures, placed), async (request) => {
          await check(placed, request)
        }),
        { numRuns: 25, endOnFailure: true, interruptAfterTimeLimit },
      )
  }
}, 120_000)
