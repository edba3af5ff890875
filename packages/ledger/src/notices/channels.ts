import { decodeCursor, encodeCursor, pageLimit, pageOf } from '../cursor.js'
import { type Database, type Tx, transact } from '../db.js'
import { LedgerError } from '../errors.js'
import { Prisma } from '../generated/client.js'
import { isUuid } from '../ids.js'
import { storable } from '../json.js'
import type { JsonObject, Page, PageRequest } from '../rows.js'
import type { ChannelChange, ChannelRow, NewChannel, Route } from './rows.js'

/** Channels at most. */
export const mostChannels = 200

/** Where events go. What is sealed is opaque here. */
export interface Channels {
  /** `channel-exists`, `channel-limit`. */
  create(channel: NewChannel): Promise<ChannelRow>
  get(id: string): Promise<ChannelRow | null>
  /** In the order in which they were made. */
  list(page: PageRequest): Promise<Page<ChannelRow>>
  /**
   * Changes what is given. With `expected` only while that is what is sealed: null where it is not, so that a secret that was made
   * of the former one replaces no other. A channel that becomes active goes on where it stopped. `channel-unknown`, `channel-exists`.
   */
  update(id: string, change: ChannelChange, expected?: string): Promise<ChannelRow | null>
  /** With its deliveries. False where there is no such channel. */
  remove(id: string): Promise<boolean>
  /** What is sealed, of all channels. */
  sealed(): Promise<{ id: string; sealed: string }[]>
}

const isId = (part: unknown) => typeof part === 'string' && isUuid(part)
const unknown = (id: string) => new LedgerError('channel-unknown', `There is no channel ${id}.`)

/** Names are unique: Postgres says so, whoever comes second. */
function nameTaken(error: unknown): never {
  if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002')
    throw new LedgerError('channel-exists')
  throw error
}

async function rowsOf(tx: Tx, records: Prisma.ChannelGetPayload<object>[]): Promise<ChannelRow[]> {
  const groups = await tx.delivery.groupBy({
    by: ['channelId', 'state'],
    where: {
      channelId: { in: records.map(({ id }) => id) },
      state: { in: ['collecting', 'pending', 'sending', 'dead'] },
    },
    _count: true,
  })
  const count = (id: string, dead: boolean) =>
    groups
      .filter(({ channelId, state }) => channelId === id && (state === 'dead') === dead)
      .reduce((sum, { _count }) => sum + _count, 0)
  return records.map(
    ({ id, name, kind, settings, sealed, routes, mode, state, reason, createdAt, createdBy, updatedAt }) => ({
      id,
      name,
      kind,
      settings: settings as JsonObject,
      sealed,
      routes: routes as unknown as Route[],
      mode,
      state,
      reason: reason as ChannelRow['reason'],
      waiting: count(id, false),
      dead: count(id, true),
      createdAt: createdAt.toISOString(),
      createdBy,
      updatedAt: updatedAt.toISOString(),
    }),
  )
}

const one = async (tx: Tx, record: Prisma.ChannelGetPayload<object>): Promise<ChannelRow> =>
  (await rowsOf(tx, [record]))[0] as ChannelRow

/** The repository of channels. */
export function createChannels(db: Database): Channels {
  const { prisma, clock } = db
  return {
    create: ({ id, name, kind, settings, sealed, routes, mode, by }) =>
      transact(db, async (tx) => {
        // Two that are made at the same time count each other.
        await tx.$queryRaw`SELECT pg_advisory_xact_lock(${0x6368616e})::text`
        if ((await tx.channel.count()) >= mostChannels) throw new LedgerError('channel-limit')
        const now = clock()
        const record = await tx.channel.create({
          data: {
            id,
            name: storable(name),
            kind,
            settings,
            sealed,
            routes: routes as unknown as JsonObject[],
            mode,
            createdAt: now,
            createdBy: storable(by),
            updatedAt: now,
          },
        })
        return one(tx, record)
      }).catch(nameTaken),

    async get(id) {
      const record = isUuid(id) ? await prisma.channel.findUnique({ where: { id } }) : null
      return record === null ? null : one(prisma, record)
    },

    async list({ cursor, limit }) {
      const after = decodeCursor('channels', cursor, [isId])
      const take = pageLimit(limit)
      const records = await prisma.channel.findMany({
        ...(after === null ? {} : { where: { id: { gt: after[0] as string } } }),
        orderBy: { id: 'asc' },
        take: take + 1,
      })
      const { items, next } = pageOf(
        records,
        take,
        (record) => record,
        (last) => encodeCursor('channels', [last.id]),
      )
      return { items: await rowsOf(prisma, items), next }
    },

    update: (id, { name, target, routes, mode, state }, expected) =>
      transact(db, async (tx) => {
        const [held] = isUuid(id)
          ? await tx.$queryRaw<{ sealed: string; state: string }[]>`
              SELECT sealed, state::text AS state FROM "Channel" WHERE id = ${id}::uuid FOR NO KEY UPDATE`
          : []
        if (held === undefined) throw unknown(id)
        if (expected !== undefined && held.sealed !== expected) return null
        const now = clock()
        const turned = state !== undefined && state !== held.state
        const record = await tx.channel.update({
          where: { id },
          data: {
            updatedAt: now,
            ...(name === undefined ? {} : { name: storable(name) }),
            ...(target === undefined ? {} : target),
            ...(routes === undefined ? {} : { routes: routes as unknown as JsonObject[] }),
            ...(mode === undefined ? {} : { mode }),
            ...(turned ? { state, reason: Prisma.DbNull } : {}),
            // Whoever takes it next finds out what is due.
            ...(turned || mode !== undefined ? { dueAt: now } : {}),
          },
        })
        if (mode !== undefined)
          await tx.delivery.updateMany({
            where: { channelId: id, state: 'collecting', nextAt: { gt: now } },
            data: { nextAt: now },
          })
        return one(tx, record)
      }).catch(nameTaken),

    async remove(id) {
      if (!isUuid(id)) return false
      return (await prisma.channel.deleteMany({ where: { id } })).count === 1
    },

    sealed: () => prisma.channel.findMany({ select: { id: true, sealed: true }, orderBy: { id: 'asc' } }),
  }
}
