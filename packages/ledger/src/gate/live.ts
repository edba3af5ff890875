import { streamIdsOf } from '../access/streams.js'
import { decodeCursor, encodeCursor, pageLimit, pageOf } from '../cursor.js'
import { type Database, type Tx, transact } from '../db.js'
import { LedgerError } from '../errors.js'
import { Prisma } from '../generated/client.js'
import { isUuid, uuidv7 } from '../ids.js'
import { storable } from '../json.js'
import type { Page, PageRequest, Seen } from '../rows.js'
import type { EnvironmentRow, LiveChange, LiveRow } from './rows.js'

/** Builds of one stream that are live in one environment at the same time. */
export const mostLive = 512

/** What machines run, by environment. Nothing is deleted: a build that has left is history. */
export interface Lives {
  /** Idempotent. `build-unknown`, `build-withdrawn`, `live-limit`. */
  enter(change: LiveChange): Promise<{ outcome: 'entered' | 'already'; entry: LiveRow }>
  /** Idempotent: `entry` is then the last one. `build-unknown`; `live-unknown` where it never was live there. */
  leave(change: LiveChange): Promise<{ outcome: 'left' | 'already'; entry: LiveRow }>
  /** Those that are live, or, with `history`, those that have left too: the latest that entered first. */
  list(
    query: { environment: string; stream?: string | undefined; history?: boolean | undefined } & Seen &
      PageRequest,
  ): Promise<Page<LiveRow>>
  /** By name: those that builds of the streams were in, and how many are now. */
  environments(page: Seen & PageRequest): Promise<Page<EnvironmentRow>>
}

const include = {
  build: {
    select: {
      id: true,
      version: true,
      release: true,
      state: true,
      kernelRelease: true,
      baseSha256: true,
      moduleSetId: true,
      stream: { select: { name: true } },
    },
  },
} satisfies Prisma.LiveInclude

function liveRow(record: Prisma.LiveGetPayload<{ include: typeof include }>): LiveRow {
  const { environment, build, enteredAt, enteredBy, leftAt, leftBy } = record
  return {
    environment,
    stream: build.stream.name,
    build: { id: build.id, version: build.version, release: build.release },
    state: build.state,
    kernelRelease: build.kernelRelease,
    hasKernel: build.baseSha256 !== null,
    hasModules: build.moduleSetId !== null,
    enteredAt: enteredAt.toISOString(),
    enteredBy,
    leftAt: leftAt?.toISOString() ?? null,
    leftBy,
  }
}

const isId = (part: unknown) => typeof part === 'string' && isUuid(part)
const isName = (part: unknown) => typeof part === 'string' && part === storable(part)

/** Holds the stream of a build until the transaction ends, so that entering and leaving are one after the other. */
async function holdStream(tx: Tx, buildId: string): Promise<string> {
  const [held] = isUuid(buildId)
    ? await tx.$queryRaw<{ id: string }[]>`
        SELECT s.id FROM "Stream" s JOIN "Build" b ON b."streamId" = s.id WHERE b.id = ${buildId}::uuid
        FOR NO KEY UPDATE OF s`
    : []
  if (held === undefined) throw new LedgerError('build-unknown', `There is no build ${buildId}.`)
  return held.id
}

const lastOf = (tx: Tx, environment: string, buildId: string) =>
  tx.live.findFirst({ where: { environment, buildId }, orderBy: { id: 'desc' }, include })

/** Says which build has been live for longest: a hook that only ever enters comes here in the end. */
async function limitReached(tx: Tx, environment: string, streamId: string): Promise<LedgerError> {
  const oldest = await tx.live.findFirst({
    where: { environment, leftAt: null, build: { streamId } },
    orderBy: { id: 'asc' },
    include,
  })
  const { version, release, id } = oldest?.build ?? {}
  return new LedgerError(
    'live-limit',
    `${mostLive} builds of the stream are live in ${environment}, ${version}-${release} (${id}) for longest, since ` +
      `${oldest?.enteredAt.toISOString().slice(0, 10)}.`,
  )
}

/** The repository of live builds. */
export function createLives(db: Database): Lives {
  const { prisma, clock } = db
  return {
    enter: ({ environment, buildId, by }) =>
      transact(db, async (tx) => {
        const now = clock()
        const streamId = await holdStream(tx, buildId)
        // A statement of its own, after the stream is held: who withdraws the build holds it too.
        const withdrawn = await tx.build.count({ where: { id: buildId, withdrawnAt: { not: null } } })
        if (withdrawn > 0) throw new LedgerError('build-withdrawn')
        const last = await lastOf(tx, environment, buildId)
        if (last !== null && last.leftAt === null) return { outcome: 'already', entry: liveRow(last) }
        const live = await tx.live.count({ where: { environment, leftAt: null, build: { streamId } } })
        if (live >= mostLive) throw await limitReached(tx, environment, streamId)
        const entry = await tx.live.create({
          data: { id: uuidv7(now.getTime()), environment, buildId, enteredAt: now, enteredBy: storable(by) },
          include,
        })
        return { outcome: 'entered', entry: liveRow(entry) }
      }),

    leave: ({ environment, buildId, by }) =>
      transact(db, async (tx) => {
        await holdStream(tx, buildId)
        const last = await lastOf(tx, environment, buildId)
        if (last === null)
          throw new LedgerError('live-unknown', `Build ${buildId} never was live in ${environment}.`)
        if (last.leftAt !== null) return { outcome: 'already', entry: liveRow(last) }
        const entry = await tx.live.update({
          where: { id: last.id },
          data: { leftAt: clock(), leftBy: storable(by) },
          include,
        })
        return { outcome: 'left', entry: liveRow(entry) }
      }),

    async list({ environment, stream, history = false, globs, cursor, limit }) {
      const after = decodeCursor('live', cursor, [isId])
      const take = pageLimit(limit)
      const build = {
        ...(stream === undefined ? {} : { stream: { name: stream } }),
        ...(globs === undefined ? {} : { streamId: { in: await streamIdsOf(prisma, globs) } }),
      }
      const rows = await prisma.live.findMany({
        where: {
          environment,
          ...(history ? {} : { leftAt: null }),
          build,
          ...(after === null ? {} : { id: { lt: after[0] as string } }),
        },
        include,
        orderBy: { id: 'desc' },
        take: take + 1,
      })
      return pageOf(rows, take, liveRow, (last) => encodeCursor('live', [last.id]))
    },

    async environments({ globs, cursor, limit }) {
      const after = decodeCursor('environments', cursor, [isName])
      const take = pageLimit(limit)
      const seen =
        globs === undefined
          ? Prisma.sql`true`
          : Prisma.sql`"buildId" IN (
              SELECT id FROM "Build" WHERE "streamId" = ANY(${await streamIdsOf(prisma, globs)}::uuid[]))`
      const rows = await prisma.$queryRaw<EnvironmentRow[]>`
        SELECT environment AS name, count(*) FILTER (WHERE "leftAt" IS NULL)::int AS live
        FROM "Live" WHERE environment > ${after === null ? '' : after[0]} AND ${seen}
        GROUP BY environment ORDER BY environment LIMIT ${take + 1}`
      return pageOf(
        rows,
        take,
        (row) => row,
        (last) => encodeCursor('environments', [last.name]),
      )
    },
  }
}
