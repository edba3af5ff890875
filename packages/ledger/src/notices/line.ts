import type { ChannelMode, Notice } from '@basedrift/contract'
import type { Tx } from '../db.js'
import { uuidv7 } from '../ids.js'
import { digestEnd, isTold } from './routing.js'
import type { Route } from './rows.js'

/** Events of one digest: it is sent when it has so many, and the next begins. */
export const digestEvents = 200

/** A channel that is held until the transaction ends. */
export interface HeldChannel {
  id: string
  mode: ChannelMode
  sequence: number
}

/** Puts a delivery of an event at the end of the line of a channel that is held, due now; `ahead` goes before all that waits there. */
export async function addToLine(
  tx: Tx,
  channel: HeldChannel,
  eventId: string,
  now: Date,
  ahead = false,
): Promise<string> {
  const id = uuidv7(now.getTime())
  await tx.delivery.create({
    data: {
      id,
      channelId: channel.id,
      sequence: channel.sequence + 1,
      ahead,
      state: 'pending',
      nextAt: now,
      createdAt: now,
      events: { create: { eventId } },
    },
  })
  await tx.$executeRaw`
    UPDATE "Channel" SET sequence = ${channel.sequence + 1}, "dueAt" = least("dueAt", ${now}) WHERE id = ${channel.id}::uuid`
  return id
}

/** Adds an event to the digest that a channel, which is held, collects. */
async function addToDigest(
  tx: Tx,
  { id: channelId, mode }: HeldChannel,
  eventId: string,
  now: Date,
): Promise<void> {
  const open = await tx.delivery.findFirst({
    where: { channelId, state: 'collecting', nextAt: { gt: now } },
    orderBy: { id: 'desc' },
    select: { id: true, nextAt: true, _count: { select: { events: true } } },
  })
  if (open !== null) {
    await tx.deliveryEvent.create({ data: { deliveryId: open.id, eventId } })
    if (open._count.events + 1 < digestEvents) return
    await tx.delivery.update({ where: { id: open.id }, data: { nextAt: now } })
    await tx.$executeRaw`UPDATE "Channel" SET "dueAt" = least("dueAt", ${now}) WHERE id = ${channelId}::uuid`
    return
  }
  const nextAt = digestEnd(mode, now)
  await tx.delivery.create({
    data: {
      id: uuidv7(now.getTime()),
      channelId,
      digest: true,
      state: 'collecting',
      nextAt,
      createdAt: now,
      events: { create: { eventId } },
    },
  })
  await tx.$executeRaw`UPDATE "Channel" SET "dueAt" = least("dueAt", ${nextAt}) WHERE id = ${channelId}::uuid`
}

/**
 * Adds an event to what each active channel is sent that is told of it, in the caller's transaction. Channels are held in the
 * order of their ids, so that each has one order of events.
 */
export async function addDeliveries(tx: Tx, event: { id: string; notice: Notice }, now: Date): Promise<void> {
  const channels = await tx.channel.findMany({
    where: { state: 'active' },
    select: { id: true, routes: true },
  })
  const told = channels.filter(({ routes }) => isTold(routes as unknown as Route[], event.notice))
  if (told.length === 0) return
  const held = await tx.$queryRaw<HeldChannel[]>`
    SELECT id, mode::text AS mode, sequence FROM "Channel"
    WHERE id = ANY(${told.map(({ id }) => id)}::uuid[]) AND state = 'active' ORDER BY id FOR NO KEY UPDATE`
  for (const channel of held) {
    if (channel.mode === 'immediate') await addToLine(tx, channel, event.id, now)
    else await addToDigest(tx, channel, event.id, now)
  }
}
