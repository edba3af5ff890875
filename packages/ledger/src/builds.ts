import { streamIdsOf } from './access/streams.js'
import { buildInclude, buildRow } from './build-rows.js'
import { decodeCursor, encodeCursor, pageLimit, pageOf } from './cursor.js'
import { type Database, type Tx, transact } from './db.js'
import { enqueue } from './enqueue.js'
import { LedgerError } from './errors.js'
import { Prisma } from './generated/client.js'
import { isUuid, uuidv7 } from './ids.js'
import { recordArtifacts, recordIngest, StaleOrigin } from './ingest.js'
import { canonical, storable, storableJson } from './json.js'
import { touchFailedBuild } from './notices/sources.js'
import { acknowledgeRefusals, recordRefusal, refusalsOf } from './refusals.js'
import type { Builds } from './repositories.js'
import type { BuildRow, Failure, JsonObject, ModuleRow, VersionScheme } from './rows.js'
import { buildKey } from './versions/order.js'
import { placeCursor, placesAfter } from './versions/place.js'
import { withdrawBuild } from './withdraw.js'

const unknown = (id: string) => new LedgerError('build-unknown', `There is no build ${id}.`)

async function get(tx: Tx, id: string): Promise<BuildRow | null> {
  if (!isUuid(id)) return null
  const build = await tx.build.findUnique({ where: { id }, include: buildInclude })
  return build === null ? null : buildRow(build)
}

async function existing(tx: Tx, id: string): Promise<BuildRow> {
  const build = await get(tx, id)
  if (build === null) throw unknown(id)
  return build
}

/** Ends a build as failed; false where it has ended already, or there is no such build. */
export async function failBuild(tx: Tx, id: string, failure: Failure, now: Date): Promise<boolean> {
  if (!isUuid(id)) return false
  const { count } = await tx.build.updateMany({
    where: { id, state: { in: ['declared', 'open', 'sealed', 'ingesting'] } },
    data: { state: 'failed', failure: storableJson(failure) as JsonObject, finishedAt: now },
  })
  return count === 1
}

const isOrdinal = (part: unknown) =>
  Number.isSafeInteger(part) && (part as number) >= 0 && (part as number) < 2 ** 31
const isId = (part: unknown) => typeof part === 'string' && isUuid(part)

