import { statementOf } from '../build-rows.js'
import { meantBy } from '../built-for.js'
import { type Database, snapshot, type Tx } from '../db.js'
import { LedgerError } from '../errors.js'
import { Prisma } from '../generated/client.js'
import { groundsOf, isUuid } from '../ids.js'
import { storableJson } from '../json.js'
import { heldBy } from '../refusals.js'
import { compareEngines } from '../renewal/engines.js'
import type {
  BuildState,
  Counts,
  Failure,
  JsonObject,
  MissingSymbols,
  PairState,
  TaskState,
  VersionScheme,
} from '../rows.js'
import type { DecideInputs, Manifest, Meeting } from './inputs.js'
import type { KnownManifest, Manifests } from './manifests.js'
import { type Candidate, nameOf, type Party, selectMeetings } from './meetings.js'
import type { RefusedContent, Remark, Witness } from './missing.js'
import { policyOf } from './policies.js'
import type { ReadyPolicy } from './policy.js'
import { refusedContents } from './refused.js'
import { remarksOf } from './remarks.js'
import { waiversOf } from './waivers.js'

/** Packages of modules alone that are looked at beside the live builds. */
const mostPackages = 512

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

/** What a decision is made of, and what is recorded of that. */
export interface GateEvidence {
  stream: { id: string; name: string }
  inputs: DecideInputs
  /** Keys of the comparisons, by kernel and module build. */
  comparisons: ReadonlyMap<string, string>
}

interface BuildRecord {
  id: string
  version: string
  release: string
  state: BuildState
  hasKernel: boolean
  moduleSetId: string | null
  kernelRelease: string | null
  builtFor: string | null
  /** Whether the config of its kernel has BTF made for modules; null where that is not known. */
  btfModules: boolean | null
  createdAt: Date
  failure: Failure | null
  unusable: string[]
  /** Where it is a package of modules: artifacts of which modules may not have been looked at. */
  unlooked: string[]
  problems: Failure[]
  refused: number
  withdrawnAt: Date | null
  withdrawnBy: string | null
  withdrawnReason: string | null
}

interface GatedRecord extends BuildRecord {
  streamId: string
  stream: string
  versionScheme: VersionScheme | null
  empty: string[]
  remarks: Remark[]
  /** Whether it has modules, and none of them has BTF. */
  withoutBtf: boolean
}

