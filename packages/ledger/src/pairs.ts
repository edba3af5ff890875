import { buildInclude, buildRow } from './build-rows.js'
import { pageLimit, pageOf } from './cursor.js'
import { type Database, type Tx, transact } from './db.js'
import { LedgerError } from './errors.js'
import { Prisma } from './generated/client.js'
import { comparisonKey, isUuid } from './ids.js'
import { storableJson } from './json.js'
import { touchDriftOf } from './notices/sources.js'
import { type OriginColumns, originKeyOf } from './origin-key.js'
import { renews } from './renewal/engines.js'
import type { Pairs } from './repositories.js'
import type {
  ComparisonRow,
  Counts,
  Failure,
  JsonObject,
  MatrixCell,
  MissingSymbols,
  PairInputs,
  PairState,
} from './rows.js'
import { type Places, placeCursor, placesAfter } from './versions/place.js'

function comparisonRow(record: Prisma.ComparisonGetPayload<object>): ComparisonRow {
  return {
    moduleSetId: record.moduleSetId,
    runningSha256: record.runningSha256,
    originSha256: record.originSha256,
    originStamped: record.originStamped,
    originRelease: record.originRelease,
    symbolsSha256: record.symbolsSha256,
    exportsSha256: record.exportsSha256,
    rules: { version: record.rulesVersion, allowBtfMismatch: record.allowBtfMismatch },
    btfModules: record.btfModules,
    engine: record.engine,
    counts: record.counts as Counts,
    rows: record.rows,
    outcomes: record.outcomes,
    missing: record.missingSymbols as unknown as MissingSymbols[],
  }
}

interface InputsRecord extends OriginColumns {
  state: PairState
  base: string
  types: number
  strings: number
  rulesVersion: string | null
  allowBtfMismatch: boolean | null
  btfModules: boolean
  exportsSha256: string | null
  symbolsSha256: string | null
  setId: string
  count: number
  bundleSha256: string
  comparisonKey: string | null
  engine: string | null
}

/** What a pair's verdicts depend on, in one statement. */
async function inputs(tx: Tx, kernelBuildId: string, moduleBuildId: string): Promise<PairInputs | null> {
  if (!isUuid(kernelBuildId) || !isUuid(moduleBuildId)) return null
  const [found] = await tx.$queryRaw<InputsRecord[]>`
    SELECT p.state, b.sha256 AS base, b.types, b.strings, k."rulesVersion", k."allowBtfMismatch",
      coalesce(k."btfModules", true) AS "btfModules", m."originSha256", m."originSource", m."originRelease", k."exportsSha256", s.id AS "setId", s.count, s."bundleSha256",
      s."symbolsSha256", c.key AS "comparisonKey", c.engine
    FROM "Pair" p
      JOIN "Build" k ON k.id = p."kernelBuildId" JOIN "Base" b ON b.sha256 = k."baseSha256"
      JOIN "Build" m ON m.id = p."moduleBuildId" JOIN "ModuleSet" s ON s.id = m."moduleSetId"
      LEFT JOIN "Comparison" c ON c.key = p."comparisonKey"
    WHERE p."kernelBuildId" = ${kernelBuildId}::uuid AND p."moduleBuildId" = ${moduleBuildId}::uuid`
  if (found === undefined) return null
  const { rulesVersion, allowBtfMismatch, comparisonKey: key, engine } = found
  return {
    kernelBuildId,
    moduleBuildId,
    state: found.state,
    running: { sha256: found.base, types: found.types, strings: found.strings },
    rules: rulesVersion === null ? null : { version: rulesVersion, allowBtfMismatch },
    btfModules: found.btfModules,
    ...originKeyOf(found),
    exportsSha256: found.exportsSha256,
    moduleSet: {
      id: found.setId,
      count: found.count,
      bundleSha256: found.bundleSha256,
      symbolsSha256: found.symbolsSha256,
    },
    recorded: key === null || engine === null ? null : { key, engine },
  }
}

/** Holds a pair until the transaction ends, and gives its state; null where there is no such pair. */
async function hold(tx: Tx, kernelBuildId: string, moduleBuildId: string): Promise<PairState | null> {
  const [pair] =
    isUuid(kernelBuildId) && isUuid(moduleBuildId)
      ? await tx.$queryRaw<{ state: PairState }[]>`
          SELECT state FROM "Pair"
          WHERE "kernelBuildId" = ${kernelBuildId}::uuid AND "moduleBuildId" = ${moduleBuildId}::uuid FOR UPDATE`
      : []
  return pair?.state ?? null
}

