import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { CheckError } from '../src/index.js'
import { ThreadPool } from '../src/pool/thread-pool.js'

interface Job {
  readonly kind: 'echo' | 'thread' | 'keep' | 'litter' | 'fail' | 'exit' | 'throw' | 'spin' | 'eat' | 'wait'
  readonly value?: unknown
  readonly message?: string
  readonly code?: string
}

const pools: ThreadPool<Job, unknown, number>[] = []
function poolOf(options: { threads?: number; memoryMb?: number; wallMs?: number } = {}) {
  const entry = new URL('./support/thread.mjs', import.meta.url)
  const pool = new ThreadPool<Job, unknown, number>({
    entry,
    threads: 1,
    memoryMb: 64,
    wallMs: 60_000,
    ...options,
  })
  pools.push(pool)
  return pool
}
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()))
})
const withCode = (code: string) => expect.objectContaining({ code })
/** Settles once a job has shown that it runs. */
function started() {
  let onProgress: () => void = () => undefined
  const running = new Promise<void>((resolve) => {
    onProgress = resolve
  })
  return { running, onProgress }
}

describe('a pool of threads', () => {
  // V8 by itself looks for garbage after some 8 s.
  test('leaves no garbage in a thread that has nothing to do', { timeout: 6000 }, async () => {
    const channel = new BroadcastChannel('thread-pool.test')
    const told = once(channel, 'message')
    await poolOf().run({ kind: 'litter', value: channel.name })
    const [{ data }] = await told
    expect(data).toBe('collected')
    channel.close()
  })

  test('answers jobs, more than it has threads, each with its own result', async () => {
    const pool = poolOf({ threads: 2 })
    const values = Array.from({ length: 20 }, (_, nth) => ({ nth }))
    expect(await Promise.all(values.map((value) => pool.run({ kind: 'echo', value })))).toEqual(values)
  })

  test('takes urgent jobs before others that wait', async () => {
    const pool = poolOf()
    const stop = new AbortController()
    const { running, onProgress } = started()
    const first = pool.run({ kind: 'wait' }, { onProgress, signal: stop.signal }).catch(() => undefined)
    await running
    const ended: string[] = []
    const run = (value: string, urgent: boolean) =>
      pool.run({ kind: 'echo', value }, { urgent }).then(() => ended.push(value))
    const jobs = [run('a', false), run('b', false), run('first', true), run('second', true)]
    stop.abort()
    await Promise.all([first, ...jobs])
    expect(ended).toEqual(['first', 'second', 'a', 'b'])
  })

  test('uses a thread again, and no more of them than it may', async () => {
    const pool = poolOf({ threads: 2 })
    const ids = await Promise.all(Array.from({ length: 12 }, () => pool.run({ kind: 'thread' })))
    expect(new Set(ids).size).toBeLessThanOrEqual(2)
  })

  test('gives a job to the thread that keeps what it wants, and leaves to the others what they keep', async () => {
    const pool = poolOf({ threads: 3 })
    const keep = (value: string) => pool.run({ kind: 'keep', value })
    const wants = async (word: string) => pool.run({ kind: 'keep', value: word }, { wants: word })
    const [a, b] = await Promise.all([keep('a'), keep('b')])
    expect(a).not.toBe(b)
    for (const word of ['a', 'b', 'b', 'a']) expect(await wants(word)).toBe(word === 'a' ? a : b)
    const c = await wants('c')
    expect([a, b]).not.toContain(c)
    // No more threads may be started: the one that worked least lately forgets.
    expect(await wants('d')).toBe(b)
    expect(await pool.run({ kind: 'thread' })).toBe(a)
    expect(await wants('e')).toBe(a)
  })

  test('gives a job that wants nothing to a thread that has done the like, else to one that keeps nothing, else to a new one', async () => {
    const pool = poolOf({ threads: 2 })
    const like = async (value: string) => pool.run({ kind: 'keep', value }, { like: 'work' })
    const a = await like('first')
    const b = await pool.run({ kind: 'thread' })
    expect(b).not.toBe(a)
    expect(await pool.run({ kind: 'thread' })).toBe(b)
    expect(await like('second')).toBe(a)
    expect(await pool.run({ kind: 'thread' }, { wants: 'second' })).toBe(a)
  })

  test('hands on what a job fails with, and keeps the thread', async () => {
    const pool = poolOf()
    const before = await pool.run({ kind: 'thread' })
    await expect(pool.run({ kind: 'fail', message: 'no', code: 'ENOENT' })).rejects.toMatchObject({
      message: 'no',
      code: 'ENOENT',
    })
    const own = pool.run({ kind: 'fail', message: 'all of it', code: 'bundle-malformed' })
    await expect(own).rejects.toThrow(CheckError)
    await expect(own).rejects.toMatchObject({ message: 'all of it', code: 'bundle-malformed' })
    expect(await pool.run({ kind: 'thread' })).toBe(before)
  })

  test.each(['exit', 'throw'] as const)(
    'replaces a thread that ends by %s; the next job does not see it',
    async (kind) => {
      const pool = poolOf()
      const before = await pool.run({ kind: 'thread' })
      const jobs = [pool.run({ kind }), pool.run({ kind: 'thread' })]
      await expect(jobs[0]).rejects.toEqual(withCode('thread-crashed'))
      expect(await jobs[1]).not.toBe(before)
    },
  )

  test('ends a job that takes too long, even one that listens to nothing', async () => {
    const pool = poolOf({ wallMs: 50 })
    await expect(pool.run({ kind: 'spin' })).rejects.toEqual(withCode('time-limit'))
    await expect(pool.run({ kind: 'wait' })).rejects.toEqual(withCode('time-limit'))
  })

  test('ends a job that takes too much memory', async () => {
    const pool = poolOf({ memoryMb: 24 })
    await expect(pool.run({ kind: 'eat' })).rejects.toEqual(withCode('memory-limit'))
    expect(await pool.run({ kind: 'echo', value: 1 })).toBe(1)
  })
})