interface PairRecord {
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

const pairKey = (kernelBuildId: string, moduleBuildId: string) => `${kernelBuildId} ${moduleBuildId}`

/** The columns of a `BuildRecord`, of a build `b`. */
const columns = Prisma.sql`
  b.id, b.version, b.release, b.state, b."baseSha256" IS NOT NULL AS "hasKernel", b."moduleSetId", b."kernelRelease", b."builtFor", b."btfModules", b."createdAt",
  b.failure, ARRAY(SELECT filename FROM "Artifact" a WHERE a."buildId" = b.id AND a.state = 'failed' ORDER BY filename) AS unusable,
  ARRAY(SELECT filename FROM "Artifact" a
    WHERE a."buildId" = b.id AND b."baseSha256" IS NULL AND a.problems @> '[{"code": "modules-unread"}]') AS unlooked,
  b.problems, b."withdrawnAt", b."withdrawnBy", b."withdrawnReason",
  (SELECT count(*)::int FROM "Refusal" r WHERE r."buildId" = b.id AND ${heldBy} IS NULL) AS refused`

async function gatedBuild(tx: Tx, buildId: string): Promise<GatedRecord> {
  const [found] = isUuid(buildId)
    ? await tx.$queryRaw<GatedRecord[]>`
        SELECT ${columns}, b."streamId", s.name AS stream, s."versionScheme",
          ARRAY(SELECT filename FROM "Artifact" a
            WHERE a."buildId" = b.id AND a.problems @> '[{"code": "artifact-empty"}]') AS empty,
          ${remarksOf} AS remarks,
          b."moduleSetId" IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM "Module" m WHERE m."moduleSetId" = b."moduleSetId" AND m."btfSha256" IS NOT NULL) AS "withoutBtf"
        FROM "Build" b JOIN "Stream" s ON s.id = b."streamId" WHERE b.id = ${buildId}::uuid`
    : []
  if (found === undefined) throw new LedgerError('build-unknown', `There is no build ${buildId}.`)
  return found
}

const liveBuilds = (tx: Tx, environment: string, streamId: string) =>
  tx.$queryRaw<BuildRecord[]>`
    SELECT ${columns} FROM "Live" l JOIN "Build" b ON b.id = l."buildId"
    WHERE l.environment = ${environment} AND l."leftAt" IS NULL AND b."streamId" = ${streamId}::uuid
    ORDER BY b.id`

async function isKnown(tx: Tx, environment: string): Promise<boolean> {
  const [found] = await tx.$queryRaw<{ known: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM "Live" WHERE environment = ${environment}) AS known`
  return found?.known === true
}

/**
 * Packages of modules alone that were built for one of these kernel builds, whatever became of them: who has the one may have the
 * other. One that has left the environment is none of them. One more than are looked at.
 */
const packagesFor = (
  tx: Tx,
  { environment, streamId, buildId }: { environment: string; streamId: string; buildId: string },
  names: readonly string[],
) =>
  tx.$queryRaw<BuildRecord[]>`
    SELECT ${columns} FROM "Build" b
    WHERE b."streamId" = ${streamId}::uuid AND b."builtFor" = ANY(${[...names]}) AND b."baseSha256" IS NULL
      AND b.id <> ${buildId}::uuid AND b."withdrawnAt" IS NULL
      AND NOT EXISTS (SELECT 1 FROM "Live" l WHERE l."buildId" = b.id AND l.environment = ${environment})
    ORDER BY b.id DESC LIMIT ${mostPackages + 1}`

const releasesIn = ({ moduleSetId }: BuildRecord, manifests: ReadonlyMap<string, KnownManifest>) =>
  (moduleSetId === null ? undefined : manifests.get(moduleSetId))?.releases ?? []

function witness(
  record: BuildRecord & Partial<Pick<GatedRecord, 'empty' | 'remarks'>> & { btfMissing?: boolean },
  refusals: ReadonlyMap<string, RefusedContent[]>,
  manifests: ReadonlyMap<string, KnownManifest> = new Map(),
): Witness {
  const {
    id,
    version,
    release,
    state,
    failure,
    hasKernel,
    kernelRelease,
    moduleSetId,
    empty = [],
    remarks = [],
    btfMissing = false,
  } = record
  const { unusable, problems, refused } = record
  const isKernel = hasKernel && kernelRelease !== null
  const otherReleases = isKernel
    ? releasesIn(record, manifests).filter((release) => release !== kernelRelease)
    : []
  const misplaced = hasKernel || moduleSetId === null ? [] : (manifests.get(moduleSetId)?.misplaced ?? [])
  return {
    ref: { id, version, release },
    state,
    failure,
    hasKernel,
    unusable,
    empty,
    remarks,
    btfMissing,
    problems,
    refused,
    refusals: refusals.get(id) ?? [],
    withdrawn: statementOf(record.withdrawnAt, record.withdrawnBy, record.withdrawnReason),
    otherReleases,
    misplaced,
    kernelRelease: hasKernel ? kernelRelease : null,
  }
}

/** A build that the new one may meet: modules of a package that were not looked at may be any. */
function foreign(record: BuildRecord, refusals: ReadonlyMap<string, RefusedContent[]>): Witness {
  return witness({ ...record, unusable: [...new Set([...record.unusable, ...record.unlooked])] }, refusals)
}

function party(record: BuildRecord, manifests: ReadonlyMap<string, KnownManifest>): Party {
  const { id, version, release, state, hasKernel, moduleSetId, kernelRelease, builtFor } = record
  return {
    ref: { id, version, release },
    state,
    hasKernel,
    hasModules: moduleSetId !== null,
    kernelRelease,
    moduleReleases: releasesIn(record, manifests),
    builtFor,
  }
}

const pairRecords = (tx: Tx, kernels: readonly string[], modules: readonly string[]) =>
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
function progressOf(
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

function groundsOfRecord(record: PairRecord | undefined): string | null {
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

type Outcomes = Pick<Meeting, 'outcomes' | 'missing'>

/** The outcomes of a comparison; those of one that has none recorded are read from its rows, and recorded. */
async function outcomesOf({ prisma }: Database, record: PairRecord, engine: GateEngine): Promise<Outcomes> {
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

interface Question {
  buildId: string
  environment: string
  now: Date
  /** What is gone by instead of the stream's policy, from that; by default itself. */
  policy?: (ofStream: ReadyPolicy) => ReadyPolicy
}

/** What there is at one moment. */
async function stateOf(tx: Tx, question: Question, manifests: Manifests) {
  const { buildId, environment, now } = question
  const gated = await gatedBuild(tx, buildId)
  const { streamId, stream, versionScheme } = gated
  const ofStream = await policyOf(tx, streamId)
  const policy = question.policy?.(ofStream) ?? ofStream
  const live = await liveBuilds(tx, environment, streamId)
  const environmentKnown = live.length > 0 || (await isKnown(tx, environment))
  const concerned = [gated, ...live].filter(({ hasKernel }) => hasKernel).map(nameOf)
  const foundPackages = gated.hasKernel
    ? await packagesFor(tx, { environment, streamId, buildId }, concerned)
    : []
  const packages = foundPackages.slice(0, mostPackages)
  const wantsKernel = !gated.hasKernel && gated.moduleSetId !== null ? gated.builtFor : null
  const meant = await meantBy(tx, { stream, builtFor: wantsKernel, declaredAt: gated.createdAt })
  const [ownKernel] = await tx.$queryRaw<BuildRecord[]>`
    SELECT ${columns} FROM "Build" b WHERE b.id = ${meant?.id ?? null}::uuid`
  const placed = [gated, ...[...live, ...packages].filter(({ hasKernel }) => !hasKernel)]
  const sets = await manifests.of(
    tx,
    placed.flatMap(({ moduleSetId }) => moduleSetId ?? []),
  )
  const candidates: Candidate[] = [
    ...live.map((one) => ({ ...party(one, sets), live: true })),
    ...packages.map((one) => ({ ...party(one, sets), live: false })),
  ]
  const own = ownKernel === undefined || meant?.withdrawn ? null : party(ownKernel, sets)
  const { considered, meetings: wanted } =
    gated.withdrawnAt === null
      ? selectMeetings(party(gated, sets), candidates, policy, versionScheme, own)
      : { considered: [], meetings: [] }
  const records = await pairRecords(
    tx,
    wanted.map(({ kernelBuild }) => kernelBuild.id),
    wanted.map(({ moduleBuild }) => moduleBuild.id),
  )
  const grounds = records.flatMap((record) => groundsOfRecord(record) ?? [])
  const refusals = await refusedContents(tx, gated, [...live, ...packages, ...(ownKernel ? [ownKernel] : [])])
  const { waivers, more: moreWaivers } = await waiversOf(tx, streamId, [...new Set(grounds)], now)
  const itsKernel = gated.hasKernel ? gated : ownKernel
  const btfMissing = gated.withoutBtf && itsKernel?.btfModules === true
  return {
    stream: { id: streamId, name: stream },
    wanted,
    records,
    fixed: {
      build: witness({ ...gated, btfMissing }, refusals, sets),
      environmentKnown,
      live: live.map((one) => foreign(one, refusals)),
      packages: packages.map((one) => foreign(one, refusals)),
      morePackages: foundPackages.length > mostPackages,
      ownKernel:
        wantsKernel === null
          ? null
          : { name: wantsKernel, build: ownKernel === undefined ? null : witness(ownKernel, refusals) },
      policy,
      considered,
      waivers,
      moreWaivers,
    },
  }
}

/** All that a decision on a build for an environment is made of, as it is at one moment. `build-unknown`. */
export async function gatherEvidence(
  db: Database,
  question: Question,
  manifests: Manifests,
  engine: GateEngine,
): Promise<GateEvidence> {
  const { stream, wanted, records, fixed } = await snapshot(db, (tx) => stateOf(tx, question, manifests))
  const byPair = new Map(records.map((one) => [pairKey(one.kernelBuildId, one.moduleBuildId), one]))
  const withOutcomes = new Map<PairRecord, Outcomes>()
  for (const record of records) withOutcomes.set(record, await outcomesOf(db, record, engine))
  const telling = records.filter((record) => (withOutcomes.get(record)?.outcomes.length ?? 0) > 0)
  const known = await manifests.of(
    db.prisma,
    telling.flatMap(({ moduleSetId }) => moduleSetId ?? []),
  )
  const meetings = wanted.map((one): Meeting => {
    const record = byPair.get(pairKey(one.kernelBuild.id, one.moduleBuild.id))
    const manifest: Manifest | undefined =
      record === undefined || record.moduleSetId === null ? undefined : known.get(record.moduleSetId)
    return {
      ...one,
      ...progressOf(record, engine.version),
      grounds: groundsOfRecord(record),
      fits: record?.fits ?? null,
      counts: record?.counts ?? {},
      ...((record && withOutcomes.get(record)) ?? { outcomes: new Uint8Array(), missing: [] }),
      manifest: manifest ?? null,
    }
  })
  return {
    stream,
    inputs: { ...fixed, meetings },
    comparisons: new Map(
      records.flatMap((one) =>
        one.comparisonKey === null
          ? []
          : [[pairKey(one.kernelBuildId, one.moduleBuildId), one.comparisonKey]],
      ),
    ),
  }
}