/** Holds the pair of a task, then fails it where `mayFail` says so, and ends builds that were waiting for it alone. */
export async function failPair(
  tx: Tx,
  { kernelBuildId, moduleBuildId }: { kernelBuildId: string; moduleBuildId: string },
  error: Failure,
  now: Date,
  mayFail: () => Promise<boolean>,
): Promise<boolean> {
  const state = await hold(tx, kernelBuildId, moduleBuildId)
  if (!(await mayFail())) return false
  if (state !== 'pending') return true
  await tx.pair.update({
    where: { kernelBuildId_moduleBuildId: { kernelBuildId, moduleBuildId } },
    data: { state: 'failed', error: storableJson(error) as JsonObject, updatedAt: now },
  })
  await endBuilds(tx, [kernelBuildId, moduleBuildId], now)
  await touchDriftOf(tx, kernelBuildId, moduleBuildId, now)
  return true
}

/**
 * Ends the builds of a pair that wait for no other. They are held first, in the order of their ids: of two last pairs that end at
 * the same time, the second sees that the first has ended.
 */
async function endBuilds(tx: Tx, builds: string[], now: Date): Promise<void> {
  await tx.$queryRaw`
    SELECT id FROM "Build" WHERE id = ANY(${builds}::uuid[]) AND state = 'comparing' ORDER BY id FOR NO KEY UPDATE`
  await tx.$executeRaw`
    UPDATE "Build" SET state = 'done', "finishedAt" = ${now}
    WHERE id = ANY(${builds}::uuid[]) AND state = 'comparing'
      AND NOT EXISTS (SELECT 1 FROM "Pair" WHERE "kernelBuildId" = "Build".id AND state = 'pending')
      AND NOT EXISTS (SELECT 1 FROM "Pair" WHERE "moduleBuildId" = "Build".id AND state = 'pending')`
}

/** Stores a comparison unless it is there, and keeps it from being swept until the transaction ends. */
async function keep(tx: Tx, key: string, comparison: ComparisonRow, now: Date): Promise<void> {
  const { moduleSetId, runningSha256, symbolsSha256, exportsSha256, rules } = comparison
  const { originSha256, originStamped, originRelease } = comparison
  const { btfModules, engine, counts, rows, outcomes = null, missing = [] } = comparison
  const data = {
    key,
    moduleSetId,
    runningSha256,
    originSha256,
    originStamped,
    originRelease,
    symbolsSha256,
    exportsSha256,
    rulesVersion: rules.version,
    allowBtfMismatch: rules.allowBtfMismatch,
    btfModules,
    engine,
    counts,
    rows: new Uint8Array(rows),
    outcomes: outcomes === null ? null : new Uint8Array(outcomes),
    missingSymbols: storableJson(missing) as JsonObject[],
    createdAt: now,
  }
  for (;;) {
    await tx.comparison.createMany({ data: [data], skipDuplicates: true })
    const held = await tx.$queryRaw<unknown[]>`SELECT key FROM "Comparison" WHERE key = ${key} FOR KEY SHARE`
    // It was swept between the two statements: now it is stored.
    if (held.length > 0) return
  }
}

interface CellRecord {
  kernelBuildId: string
  kernelVersion: string
  kernelRelease: string
  moduleBuildId: string
  moduleVersion: string
  moduleRelease: string
  state: PairState
  counts: Counts | null
  error: Failure | null
}

function cell(record: CellRecord): MatrixCell {
  return {
    kernelBuild: { id: record.kernelBuildId, version: record.kernelVersion, release: record.kernelRelease },
    moduleBuild: { id: record.moduleBuildId, version: record.moduleVersion, release: record.moduleRelease },
    state: record.state,
    counts: record.counts ?? {},
    error: record.error,
  }
}

/** What comes after a cell: the modules of older builds on the same kernel build, then older kernel builds. */
function beyond({ builds: [kernel, modules] }: Places): Prisma.Sql {
  if (kernel === undefined || modules === undefined) return Prisma.sql`true`
  return Prisma.sql`(k."versionKey", k.id) <= (${kernel.versionKey}, ${kernel.id}::uuid)
    AND (k.id <> ${kernel.id}::uuid OR (m."versionKey", m.id) < (${modules.versionKey}, ${modules.id}::uuid))`
}

