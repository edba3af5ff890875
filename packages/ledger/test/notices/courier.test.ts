import { noticeExamples } from '@basedrift/contract'
import { describe, expect, it, vi } from 'vitest'
import { type AttemptResult, type Ledger, openLedger } from '../../src/index.js'
import { openTestLedger, silent } from '../support/ledger.js'
import { newChannel } from './channel.js'

const subject = 'drift:019a0000-0000-7000-8000-000000000003'
const leaseMs = 60_000
const sent: AttemptResult = { outcome: 'sent', code: null, status: 200, answer: 'ok' }

type Test = Awaited<ReturnType<typeof openTestLedger>>

/** Announces an event that nobody heard of. */
async function announce({ ledger, query }: Test, count = 1): Promise<void> {
  for (let nth = 0; nth < count; nth++) {
    const [held] = await query<{ touched: number }>(
      `INSERT INTO "Subject" (key, since, "changedAt") VALUES ($1, now(), now())
       ON CONFLICT (key) DO UPDATE SET touched = "Subject".touched + 1, since = now(), "changedAt" = now(), "toldHash" = NULL
       RETURNING touched`,
      [subject],
    )
    const notice = noticeExamples[0]
    if (held === undefined || notice === undefined) throw new Error('nothing to tell')
    await ledger.notices.announce({ subject, touched: held.touched, notice })
  }
}

const channelOf = async (ledger: Ledger, of = {}) => (await ledger.channels.create(newChannel(of))).id

async function begin(ledger: Ledger, channel: string, owner = 'a') {
  const delivery = await ledger.courier.begin(channel, owner, leaseMs)
  if (delivery === null) throw new Error('nothing is due')
  return delivery
}

