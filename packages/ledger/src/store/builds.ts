import { isDeepStrictEqual } from 'node:util'
import { LedgerError } from '../errors.js'
import type { Builds, Declaration } from '../repositories.js'
import type { BuildRow, JsonObject } from '../rows.js'
import { decodeCursor, isCount, isText, pageOf, rowsToAsk } from './cursor.js'
import { type Database, type Prisma, type Queries, transact } from './database.js'
import { isId, newId } from './ids.js'
import { recordArtifacts, recordIngest } from './ingest.js'
import { buildRow, wholeBuild } from './mapping.js'
import { moduleRow } from './module-sets.js'
import { recordRefusal, refusalsOf } from './refusals.js'
import { ingestTask, recordTasks } from './work.js'

async function known(queries: Queries, id: string): Promise<BuildRow> {
  const build = isId(id) ? await queries.build.findUnique({ where: { id }, include: wholeBuild }) : null
  if (build === null) throw new LedgerError('build-unknown')
  return buildRow(build)
}

async function declare(queries: Queries, declaration: Declaration) {
  const { stream, version, release, builtFor } = declaration
  await queries.stream.createMany({ data: [{ id: newId(), name: stream }], skipDuplicates: true })
  const { id: streamId } = await queries.stream.findUniqueOrThrow({ where: { name: stream } })
  const provenance = declaration.provenance as Prisma.InputJsonObject
  const { count } = await queries.build.createMany({
    data: [{ id: newId(), streamId, version, release, provenance, builtFor }],
    skipDuplicates: true,
  })
  const build = buildRow(
    await queries.build.findUniqueOrThrow({
      where: { streamId_version_release: { streamId, version, release } },
      include: wholeBuild,
    }),
  )
  if (count === 1) return { outcome: 'created', build } as const
  const recorded: JsonObject = { provenance: build.provenance, builtFor: build.builtFor }
  const given: JsonObject = { provenance: declaration.provenance, builtFor }
  if (isDeepStrictEqual(recorded, given)) return { outcome: 'same', build } as const
  await recordRefusal(queries, { buildId: build.id, filename: null, code: 'build-differs', recorded, given })
  return { outcome: 'differs', build } as const
}

/** Builds: declared, filled, sealed, ingested, compared. */
export function createBuilds(database: Database, now: () => Date): Builds {
  return {
    declare: (declaration) => transact(database, (queries) => declare(queries, declaration)),

    async get(id) {
      if (!isId(id)) return null
      const record = await database.build.findUnique({ where: { id }, include: wholeBuild })
      return record === null ? null : buildRow(record)
    },

    async find(stream, version, release) {
      const record = await database.build.findFirst({
        where: { stream: { name: stream }, version, release },
        include: wholeBuild,
      })
      return record === null ? null : buildRow(record)
    },

    async list({ stream, ...page }) {
      const before = decodeCursor<[string]>(page.cursor, [
        (part): part is string => isText(part) && isId(part),
      ])
      const records = await database.build.findMany({
        where: {
          ...(stream === undefined ? {} : { stream: { name: stream } }),
          ...(before === null ? {} : { id: { lt: before[0] } }),
        },
        orderBy: { id: 'desc' },
        take: rowsToAsk(page),
        include: wholeBuild,
      })
      return pageOf(records, page, ({ id }) => [id], buildRow)
    },

    async modules(id, { name, ...page }) {
      const { modules } = await known(database, id)
      const after = decodeCursor<[number]>(page.cursor, [isCount])
      if (modules === null) return { items: [], next: null }
      const records = await database.module.findMany({
        where: {
          moduleSetId: modules.setId,
          ...(name === undefined ? {} : { name: { contains: name } }),
          ...(after === null ? {} : { ordinal: { gt: after[0] } }),
        },
        orderBy: { ordinal: 'asc' },
        take: rowsToAsk(page),
      })
      return pageOf(records, page, ({ ordinal }) => [ordinal], moduleRow)
    },

    refusals: async (id) => (isId(id) ? refusalsOf(database, id) : []),

    async progress(id) {
      const counts = { pending: 0, done: 0, failed: 0 }
      if (!isId(id)) return counts
      const groups = await database.pair.groupBy({
        by: ['state'],
        where: { OR: [{ kernelBuildId: id }, { moduleBuildId: id }] },
        _count: { _all: true },
      })
      for (const { state, _count } of groups) counts[state] = _count._all
      return counts
    },

    seal: (id) =>
      transact(database, async (queries) => {
        if (!isId(id)) throw new LedgerError('build-unknown')
        const { count } = await queries.build.updateMany({
          where: { id, state: { in: ['declared', 'open'] } },
          data: { state: 'sealed', sealedAt: now() },
        })
        if (count === 1) await recordTasks(queries, [ingestTask(id)], now())
        return known(queries, id)
      }),

    async startIngest(id) {
      const { count } = await database.build.updateMany({
        where: { id, state: { in: ['sealed', 'ingesting'] } },
        data: { state: 'ingesting' },
      })
      return count === 0 ? null : known(database, id)
    },

    recordIngest: (result) => transact(database, (queries) => recordIngest(queries, result, now())),

    fail: (id, failure, artifacts = []) =>
      transact(database, async (queries) => {
        const { count } = await queries.build.updateMany({
          where: { id, state: { notIn: ['done', 'failed'] } },
          data: { state: 'failed', failure: { ...failure }, finishedAt: now() },
        })
        if (count === 1) await recordArtifacts(queries, artifacts)
        return known(queries, id)
      }),
  }
}
