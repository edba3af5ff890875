import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  backoffMs,
  createJobsMetrics,
  FinalError,
  PutOff,
  startTaskRunner,
  type TaskContext,
  type TaskRunnerOptions,
} from '../src/index.js'
import { onlyIngest, quiet } from './backends.js'
import { MemoryQueue, MemoryTasks } from './memory-tasks.js'

let tasks: MemoryTasks
let queue: MemoryQueue
let runs: (TaskContext & { id: string })[]
let work: (id: string, context: TaskContext) => Promise<void>
let rings: number

beforeEach(() => {
  tasks = new MemoryTasks()
  queue = new MemoryQueue()
  runs = []
  rings = 0
  work = async () => {}
})
afterEach(() => {
  vi.useRealTimers()
})

function start(options: Partial<TaskRunnerOptions> = {}) {
  const handler = {
    run: async ({ buildId }: { buildId: string }, context: TaskContext) => {
      runs.push({ ...context, id: buildId })
      await work(buildId, context)
    },
  }
  return startTaskRunner({
    tasks,
    queue,
    handlers: onlyIngest(handler),
    ring: () => void rings++,
    log: quiet,
    leaseMs: 60_000,
    maxAttempts: 3,
    backoff: { baseMs: 1_000, maxMs: 60_000 },
    now: () => tasks.now,
    random: () => 0.5,
    ...options,
  })
}