describe('the line of a channel', () => {
  it('belongs to one worker at a time, and to another when the lease has ended', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const channel = await channelOf(ledger)
    expect(await ledger.courier.claim('a', leaseMs, 10), 'nothing is due').toEqual([])
    await announce(test)
    const claims = await Promise.all(['a', 'b', 'c'].map((owner) => ledger.courier.claim(owner, leaseMs, 10)))
    expect(claims.flat()).toEqual([channel])
    const owner = ['a', 'b', 'c'][claims.findIndex((claimed) => claimed.length > 0)] ?? ''
    expect(await ledger.courier.begin(channel, 'x', leaseMs)).toBeNull()
    const first = await begin(ledger, channel, owner)
    expect(first).toMatchObject({ attempt: 1, notices: [noticeExamples[0]] })
    clock.now = new Date(clock.now.getTime() + leaseMs)
    expect(await ledger.courier.claim('d', leaseMs, 10)).toEqual([channel])
    expect(await ledger.courier.end(first, owner, sent), 'the lease is another’s').toBe(false)
    expect(await begin(ledger, channel, 'd'), 'the same again, under the same id').toMatchObject({
      id: first.id,
      attempt: 2,
    })
    expect(await ledger.courier.end(first, 'd', sent)).toBe(true)
    expect(await ledger.courier.begin(channel, 'd', leaseMs)).toBeNull()
    expect(await ledger.deliveries.get(first.id)).toMatchObject({
      state: 'sent',
      attempt: 2,
      lastStatus: 200,
    })
  })

  it('keeps its order: what is tried again goes first, and nothing passes it', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const channel = await channelOf(ledger)
    await announce(test, 2)
    await ledger.courier.claim('a', leaseMs, 10)
    const first = await begin(ledger, channel)
    const nextAt = new Date(clock.now.getTime() + 5_000)
    const busy: AttemptResult = {
      outcome: 'retry',
      nextAt,
      code: 'answer-busy',
      status: 503,
      answer: 'later',
    }
    await ledger.courier.end(first, 'a', busy)
    expect(await ledger.courier.begin(channel, 'a', leaseMs)).toBeNull()
    expect(await ledger.courier.claim('a', leaseMs, 10), 'not before its time').toEqual([])
    clock.now = nextAt
    expect(await ledger.courier.claim('a', leaseMs, 10)).toEqual([channel])
    expect((await begin(ledger, channel)).id).toBe(first.id)
    await ledger.courier.end(first, 'a', { ...busy, outcome: 'dead' })
    expect((await begin(ledger, channel)).id, 'a dead letter holds nobody up').not.toBe(first.id)
    expect(await ledger.channels.get(channel)).toMatchObject({ waiting: 1, dead: 1 })
  })

  it('is passed by a test alone, and is due at once when the receiver has taken that', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const channel = await channelOf(ledger)
    await announce(test, 2)
    await ledger.courier.claim('a', leaseMs, 10)
    const first = await begin(ledger, channel)
    const notice = noticeExamples.find(({ kind }) => kind === 'test')
    if (notice === undefined) throw new Error('no example')
    const early = await ledger.deliveries.test(channel, () => notice)
    const nextAt = new Date(clock.now.getTime() + 3_600_000)
    const busy: AttemptResult = { outcome: 'retry', nextAt, code: 'answer-busy', status: 503, answer: null }
    await ledger.courier.end(first, 'a', busy)
    const refused = await begin(ledger, channel)
    expect(refused.id, 'what is under way ends first').toBe(early.id)
    await ledger.courier.end(refused, 'a', { ...busy, outcome: 'dead' })
    expect(await ledger.courier.begin(channel, 'a', leaseMs), 'the receiver is away yet').toBeNull()
    const tests = [
      await ledger.deliveries.test(channel, () => notice),
      await ledger.deliveries.test(channel, () => notice),
    ]
    expect(await ledger.courier.claim('b', leaseMs, 10)).toEqual([channel])
    const order: string[] = []
    for (let nth = 0; nth < 4; nth++) {
      const next = await begin(ledger, channel, 'b')
      order.push(next.id)
      await ledger.courier.end(next, 'b', sent)
    }
    expect(order.slice(0, 3)).toEqual([...tests.map(({ id }) => id), first.id])
    expect(await ledger.courier.begin(channel, 'b', leaseMs)).toBeNull()
  })

  it('is not read through to find what is first, however long it is', async () => {
    await using test = await openTestLedger()
    const { clock, query, url } = test
    const channel = await channelOf(test.ledger)
    await announce(test)
    await query(
      `INSERT INTO "Delivery" (id, "channelId", sequence, state, "nextAt", "createdAt")
       SELECT gen_random_uuid(), "channelId", 1 + nth, state, "nextAt", "createdAt" FROM "Delivery", generate_series(1, 20000) nth`,
    )
    await query(
      `INSERT INTO "DeliveryEvent" SELECT d.id, e.id FROM "Delivery" d, "Event" e ON CONFLICT DO NOTHING`,
    )
    await query('VACUUM ANALYZE')
    const read = async () => {
      // What a connection has read is counted for all to see when it ends.
      const [found] = await query<{ read: string; open: string }>(
        `SELECT seq_tup_read + idx_tup_fetch AS read, (SELECT count(*) FROM pg_stat_activity
           WHERE datname = current_database() AND backend_type = 'client backend') AS open
         FROM pg_stat_user_tables WHERE relname = 'Delivery'`,
      )
      return { read: Number(found?.read), others: Number(found?.open) - 1 }
    }
    await test.ledger.close()
    const closed = () =>
      vi.waitFor(
        async () => {
          const found = await read()
          expect(found.others).toBe(0)
          return found.read
        },
        { timeout: 20_000, interval: 20 },
      )
    const before = await closed()
    const ledger = await openLedger({ databaseUrl: url, log: silent, clock: () => clock.now })
    await ledger.courier.claim('a', leaseMs, 1)
    for (let nth = 0; nth < 5; nth++) await ledger.courier.end(await begin(ledger, channel), 'a', sent)
    await ledger.close()
    expect((await closed()) - before).toBeLessThan(1000)
  })

  it('is not another’s: a channel that waits for its answer holds no other up', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const channels = [await channelOf(ledger), await channelOf(ledger)]
    await announce(test)
    expect((await ledger.courier.claim('a', leaseMs, 1)).length).toBe(1)
    expect((await ledger.courier.claim('b', leaseMs, 10)).length).toBe(1)
    expect(channels).toHaveLength(2)
  })

  it('stops when the channel is gone, and goes on when it is enabled', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const channel = await channelOf(ledger)
    await announce(test, 2)
    await ledger.courier.claim('a', leaseMs, 10)
    const first = await begin(ledger, channel)
    await ledger.courier.end(first, 'a', { outcome: 'gone', code: 'channel-gone', status: 410, answer: '' })
    expect(await ledger.courier.begin(channel, 'a', leaseMs)).toBeNull()
    expect(await ledger.channels.get(channel)).toMatchObject({
      state: 'disabled',
      reason: { code: 'channel-gone' },
      waiting: 1,
      dead: 1,
    })
    expect((await ledger.audit.list({ limit: 1 })).items).toMatchObject([
      {
        tokenId: null,
        by: 'courier',
        operation: 'changeChannel',
        target: `/v1/channels/${channel}`,
        code: 'channel-gone',
        requestId: first.id,
      },
    ])
    expect(await ledger.deliveries.stats()).toMatchObject({ channels: { active: 0, disabled: 1 } })
    await announce(test)
    expect((await ledger.deliveries.list({ limit: 10 })).items, 'it is told of nothing').toHaveLength(2)
    await expect(ledger.deliveries.redeliver(first.id)).rejects.toMatchObject({ code: 'channel-disabled' })
    expect(await ledger.courier.claim('a', leaseMs, 10)).toEqual([])
    expect(await ledger.channels.update(channel, { state: 'active' })).toMatchObject({ reason: null })
    expect(await ledger.courier.claim('a', leaseMs, 10)).toEqual([channel])
    const second = await begin(ledger, channel)
    await ledger.courier.end(second, 'a', sent)
    expect(await ledger.deliveries.redeliver(first.id)).toMatchObject({
      id: first.id,
      state: 'pending',
      sequence: 3,
    })
    expect((await begin(ledger, channel)).id, 'a dead letter comes again under its id').toBe(first.id)
  })

  it('collects what comes in an hour, and sends it in one message', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    clock.now = new Date('2026-01-01T09:20:00Z')
    const channel = await channelOf(ledger, { mode: 'hourly' })
    await announce(test, 3)
    expect(await ledger.courier.claim('a', leaseMs, 10)).toEqual([])
    const notice = noticeExamples.find(({ kind }) => kind === 'test')
    if (notice === undefined) throw new Error('no example')
    await ledger.deliveries.test(channel, () => notice)
    expect(await ledger.courier.claim('a', leaseMs, 10), 'a test does not wait for the digest').toEqual([
      channel,
    ])
    const tried = await begin(ledger, channel)
    expect(tried.notices).toEqual([notice])
    await ledger.courier.end(tried, 'a', sent)
    expect(await ledger.courier.begin(channel, 'a', leaseMs)).toBeNull()
    clock.now = new Date('2026-01-01T09:59:59Z')
    expect(await ledger.courier.claim('a', leaseMs, 10)).toEqual([])
    clock.now = new Date('2026-01-01T10:00:00Z')
    expect(await ledger.courier.claim('a', leaseMs, 10)).toEqual([channel])
    await announce(test)
    const digest = await begin(ledger, channel)
    expect(digest.notices).toHaveLength(3)
    await ledger.courier.end(digest, 'a', sent)
    expect(await ledger.courier.begin(channel, 'a', leaseMs)).toBeNull()
    const { items } = await ledger.deliveries.list({ channel, limit: 10 })
    expect(
      items.map(({ state, digest: one, eventsTotal, nextAt }) => [state, one, eventsTotal, nextAt]),
    ).toEqual([
      ['collecting', true, 1, '2026-01-01T11:00:00.000Z'],
      ['sent', false, 1, null],
      ['sent', true, 3, null],
    ])
    await ledger.channels.update(channel, { mode: 'immediate' })
    expect(await ledger.courier.claim('b', leaseMs, 10), 'what was collected does not wait').toEqual([
      channel,
    ])
  })

  it('collects what comes in a day until midnight', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    clock.now = new Date('2026-01-31T09:20:00Z')
    await channelOf(ledger, { mode: 'daily' })
    await announce(test)
    expect((await ledger.deliveries.list({ limit: 1 })).items).toMatchObject([
      { nextAt: '2026-02-01T00:00:00.000Z' },
    ])
  })
})

