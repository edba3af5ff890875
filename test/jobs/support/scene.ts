import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CheckPool } from '@basedrift/check'
import { artifactKindOf } from '@basedrift/contract'
import { createPostgresQueue, type QueueBackend } from '@basedrift/jobs'
import { type BlobStore, type BuildRow, DirectoryBlobStore, type Ledger, openLedger } from '@basedrift/ledger'
import { startWorker, type Worker } from '@basedrift/worker/main'
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import { writeDeb, writeTar } from '../../../packages/artifacts/test/support/archives.js'
import { quiet } from '../../../packages/jobs/test/backends.js'
import { createTestDatabase, type TestDatabase } from '../../support/database.js'

const testdata = path.resolve(import.meta.dirname, '../../../packages/btf/testdata')

/** A file of the project's own vectors. */
export const vector = (name: string) => readFile(path.join(testdata, name))

/** The artifacts of one of two builds of a kernel: its vmlinux, and a package of two modules. */
export async function kernelAndModules(build: '1.1' | '1.3'): Promise<Record<string, Uint8Array>> {
  const at = '/lib/modules/6.1.0/kernel'
  return {
    'kernel.deb': writeDeb(
      writeTar([
        { path: `.${at}/saucer.ko`, data: await vector(`saucer-${build}.ko`) },
        { path: `.${at}/teapot.ko`, data: await vector(`teapot-${build}.ko`) },
      ]),
    ),
    [`vmlinux-${build}`]: await vector(`vmlinux-${build}`),
  }
}

interface Declared {
  version?: string
  release: string
  builtFor?: string
  artifacts: Record<string, Uint8Array>
}

/** A worker with a ledger, blobs and a queue of its own for each test, and threads for all. */
class Scene {
  pool!: CheckPool
  database!: TestDatabase
  ledger!: Ledger
  blobs!: BlobStore
  worker!: Worker
  stream!: string
  dataDir!: string
  /** Drifts that are begun and never end: those of a worker that is killed with them. */
  heldDrifts = 0
  /** How often the pool was asked for what. */
  asked = { scan: 0, compare: 0 }
  /** Thrown by the blob store, once for each. */
  broken: Error[] = []
  #queue!: QueueBackend

  async start(): Promise<void> {
    this.stream = `kettle/${randomUUID()}`
    this.asked = { scan: 0, compare: 0 }
    this.broken = []
    this.heldDrifts = 0
    this.database = await createTestDatabase()
    const { url: databaseUrl } = this.database
    this.dataDir = await mkdtemp(path.join(tmpdir(), 'basedrift-worker-'))
    this.blobs = await DirectoryBlobStore.open(path.join(this.dataDir, 'blobs'))
    this.ledger = await openLedger({ databaseUrl, log: quiet })
    this.#queue = await createPostgresQueue({ databaseUrl, log: quiet, name: `worker-${randomUUID()}` })
    this.worker = await startWorker({
      ledger: this.ledger,
      blobs: this.#faultyBlobs(),
      queue: this.#queue,
      pool: this.#watchedPool(),
      log: quiet,
      dataDir: this.dataDir,
      settling: { quietMs: 0 },
    })
  }

  async stop(): Promise<void> {
    await this.worker.stop(0)
    await this.#queue.close()
    await this.ledger.close()
    await this.blobs.close()
    await this.database[Symbol.asyncDispose]()
    await rm(this.dataDir, { recursive: true, force: true })
  }

  #faultyBlobs(): BlobStore {
    const { blobs } = this
    return Object.assign(Object.create(blobs) as BlobStore, {
      putFile: async (...args: Parameters<BlobStore['putFile']>) => {
        const error = this.broken.shift()
        if (error !== undefined) throw error
        return blobs.putFile(...args)
      },
    })
  }

  #watchedPool(): Parameters<typeof startWorker>[0]['pool'] {
    const { pool } = this
    return {
      scan: (...args) => {
        this.asked.scan++
        return pool.scan(...args)
      },
      fit: (...args) => pool.fit(...args),
      fingerprint: (...args) => pool.fingerprint(...args),
      drift: (job, options) => {
        if (this.heldDrifts-- <= 0) return pool.drift(job, options)
        const signal = options?.signal
        return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      },
      compare: (...args) => {
        this.asked.compare++
        return pool.compare(...args)
      },
    }
  }

  /** Declares, uploads and seals as the API does; gives the build once it has ended. */
  async push({ version = '6.1.0', release, builtFor, artifacts }: Declared): Promise<BuildRow> {
    const { ledger, blobs, stream } = this
    const declared = { stream, version, release, provenance: {}, builtFor: builtFor ?? null }
    const { build } = await ledger.builds.declare(declared)
    for (const [filename, bytes] of Object.entries(artifacts)) {
      const chunks = (async function* () {
        yield bytes
      })()
      const { sha256, size } = await blobs.put(chunks, { maxBytes: bytes.length })
      const kind = artifactKindOf(filename)
      await ledger.artifacts.add({ buildId: build.id, filename, kind, sha256, size })
    }
    await ledger.builds.seal(build.id)
    this.worker.dispatcher.ring()
    return this.#ended(build.id)
  }

  #ended(id: string): Promise<BuildRow> {
    return vi.waitFor(
      async () => {
        const build = await this.ledger.builds.get(id)
        expect(['done', 'failed']).toContain(build?.state)
        return build as BuildRow
      },
      { timeout: 30_000, interval: 20 },
    )
  }

  /** The matrix by releases: `counts[kernel][modules]`. */
  async matrix(): Promise<Record<string, Record<string, unknown>>> {
    const { cells } = await this.ledger.pairs.matrix({ stream: this.stream, limit: 100 })
    const table: Record<string, Record<string, unknown>> = {}
    for (const { kernelBuild, moduleBuild, state, counts, error } of cells) {
      table[kernelBuild.release] ??= {}
      const row = table[kernelBuild.release] as Record<string, unknown>
      row[moduleBuild.release] = state === 'done' ? counts : { state, code: error?.code }
    }
    return table
  }
}

/** A scene that starts before each test of the file and stops after it. */
export function workerScene(): Scene {
  const scene = new Scene()
  beforeAll(() => {
    scene.pool = new CheckPool({ threads: 2 })
  })
  afterAll(() => scene.pool?.close())
  beforeEach(() => scene.start())
  afterEach(() => scene.stop())
  return scene
}
