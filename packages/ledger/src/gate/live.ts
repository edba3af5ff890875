import { decodeCursor, encodeCursor, pageLimit, pageOf } from '../cursor.js'
import { type Database, type Tx, transact } from '../db.js'
import { LedgerError } from '../errors.js'
import type { Prisma } from '../generated/client.js'
import { isUuid, uuidv7 } from '../ids.js'
import { storable } from '../json.js'
import type { Page, PageRequest } from '../rows.js'
import type { EnvironmentRow, LiveChange, LiveRow } from './rows.js'

/** Builds of one stream that are live in one environment at the same time. */
export const mostLive = 512

/** What machines run, by environment. Nothing is deleted: a build that has left is history. */
export interface Lives {
  /** Idempotent. `build-unknown`, `live-limit`. */
  enter(change: LiveChange): Promise<{ outcome: 'entered' | 'already'; entry: LiveRow }>
  /** Idempotent: `entry` is then the last one. `build-unknown`; `live-unknown` where it never was live there. */
  leave(change: LiveChange): Promise<{ outcome: 'left' | 'already'; entry: LiveRow }>
  /** Those that are live, or, with `history`, those that have left too: the latest that entered first. */
  list(
    query: { environment: string; stream?: string | undefined; history?: boolean | undefined } & PageRequest,
  ): Promise<Page<LiveRow>>
  /** By name. */
  environments(page: PageRequest & { sees?: (stream: string) => boolean }): Promise<Page<EnvironmentRow>>
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

    async list({ environment, stream, history = false, cursor, limit }) {
      const after = decodeCursor('live', cursor, [isId])
      const take = pageLimit(limit)
      const rows = await prisma.live.findMany({
        where: {
          environment,
          ...(history ? {} : { leftAt: null }),
          ...(stream === undefined ? {} : { build: { stream: { name: stream } } }),
          ...(after === null ? {} : { id: { lt: after[0] as string } }),
        },
        include,
        orderBy: { id: 'desc' },
        take: take + 1,
      })
      return pageOf(rows, take, liveRow, (last) => encodeCursor('live', [last.id]))
    },

    async environments({ cursor, limit, sees }) {
      const after = decodeCursor('environments', cursor, [isName])
      const take = pageLimit(limit)
      const rows = await prisma.$queryRaw<EnvironmentRow[]>`
        SELECT environment AS name, count(*) FILTER (WHERE "leftAt" IS NULL)::int AS live
        FROM "Live" WHERE environment > ${after === null ? '' : after[0]}
        GROUP BY environment ORDER BY environment LIMIT ${take + 1}`
      const page = pageOf(
        rows,
        take,
        (row) => row,
        (last) => encodeCursor('environments', [last.name]),
      )
      return sees === undefined ? page : { ...page, items: await seenOf(prisma, page.items, sees) }
    },
  }
}

/** Environments as somebody sees them who sees some streams alone: those that builds of these were in, and how many are now. */
async function seenOf(
  tx: Pick<Tx, '$queryRaw'>,
  environments: readonly EnvironmentRow[],
  sees: (stream: string) => boolean,
): Promise<EnvironmentRow[]> {
  const names = environments.map(({ name }) => name)
  const parts = await tx.$queryRaw<(EnvironmentRow & { stream: string })[]>`
    SELECT l.environment AS name, s.name AS stream, count(*) FILTER (WHERE l."leftAt" IS NULL)::int AS live
    FROM "Live" l JOIN "Build" b ON b.id = l."buildId" JOIN "Stream" s ON s.id = b."streamId"
    WHERE l.environment = ANY(${names}) GROUP BY l.environment, s.name`
  const seen = parts.filter(({ stream }) => sees(stream))
  return names
    .map((name) => seen.filter((part) => part.name === name))
    .flatMap((of) => {
      const [first] = of
      return first === undefined
        ? []
        : [{ name: first.name, live: of.reduce((sum, { live }) => sum + live, 0) }]
    })
}
