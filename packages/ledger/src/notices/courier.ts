import type { Notice } from '@basedrift/contract'
import { recordAudit } from '../access/audit.js'
import { type Database, type Tx, transact } from '../db.js'
import type { JsonObject } from '../rows.js'
import { digestEvents } from './line.js'
import type { AttemptResult, BegunDelivery } from './rows.js'

/** The line of each channel, as those who send work on it. Whoever does not hold the lease of a channel changes nothing of it. */
export interface Courier {
  /** Channels of which something is due, at most `limit`, that are now this owner's: nobody else sends to them until the lease ends. */
  claim(owner: string, leaseMs: number, limit: number): Promise<string[]>
  /**
   * Begins the attempt that is due first in the line of a channel, and extends the lease; counts it, so that an attempt whose worker
   * ended with it is one too. Null where nothing is due, the channel is disabled, or the lease is not this owner's: it has ended then.
   */
  begin(channelId: string, owner: string, leaseMs: number): Promise<BegunDelivery | null>
  /** Records what came of an attempt. False where the lease is not this owner's any more: another has begun the same again. */
  end(delivery: { id: string; channelId: string }, owner: string, result: AttemptResult): Promise<boolean>
  /** Gives a channel back, due at once. */
  release(channelId: string, owner: string): Promise<void>
}

interface HeldLine {
  kind: string
  settings: JsonObject
  sealed: string
  state: string
  sequence: number
}

async function hold(tx: Tx, channelId: string, owner: string): Promise<HeldLine | null> {
  const [held] = await tx.$queryRaw<HeldLine[]>`
    SELECT kind, settings, sealed, state::text AS state, sequence FROM "Channel"
    WHERE id = ${channelId}::uuid AND "leaseOwner" = ${owner} FOR NO KEY UPDATE`
  return held ?? null
}

/** Digests whose time has come take their places in the line; gives the place of the last. */
async function closeDigests(tx: Tx, channelId: string, sequence: number, now: Date): Promise<void> {
  const ready = await tx.delivery.findMany({
    where: { channelId, state: 'collecting', nextAt: { lte: now } },
    orderBy: { id: 'asc' },
    select: { id: true },
  })
  if (ready.length === 0) return
  for (const [nth, { id }] of ready.entries())
    await tx.delivery.update({ where: { id }, data: { state: 'pending', sequence: sequence + 1 + nth } })
  await tx.channel.update({ where: { id: channelId }, data: { sequence: sequence + ready.length } })
}

/**
 * What is first in the line of a channel. An attempt whose worker ended with it is: it was first when it began. Then what goes ahead
 * of the others. Each of the three is the first entry of an index, however long the line is.
 */
async function headOf(tx: Tx, channelId: string) {
  const first = (of: { state: 'sending' | 'pending'; ahead?: true }) =>
    tx.delivery.findFirst({
      where: { channelId, ...of },
      orderBy: { sequence: 'asc' },
      include: { events: { include: { event: true }, orderBy: { eventId: 'asc' }, take: digestEvents } },
    })
  return (
    (await first({ state: 'sending' })) ??
    (await first({ state: 'pending', ahead: true })) ??
    (await first({ state: 'pending' }))
  )
}

/** The part of the ledger that sending works on. */
export function createCourier(db: Database): Courier {
  const { prisma, clock } = db

  /** Ends the lease, and says when the channel is due again. */
  const rest = async (tx: Tx, channelId: string, headAt: Date | null): Promise<void> => {
    const digest = await tx.delivery.aggregate({
      where: { channelId, state: 'collecting' },
      _min: { nextAt: true },
    })
    const times = [headAt, digest._min.nextAt].filter((time) => time !== null)
    const dueAt = times.length === 0 ? null : new Date(Math.min(...times.map((time) => time.getTime())))
    await tx.channel.update({ where: { id: channelId }, data: { dueAt, leaseOwner: null, leaseUntil: null } })
  }

  return {
    async claim(owner, leaseMs, limit) {
      const now = clock()
      const until = new Date(now.getTime() + leaseMs)
      const rows = await prisma.$queryRaw<{ id: string }[]>`
        UPDATE "Channel" SET "leaseOwner" = ${owner}, "leaseUntil" = ${until}
        WHERE id IN (
          SELECT id FROM "Channel"
          WHERE state = 'active' AND "dueAt" <= ${now} AND ("leaseUntil" IS NULL OR "leaseUntil" <= ${now})
          ORDER BY "dueAt" LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING id`
      return rows.map(({ id }) => id)
    },

    begin: (channelId, owner, leaseMs) =>
      transact(db, async (tx) => {
        const held = await hold(tx, channelId, owner)
        if (held === null) return null
        const now = clock()
        if (held.state !== 'active') {
          await rest(tx, channelId, null)
          return null
        }
        await closeDigests(tx, channelId, held.sequence, now)
        const head = await headOf(tx, channelId)
        if (head === null || head.nextAt > now) {
          await rest(tx, channelId, head?.nextAt ?? null)
          return null
        }
        const { attempt } = await tx.delivery.update({
          where: { id: head.id },
          data: { state: 'sending', attempt: { increment: 1 }, attemptedAt: now },
          select: { attempt: true },
        })
        await tx.channel.update({
          where: { id: channelId },
          data: { leaseUntil: new Date(now.getTime() + leaseMs) },
        })
        return {
          id: head.id,
          attempt,
          channelId,
          kind: held.kind,
          settings: held.settings,
          sealed: held.sealed,
          notices: head.events.map(({ event }) => event.content as unknown as Notice),
        }
      }),

    end: ({ id, channelId }, owner, { outcome, nextAt, code, status, answer }) =>
      transact(db, async (tx) => {
        if ((await hold(tx, channelId, owner)) === null) return false
        const now = clock()
        const ended = outcome !== 'retry'
        await tx.delivery.updateMany({
          where: { id, state: 'sending' },
          data: {
            state: outcome === 'sent' ? 'sent' : ended ? 'dead' : 'pending',
            ...(ended ? { endedAt: now } : { nextAt: nextAt ?? now }),
            lastCode: code,
            lastStatus: status,
            lastAnswer: answer,
          },
        })
        // What went ahead was taken, so the first of those that wait is due: the others wait for that alone.
        if (outcome === 'sent')
          await tx.$executeRaw`
            UPDATE "Delivery" SET "nextAt" = ${now} WHERE "nextAt" > ${now} AND id = (
              SELECT id FROM "Delivery" WHERE "channelId" = ${channelId}::uuid AND state = 'pending' ORDER BY sequence LIMIT 1)`
        if (outcome === 'gone') {
          await tx.channel.update({
            where: { id: channelId },
            data: {
              state: 'disabled',
              reason: {
                code: code ?? 'channel-gone',
                message: 'The other side says that the channel is no more.',
              },
              updatedAt: now,
            },
          })
          await recordAudit(tx, now, {
            tokenId: null,
            by: 'courier',
            operation: 'changeChannel',
            target: `/v1/channels/${channelId}`,
            status: 200,
            code: code ?? 'channel-gone',
            requestId: id,
          })
        }
        return true
      }),

    async release(channelId, owner) {
      await prisma.channel.updateMany({
        where: { id: channelId, leaseOwner: owner },
        data: { leaseOwner: null, leaseUntil: null, dueAt: clock() },
      })
    },
  }
}
