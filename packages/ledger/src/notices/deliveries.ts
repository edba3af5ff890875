import type { DeliveryState, Notice } from '@basedrift/contract'
import { decodeCursor, encodeCursor, pageLimit, pageOf } from '../cursor.js'
import { type Database, type Tx, transact } from '../db.js'
import { LedgerError } from '../errors.js'
import type { Prisma } from '../generated/client.js'
import { isUuid } from '../ids.js'
import type { Page, PageRequest, Seen } from '../rows.js'
import { addToLine, type HeldChannel } from './line.js'
import type { DeliveryRow, DeliveryStats } from './rows.js'
import { eventRow, recordEvent, seenEvents } from './subjects.js'

/** Events that are listed of a delivery. */
export const listedEvents = 20

/** What went where, and what came of it. */
export interface Deliveries {
  /** The latest first; of some streams, those that tell of nothing else. */
  list(
    query: { channel?: string | undefined; state?: DeliveryState | undefined } & Seen & PageRequest,
  ): Promise<Page<DeliveryRow>>
  get(id: string): Promise<DeliveryRow | null>
  /** Puts an event before all that waits in the line of one channel, whatever that is told of. `channel-unknown`, `channel-disabled`. */
  test(channelId: string, noticeFor: (channel: { name: string }) => Notice): Promise<DeliveryRow>
  /**
   * Puts a delivery that has ended at the end of its channel’s line again, under the same id; one that waits is due now.
   * `delivery-unknown`, `channel-disabled`.
   */
  redeliver(id: string): Promise<DeliveryRow>
  stats(): Promise<DeliveryStats>
}

const include = {
  channel: { select: { id: true, name: true, kind: true } },
  events: { include: { event: true }, orderBy: { eventId: 'asc' }, take: listedEvents },
  _count: { select: { events: true } },
} satisfies Prisma.DeliveryInclude

function deliveryRow(record: Prisma.DeliveryGetPayload<{ include: typeof include }>): DeliveryRow {
  const { id, channel, state, digest, sequence, events, attempt, nextAt, attemptedAt, endedAt } = record
  return {
    id,
    channel,
    state,
    digest,
    sequence,
    events: events.map(({ event }) => eventRow(event)),
    eventsTotal: record._count.events,
    attempt,
    nextAt: state === 'sent' || state === 'dead' ? null : nextAt.toISOString(),
    lastCode: record.lastCode,
    lastStatus: record.lastStatus,
    lastAnswer: record.lastAnswer,
    attemptedAt: attemptedAt?.toISOString() ?? null,
    endedAt: endedAt?.toISOString() ?? null,
    createdAt: record.createdAt.toISOString(),
  }
}

const isId = (part: unknown) => typeof part === 'string' && isUuid(part)

/** Holds an active channel until the transaction ends. */
async function holdActive(tx: Tx, id: string): Promise<HeldChannel & { name: string }> {
  const [channel] = isUuid(id)
    ? await tx.$queryRaw<(HeldChannel & { name: string; state: string })[]>`
        SELECT id, name, mode::text AS mode, sequence, state::text AS state FROM "Channel" WHERE id = ${id}::uuid
        FOR NO KEY UPDATE`
    : []
  if (channel === undefined) throw new LedgerError('channel-unknown', `There is no channel ${id}.`)
  if (channel.state !== 'active') throw new LedgerError('channel-disabled')
  return channel
}

/** The repository of deliveries. */
export function createDeliveries(db: Database): Deliveries {
  const { prisma, clock } = db

  const get = async (tx: Tx, id: string): Promise<DeliveryRow | null> => {
    const record = isUuid(id) ? await tx.delivery.findUnique({ where: { id }, include }) : null
    return record === null ? null : deliveryRow(record)
  }
  const existing = async (tx: Tx, id: string): Promise<DeliveryRow> => {
    const delivery = await get(tx, id)
    if (delivery === null) throw new LedgerError('delivery-unknown', `There is no delivery ${id}.`)
    return delivery
  }

  return {
    async list({ channel, state, globs, cursor, limit }) {
      const after = decodeCursor('deliveries', cursor, [isId])
      const take = pageLimit(limit)
      if (channel !== undefined && !isUuid(channel)) return { items: [], next: null }
      const rows = await prisma.delivery.findMany({
        where: {
          ...(channel === undefined ? {} : { channelId: channel }),
          ...(state === undefined ? {} : { state }),
          ...(globs === undefined ? {} : { events: { every: { event: await seenEvents(prisma, globs) } } }),
          ...(after === null ? {} : { id: { lt: after[0] as string } }),
        },
        include,
        orderBy: { id: 'desc' },
        take: take + 1,
      })
      return pageOf(rows, take, deliveryRow, (last) => encodeCursor('deliveries', [last.id]))
    },

    get: (id) => get(prisma, id),

    test: (channelId, noticeFor) =>
      transact(db, async (tx) => {
        const now = clock()
        const channel = await holdActive(tx, channelId)
        const eventId = await recordEvent(tx, `test:${channelId}`, noticeFor(channel), now)
        return existing(tx, await addToLine(tx, channel, eventId, now, true))
      }),

    redeliver: (id) =>
      transact(db, async (tx) => {
        const now = clock()
        const { channel } = await existing(tx, id)
        const { sequence } = await holdActive(tx, channel.id)
        const ended = await tx.delivery.updateMany({
          where: { id, state: { in: ['sent', 'dead'] } },
          data: {
            state: 'pending',
            sequence: sequence + 1,
            ahead: false,
            attempt: 0,
            nextAt: now,
            endedAt: null,
          },
        })
        if (ended.count === 0)
          await tx.delivery.updateMany({
            where: { id, state: { in: ['pending', 'collecting'] } },
            data: { nextAt: now },
          })
        await tx.$executeRaw`
          UPDATE "Channel" SET sequence = sequence + ${ended.count}, "dueAt" = least("dueAt", ${now})
          WHERE id = ${channel.id}::uuid`
        return existing(tx, id)
      }),

    async stats() {
      const counts = { collecting: 0, pending: 0, sending: 0, dead: 0 }
      const groups = await prisma.delivery.groupBy({
        by: ['state'],
        where: { state: { in: ['collecting', 'pending', 'sending', 'dead'] } },
        _count: true,
      })
      for (const { state, _count } of groups) if (state !== 'sent') counts[state] = _count
      const oldest = await prisma.delivery.aggregate({
        where: { state: { in: ['pending', 'sending'] }, channel: { state: 'active' } },
        _min: { createdAt: true },
      })
      const channels = { active: 0, disabled: 0 }
      for (const { state, _count } of await prisma.channel.groupBy({ by: ['state'], _count: true }))
        channels[state] = _count
      return { channels, counts, oldestAt: oldest._min.createdAt?.toISOString() ?? null }
    },
  }
}
