import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CheckPool, ENGINE_VERSION } from '@basedrift/check'
import { createPostgresQueue, type QueueBackend } from '@basedrift/jobs'
import { type BlobStore, DirectoryBlobStore, type Ledger, openLedger } from '@basedrift/ledger'
import { startWorker, type Worker, type WorkerOptions } from '@basedrift/worker/main'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { writeDeb, writeTar } from '../../packages/artifacts/test/support/archives.js'
import { quiet } from '../../packages/jobs/test/backends.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'

const testdata = path.resolve(import.meta.dirname, '../../packages/btf/testdata')
const vector = (name: string) => readFile(path.join(testdata, name))

type Pool = WorkerOptions['pool']

let pool: CheckPool
beforeAll(() => {
  pool = new CheckPool({ threads: 2 })
})
afterAll(() => pool?.close())

let database: TestDatabase
let ledger: Ledger
let blobs: BlobStore
let queue: QueueBackend
let workers: Worker[]
let stream: string
let dataDir: string

beforeEach(async () => {
  stream = `kettle/${randomUUID()}`
  workers = []
  database = await createTestDatabase()
  dataDir = await mkdtemp(path.join(tmpdir(), 'basedrift-renewal-'))
  blobs = await DirectoryBlobStore.open(path.join(dataDir, 'blobs'))
  ledger = await openLedger({ databaseUrl: database.url, log: quiet })
  queue = await createPostgresQueue({
    databaseUrl: database.url,
    log: quiet,
    name: `renewal-${randomUUID()}`,
  })
})
afterEach(async () => {
  for (const worker of workers) await worker.stop(0)
  await queue.close()
  await ledger.close()
  await blobs.close()
  await database[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

async function work(own: Pool = pool): Promise<void> {
  const options = { ledger, blobs, queue, pool: own, log: quiet, dataDir }
  const settling = { quietMs: 0, patienceMs: 0 }
  workers.push(await startWorker({ ...options, settling, reconcile: { intervalMs: 50, quietMs: 60_000 } }))
}

async function push(release: string): Promise<string> {
  const { build } = await ledger.builds.declare({
    stream,
    version: '6.1.0',
    release,
    provenance: {},
    builtFor: null,
  })
  const at = './lib/modules/6.1.0/kernel'
  const artifacts = {
    'kernel.deb': writeDeb(
      writeTar([
        { path: `${at}/saucer.ko`, data: await vector(`saucer-${release}.ko`) },
        { path: `${at}/teapot.ko`, data: await vector(`teapot-${release}.ko`) },
      ]),
    ),
    vmlinux: await vector(`vmlinux-${release}`),
  }
  for (const [filename, bytes] of Object.entries(artifacts)) {
    const chunks = (async function* () {
      yield bytes as Uint8Array
    })()
    const { sha256, size } = await blobs.put(chunks, { maxBytes: bytes.length })
    await ledger.artifacts.add({ buildId: build.id, filename, sha256, size })
  }
  await ledger.builds.seal(build.id)
  for (const { dispatcher } of workers) dispatcher.ring()
  return build.id
}

const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 20 })

const answers = async () => {
  const { cells } = await ledger.pairs.matrix({ stream, limit: 100 })
  return Promise.all(
    cells.map(async ({ kernelBuild, moduleBuild, counts }) => [
      kernelBuild.release,
      moduleBuild.release,
      counts,
      (await ledger.pairs.get(kernelBuild.id, moduleBuild.id))?.comparison?.engine,
    ]),
  )
}

/** As an engine of that version would have left the ledger, with another opinion. */
async function decidedBy(engine: string): Promise<void> {
  await database.query(`UPDATE "Comparison" SET engine = $1, key = $1 || key, counts = '{"unknown": 2}'`, [
    engine,
  ])
  await database.query(`UPDATE "Drift" SET engine = $1, headline = 'as it was'`, [engine])
}

const drifts = async () => (await ledger.drifts.list({ stream, limit: 10 })).items

describe('after an upgrade', () => {
  const fresh = [
    ['1.3', '1.3', { compatible: 2 }, ENGINE_VERSION],
    ['1.3', '1.1', { rejected: 1, misread: 1 }, ENGINE_VERSION],
    ['1.1', '1.3', { rejected: 1, misread: 1 }, ENGINE_VERSION],
    ['1.1', '1.1', { compatible: 2 }, ENGINE_VERSION],
  ]

  it('workers decide again what an older engine decided, several of them together, and nothing is asked for twice', async () => {
    await work()
    const builds = [await push('1.1'), await push('1.3')]
    await eventually(async () => {
      expect(await answers()).toEqual(fresh)
      expect((await drifts()).map(({ state }) => state)).toEqual(['done'])
    })
    const [drift] = await drifts()
    for (const worker of workers.splice(0)) await worker.stop()
    await decidedBy('0.1.0')
    expect((await answers())[0]).toEqual(['1.3', '1.3', { unknown: 2 }, '0.1.0'])

    await Promise.all([work(), work()])
    await eventually(async () => {
      expect(await answers()).toEqual(fresh)
      const [renewed] = await drifts()
      expect(renewed).toMatchObject({ engine: ENGINE_VERSION, headline: drift?.headline })
      expect(await ledger.tasks.counts()).toMatchObject({ pending: 0, leased: 0 })
    })
    for (const id of builds) expect((await ledger.builds.get(id))?.state).toBe('done')
    const attempts = await database.query(
      `SELECT DISTINCT attempt, bells FROM "Task" WHERE kind = 'compare' ORDER BY 1, 2`,
    )
    expect(attempts).toEqual([{ attempt: 1, bells: 2 }])
  })

  it('an older worker that still runs leaves what a newer engine decided', async () => {
    await work()
    await push('1.1')
    await eventually(async () => expect(await answers()).toEqual([fresh[3]]))
    await decidedBy('99.0.0')
    const [task] = await database.query<{ id: string }>(`SELECT id FROM "Task" WHERE kind = 'compare'`)
    await database.query(`UPDATE "Task" SET state = 'pending', attempt = 0 WHERE kind = 'compare'`)
    await ledger.tasks.ring([task?.id ?? ''])
    workers[0]?.dispatcher.ring()
    await eventually(async () => expect((await ledger.tasks.get(task?.id ?? ''))?.state).toBe('done'))
    expect(await answers()).toEqual([['1.1', '1.1', { unknown: 2 }, '99.0.0']])
  })

  it('what changed while a comparison ran is compared again as it is now', async () => {
    let compared = 0
    await work({
      scan: (...args) => pool.scan(...args),
      fit: (...args) => pool.fit(...args),
      fingerprint: (...args) => pool.fingerprint(...args),
      drift: (...args) => pool.drift(...args),
      compare: async (...args) => {
        if (compared++ === 0) await database.query(`UPDATE "ModuleSet" SET "symbolsSha256" = NULL`)
        return pool.compare(...args)
      },
    })
    const build = await push('1.1')
    await eventually(async () => expect((await ledger.builds.get(build))?.state).toBe('done'))
    expect(compared).toBe(2)
    expect((await ledger.pairs.get(build, build))?.comparison?.symbolsSha256).toBeNull()
  })
})
