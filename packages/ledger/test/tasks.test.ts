import { describe, expect, it } from 'vitest'
import { openTestLedger } from './support/ledger.js'

async function withTask() {
  const test = await openTestLedger()
  const { build } = await test.ledger.builds.declare({
    stream: 's',
    version: '1',
    release: '1',
    provenance: {},
    builtFor: null,
  })
  await test.ledger.builds.seal(build.id)
  const later = (ms: number) => {
    test.clock.now = new Date(test.clock.now.getTime() + ms)
  }
  return { ...test, id: `ingest:${build.id}`, later }
}

describe('a task', () => {
  it('is taken by one of many, and by another when the lease has ended', async () => {
    await using test = await withTask()
    const { ledger, id, later } = test
    const taken = await Promise.all(
      Array.from({ length: 10 }, (_, nth) => ledger.tasks.take(id, `worker ${nth}`, 1000)),
    )
    const winners = taken.filter((task) => task !== null)
    expect(winners).toHaveLength(1)
    expect(winners[0]).toMatchObject({ attempt: 1, state: 'leased', payload: { kind: 'ingest' } })
    const owner = winners[0]?.leaseOwner ?? ''
    later(900)
    expect(await ledger.tasks.extend(id, owner, 1000)).toBe(true)
    later(900)
    expect(await ledger.tasks.take(id, 'next', 1000)).toBeNull()
    later(101)
    expect(await ledger.tasks.take(id, 'next', 1000)).toMatchObject({ attempt: 2, leaseOwner: 'next' })
    expect(await ledger.tasks.extend(id, owner, 1000)).toBe(false)
    expect(await ledger.tasks.finish(id, owner)).toBe(false)
    expect(await ledger.tasks.finish(id, 'next')).toBe(true)
    expect(await ledger.tasks.take(id, 'anyone', 1000)).toBeNull()
    expect(await ledger.tasks.counts()).toEqual({ pending: 0, leased: 0, done: 1, failed: 0 })
  })

  it('that is retried has a new bell and waits for its time', async () => {
    await using test = await withTask()
    const { ledger, id, clock, later } = test
    await ledger.outbox.done((await ledger.outbox.batch(10)).map((row) => row.id))
    await ledger.tasks.take(id, 'w', 1000)
    const error = { code: 'database-unreachable', message: 'gone' }
    expect(await ledger.tasks.retry(id, 'w', error, new Date(clock.now.getTime() + 5000))).toBe(true)
    expect(await ledger.outbox.batch(10)).toMatchObject([{ taskId: id, bell: 2 }])
    expect(await ledger.tasks.take(id, 'w', 1000)).toBeNull()
    later(5000)
    expect(await ledger.tasks.take(id, 'w', 1000)).toMatchObject({ attempt: 2, error })
    expect(await ledger.tasks.fail(id, 'w', error)).toBe(true)
    expect(await ledger.tasks.get(id)).toMatchObject({ state: 'failed', error, leaseOwner: null })
  })

  it('that is put back without fault has that attempt yet', async () => {
    await using test = await withTask()
    const { ledger, id, clock } = test
    const error = { code: 'worker-stopping', message: 'stopped' }
    for (let stop = 0; stop < 3; stop++) {
      expect(await ledger.tasks.take(id, 'w', 1000)).toMatchObject({ attempt: 1 })
      expect(await ledger.tasks.retry(id, 'another', error, clock.now, { counts: false })).toBe(false)
      expect(await ledger.tasks.retry(id, 'w', error, clock.now, { counts: false })).toBe(true)
    }
    expect(await ledger.tasks.get(id)).toMatchObject({ state: 'pending', attempt: 0, error })
  })

  it('that fails for good fails its build, by whoever holds the lease alone', async () => {
    await using test = await withTask()
    const { ledger, id, later } = test
    const buildId = id.slice('ingest:'.length)
    const error = { code: 'task-attempts-exhausted', message: 'In vain' }
    await ledger.tasks.take(id, 'slow', 1000)
    later(1000)
    await ledger.tasks.take(id, 'next', 1000)
    await ledger.builds.startIngest(buildId)
    expect(await ledger.tasks.fail(id, 'slow', error)).toBe(false)
    expect(await ledger.builds.get(buildId)).toMatchObject({ state: 'ingesting', failure: null })
    expect(await ledger.tasks.fail(id, 'next', error)).toBe(true)
    expect(await ledger.builds.get(buildId)).toMatchObject({ state: 'failed', failure: error })
  })

  it('that nobody answers is overdue, unless a bell of it is on its way', async () => {
    await using test = await withTask()
    const { ledger, id, later } = test
    later(60_000)
    expect(await ledger.tasks.overdue(10, 1000)).toEqual([])
    await ledger.outbox.done((await ledger.outbox.batch(10)).map((row) => row.id))
    expect(await ledger.tasks.overdue(10, 1000)).toEqual([id])
    expect(await ledger.tasks.ring([id, 'ingest:nobody'])).toBe(1)
    expect(await ledger.tasks.overdue(10, 1000)).toEqual([])
    await ledger.outbox.done((await ledger.outbox.batch(10)).map((row) => row.id))
    expect(await ledger.tasks.overdue(10, 1000)).toEqual([])
    await ledger.tasks.take(id, 'w', 5000)
    later(5500)
    expect(await ledger.tasks.overdue(10, 1000)).toEqual([])
    later(500)
    expect(await ledger.tasks.overdue(10, 1000)).toEqual([id])
    expect(await ledger.outbox.size()).toBe(0)
  })
})
