import { createHash } from 'node:crypto'
import type { Notice } from '@basedrift/contract'
import { streamNamesOf } from '../access/streams.js'
import { decodeCursor, encodeCursor, pageLimit, pageOf } from '../cursor.js'
import { type Database, type Tx, transact } from '../db.js'
import { enqueue } from '../enqueue.js'
import { Prisma } from '../generated/client.js'
import { isUuid, uuidv7 } from '../ids.js'
import { canonical } from '../json.js'
import type { JsonObject, Page, PageRequest, Seen } from '../rows.js'
import { addDeliveries } from './line.js'
import type { EventRow, WaitingSubject } from './rows.js'

/** What is to be announced, and what was. */
export interface Notices {
  /** What waits to be told of a thing; null where nothing does. */
  waiting(subject: string): Promise<WaitingSubject | null>
  /**
   * Announces what waits, with a delivery for each channel that is told of it, in one transaction. `silent`: `notice` is null, or
   * says what was told last. `stale`: the thing has changed since `touched` was read, and waits for its new task.
   */
  announce(of: {
    subject: string
    touched: number
    notice: Notice | null
  }): Promise<'announced' | 'silent' | 'stale'>
  /** Has channels told, once, of waivers that end within so many milliseconds; gives how many are new among them, at most 100. */
  expiring(withinMs: number): Promise<number>
  /**
   * Lets be announced again what waits though its task failed an hour ago or is not there; gives how many, at most `limit`, each
   * with its bell.
   */
  rearm(limit: number): Promise<number>
  /** Changes that wait though their task failed. */
  untold(): Promise<number>
  /** What was announced, the latest first; what is about no stream is for everybody. */
  events(
    query: { stream?: string | undefined; kind?: string | undefined } & Seen & PageRequest,
  ): Promise<Page<EventRow>>
}

/** What an event says, without when it was found, where to read more, and what was before. */
function contentHash(notice: Notice): string {
  const { at: _at, link: _link, before: _before, ...content } = notice as Notice & { before?: unknown }
  return createHash('sha256').update(canonical(content)).digest('hex')
}

/**
 * Records in the caller's transaction that a thing changed of which channels may be told. `draft` is the event as it would be told
 * now; null has it made of what is recorded when it is told. It is told once it has settled.
 */
export async function touch(
  tx: Tx,
  { subject, draft }: { subject: string; draft: Notice | null },
  now: Date,
): Promise<void> {
  const content = draft === null ? null : JSON.stringify(draft)
  await tx.$executeRaw`
    INSERT INTO "Subject" (key, draft, since, "changedAt") VALUES (${subject}, ${content}::jsonb, ${now}, ${now})
    ON CONFLICT (key) DO UPDATE SET draft = EXCLUDED.draft, touched = "Subject".touched + 1,
      since = coalesce("Subject".since, EXCLUDED.since), "changedAt" = EXCLUDED."changedAt"`
  await enqueue(tx, [{ kind: 'announce', subject }], now)
}

/** Records an event; `announce` and tests of channels do. */
export async function recordEvent(tx: Tx, subject: string, notice: Notice, now: Date): Promise<string> {
  const { kind, severity, stream } = notice
  const id = uuidv7(now.getTime())
  const content = notice as unknown as JsonObject
  await tx.event.create({ data: { id, kind, severity, stream, subject, content, createdAt: now } })
  return id
}

/** An event as it is read. */
export function eventRow(record: Prisma.EventGetPayload<object>): EventRow {
  const content = record.content as unknown as Notice
  const { id, subject, stream, createdAt } = record
  return {
    id,
    kind: content.kind,
    severity: content.severity,
    stream,
    subject,
    content,
    createdAt: createdAt.toISOString(),
  }
}

/** Events that somebody may see who sees these streams alone. */
export async function seenEvents(tx: Tx, globs: readonly string[]): Promise<Prisma.EventWhereInput> {
  return { OR: [{ stream: null }, { stream: { in: await streamNamesOf(tx, globs) } }] }
}

const isId = (part: unknown) => typeof part === 'string' && isUuid(part)

/** How long after its task failed a change waits until it is tried again. */
const failedPauseMs = 3_600_000

/** The repository of events. */
export function createNotices(db: Database): Omit<Notices, 'expiring'> {
  const { prisma, clock } = db
  return {
    async waiting(subject) {
      const found = await prisma.subject.findUnique({ where: { key: subject }, include: { told: true } })
      if (found === null || found.since === null || found.changedAt === null) return null
      const { key, touched, draft, since, changedAt, told } = found
      return {
        key,
        touched,
        draft: draft as unknown as Notice | null,
        since: since.toISOString(),
        changedAt: changedAt.toISOString(),
        told: told === null ? null : eventRow(told).content,
      }
    },

    announce: ({ subject, touched, notice }) =>
      transact(db, async (tx) => {
        const now = clock()
        const [held] = await tx.$queryRaw<{ touched: number; since: Date | null; toldHash: string | null }[]>`
          SELECT touched, since, "toldHash" FROM "Subject" WHERE key = ${subject} FOR UPDATE`
        if (held === undefined || held.since === null || held.touched !== touched) return 'stale'
        const nothing = { draft: Prisma.DbNull, since: null, changedAt: null }
        const hash = notice === null ? null : contentHash(notice)
        if (notice === null || hash === held.toldHash) {
          await tx.subject.update({ where: { key: subject }, data: nothing })
          return 'silent'
        }
        const toldId = await recordEvent(tx, subject, notice, now)
        await tx.subject.update({ where: { key: subject }, data: { ...nothing, toldHash: hash, toldId } })
        await addDeliveries(tx, { id: toldId, notice }, now)
        return 'announced'
      }),

    rearm: (limit) =>
      transact(db, async (tx) => {
        const now = clock()
        const before = new Date(now.getTime() - failedPauseMs)
        const waiting = await tx.$queryRaw<{ key: string }[]>`
          SELECT key FROM "Subject" s WHERE since IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM "Task" t WHERE t.id = 'announce:' || s.key
              AND (t.state IN ('pending', 'leased') OR t."finishedAt" > ${before}))
          ORDER BY since LIMIT ${limit} FOR UPDATE SKIP LOCKED`
        await enqueue(
          tx,
          waiting.map(({ key }) => ({ kind: 'announce', subject: key })),
          now,
        )
        return waiting.length
      }),

    async untold() {
      const [found] = await prisma.$queryRaw<{ untold: number }[]>`
        SELECT count(*)::int AS untold FROM "Subject" s JOIN "Task" t ON t.id = 'announce:' || s.key
        WHERE s.since IS NOT NULL AND t.state = 'failed'`
      return found?.untold ?? 0
    },

    async events({ stream, kind, globs, cursor, limit }) {
      const after = decodeCursor('notices', cursor, [isId])
      const take = pageLimit(limit)
      const rows = await prisma.event.findMany({
        where: {
          ...(stream === undefined ? {} : { stream }),
          ...(kind === undefined ? {} : { kind }),
          ...(globs === undefined ? {} : await seenEvents(prisma, globs)),
          ...(after === null ? {} : { id: { lt: after[0] as string } }),
        },
        orderBy: { id: 'desc' },
        take: take + 1,
      })
      return pageOf(rows, take, eventRow, (last) => encodeCursor('notices', [last.id]))
    },
  }
}