describe('channels', () => {
  it('have names of their own, change by parts, and go with their deliveries', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const id = await channelOf(ledger, { name: 'one' })
    await expect(ledger.channels.create(newChannel({ name: 'one' }))).rejects.toMatchObject({
      code: 'channel-exists',
    })
    const other = await channelOf(ledger, { name: 'two' })
    await expect(ledger.channels.update(other, { name: 'one' })).rejects.toMatchObject({
      code: 'channel-exists',
    })
    const target = { kind: 'slack', settings: {}, sealed: 'v1.b.c.d.e' }
    expect(await ledger.channels.update(id, { target }, 'another')).toBeNull()
    expect(await ledger.channels.update(id, { target }, 'v1.a.b.c.d')).toMatchObject({
      name: 'one',
      ...target,
    })
    expect((await ledger.channels.list({ limit: 1 })).next).not.toBeNull()
    await announce(test)
    expect(await ledger.channels.remove(id)).toBe(true)
    expect(await ledger.channels.remove(id)).toBe(false)
    await expect(ledger.channels.update(id, { name: 'x' })).rejects.toMatchObject({ code: 'channel-unknown' })
    expect((await ledger.deliveries.list({ limit: 10 })).items).toHaveLength(1)
    expect(await ledger.deliveries.stats()).toMatchObject({
      counts: { pending: 1, dead: 0 },
      oldestAt: expect.any(String),
    })
  })
})
