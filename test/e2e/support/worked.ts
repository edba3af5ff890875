import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CheckPool } from '@basedrift/check'
import { createPostgresQueue } from '@basedrift/jobs'
import { startWorker, type Worker } from '@basedrift/worker/main'
import { startTestService, type TestService } from './service.js'

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A service, a worker that takes its tasks, and a directory for files of the test. */
export interface WorkedService {
  service: TestService
  worker: Worker
  folder: string
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a service as `startTestService` does, with a worker of one thread. */
export async function startWorkedService(
  options: Parameters<typeof startTestService>[0] = {},
): Promise<WorkedService> {
  const service = await startTestService(options)
  const { ledger, blobs, database } = service
  const folder = await mkdtemp(path.join(tmpdir(), 'basedrift-worked-'))
  const queue = await createPostgresQueue({ databaseUrl: database.url, log: quiet, name: 'worked' })
  const pool = new CheckPool({ threads: 1 })
  const worker = await startWorker({ ledger, blobs, queue, pool, log: quiet, dataDir: folder })
  return {
    service,
    worker,
    folder,
    async [Symbol.asyncDispose]() {
      await worker.stop(0)
      await pool.close()
      await queue.close()
      await service[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
