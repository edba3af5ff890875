import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { applyMigrations } from '@basedrift/ledger'
import { startEmbeddedPostgres } from '@basedrift/runtime'
import pg from 'pg'
import type { TestProject } from 'vitest/node'

const template = 'basedrift_template'

/** One Postgres for a run of the tests, with a migrated database that each test file copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'basedrift-test-'))
  const silent = { debug: () => {}, info: () => {}, warn: () => {} }
  const postgres = await startEmbeddedPostgres({ dataDir, log: silent, durable: false, maxConnections: 200 })
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query(`CREATE DATABASE ${template}`)
  await client.end()
  const url = new URL(postgres.url)
  url.pathname = `/${template}`
  await applyMigrations(url.toString(), { log: silent })
  project.provide('postgres', { url: postgres.url, template })
  return async () => {
    await postgres.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { url: string; template: string }
  }
}
