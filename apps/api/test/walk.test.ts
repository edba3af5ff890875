import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { CheckPool } from '@basedrift/check'
import { createPostgresQueue } from '@basedrift/jobs'
import { openSending } from '@basedrift/notify'
import { startWorker } from '@basedrift/worker/main'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  codesOf,
  commonCodes,
  type Document,
  operationsOf,
  type Placed,
} from '../../../scripts/lib/openapi.mjs'
import { smallBuilds } from '../../../scripts/lib/small-builds.mjs'
import { newKey } from '../../../test/e2e/support/chat.js'
import { newName, startTestService, type TestService, uploadOf } from '../../../test/e2e/support/service.js'
import {
  badRequests,
  type Fixtures,
  goodRequests,
  knownRequest,
  type Request,
  strangeRequest,
} from './support/requests.js'
import { type Scene, setScenes } from './support/scenes.js'

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let service: TestService
let document: Document
let fixtures: Fixtures
let scenes: Record<string, Scene>
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
  const publicUrl = 'https://basedrift.example.org'
  const sending = openSending({
    secretKeys: newKey('a'),
    publicUrl,
    allowHosts: ['127.0.0.1'],
    allowInsecure: true,
  })
  service = await startTestService({ sending })
  document = (await (await service.fetch('/v1/openapi.json')).json()) as Document
  ajv.addSchema({ $id: 'document', components: document.components })
  const built = await ingestTwo()
  const first = (name: string, nth = 0) => String(built[name]?.[nth])
  const made = await setScenes(service, {
    stream: first('stream'),
    kernelBuild: first('build'),
    moduleBuild: first('build', 1),
    environment: first('environment'),
    module: first('name'),
  })
  scenes = made.scenes
  fixtures = { ...built, ...made.fixtures }
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

/** Sends it under another name of the service: `fetch` writes that header itself. */
async function answerUnderName({ method, path: address, headers }: Request) {
  const all = { authorization: `Bearer ${service.token}`, ...headers }
  const asked = request(new URL(address, service.url), { method, headers: all }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return {
    status: response.statusCode ?? 0,
    type: response.headers['content-type'] ?? null,
    text: await text(response),
  }
}

/** Sends it; of events only the first are read, since they may have no end. */
async function answerTo(given: Request): Promise<{ status: number; type: string | null; text: string }> {
  const { method, path: address, headers, body } = given
  if (headers.host !== undefined) return answerUnderName(given)
  const response = await service.fetch(address, {
    method,
    headers,
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  })
  const { status } = response
  const type = response.headers.get('content-type')
  if (type?.startsWith('text/event-stream') !== true) return { status, type, text: await response.text() }
  await response.body?.cancel()
  return { status, type, text: '' }
}

/** A path of dots alone is another address, and so may have no such method. */
const elsewhere = /"code":"(route-unknown|method-refused)"/

const check = async (placed: Placed, request: Request) => (await answered(placed, request)).status

/** Status and code of the answer, which is one that is documented. */
async function answered(
  placed: Placed,
  request: Request,
): Promise<{ status: number; code: string | undefined }> {
  const { status, type, text } = await answerTo(request)
  const told = `${request.method} ${request.path} ${request.body ?? ''}`
  expect(status, told + text).toBeLessThan(500)
  const code = /"code":"([a-z0-9-]+)"/.exec(text)?.[1]
  if ([404, 405].includes(status) && elsewhere.test(text)) return { status, code }
  expect(faultOf(placed, status, type, text), told).toBeNull()
  return { status, code }
}

/** Those that take something away come last. */
const inOrder = (operations: Placed[]) =>
  [...operations].sort((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'))

it('every operation does what it is for', async () => {
  for (const placed of inOrder(operationsOf(document))) {
    const { operationId } = placed.operation
    const status = await check(placed, knownRequest(fixtures, placed, scenes[operationId]))
    expect([operationId, status >= 200 && status < 300 ? '2xx' : status]).toEqual([operationId, '2xx'])
  }
})

it('every operation refuses what it cannot do, with a code of its own where it has one', async () => {
  const operations = operationsOf(document)
  const common = commonCodes(operations)
  for (const placed of operations) {
    const { operationId } = placed.operation
    const request = strangeRequest(fixtures, placed, scenes[operationId])
    const { status, code } = await answered(placed, request)
    expect([operationId, status >= 400 && status < 500 ? '4xx' : status]).toEqual([operationId, '4xx'])
    if (placed.method === 'HEAD') continue
    const own = codesOf(placed.operation).filter((one) => !common.includes(one))
    expect([...own, ...common], operationId).toContain(code)
  }
})

it('every operation answers any input as it documents, and never with a failure of its own', async () => {
  const operations = operationsOf(document)
  for (const placed of operations) {
    for (const requests of [goodRequests, badRequests])
      await fc.assert(
        fc.asyncProperty(requests(document, fixtures, placed), async (request) => {
          await check(placed, request)
        }),
        { numRuns: 8, endOnFailure: true },
      )
  }
}, 120_000)