/** The repository of builds. */
export function createBuilds(db: Database): Builds {
  const { prisma, clock } = db
  return {
    async declare(declaration) {
      const { id, outcome } = await transact(db, async (tx) => {
        const now = clock()
        const { stream: name, version, release, builtFor, by = null } = declaration
        const provenance = storableJson(declaration.provenance) as JsonObject
        await tx.stream.createMany({
          data: [{ id: uuidv7(now.getTime()), name, createdAt: now }],
          skipDuplicates: true,
        })
        // Held, so that nobody orders the stream's builds anew before this one is there.
        const [stream] = await tx.$queryRaw<{ id: string; versionScheme: VersionScheme | null }[]>`
          SELECT id, "versionScheme" FROM "Stream" WHERE name = ${name} FOR KEY SHARE`
        if (stream === undefined) throw new Error(`stream ${name} went away`)
        const streamId = stream.id
        const key = buildKey(stream.versionScheme, { version, release })
        const named = { streamId, version, release }
        const own = uuidv7(now.getTime())
        const data = { id: own, ...named, versionKey: key, provenance, builtFor, createdAt: now }
        let found = null
        // One that has the name may be withdrawn between the two statements: then it is free.
        while (found === null) {
          await tx.build.createMany({ data: [data], skipDuplicates: true })
          found = await tx.build.findFirst({
            where: { ...named, withdrawnAt: null },
            select: { id: true, provenance: true, builtFor: true },
          })
        }
        const { id, ...recorded } = found
        if (id === own) return { id, outcome: 'created' as const }
        const given = { provenance, builtFor }
        // What a declaration says nothing of it does not contradict: one by hand of what a build system declared.
        const saysNothing = canonical(provenance) === '{}'
        const meant = {
          provenance: saysNothing ? recorded.provenance : provenance,
          builtFor: builtFor ?? recorded.builtFor,
        }
        if (canonical(recorded) === canonical(meant)) return { id, outcome: 'same' as const }
        await tx.$queryRaw`SELECT id FROM "Build" WHERE id = ${id}::uuid FOR NO KEY UPDATE`
        await recordRefusal(tx, {
          code: 'build-differs',
          buildId: id,
          filename: null,
          recorded: recorded as JsonObject,
          given,
          by,
          now,
        })
        return { id, outcome: 'differs' as const }
      })
      return { outcome, build: await existing(prisma, id) }
    },

    get: (id) => get(prisma, id),

    async find(stream, version, release) {
      const build = await prisma.build.findFirst({
        where: { stream: { name: stream }, version, release, withdrawnAt: null },
        include: buildInclude,
      })
      return build === null ? null : buildRow(build)
    },

    async withBase(sha256, { stream }) {
      const first = (where: Prisma.BuildWhereInput) =>
        prisma.build.findFirst({
          where,
          include: buildInclude,
          orderBy: [{ withdrawnAt: { sort: 'asc', nulls: 'first' } }, { id: 'asc' }],
        })
      const build =
        (await first({ baseSha256: sha256, stream: { name: stream } })) ??
        (await first({ baseSha256: sha256 }))
      return build === null ? null : buildRow(build)
    },

    async list({ stream, withdrawn, globs, cursor, limit }) {
      const after = decodeCursor('builds', cursor, [isId])
      const take = pageLimit(limit)
      const rows = await prisma.build.findMany({
        where: {
          ...(stream === undefined ? {} : { stream: { name: stream } }),
          ...(withdrawn === undefined ? {} : { withdrawnAt: withdrawn ? { not: null } : null }),
          ...(globs === undefined ? {} : { streamId: { in: await streamIdsOf(prisma, globs) } }),
          ...(after === null ? {} : { id: { lt: after[0] as string } }),
        },
        include: buildInclude,
        orderBy: { id: 'desc' },
        take: take + 1,
      })
      return pageOf(rows, take, buildRow, (last) => encodeCursor('builds', [last.id]))
    },

    async listByVersion({ stream, withdrawn = null, cursor, limit }) {
      const { scheme, builds } = await placesAfter(prisma, 'builds-by-version', stream, cursor)
      const [before] = builds
      const take = pageLimit(limit)
      const ids = await prisma.$queryRaw<{ id: string }[]>`
        SELECT id FROM "Build" WHERE "streamId" = (SELECT id FROM "Stream" WHERE name = ${stream})
          AND ${before === undefined ? Prisma.sql`true` : Prisma.sql`("versionKey", id) < (${before.versionKey}, ${before.id}::uuid)`}
          AND coalesce(("withdrawnAt" IS NOT NULL) = ${withdrawn}::boolean, true)
        ORDER BY "versionKey" DESC, id DESC LIMIT ${take + 1}`
      const rows = await prisma.build.findMany({
        where: { id: { in: ids.map(({ id }) => id) } },
        include: buildInclude,
        orderBy: [{ versionKey: 'desc' }, { id: 'desc' }],
      })
      return pageOf(rows, take, buildRow, (last) => placeCursor('builds-by-version', scheme, [last.id]))
    },

    async modules(id, { name, cursor, limit }) {
      const after = decodeCursor('modules', cursor, [isOrdinal])
      const take = pageLimit(limit)
      const build = await existing(prisma, id)
      if (build.modules === null) return { items: [], next: null }
      const rows = await prisma.$queryRaw<(ModuleRow & { ordinal: number })[]>`
        SELECT ordinal, name, file, sha256, vermagic, srcversion, "buildId", "btfSha256", "distilledSha256", "btfBytes",
          types, strings, "originStrings", stamp, "inImage"
        FROM "Module"
        WHERE "moduleSetId" = ${build.modules.setId} AND ordinal > ${after === null ? -1 : after[0]}
          AND position(${storable(name ?? '')} IN name) > 0
        ORDER BY ordinal LIMIT ${take + 1}`
      return pageOf(
        rows,
        take,
        ({ ordinal: _, ...module }): ModuleRow => module,
        (last) => encodeCursor('modules', [last.ordinal]),
      )
    },

    refusals: async (id) => (isUuid(id) ? refusalsOf(prisma, id) : []),

    async acknowledge(id, of) {
      await acknowledgeRefusals(db, id, of)
      return existing(prisma, id)
    },

    async withdraw(id, of) {
      await withdrawBuild(db, id, of)
      return existing(prisma, id)
    },

    async progress(id) {
      const progress = { pending: 0, done: 0, failed: 0 }
      if (!isUuid(id)) return progress
      const groups = await prisma.pair.groupBy({
        by: ['state'],
        where: { OR: [{ kernelBuildId: id }, { moduleBuildId: id }] },
        _count: true,
      })
      for (const { state, _count } of groups) progress[state] = _count
      return progress
    },

    async seal(id) {
      if (!isUuid(id)) throw unknown(id)
      await transact(db, async (tx) => {
        const now = clock()
        const { count } = await tx.build.updateMany({
          where: { id, state: { in: ['declared', 'open'] }, withdrawnAt: null },
          data: { state: 'sealed', sealedAt: now },
        })
        if (count === 1) await enqueue(tx, [{ kind: 'ingest', buildId: id }], now)
      })
      const build = await existing(prisma, id)
      if (build.withdrawal !== null) throw new LedgerError('build-withdrawn')
      return build
    },

    async startIngest(id) {
      if (!isUuid(id)) throw unknown(id)
      await prisma.build.updateMany({ where: { id, state: 'sealed' }, data: { state: 'ingesting' } })
      const build = await existing(prisma, id)
      if (build.state === 'declared' || build.state === 'open')
        throw new LedgerError(
          'build-state',
          `Build ${id} is ${build.state}: it is ingested after it was sealed.`,
        )
      return build.state === 'ingesting' ? build : null
    },

    async recordIngest(result) {
      const recorded = await transact(db, (tx) => recordIngest(tx, result, clock())).catch(
        (error: unknown) => {
          if (error instanceof StaleOrigin) return { outcome: 'stale' as const, pairs: 0 }
          throw error
        },
      )
      return { ...recorded, build: await existing(prisma, result.buildId) }
    },

    async fail(id, failure, artifacts) {
      if (!isUuid(id)) throw unknown(id)
      await transact(db, async (tx) => {
        const now = clock()
        if (!(await failBuild(tx, id, failure, now))) return
        if (artifacts !== undefined) await recordArtifacts(tx, id, artifacts)
        await touchFailedBuild(tx, id, failure, now)
      })
      return existing(prisma, id)
    },
  }
}
