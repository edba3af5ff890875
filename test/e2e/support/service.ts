import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type ApiLimits, apiConfigOf } from '@basedrift/api/app'
import { startServer } from '@basedrift/api/server'
import { CheckPool } from '@basedrift/check'
import { type Client, createClient, type TokenScope } from '@basedrift/contract'
import { DirectoryBlobStore, type Ledger, openLedger } from '@basedrift/ledger'
import type { Sending } from '@basedrift/notify'
import { createLogger, createMetrics, openSigner } from '@basedrift/runtime'
import { createTestDatabase, type TestDatabase } from '../../support/database.js'

/** A service that listens, on a database and a blob store of its own. `await using` ends it. */
export interface TestService extends AsyncDisposable {
  url: string
  /** With the scope `admin`. */
  token: string
  /** Has that token. */
  client: Client
  /** Sends a request to a path, or to an address of this service, with that token unless it has another. */
  fetch(path: string, init?: RequestInit & { duplex?: 'half' }): Promise<Response>
  /** A new token. */
  newToken(scopes: TokenScope[], streams?: string[]): Promise<string>
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
    openRead?: boolean
    openMetrics?: boolean
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
  const signer = await openSigner(path.join(folder, 'signing-key.pem'))
  const pool = new CheckPool({ threads: 1 })
  let rings = 0
  const { hosts = [], origins = [], openRead = false, openMetrics = false } = options
  const config = apiConfigOf({
    hosts,
    origins,
    openRead,
    openMetrics,
    limits: {
      requestsPerMinute: 1_000_000,
      tokenRequestsPerMinute: 1_000_000,
      eventLoopDelayMs: 0,
      ...options.limits,
    },
  })
  const server = await startServer(
    {
      ledger,
      blobs,
      pool: options.pool ?? pool,
      ring: options.ring ?? (() => rings++),
      sending: options.sending,
      signer,
      config,
      log,
      metrics: createMetrics(),
    },
    { host: '127.0.0.1', port: 0 },
    // Requests whose answers a test has left unread.
    options.graceMs ?? 500,
  )
  const admin = await ledger.tokens.firstAdmin()
  if (admin === null) throw new Error('the database has a token')
  const token = admin.text
  return {
    url: server.url,
    token,
    client: createClient({ baseUrl: server.url, token, retry: { baseMs: 1, maxMs: 50 } }),
    fetch(path, init = {}) {
      const headers = new Headers(init.headers)
      if (!headers.has('authorization')) headers.set('authorization', `Bearer ${token}`)
      return fetch(new URL(path, server.url), { ...init, headers })
    },
    async newToken(scopes, streams = ['*']) {
      const name = `test-${randomUUID()}`
      return (await ledger.tokens.create({ name, scopes, streams, expiresAt: null, createdBy: 'test' })).text
    },
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