/** The repository of pairs and of the comparisons that they share. */
export function createPairs(db: Database): Pairs {
  const { prisma, clock } = db
  return {
    async matrix({ stream, cursor, limit }) {
      const after = await placesAfter(prisma, 'matrix', stream, cursor, 2)
      const take = pageLimit(limit)
      // Kernel builds come by their index, each with its pairs: a page reads little more than it holds.
      const rows = await prisma.$queryRaw<CellRecord[]>`
        SELECT k.id AS "kernelBuildId", k.version AS "kernelVersion", k.release AS "kernelRelease",
          m.id AS "moduleBuildId", m.version AS "moduleVersion", m.release AS "moduleRelease", p.state, c.counts, p.error
        FROM "Build" k JOIN "Pair" p ON p."kernelBuildId" = k.id JOIN "Build" m ON m.id = p."moduleBuildId"
          LEFT JOIN "Comparison" c ON c.key = p."comparisonKey"
        WHERE k."streamId" = (SELECT id FROM "Stream" WHERE name = ${stream}) AND ${beyond(after)}
          AND k."withdrawnAt" IS NULL AND m."withdrawnAt" IS NULL
        ORDER BY k."versionKey" DESC, k.id DESC, m."versionKey" DESC, m.id DESC LIMIT ${take + 1}`
      const { items, next } = pageOf(rows, take, cell, (row) =>
        placeCursor('matrix', after.scheme, [row.kernelBuildId, row.moduleBuildId]),
      )
      return { cells: items, next }
    },

    async get(kernelBuildId, moduleBuildId) {
      if (!isUuid(kernelBuildId) || !isUuid(moduleBuildId)) return null
      const pair = await prisma.pair.findUnique({
        where: { kernelBuildId_moduleBuildId: { kernelBuildId, moduleBuildId } },
        include: {
          kernelBuild: { include: buildInclude },
          moduleBuild: { include: buildInclude },
          comparison: true,
        },
      })
      if (pair === null) return null
      return {
        stream: pair.kernelBuild.stream.name,
        kernelBuild: buildRow(pair.kernelBuild),
        moduleBuild: buildRow(pair.moduleBuild),
        state: pair.state,
        error: pair.error as unknown as Failure | null,
        comparison: pair.comparison === null ? null : comparisonRow(pair.comparison),
        updatedAt: pair.updatedAt.toISOString(),
      }
    },

    inputs: (kernelBuildId, moduleBuildId) => inputs(prisma, kernelBuildId, moduleBuildId),

    async comparisonOf(key) {
      const record = await prisma.comparison.findUnique({ where: { key: comparisonKey(key) } })
      return record === null ? null : comparisonRow(record)
    },

    record: ({ kernelBuildId, moduleBuildId, comparison }) =>
      transact(db, async (tx) => {
        const now = clock()
        const state = await hold(tx, kernelBuildId, moduleBuildId)
        if (state === null)
          throw new LedgerError('pair-unknown', `There is no pair ${kernelBuildId} / ${moduleBuildId}.`)
        if (state === 'failed') return 'already'
        // Read after the pair is held: whoever changes an input waits for it, or has changed it already.
        const current = await inputs(tx, kernelBuildId, moduleBuildId)
        if (state === 'done' && current?.recorded != null && !renews(comparison, current.recorded))
          return 'already'
        const key = comparisonKey(comparison)
        if (
          current === null ||
          current.rules === null ||
          key !==
            comparisonKey({
              moduleSetId: current.moduleSet.id,
              runningSha256: current.running.sha256,
              originSha256: current.originSha256,
              originStamped: current.originStamped,
              originRelease: current.originRelease,
              symbolsSha256: current.moduleSet.symbolsSha256,
              exportsSha256: current.exportsSha256,
              rules: current.rules,
              btfModules: current.btfModules,
              engine: comparison.engine,
            })
        )
          return 'stale'
        await keep(tx, key, comparison, now)
        await tx.pair.update({
          where: { kernelBuildId_moduleBuildId: { kernelBuildId, moduleBuildId } },
          data: { state: 'done', comparisonKey: key, updatedAt: now },
        })
        await endBuilds(tx, [kernelBuildId, moduleBuildId], now)
        await touchDriftOf(tx, kernelBuildId, moduleBuildId, now)
        return 'recorded'
      }),
  }
}
