import { recordFingerprints } from './bases.js'
import { recordBlobs } from './blob-records.js'
import { pageLimit, pageOf } from './cursor.js'
import { type Database, type Tx, transact } from './db.js'
import { enqueue } from './enqueue.js'
import { LedgerError } from './errors.js'
import { Prisma } from './generated/client.js'
import { isUuid, uuidv7 } from './ids.js'
import { storable, storableJson } from './json.js'
import { touchDriftOf, touchDrifts } from './notices/sources.js'
import { compareEngines } from './renewal/engines.js'
import type { Drifts } from './repositories.js'
import type { Counts, DriftInputs, DriftRow, Failure, JsonObject, PairState } from './rows.js'
import { placeCursor, placesAfter } from './versions/place.js'

/**
 * Brings the drifts of a stream in line with the order of its kernel builds: by version, those that are equal by when they were
 * declared. Each build and the one before it have a drift, with a task where it is new; the others are no neighbours. The
 * stream is held. Gives how many drifts are new.
 */
export async function renewNeighbours(tx: Tx, streamId: string, now: Date): Promise<number> {
  const ends = Prisma.sql`
    SELECT id AS "fromBuildId", next AS "toBuildId" FROM (
      SELECT id, lead(id) OVER (ORDER BY "versionKey", id) AS next FROM "Build"
      WHERE "streamId" = ${streamId}::uuid AND "baseSha256" IS NOT NULL AND state IN ('comparing', 'done') AND "withdrawnAt" IS NULL
    ) AS kernels WHERE next IS NOT NULL`
  const flipped = await tx.$queryRaw<{ id: string; neighbours: boolean }[]>`
    WITH ends AS (${ends})
    UPDATE "Drift" d SET neighbours = NOT d.neighbours, "updatedAt" = ${now}
    WHERE d."streamId" = ${streamId}::uuid
      AND d.neighbours <> EXISTS (SELECT FROM ends e WHERE e."fromBuildId" = d."fromBuildId" AND e."toBuildId" = d."toBuildId")
    RETURNING d.id, d.neighbours`
  // While it was none, nothing of it was told.
  await touchDrifts(
    tx,
    flipped.filter(({ neighbours }) => neighbours).map(({ id }) => id),
    now,
  )
  const missing = await tx.$queryRaw<{ fromBuildId: string; toBuildId: string }[]>`
    WITH ends AS (${ends})
    SELECT "fromBuildId", "toBuildId" FROM ends LEFT JOIN "Drift" d USING ("fromBuildId", "toBuildId") WHERE d.id IS NULL`
  await tx.drift.createMany({
    data: missing.map((end) => ({
      id: uuidv7(now.getTime()),
      streamId,
      ...end,
      createdAt: now,
      updatedAt: now,
    })),
  })
  await enqueue(
    tx,
    missing.map((end) => ({ kind: 'drift', ...end })),
    now,
  )
  return missing.length
}

/** Fails a drift that has not ended. */
export async function failDrift(
  tx: Tx,
  { fromBuildId, toBuildId }: { fromBuildId: string; toBuildId: string },
  error: Failure,
  now: Date,
): Promise<void> {
  await tx.drift.updateMany({
    where: { fromBuildId, toBuildId, state: 'pending' },
    data: { state: 'failed', error: storableJson(error) as JsonObject, updatedAt: now },
  })
}

interface DriftRecord {
  id: string
  stream: string
  fromId: string
  fromVersion: string
  fromRelease: string
  toId: string
  toVersion: string
  toRelease: string
  neighbours: boolean
  state: PairState
  class: string | null
  headline: string | null
  counts: Counts | null
  engine: string | null
  reportSha256: string | null
  oldState: PairState | null
  oldCounts: Counts | null
  newState: PairState | null
  newCounts: Counts | null
  error: Failure | null
  createdAt: Date
  updatedAt: Date
}

function driftRow(record: DriftRecord): DriftRow {
  const side = (state: PairState | null, counts: Counts | null) =>
    state === null ? null : { state, counts: counts ?? {} }
  return {
    id: record.id,
    stream: record.stream,
    from: { id: record.fromId, version: record.fromVersion, release: record.fromRelease },
    to: { id: record.toId, version: record.toVersion, release: record.toRelease },
    neighbours: record.neighbours,
    state: record.state,
    class: record.class,
    headline: record.headline,
    counts: record.counts,
    engine: record.engine,
    reportSha256: record.reportSha256,
    oldOnNew: side(record.oldState, record.oldCounts),
    newOnOld: side(record.newState, record.newCounts),
    error: record.error,
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
  }
}

