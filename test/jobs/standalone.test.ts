import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createPostgresQueue, startDispatcher } from '@basedrift/jobs'
import { DirectoryBlobStore, openLedger } from '@basedrift/ledger'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { quiet } from '../../packages/jobs/test/backends.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'

const root = path.resolve(import.meta.dirname, '../..')
const entry = path.join(root, 'apps/worker/dist/main.js')

let database: TestDatabase
let dataDir: string
const children: ChildProcess[] = []
beforeEach(async () => {
  database = await createTestDatabase()
  dataDir = await mkdtemp(path.join(tmpdir(), 'basedrift-standalone-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await database[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

function start(env: NodeJS.ProcessEnv): { child: ChildProcess; said: () => string; ended: Promise<number> } {
  let said = ''
  const own = { PATH: process.env.PATH, BASEDRIFT_DATA_DIR: dataDir, ...env }
  const child = spawn(process.execPath, [entry], { env: own, stdio: ['ignore', 'inherit', 'pipe'] })
  children.push(child)
  child.stderr?.on('data', (chunk) => {
    said += chunk
  })
  return { child, said: () => said, ended: once(child, 'close').then(([code]) => code as number) }
}

it('a worker of its own does what another process records, and stops when told', async () => {
  const { child, said, ended } = start({ DATABASE_URL: database.url, BASEDRIFT_METRICS_PORT: '0' })
  await vi.waitFor(() => expect(said()).toContain('the worker takes tasks'), 30_000)

  expect(said(), 'what it does not do').toContain('BASEDRIFT_SECRET_KEYS is not set')
  const [, port] = (await vi.waitFor(() => {
    const shown = /"port":(\d+),"msg":"metrics are shown"/.exec(said())
    expect(shown).not.toBeNull()
    return shown
  })) as RegExpExecArray
  const shown = await fetch(`http://127.0.0.1:${port}/metrics`)
  expect(await shown.text()).toMatch(/^basedrift_deliveries\{state="dead"\} 0$/m)
  expect((await fetch(`http://127.0.0.1:${port}/v1/channels`)).status).toBe(404)

  const ledger = await openLedger({ databaseUrl: database.url, log: quiet })
  const blobs = await DirectoryBlobStore.open(path.join(dataDir, 'blobs'))
  const queue = await createPostgresQueue({ databaseUrl: database.url, log: quiet })
  const dispatcher = startDispatcher({ outbox: ledger.outbox, queue, log: quiet, intervalMs: 3_600_000 })
  const { build } = await ledger.builds.declare({
    stream: 'kettle',
    version: '6.1.0',
    release: '1.1',
    provenance: {},
    builtFor: null,
  })
  const vmlinux = await readFile(path.join(root, 'packages/btf/testdata/vmlinux-1.1'))
  const chunks = (async function* () {
    yield vmlinux
  })()
  const stored = await blobs.put(chunks, { maxBytes: vmlinux.length })
  await ledger.artifacts.add({ buildId: build.id, filename: 'vmlinux', ...stored })
  await ledger.builds.seal(build.id)
  dispatcher.ring()
  await vi.waitFor(async () => expect((await ledger.builds.get(build.id))?.state).toBe('done'), 30_000)
  await dispatcher.stop()
  await queue.close()
  await blobs.close()
  await ledger.close()

  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(said()).toContain(build.id)
  expect(said(), 'a password').not.toContain(new URL(database.url).password)
})

it('a worker without a database says what it needs', async () => {
  const { said, ended } = start({})
  expect(await ended).toBe(2)
  expect(said()).toMatch(/DATABASE_URL.*\(config-invalid\)/)
})
