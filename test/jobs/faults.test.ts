import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import {
  type Dispatcher,
  FinalError,
  type QueueBackend,
  type Reconciler,
  startDispatcher,
  startReconciler,
  startTaskRunner,
  type TaskContext,
  type TaskRunner,
} from '@basedrift/jobs'
import { type Ledger, openLedger } from '@basedrift/ledger'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { onlyIngest, postgresBackend, quiet, redisBackend } from '../../packages/jobs/test/backends.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'

const redisUrl = process.env.REDIS_URL
let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(() => database?.[Symbol.asyncDispose]())

const backends = [
  { kind: 'postgres', backend: postgresBackend(() => database.url) },
  { kind: 'redis', backend: redisUrl === undefined ? null : redisBackend(redisUrl) },
]

const leaseMs = 60_000
const quietMs = 10_000

describe.each(backends)('with the queue on $kind', ({ kind, backend }) => {
  if (backend === null) {
    it.skip('left out: REDIS_URL names no Redis', () => {})
    return
  }

  let name: string
  let ledger: Ledger
  let queue: QueueBackend
  let dispatcher: Dispatcher
  let reconciler: Reconciler
  let runners: TaskRunner[]
  /** How far the ledger's clock is ahead, in milliseconds. */
  let ahead: number
  /** Builds whose ingest has ended, in order: the effect that must be one. */
  let effects: string[]
  let work: (buildId: string, context: TaskContext) => Promise<void>

  beforeEach(async () => {
    name = `faults-${randomUUID()}`
    ahead = 0
    effects = []
    runners = []
    work = async () => {}
    ledger = await openLedger({
      databaseUrl: database.url,
      log: quiet,
      clock: () => new Date(Date.now() + ahead),
    })
    queue = await backend.open(name)
    const now = () => Date.now() + ahead
    dispatcher = startDispatcher({ outbox: ledger.outbox, queue, log: quiet, now, intervalMs: 3_600_000 })
    reconciler = startReconciler({
      tasks: ledger.tasks,
      queue,
      ring: () => dispatcher.ring(),
      log: quiet,
      intervalMs: 3_600_000,
      quietMs,
    })
  })
  afterEach(async () => {
    await reconciler.stop()
    await Promise.all(runners.map((runner) => runner.stop(0)))
    await dispatcher.stop()
    await queue.close()
    await ledger.close()
    await backend.wipe(name)
  })

  async function startRunner(): Promise<void> {
    const handler = {
      run: async ({ buildId }: { buildId: string }, context: TaskContext) => {
        await work(buildId, context)
        effects.push(buildId)
      },
    }
    runners.push(
      await startTaskRunner({
        tasks: ledger.tasks,
        queue,
        handlers: onlyIngest(handler),
        ring: () => dispatcher.ring(),
        log: quiet,
        leaseMs,
        backoff: { baseMs: 10, maxMs: 10 },
        now: () => Date.now() + ahead,
      }),
    )
  }

  /** A sealed build, which has one task and one bell. */
  async function seal(): Promise<{ id: string; task: string }> {
    const { build } = await ledger.builds.declare({
      stream: 'faults',
      version: '1',
      release: randomUUID(),
      provenance: {},
      builtFor: null,
    })
    await ledger.artifacts.add({ buildId: build.id, filename: 'a.deb', sha256: 'a'.repeat(64), size: 1 })
    await ledger.builds.seal(build.id)
    return { id: build.id, task: `ingest:${build.id}` }
  }

  const state = async (task: string) => (await ledger.tasks.get(task))?.state
  const untilDone = (task: string) => vi.waitFor(async () => expect(await state(task)).toBe('done'), 20_000)

  it('a sealed build is ingested as soon as its bell is rung', async () => {
    await startRunner()
    const { id, task } = await seal()
    dispatcher.ring()
    await untilDone(task)
    expect(effects).toEqual([id])
    expect(await ledger.outbox.size()).toBe(0)
  })

  it('a worker that is killed in the middle is replaced when its lease has ended, and the effect is one', async () => {
    const args = [database.url, name, ...(kind === 'redis' && redisUrl !== undefined ? [redisUrl] : [])]
    const doomed = spawn(process.execPath, [path.join(import.meta.dirname, 'doomed-worker.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const said = words(doomed)
    await said('ready')
    const { id, task } = await seal()
    dispatcher.ring()
    await said('working')
    const ended = once(doomed, 'exit')
    doomed.kill('SIGKILL')
    await ended

    await startRunner()
    await reconciler.run()
    expect(await ledger.outbox.size(), 'the lease still runs').toBe(0)
    expect(await state(task)).toBe('leased')
    ahead += leaseMs + quietMs
    await reconciler.run()
    await untilDone(task)
    expect(effects).toEqual([id])
    expect(await ledger.tasks.get(task)).toMatchObject({ attempt: 2 })
  })

  it('a queue that loses everything loses nothing', async () => {
    const builds = [await seal(), await seal(), await seal()]
    await dispatcher.flush()
    await vi.waitFor(async () => expect((await queue.depth()).waiting).toBe(3))
    await backend.wipe(name)
    expect((await queue.depth()).waiting).toBe(0)

    await startRunner()
    await reconciler.run()
    expect(effects).toEqual([])
    ahead += quietMs
    await reconciler.run()
    for (const { task } of builds) await untilDone(task)
    expect(effects.toSorted()).toEqual(builds.map(({ id }) => id).toSorted())
  })

  it('a dispatcher that crashes between queue and outbox has no second effect', async () => {
    const { id, task } = await seal()
    const crashing = startDispatcher({
      outbox: {
        batch: (limit) => ledger.outbox.batch(limit),
        done: () => Promise.reject(new Error('the process is gone')),
      },
      queue,
      log: quiet,
      intervalMs: 3_600_000,
    })
    await crashing.flush()
    await crashing.stop()
    expect(await ledger.outbox.size()).toBe(1)
    await startRunner()
    await untilDone(task)
    await dispatcher.flush()
    expect(await ledger.outbox.size()).toBe(0)
    await vi.waitFor(async () => expect(await queue.depth()).toEqual({ waiting: 0, delayed: 0, active: 0 }))
    expect(effects).toEqual([id])
  })

  it('several dispatchers at once ring each bell for one run', async () => {
    const others = Array.from({ length: 3 }, () =>
      startDispatcher({ outbox: ledger.outbox, queue, log: quiet, intervalMs: 3_600_000 }),
    )
    await startRunner()
    const builds = []
    for (let i = 0; i < 12; i++) {
      builds.push(await seal())
      for (const other of [dispatcher, ...others]) other.ring()
    }
    for (const { task } of builds) await untilDone(task)
    await vi.waitFor(async () => expect(await queue.depth()).toEqual({ waiting: 0, delayed: 0, active: 0 }))
    expect(effects.toSorted()).toEqual(builds.map(({ id }) => id).toSorted())
    for (const other of others) await other.stop()
  })

  it('poison in the queue is dropped, and what comes after it is done', async () => {
    await startRunner()
    for (const poison of [{}, { taskId: 1 }, { taskId: 'ingest:nobody' }, { taskId: 'x', run: 'rm' }]) {
      await backend.poison(name, poison)
    }
    const { id, task } = await seal()
    dispatcher.ring()
    await untilDone(task)
    expect(effects).toEqual([id])
  })

  it('a failure of the world is tried again, and then recorded as done', async () => {
    let failures = 2
    work = async () => {
      if (failures-- > 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }
    await startRunner()
    const { id, task } = await seal()
    dispatcher.ring()
    await untilDone(task)
    expect(effects).toEqual([id])
    expect((await ledger.tasks.get(task))?.attempt).toBe(3)
  })

  it('a final failure is recorded on the build and never tried again', async () => {
    work = async () => {
      throw new FinalError('kernel-ambiguous', 'Two kernels')
    }
    await startRunner()
    const { id, task } = await seal()
    dispatcher.ring()
    await vi.waitFor(async () => expect(await state(task)).toBe('failed'))
    expect(await ledger.builds.get(id)).toMatchObject({
      state: 'failed',
      failure: { code: 'kernel-ambiguous' },
    })
    ahead += leaseMs + quietMs
    await reconciler.run()
    expect((await ledger.outbox.batch(10)).map(({ taskId }) => taskId)).not.toContain(task)
  })

  it('a worker that stops hands its task to another', async () => {
    let taken = 0
    work = (_, { signal }) =>
      new Promise((resolve, reject) => {
        if (++taken > 1) resolve()
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    await startRunner()
    const { id, task } = await seal()
    dispatcher.ring()
    await vi.waitFor(() => expect(taken).toBe(1))
    await runners.pop()?.stop(0)
    await startRunner()
    await untilDone(task)
    expect(taken).toBe(2)
    expect(effects).toEqual([id])
  })
})

/** Waits for lines that a child prints. */
function words(child: ChildProcess): (line: string) => Promise<void> {
  const seen: string[] = []
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  lines.on('line', (line) => seen.push(line))
  return async (line) => {
    while (!seen.includes(line)) {
      const [event] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => ['exit'])])
      if (event === 'exit') throw new Error(`the worker ended before it said ${line}`)
    }
  }
}