/** Drifts with what their pairs say: verdicts are kept once, where they are made, and may be made anew. */
function select(tx: Tx, where: Prisma.Sql): Promise<DriftRecord[]> {
  return tx.$queryRaw<DriftRecord[]>`
    SELECT d.id, s.name AS stream, d.neighbours, d.state, d.class, d.headline, d.counts, d.engine, d."reportSha256", d.error,
      d."createdAt", d."updatedAt",
      f.id AS "fromId", f.version AS "fromVersion", f.release AS "fromRelease",
      t.id AS "toId", t.version AS "toVersion", t.release AS "toRelease",
      o.state AS "oldState", oc.counts AS "oldCounts", n.state AS "newState", nc.counts AS "newCounts"
    FROM "Drift" d JOIN "Stream" s ON s.id = d."streamId"
      JOIN "Build" f ON f.id = d."fromBuildId" JOIN "Build" t ON t.id = d."toBuildId"
      LEFT JOIN "Pair" o ON o."kernelBuildId" = t.id AND o."moduleBuildId" = f.id
      LEFT JOIN "Comparison" oc ON oc.key = o."comparisonKey"
      LEFT JOIN "Pair" n ON n."kernelBuildId" = f.id AND n."moduleBuildId" = t.id
      LEFT JOIN "Comparison" nc ON nc.key = n."comparisonKey"
    WHERE ${where}`
}

interface InputsRecord {
  state: PairState
  engine: string | null
  fromName: string
  fromUname: string | null
  fromRules: string | null
  fromCompiler: string | null
  fromPahole: string | null
  fromBase: string
  toName: string
  toUname: string | null
  toRules: string | null
  toCompiler: string | null
  toPahole: string | null
  toBase: string
}

async function inputs(tx: Tx, fromBuildId: string, toBuildId: string): Promise<DriftInputs | null> {
  if (!isUuid(fromBuildId) || !isUuid(toBuildId)) return null
  const [found] = await tx.$queryRaw<InputsRecord[]>`
    SELECT d.state, d.engine,
      f.version || '-' || f.release AS "fromName", f."kernelRelease" AS "fromUname", f."rulesVersion" AS "fromRules",
      f.compiler AS "fromCompiler", f.pahole AS "fromPahole", f."baseSha256" AS "fromBase",
      t.version || '-' || t.release AS "toName", t."kernelRelease" AS "toUname", t."rulesVersion" AS "toRules",
      t.compiler AS "toCompiler", t.pahole AS "toPahole", t."baseSha256" AS "toBase"
    FROM "Drift" d JOIN "Build" f ON f.id = d."fromBuildId" JOIN "Build" t ON t.id = d."toBuildId"
    WHERE d."fromBuildId" = ${fromBuildId}::uuid AND d."toBuildId" = ${toBuildId}::uuid`
  if (found === undefined) return null
  return {
    state: found.state,
    engine: found.engine,
    from: {
      name: found.fromName,
      release: found.fromUname,
      version: found.fromRules,
      compiler: found.fromCompiler,
      pahole: found.fromPahole,
      baseSha256: found.fromBase,
    },
    to: {
      name: found.toName,
      release: found.toUname,
      version: found.toRules,
      compiler: found.toCompiler,
      pahole: found.toPahole,
      baseSha256: found.toBase,
    },
  }
}

/** The repository of drifts. */
export function createDrifts(db: Database): Drifts {
  const { prisma, clock } = db
  return {
    async list({ stream, cursor, limit }) {
      const { scheme, builds } = await placesAfter(prisma, 'drifts', stream, cursor)
      const [before] = builds
      const take = pageLimit(limit)
      const rows = await select(
        prisma,
        Prisma.sql`d."streamId" = (SELECT id FROM "Stream" WHERE name = ${stream}) AND d.neighbours
          AND ${before === undefined ? Prisma.sql`true` : Prisma.sql`(t."versionKey", t.id) < (${before.versionKey}, ${before.id}::uuid)`}
          ORDER BY t."versionKey" DESC, t.id DESC LIMIT ${take + 1}`,
      )
      return pageOf(rows, take, driftRow, ({ toId }) => placeCursor('drifts', scheme, [toId]))
    },

    async get(id) {
      const [found] = isUuid(id) ? await select(prisma, Prisma.sql`d.id = ${id}::uuid`) : []
      return found === undefined ? null : driftRow(found)
    },

    inputs: (fromBuildId, toBuildId) => inputs(prisma, fromBuildId, toBuildId),

    record: (result) =>
      transact(db, async (tx) => {
        const now = clock()
        const { fromBuildId, toBuildId, counts, engine, report, fingerprints } = result
        const [held] = await tx.$queryRaw<{ state: PairState; engine: string | null }[]>`
          SELECT state, engine FROM "Drift"
          WHERE "fromBuildId" = ${fromBuildId}::uuid AND "toBuildId" = ${toBuildId}::uuid FOR UPDATE`
        if (held === undefined)
          throw new LedgerError('drift-unknown', `There is no drift ${fromBuildId} / ${toBuildId}.`)
        if (held.state === 'failed') return 'already'
        // Only a newer engine's report takes the place of one that is there.
        if (held.state === 'done' && held.engine !== null && compareEngines(engine, held.engine) <= 0)
          return 'already'
        const { sha256, size } = report
        await recordBlobs(tx, [{ sha256, size }], now)
        await recordFingerprints(tx, fingerprints)
        await tx.drift.update({
          where: { fromBuildId_toBuildId: { fromBuildId, toBuildId } },
          data: {
            state: 'done',
            class: result.class,
            headline: storable(result.headline),
            counts,
            engine,
            reportSha256: sha256,
            updatedAt: now,
          },
        })
        await touchDriftOf(tx, fromBuildId, toBuildId, now)
        return 'recorded'
      }),
  }
}
