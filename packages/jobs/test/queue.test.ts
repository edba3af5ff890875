import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js'
import type { QueueBackend } from '../src/index.js'
import { postgresBackend, redisBackend } from './backends.js'

const redisUrl = process.env.REDIS_URL
let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase({ empty: true })
})
afterAll(() => database?.[Symbol.asyncDispose]())

const backends = [
  { kind: 'postgres', backend: postgresBackend(() => database.url) },
  { kind: 'redis', backend: redisUrl === undefined ? null : redisBackend(redisUrl) },
]

describe.each(backends)('the queue on $kind', ({ kind, backend }) => {
  if (backend === null) {
    it.skip('left out: REDIS_URL names no Redis', () => {})
    return
  }
  let name: string
  const opened: QueueBackend[] = []
  const open = async () => {
    const queue = await backend.open(name)
    opened.push(queue)
    return queue
  }
  beforeEach(() => {
    name = `test-${randomUUID()}`
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((queue) => queue.close()))
    await backend.wipe(name)
  })

  it('says what it runs on', async () => {
    expect((await open()).kind).toBe(kind)
  })

  it('gives every job to one of its consumers, whole', async () => {
    const [first, second] = [await open(), await open()]
    const seen: unknown[] = []
    const answer = async (payload: unknown) => void seen.push(payload)
    await first.consume(answer, { concurrency: 2 })
    await second.consume(answer, { concurrency: 2 })
    const ids = Array.from({ length: 40 }, (_, i) => `compare:${i}:ä/%:@`)
    await first.add(ids.map((taskId) => ({ taskId, bell: 1, delayMs: 0 })))
    await vi.waitFor(async () => {
      expect(seen).toHaveLength(ids.length)
      expect(await first.depth()).toEqual({ waiting: 0, delayed: 0, active: 0 })
    })
    expect(new Set(seen.map((payload) => (payload as { taskId: string }).taskId))).toEqual(new Set(ids))
  })

  it('rings bells that are for later after the others', async () => {
    const queue = await open()
    const seen: unknown[] = []
    await queue.add([
      { taskId: 'drift:1', bell: 1, delayMs: 0, later: true },
      { taskId: 'drift:2', bell: 1, delayMs: 0, later: true },
      { taskId: 'compare:1', bell: 1, delayMs: 0 },
      { taskId: 'compare:2', bell: 1, delayMs: 0 },
    ])
    expect((await queue.depth()).waiting).toBe(4)
    await queue.consume(async (payload) => void seen.push((payload as { taskId: string }).taskId), {
      concurrency: 1,
    })
    await vi.waitFor(() => expect(seen).toHaveLength(4))
    expect(seen).toEqual(['compare:1', 'compare:2', 'drift:1', 'drift:2'])
  })

  it('keeps a bell that is rung twice as one job, and rings it again once that has gone', async () => {
    const queue = await open()
    const bell = { taskId: 'ingest:1', bell: 7, delayMs: 0 }
    await queue.add([bell])
    await queue.add([bell, bell])
    expect((await queue.depth()).waiting).toBe(1)
    await queue.add([{ ...bell, bell: 8 }])
    expect((await queue.depth()).waiting).toBe(2)

    let answered = 0
    await queue.consume(async () => void answered++, { concurrency: 1 })
    const empty = async () => expect(await queue.depth()).toEqual({ waiting: 0, delayed: 0, active: 0 })
    await vi.waitFor(empty)
    expect(answered).toBe(2)
    await queue.add([bell])
    await vi.waitFor(() => expect(answered).toBe(3))
    await vi.waitFor(empty)
  })

  it('holds a delayed bell back', async () => {
    const queue = await open()
    const delayMs = 2_000
    const before = Date.now()
    const { promise, answered } = firstAnswer()
    await queue.add([{ taskId: 'later', bell: 1, delayMs }])
    expect(await queue.depth()).toEqual({ waiting: 0, delayed: 1, active: 0 })
    await queue.consume(async () => answered(Date.now()), { concurrency: 1 })
    // A lower bound alone: how much later it comes depends on how busy the machine is.
    expect((await promise) - before).toBeGreaterThanOrEqual(delayMs)
  })

  it('goes on after an answer that throws, and keeps nothing of it', async () => {
    const queue = await open()
    const seen: string[] = []
    await queue.consume(
      async (payload) => {
        const { taskId } = payload as { taskId: string }
        seen.push(taskId)
        if (taskId === 'bad') throw new Error('no')
      },
      { concurrency: 1 },
    )
    await queue.add([{ taskId: 'bad', bell: 1, delayMs: 0 }])
    await vi.waitFor(() => expect(seen).toEqual(['bad']))
    await vi.waitFor(async () => expect(await queue.depth()).toEqual({ waiting: 0, delayed: 0, active: 0 }))
    await queue.add([{ taskId: 'bad', bell: 1, delayMs: 0 }])
    await vi.waitFor(() => expect(seen).toEqual(['bad', 'bad']))
  })

  it('hands over what others put into it as it is', async () => {
    const queue = await open()
    const seen: unknown[] = []
    await backend.poison(name, { anything: [1, null] })
    await queue.consume(async (payload) => void seen.push(payload), { concurrency: 1 })
    await vi.waitFor(() => expect(seen).toEqual([{ anything: [1, null] }]))
  })

  it('takes no more jobs once closed, and waits for those it took', async () => {
    const queue = await open()
    const producer = await open()
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const events: string[] = []
    const consumer = await queue.consume(
      async () => {
        events.push('started')
        await held
        events.push('ended')
      },
      { concurrency: 1 },
    )
    await producer.add([{ taskId: 'a', bell: 1, delayMs: 0 }])
    await vi.waitFor(() => expect(events).toEqual(['started']))
    const closed = consumer.close().then(() => events.push('closed'))
    await producer.add([{ taskId: 'b', bell: 1, delayMs: 0 }])
    release()
    await closed
    expect(events).toEqual(['started', 'ended', 'closed'])
    expect((await producer.depth()).waiting).toBe(1)
  })
})

/** The time of the first answer, in milliseconds since the epoch. */
function firstAnswer() {
  let answered: (at: number) => void = () => {}
  const promise = new Promise<number>((resolve) => {
    answered = resolve
  })
  return { promise, answered: (at: number) => answered(at) }
}
