import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { RuntimeError, startEmbeddedPostgres } from '../src/index.js'

const log = { debug: () => {}, info: () => {}, warn: () => {} }
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function dataDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'basedrift-postgres-'))
  // A server whose owner was killed may still be writing its last.
  cleanups.push(() => rm(directory, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }))
  return directory
}

async function start(dataDir: string) {
  const server = await startEmbeddedPostgres({ dataDir, log })
  cleanups.push(() => server.stop())
  return server
}

async function query<R extends pg.QueryResultRow>(url: string, sql: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<R>(sql)).rows
  } finally {
    await client.end()
  }
}

const codeOf = (run: Promise<unknown>) =>
  run.then(
    () => null,
    (error: unknown) => (error instanceof RuntimeError ? error.code : error),
  )

/** A process of its own that runs Postgres on the directory. */
async function startOwner(dataDir: string) {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'owner.mjs'), dataDir], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  cleanups.push(async () => child.kill('SIGKILL'))
  let line = ''
  for await (const chunk of child.stdout) {
    line += chunk
    if (line.endsWith('\n')) return { child, ...(JSON.parse(line) as { pid: number; url: string }) }
  }
  throw new Error('the owner ended before Postgres was up')
}

describe('the embedded Postgres', () => {
  it('keeps its data over a stop, behind a password and a private directory', async () => {
    const dataDir = await dataDirectory()
    const first = await start(dataDir)
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS value')
    const wrong = new URL(first.url)
    wrong.password = 'wrong'
    await expect(query(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
    expect((await stat(path.join(dataDir, 'postgres'))).mode & 0o777).toBe(0o700)
    expect((await stat(path.join(dataDir, 'postgres', 'password'))).mode & 0o777).toBe(0o600)
    await first.stop()
    await first.stop()
    expect(await first.exited).toMatchObject({ expected: true, code: 0 })

    const second = await start(dataDir)
    expect(await query(second.url, 'SELECT value FROM kept')).toEqual([{ value: 42 }])
    expect(await query(second.url, 'SELECT current_database() AS name')).toEqual([{ name: 'basedrift' }])
  })

  it('refuses a data directory that is in use, and leaves its server alone', async () => {
    const dataDir = await dataDirectory()
    const first = await start(dataDir)
    expect(await codeOf(startEmbeddedPostgres({ dataDir, log }))).toBe('postgres-in-use')
    expect(await query(first.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('is started once by two that start at the same time on nothing', async () => {
    const dataDir = await dataDirectory()
    const results = await Promise.allSettled([startOwner(dataDir), start(dataDir)])
    const up = results.filter(({ status }) => status === 'fulfilled')
    expect(up.length).toBe(1)
    expect(await readdir(path.join(dataDir, 'postgres'))).toEqual(['data', 'lib', 'password'])
  })

  it('ends with an owner that is killed, and recovers at once', async () => {
    const dataDir = await dataDirectory()
    const owner = await startOwner(dataDir)
    await query(owner.url, 'CREATE TABLE kept AS SELECT 7 AS value')
    owner.child.kill('SIGKILL')
    await once(owner.child, 'exit')
    const next = await start(dataDir)
    expect(next.pid).not.toBe(owner.pid)
    expect(await query(next.url, 'SELECT value FROM kept')).toEqual([{ value: 7 }])
    // Gone, or at most not yet reaped: then it has no command line.
    expect(await readFile(`/proc/${owner.pid}/cmdline`, 'utf8').catch(() => '')).toBe('')
  })

  it('recovers from a server that was killed, and says that it was', async () => {
    const dataDir = await dataDirectory()
    const first = await start(dataDir)
    process.kill(first.pid, 'SIGKILL')
    expect(await first.exited).toMatchObject({ expected: false, signal: 'SIGKILL' })
    const second = await start(dataDir)
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('does not take another process for a server by its number', async () => {
    const dataDir = await dataDirectory()
    const first = await start(dataDir)
    await first.stop()
    const pidFile = path.join(dataDir, 'postgres', 'data', 'postmaster.pid')
    await writeFile(pidFile, `${process.pid}\n${path.dirname(pidFile)}\n1767225600\n5432\n\n127.0.0.1\n`)
    const second = await start(dataDir)
    expect(Number((await readFile(pidFile, 'utf8')).split('\n')[0])).toBe(second.pid)
  })

  it('refuses the data of another major version', async () => {
    const dataDir = await dataDirectory()
    const first = await start(dataDir)
    await first.stop()
    await writeFile(path.join(dataDir, 'postgres', 'data', 'PG_VERSION'), '15\n')
    expect(await codeOf(startEmbeddedPostgres({ dataDir, log }))).toBe('postgres-version')
  })
})