describe('a task', () => {
  it('runs once, however often its bell rings', async () => {
    await start()
    tasks.create('a')
    await queue.deliver({ taskId: 'a' })
    await queue.deliver({ taskId: 'a' })
    expect(runs.map(({ id }) => id)).toEqual(['a'])
    expect((await tasks.get('a'))?.state).toBe('done')
    expect(rings).toBe(2)
  })

  it('runs on one worker when two answer at the same time', async () => {
    let release = () => {}
    work = () => new Promise((resolve) => (release = resolve))
    await start()
    tasks.create('a')
    const first = queue.deliver({ taskId: 'a' })
    await queue.deliver({ taskId: 'a' })
    release()
    await first
    expect(runs).toHaveLength(1)
  })

  it('is failed at once, with its code, by a final error', async () => {
    await start()
    tasks.create('a')
    work = async () => {
      throw new FinalError('build-hopeless', 'No')
    }
    await queue.deliver({ taskId: 'a' })
    expect(await tasks.get('a')).toMatchObject({ state: 'failed', error: { code: 'build-hopeless' } })
  })

  it('that is not due yet is put off to its time, which counts as no attempt', async () => {
    await start({ maxAttempts: 1 })
    tasks.create('a')
    let dueAt = tasks.now + 5_000
    work = async () => {
      if (tasks.now < dueAt) throw new PutOff(new Date(dueAt))
    }
    await queue.deliver({ taskId: 'a' })
    expect(await tasks.get('a')).toMatchObject({
      state: 'pending',
      attempt: 0,
      error: { code: 'task-put-off' },
    })
    expect(Date.parse((await tasks.get('a'))?.runAt as string)).toBe(dueAt)
    tasks.now = dueAt
    dueAt += 5_000
    await queue.deliver({ taskId: 'a' })
    tasks.now = dueAt
    await queue.deliver({ taskId: 'a' })
    expect((await tasks.get('a'))?.state).toBe('done')
  })

  it('is tried again after a failure of the world, later each time, and given up in the end', async () => {
    await start()
    tasks.create('a')
    tasks.rows.splice(0)
    work = async () => {
      throw Object.assign(new Error('disk full'), { code: 'ENOSPC' })
    }
    await queue.deliver({ taskId: 'a' })
    // random() is a half: three quarters of the full wait.
    expect(Date.parse((await tasks.get('a'))?.runAt as string)).toBe(tasks.now + 750)
    expect(tasks.rows.map(({ bell }) => bell)).toEqual([2])

    await queue.deliver({ taskId: 'a' })
    expect(runs, 'not before its time').toHaveLength(1)
    tasks.now += 750
    await queue.deliver({ taskId: 'a' })
    expect(Date.parse((await tasks.get('a'))?.runAt as string)).toBe(tasks.now + 1_500)
    tasks.now += 1_500
    await queue.deliver({ taskId: 'a' })
    expect(runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect(await tasks.get('a')).toMatchObject({
      state: 'failed',
      error: { code: 'task-attempts-exhausted' },
    })
    expect((await tasks.get('a'))?.error?.message).toContain('ENOSPC')
  })

  it('is given up when it has taken every worker with it', async () => {
    await start()
    tasks.create('a')
    for (let i = 0; i < 3; i++) {
      await tasks.take('a', `killed-${i}`, 60_000)
      tasks.now += 60_000
    }
    await queue.deliver({ taskId: 'a' })
    expect(runs).toEqual([])
    expect(await tasks.get('a')).toMatchObject({
      state: 'failed',
      error: { code: 'task-attempts-exhausted' },
    })
  })

  it('of a kind that nobody knows fails, and the runner goes on', async () => {
    await start()
    tasks.create('odd', { kind: 'paint' } as never)
    await queue.deliver({ taskId: 'odd' })
    expect((await tasks.get('odd'))?.error?.code).toBe('task-kind-unknown')
  })
})

describe('what the queue and the ledger may do', () => {
  it.each([[null], ['ingest'], [{}], [{ taskId: 7 }], [{ taskId: '' }], [{ taskId: 'a', path: '/etc' }]])(
    'drops the job %j',
    async (payload) => {
      const registry = new Registry()
      await start({ metrics: createJobsMetrics(registry, { queue, outbox: tasks }) })
      tasks.create('a')
      await queue.deliver(payload)
      expect(runs).toEqual([])
      expect(await registry.getSingleMetricAsString('basedrift_jobs_dropped_total')).toMatch(/_total 1$/m)
    },
  )

  it('is not thrown off by a ledger that does not answer', async () => {
    await start()
    tasks.create('a')
    tasks.broken.push('take', 'finish')
    await queue.deliver({ taskId: 'a' })
    expect(runs).toHaveLength(0)
    await queue.deliver({ taskId: 'a' })
    expect(runs).toHaveLength(1)
    expect((await tasks.get('a'))?.state).toBe('leased')
    tasks.now += 60_000
    await queue.deliver({ taskId: 'a' })
    expect((await tasks.get('a'))?.state).toBe('done')
  })

  it('counts how tasks end', async () => {
    const registry = new Registry()
    await start({ metrics: createJobsMetrics(registry, { queue, outbox: tasks, now: () => tasks.now }) })
    tasks.create('a')
    tasks.create('b')
    tasks.now += 5_000
    work = async (id) => {
      if (id === 'b') throw new FinalError('x', 'y')
    }
    await queue.deliver({ taskId: 'a' })
    await queue.deliver({ taskId: 'b' })
    const text = await registry.metrics()
    expect(text).toContain('basedrift_tasks_total{kind="ingest",outcome="done"} 1')
    expect(text).toContain('basedrift_tasks_total{kind="ingest",outcome="failed"} 1')
    expect(text).toContain('basedrift_outbox_rows 2')
    expect(text).toContain('basedrift_outbox_overdue_seconds 5')
    expect(text).toContain('basedrift_queue_jobs{state="waiting"} 0')
  })
})

describe('a lease', () => {
  const hold = (_: string, { signal }: TaskContext) =>
    new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })

  it('is extended while the task runs', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    let release = () => {}
    work = () => new Promise((resolve) => (release = resolve))
    await start()
    tasks.create('a')
    const answered = queue.deliver({ taskId: 'a' })
    for (let i = 0; i < 10; i++) {
      tasks.now += 20_000
      vi.advanceTimersByTime(20_000)
      await setImmediate()
    }
    expect(await tasks.take('a', 'another', 1)).toBeNull()
    release()
    await answered
    expect((await tasks.get('a'))?.state).toBe('done')
    expect(vi.getTimerCount(), 'no heartbeat is left').toBe(0)
  })

  it('that another worker has ends the run without a trace', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    work = hold
    await start()
    tasks.create('a')
    tasks.rows.splice(0)
    const answered = queue.deliver({ taskId: 'a' })
    await setImmediate()
    // The process slept for longer than the lease, as a suspended machine does.
    tasks.now += 61_000
    expect(await tasks.take('a', 'another', 60_000)).not.toBeNull()
    vi.advanceTimersByTime(20_000)
    await answered
    expect(runs[0]?.signal.reason).toMatchObject({ code: 'lease-lost' })
    expect(await tasks.get('a')).toMatchObject({ state: 'leased', leaseOwner: 'another', attempt: 2 })
    expect(tasks.rows).toEqual([])
  })

  it('is held through a short silence of the ledger and lost in a long one', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    work = hold
    await start()
    tasks.create('a')
    const answered = queue.deliver({ taskId: 'a' })
    await setImmediate()
    tasks.broken.push('extend', 'extend', 'extend')
    for (const lost of [false, false, true]) {
      tasks.now += 20_000
      vi.advanceTimersByTime(20_000)
      await setImmediate()
      expect(runs[0]?.signal.aborted).toBe(lost)
    }
    await answered
    expect((await tasks.get('a'))?.state).toBe('leased')
  })

  it('is given back by a worker that stops, after its grace', async () => {
    work = hold
    const runner = await start()
    tasks.create('a')
    tasks.rows.splice(0)
    const answered = queue.deliver({ taskId: 'a' })
    await setImmediate()
    await runner.stop(0)
    await answered
    expect(await tasks.get('a')).toMatchObject({ state: 'pending', error: { code: 'worker-stopping' } })
    expect(tasks.rows.map(({ bell }) => bell)).toEqual([2])
    await queue.deliver({ taskId: 'a' })
    expect(runs, 'a stopped runner takes nothing').toHaveLength(1)
    expect(
      tasks.rows.map(({ bell }) => bell),
      'and passes the bell on',
    ).toEqual([2, 3])
  })
})

it('costs a task no attempt when its worker is stopped, however often', async () => {
  work = (_, { signal }) =>
    new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  tasks.create('a')
  for (let restart = 0; restart < 5; restart++) {
    const runner = await start()
    const answered = queue.deliver({ taskId: 'a' })
    await setImmediate()
    await runner.stop(0)
    await answered
  }
  expect(runs.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1])
  work = async () => {}
  await start()
  await queue.deliver({ taskId: 'a' })
  expect((await tasks.get('a'))?.state).toBe('done')
})

it('waits longer after each failure, between half and all of the longest wait', () => {
  const options = { baseMs: 1_000, maxMs: 300_000 }
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (failures, random) => {
        const wait = backoffMs(failures, options, () => random)
        const full = Math.min(300_000, 1_000 * 2 ** Math.min(failures - 1, 30))
        expect(wait).toBeGreaterThanOrEqual(Math.floor(full / 2))
        expect(wait).toBeLessThanOrEqual(full)
      },
    ),
  )
})
