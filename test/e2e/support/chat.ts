import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CheckPool } from '@basedrift/check'
import type { Delivery } from '@basedrift/contract'
import { createPostgresQueue } from '@basedrift/jobs'
import { openSending } from '@basedrift/notify'
import { createMetrics, type Metrics } from '@basedrift/runtime'
import { startWorker, type Worker, type WorkerOptions } from '@basedrift/worker/main'
import { expect, vi } from 'vitest'
import { quiet } from '../../../packages/jobs/test/backends.js'
import { type Received, type Receiver, startReceiver } from '../../support/receiver.js'
import { startTestService, type TestService } from './service.js'

/** Where links of messages start. */
export const publicUrl = 'https://basedrift.example.org'

/** A pair for `BASEDRIFT_SECRET_KEYS`. */
export const newKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`

/** How long what must come is waited for. */
export const soon = { timeout: 30_000, interval: 20 }

/** A service with a worker that sends, and a receiver of this machine. `await using` ends them. */
export interface TestChat extends AsyncDisposable {
  service: TestService
  receiver: Receiver
  metrics: Metrics
  worker: Worker
}

/** Starts one. */
export async function startChat(
  options: {
    secretKeys?: string
    answer?: (request: Received, response: ServerResponse) => void
    allowHosts?: string[]
    worker?: Pick<WorkerOptions, 'log' | 'reconcile' | 'settling' | 'sweep'>
  } = {},
): Promise<TestChat> {
  const { secretKeys = newKey('a'), answer, allowHosts = ['127.0.0.1'] } = options
  const receiver = await startReceiver(answer)
  const sending = openSending({ secretKeys, publicUrl, allowHosts, allowInsecure: true })
  let running: Worker | undefined
  const service = await startTestService({ sending, ring: () => running?.ring() })
  const dataDir = await mkdtemp(path.join(tmpdir(), 'basedrift-chat-'))
  const queue = await createPostgresQueue({ databaseUrl: service.database.url, log: quiet })
  const pool = new CheckPool({ threads: 1 })
  const metrics = createMetrics()
  const { ledger, blobs } = service
  const parts = { ledger, blobs, queue, pool, log: quiet, dataDir, sending, metrics }
  const worker = await startWorker({ ...parts, settling: { quietMs: 0 }, ...options.worker })
  running = worker
  return {
    service,
    receiver,
    metrics,
    worker,
    async [Symbol.asyncDispose]() {
      await worker.stop(0)
      await queue.close()
      await pool.close()
      await receiver[Symbol.asyncDispose]()
      await service[Symbol.asyncDispose]()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** One request; the body of its answer. */
export async function call<T>(
  service: TestService,
  method: string,
  at: string,
  body?: unknown,
  status = 200,
): Promise<T> {
  const response = await service.fetch(at, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const text = await response.text()
  expect([response.status, text]).toEqual([status, expect.anything()])
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** A delivery once it is in this state. */
export const ended = (service: TestService, id: string, state: Delivery['state'] = 'sent') =>
  vi.waitFor(async () => {
    const delivery = await call<Delivery>(service, 'GET', `/v1/deliveries/${id}`)
    expect(delivery.state).toBe(state)
    return delivery
  }, soon)
