import { beforeEach, describe, expect, it } from 'vitest'
import { jobId, startDispatcher, startReconciler } from '../src/index.js'
import { quiet } from './backends.js'
import { MemoryQueue, MemoryTasks } from './memory-tasks.js'

let tasks: MemoryTasks
let queue: MemoryQueue
beforeEach(() => {
  tasks = new MemoryTasks()
  queue = new MemoryQueue()
})

const dispatch = (batchSize = 500) =>
  startDispatcher({
    outbox: tasks,
    queue,
    log: quiet,
    now: () => tasks.now,
    intervalMs: 3_600_000,
    batchSize,
  })

describe('the dispatcher', () => {
  it('carries what it finds at the start and what it is rung for, all of it', async () => {
    tasks.create('a')
    const dispatcher = dispatch(2)
    for (const id of ['b', 'c', 'd', 'e']) tasks.create(id)
    await dispatcher.flush()
    expect(queue.jobs.map(({ taskId }) => taskId)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(tasks.rows).toEqual([])
    await dispatcher.stop()
  })

  it('sees a bell that is written while it looks', async () => {
    const dispatcher = dispatch()
    const first = dispatcher.flush()
    const second = dispatcher.flush()
    tasks.create('late')
    dispatcher.ring()
    await Promise.all([first, second, dispatcher.flush()])
    expect(queue.jobs.map(({ taskId }) => taskId)).toEqual(['late'])
    await dispatcher.stop()
  })

  it('rings a bell that is not due yet when it is', async () => {
    tasks.create('a')
    tasks.rows[0] = {
      ...(tasks.rows[0] as (typeof tasks.rows)[0]),
      runAt: new Date(tasks.now + 700).toISOString(),
    }
    const dispatcher = dispatch()
    await dispatcher.flush()
    expect(queue.jobs[0]?.delayMs).toBeGreaterThanOrEqual(700)
    await dispatcher.stop()
  })

  it('keeps the bells of a queue that is away', async () => {
    tasks.create('a')
    queue.broken.push(new Error('away'))
    const dispatcher = dispatch()
    await dispatcher.flush()
    await dispatcher.flush()
    expect(queue.jobs).toHaveLength(1)
    expect(tasks.rows).toEqual([])
    await dispatcher.stop()
  })

  it('rings the same bell again after a crash between queue and outbox', async () => {
    tasks.create('a')
    tasks.broken.push('done')
    const crashed = dispatch()
    await crashed.flush()
    await crashed.stop()
    const next = dispatch()
    await next.flush()
    expect(queue.jobs).toEqual([{ taskId: 'a', bell: 1, delayMs: 0 }])
    expect(tasks.rows).toEqual([])
    await next.stop()
  })

  it('looks no more once stopped', async () => {
    const dispatcher = dispatch()
    await dispatcher.stop()
    tasks.create('a')
    await dispatcher.flush()
    expect(queue.jobs).toEqual([])
  })
})

describe('the reconciler', () => {
  let rings: number
  const reconcile = () => {
    rings = 0
    const ring = () => void rings++
    return startReconciler({ tasks, queue, ring, log: quiet, intervalMs: 3_600_000, quietMs: 10_000 })
  }

  it('leaves alone what has a bell, and rings for what has none', async () => {
    const reconciler = reconcile()
    tasks.create('in the outbox')
    tasks.create('lost')
    tasks.rows.pop()
    await reconciler.run()
    expect(rings).toBe(0)
    tasks.now += 10_000
    await reconciler.run()
    expect(rings).toBe(1)
    expect(tasks.rows.map(({ taskId, bell }) => jobId(taskId, bell))).toEqual([
      'in%20the%20outbox@1',
      'lost@2',
    ])
    await reconciler.stop()
  })

  it('rings for a task whose worker is gone', async () => {
    const reconciler = reconcile()
    tasks.create('a')
    tasks.rows.pop()
    await tasks.take('a', 'gone', 5_000)
    tasks.now += 14_999
    await reconciler.run()
    expect(tasks.rows).toEqual([])
    tasks.now += 1
    await reconciler.run()
    expect(tasks.rows.map(({ bell }) => bell)).toEqual([2])
    await reconciler.stop()
  })

  it('has time for what can wait once nothing is lost and no job waits', async () => {
    let idle = 0
    const reconciler = startReconciler({
      tasks,
      queue,
      ring: () => {},
      idle: async () => void idle++,
      log: quiet,
      intervalMs: 3_600_000,
      quietMs: 10_000,
    })
    await reconciler.run()
    const before = idle
    expect(before).toBeGreaterThan(0)
    tasks.create('lost')
    tasks.rows.pop()
    tasks.now += 10_000
    await reconciler.run()
    await queue.add([{ taskId: 'other', bell: 1, delayMs: 0 }])
    await reconciler.run()
    expect(idle).toBe(before)
    await reconciler.stop()
  })

  it('is patient while the queue has jobs, but not for ever', async () => {
    const reconciler = reconcile()
    tasks.create('a')
    tasks.rows.pop()
    await queue.add([{ taskId: 'other', bell: 1, delayMs: 0 }])
    tasks.now += 50_000
    await reconciler.run()
    expect(tasks.rows).toEqual([])
    tasks.now += 50_000
    await reconciler.run()
    expect(tasks.rows).toHaveLength(1)
    await reconciler.stop()
  })
})