describe('a job that is aborted', () => {
  test('before it begins does not begin', async () => {
    const pool = poolOf()
    await expect(pool.run({ kind: 'echo' }, { signal: AbortSignal.abort() })).rejects.toEqual(
      withCode('check-aborted'),
    )
  })

  test('while it waits leaves the queue', async () => {
    const pool = poolOf()
    const { running, onProgress } = started()
    const first = new AbortController()
    const second = new AbortController()
    const busy = pool.run({ kind: 'wait' }, { signal: first.signal, onProgress })
    const waiting = pool.run({ kind: 'exit' }, { signal: second.signal })
    await running
    second.abort()
    await expect(waiting).rejects.toEqual(withCode('check-aborted'))
    first.abort()
    await expect(busy).rejects.toEqual(withCode('check-aborted'))
    expect(await pool.run({ kind: 'echo', value: 'next' })).toBe('next')
  })

  test('may end by itself, and its thread goes on', async () => {
    const pool = poolOf()
    const before = await pool.run({ kind: 'thread' })
    const { running, onProgress } = started()
    const ending = new AbortController()
    const job = pool.run({ kind: 'wait' }, { signal: ending.signal, onProgress })
    await running
    ending.abort()
    await expect(job).rejects.toEqual(withCode('check-aborted'))
    expect(await pool.run({ kind: 'thread' })).toBe(before)
  })

  test('and does not listen loses its thread', async () => {
    const pool = poolOf()
    const { running, onProgress } = started()
    const ending = new AbortController()
    const job = pool.run({ kind: 'spin' }, { signal: ending.signal, onProgress })
    await running
    ending.abort()
    await expect(job).rejects.toEqual(withCode('check-aborted'))
    expect(await pool.run({ kind: 'echo', value: 1 })).toBe(1)
  })
})

test('a pool that is closed ends what runs and waits, and takes nothing more', async () => {
  const pool = poolOf()
  const { running, onProgress } = started()
  const busy = expect(pool.run({ kind: 'spin' }, { onProgress })).rejects.toEqual(withCode('pool-closed'))
  const waiting = expect(pool.run({ kind: 'echo' })).rejects.toEqual(withCode('pool-closed'))
  await running
  await pool.close()
  await busy
  await waiting
  await expect(pool.run({ kind: 'echo' })).rejects.toEqual(withCode('pool-closed'))
})
