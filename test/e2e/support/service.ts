import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type ApiLimits, defaultApiConfig } from '@basedrift/api/app'
import { startServer } from '@basedrift/api/server'
import { CheckPool } from '@basedrift/check'
import { type Client, createClient } from '@basedrift/contract'
import { DirectoryBlobStore, type Ledger, openLedger } from '@basedrift/ledger'
import type { Sending } from '@basedrift/notify'
import { createLogger, createMetrics } from '@basedrift/runtime'
import { createTestDatabase, type TestDatabase } from '../../support/database.js'

/** A service that listens, on a database and a blob store of its own. `await using` ends it. */
export interface TestService extends AsyncDisposable {
  url: string
  client: Client
  ledger: Ledger
  blobs: DirectoryBlobStore
  database: TestDatabase
  /** Lines of the log. */
  log: string[]
  /** How often the API asked for its work to be started. */
  rings: () => number
  /** Names of files that the blob store has staged. */
  staged(): Promise<string[]>
}

/** Starts one. `limits` replaces single ones. */
export async function startTestService(
  options: {
    limits?: Partial<ApiLimits>
    hosts?: string[]
    origins?: string[]
    graceMs?: number
    /** In place of threads of its own. */
    pool?: Pick<CheckPool, 'explain'>
    /** What channels take. */
    sending?: Sending
    /** In place of counting how often work is to be started. */
    ring?: () => void
  } = {},
): Promise<TestService> {
  const database = await createTestDatabase()
  const folder = await mkdtemp(path.join(tmpdir(), 'basedrift-e2e-'))
  const lines: string[] = []
  const log = createLogger({ level: 'info', stream: { write: (line) => lines.push(line) } })
  const ledger = await openLedger({ databaseUrl: database.url, log })
  const blobs = await DirectoryBlobStore.open(folder)
  const pool = new CheckPool({ threads: 1 })
  let rings = 0
  const config = {
    ...defaultApiConfig,
    hosts: options.hosts ?? [],
    origins: options.origins ?? [],
    limits: {
      ...defaultApiConfig.limits,
      requestsPerMinute: 1_000_000,
      eventLoopDelayMs: 0,
      ...options.limits,
    },
  }
  const server = await startServer(
    {
      ledger,
      blobs,
      pool: options.pool ?? pool,
      ring: options.ring ?? (() => rings++),
      sending: options.sending,
      config,
      log,
      metrics: createMetrics(),
    },
    { host: '127.0.0.1', port: 0 },
    options.graceMs,
  )
  return {
    url: server.url,
    client: createClient({ baseUrl: server.url, retry: { baseMs: 1, maxMs: 50 } }),
    ledger,
    blobs,
    database,
    log: lines,
    rings: () => rings,
    staged: () => readdir(path.join(folder, '.staging')),
    async [Symbol.asyncDispose]() {
      await server.close()
      await pool.close()
      await ledger.close()
      await blobs.close()
      await database[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A build of a stream that no other test has. */
export function newName(release = '1.1') {
  return { stream: `kettle:Factory/x86_64/${randomUUID()}`, version: '5.15.12', release }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** What a client uploads. */
export function uploadOf(bytes: Uint8Array) {
  return {
    sha256: sha256Of(bytes),
    size: bytes.length,
    async *open() {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
    },
  }
}

/** Path of a build. */
export function pathOf({
  stream,
  version,
  release,
}: {
  stream: string
  version: string
  release: string
}): string {
  return `/v1/streams/${encodeURIComponent(stream)}/builds/${encodeURIComponent(`${version}-${release}`)}`
}
