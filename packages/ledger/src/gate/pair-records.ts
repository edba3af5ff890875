import type { Database, Tx } from '../db.js'
import { groundsOf } from '../ids.js'
import { storableJson } from '../json.js'
import { compareEngines } from '../renewal/engines.js'
import type { Counts, Failure, JsonObject, MissingSymbols, PairState, TaskState } from '../rows.js'
import type { Meeting } from './inputs.js'

/** By what pairs are compared today. */
export interface GateEngine {
  /** What an older version decided is pending. */
  readonly version: string
  /** Reads the rows of a comparison whose outcomes are not recorded. */
  outcomes(
    rows: Uint8Array,
    moduleSetId: string,
  ): Promise<{ bytes: Uint8Array; missing: readonly MissingSymbols[] }>
}

/** A pair with its comparison, as a gate looks at it. */
export interface PairRecord {
  kernelBuildId: string
  moduleBuildId: string
  state: PairState
  error: Failure | null
  comparisonKey: string | null
  /** The rest is null where it has no comparison. */
  engine: string | null
  moduleSetId: string | null
  runningSha256: string | null
  originSha256: string | null
  originStamped: boolean | null
  originRelease: string | null
  exportsSha256: string | null
  rulesVersion: string | null
  allowBtfMismatch: boolean | null
  btfModules: boolean | null
  counts: Counts | null
  outcomes: Uint8Array | null
  missing: MissingSymbols[] | null
  /** Null where the outcomes are recorded. */
  rows: Uint8Array | null
  /** Whether the symbols of its modules have been read anew since. */
  symbolsChanged: boolean
  /** Of the task that looks again for the base that its modules were built on. */
  originTask: TaskState | null
  originError: Failure | null
  /** Build of the stream whose base its modules were found to fit, where nothing says that they were built on it. */
  fits: string | null
}

/** The pairs of these kernel builds with the module builds at the same places, of which there are any. */
export const pairRecords = (tx: Tx, kernels: readonly string[], modules: readonly string[]) =>
  tx.$queryRaw<PairRecord[]>`
    SELECT p."kernelBuildId", p."moduleBuildId", p.state, p.error, p."comparisonKey", c.engine, c."moduleSetId", c."runningSha256",
      c."originSha256", c."originStamped", c."originRelease", c."exportsSha256", c."rulesVersion", c."allowBtfMismatch", c."btfModules", c.counts, c.outcomes, c."missingSymbols" AS missing,
      CASE WHEN c.outcomes IS NULL THEN c.rows END AS rows,
      c."symbolsSha256" IS DISTINCT FROM s."symbolsSha256" AS "symbolsChanged", t.state AS "originTask", t.error AS "originError", f.fits
    FROM unnest(${[...kernels]}::uuid[], ${[...modules]}::uuid[]) AS wanted (kernel, modules)
      JOIN "Pair" p ON p."kernelBuildId" = wanted.kernel AND p."moduleBuildId" = wanted.modules
      LEFT JOIN "Comparison" c ON c.key = p."comparisonKey" LEFT JOIN "ModuleSet" s ON s.id = c."moduleSetId"
      LEFT JOIN "Task" t ON t.id = 'origin:' || p."moduleBuildId" AND t.state <> 'done'
      LEFT JOIN LATERAL (
        SELECT k.version || '-' || k.release AS fits
        FROM "Build" m JOIN "Build" k ON k."streamId" = m."streamId" AND k."baseSha256" = m."originSha256" AND k."withdrawnAt" IS NULL
        WHERE m.id = p."moduleBuildId" AND m."originSource" = 'found' ORDER BY k.id LIMIT 1) f ON true`

/** How far a pair has come: what was decided by other means than today's, or may be about to change, is pending. */
export function progressOf(
  record: PairRecord | undefined,
  engine: string,
): Pick<Meeting, 'state' | 'error' | 'waitsFor'> {
  if (record === undefined) return { state: 'pending', error: null, waitsFor: null }
  const { state, error, originTask, originError, symbolsChanged } = record
  const pending = (waitsFor: string) => ({ state: 'pending' as const, error: null, waitsFor })
  if (state !== 'done') return { state, error, waitsFor: null }
  if (originTask === 'failed') return { state: 'failed', error: originError, waitsFor: null }
  if (originTask !== null)
    return pending('The base that its modules were built on is being looked for again.')
  if (record.engine !== null && compareEngines(record.engine, engine) < 0)
    return pending(`It was decided by engine ${record.engine}, and will be again by ${engine}.`)
  if (symbolsChanged) return pending('The symbols of its modules have been read anew.')
  return { state, error, waitsFor: null }
}

/** What waivers of its verdicts are bound to; null where it has no comparison. */
export function groundsOfRecord(record: PairRecord | undefined): string | null {
  if (record === undefined || record.runningSha256 === null || record.rulesVersion === null) return null
  const { runningSha256, exportsSha256, rulesVersion, allowBtfMismatch, btfModules } = record
  const { originSha256, originStamped, originRelease } = record
  return groundsOf({
    runningSha256,
    originSha256,
    originStamped: originStamped ?? false,
    originRelease,
    exportsSha256,
    rules: { version: rulesVersion, allowBtfMismatch },
    btfModules: btfModules ?? true,
  })
}

/** What a gate looks at of each module of a pair. */
export type Outcomes = Pick<Meeting, 'outcomes' | 'missing'>

/** The outcomes of a comparison; those of one that has none recorded are read from its rows, and recorded. */
export async function outcomesOf(
  { prisma }: Database,
  record: PairRecord,
  engine: GateEngine,
): Promise<Outcomes> {
  const { comparisonKey, moduleSetId, rows } = record
  if (record.outcomes !== null || comparisonKey === null || moduleSetId === null || rows === null)
    return { outcomes: record.outcomes ?? new Uint8Array(), missing: record.missing ?? [] }
  const { bytes, missing } = await engine.outcomes(rows, moduleSetId)
  const outcomes = new Uint8Array(bytes)
  await prisma.comparison.updateMany({
    where: { key: comparisonKey, outcomes: null },
    data: { outcomes, missingSymbols: storableJson(missing) as JsonObject[] },
  })
  return { outcomes, missing }
}
