import type { Tx } from '../db.js'
import { LedgerError } from '../errors.js'
import { Prisma } from '../generated/client.js'
import { isUuid } from '../ids.js'
import type { BuildState, Counts, Failure, PairState, VersionScheme } from '../rows.js'
import type { DecideInputs, Manifest, Meeting } from './decide.js'
import type { KnownManifest, Manifests } from './manifests.js'
import { type Candidate, nameOf, type Party, selectMeetings } from './meetings.js'
import type { Witness } from './missing.js'
import { policyOf } from './policies.js'
import { waiversOf } from './waivers.js'

/** Packages of modules alone that are looked at beside the live builds. */
const mostPackages = 512

/** Reads the rows of a comparison that was made before outcomes were recorded. */
export type ReadOutcomes = (rows: Uint8Array, moduleSetId: string) => Promise<Uint8Array>

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
  failure: Failure | null
  unusable: string[]
}

interface GatedRecord extends BuildRecord {
  streamId: string
  stream: string
  versionScheme: VersionScheme | null
}

interface PairRecord {
  kernelBuildId: string
  moduleBuildId: string
  state: PairState
  error: Failure | null
  baseSha256: string | null
  comparisonKey: string | null
  moduleSetId: string | null
  counts: Counts | null
  outcomes: Uint8Array | null
}

const pairKey = (kernelBuildId: string, moduleBuildId: string) => `${kernelBuildId} ${moduleBuildId}`

/** The columns of a `BuildRecord`, of a build `b`. */
const columns = Prisma.sql`
  b.id, b.version, b.release, b.state, b."baseSha256" IS NOT NULL AS "hasKernel", b."moduleSetId", b."kernelRelease", b."builtFor",
  b.failure, ARRAY(SELECT filename FROM "Artifact" a WHERE a."buildId" = b.id AND a.state = 'failed' ORDER BY filename) AS unusable`

async function gatedBuild(tx: Tx, buildId: string): Promise<GatedRecord> {
  const [found] = isUuid(buildId)
    ? await tx.$queryRaw<GatedRecord[]>`
        SELECT ${columns}, b."streamId", s.name AS stream, s."versionScheme"
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
      AND b.id <> ${buildId}::uuid
      AND NOT EXISTS (SELECT 1 FROM "Live" l WHERE l."buildId" = b.id AND l.environment = ${environment})
    ORDER BY b.id DESC LIMIT ${mostPackages + 1}`

const witness = ({ id, version, release, state, failure, hasKernel, unusable }: BuildRecord): Witness => ({
  ref: { id, version, release },
  state,
  failure,
  hasKernel,
  unusable,
})

function party(record: BuildRecord, manifests: ReadonlyMap<string, KnownManifest>): Party {
  const { id, version, release, state, hasKernel, moduleSetId, kernelRelease, builtFor } = record
  return {
    ref: { id, version, release },
    state,
    hasKernel,
    hasModules: moduleSetId !== null,
    kernelRelease,
    moduleReleases: (moduleSetId === null ? undefined : manifests.get(moduleSetId))?.releases ?? [],
    builtFor,
  }
}

const pairRecords = (tx: Tx, kernels: readonly string[], modules: readonly string[]) =>
  tx.$queryRaw<PairRecord[]>`
    SELECT p."kernelBuildId", p."moduleBuildId", p.state, p.error, k."baseSha256", p."comparisonKey", c."moduleSetId", c.counts,
      c.outcomes
    FROM unnest(${[...kernels]}::uuid[], ${[...modules]}::uuid[]) AS wanted (kernel, modules)
      JOIN "Pair" p ON p."kernelBuildId" = wanted.kernel AND p."moduleBuildId" = wanted.modules
      JOIN "Build" k ON k.id = p."kernelBuildId"
      LEFT JOIN "Comparison" c ON c.key = p."comparisonKey"`

/** The outcomes of a comparison; those of one that has none recorded are read from its rows, and recorded. */
async function outcomesOf(tx: Tx, record: PairRecord, read: ReadOutcomes): Promise<Uint8Array> {
  const { comparisonKey, moduleSetId } = record
  if (record.outcomes !== null || comparisonKey === null || moduleSetId === null)
    return record.outcomes ?? new Uint8Array()
  const { rows } = await tx.comparison.findUniqueOrThrow({
    where: { key: comparisonKey },
    select: { rows: true },
  })
  const outcomes = new Uint8Array(await read(rows, moduleSetId))
  await tx.comparison.updateMany({ where: { key: comparisonKey, outcomes: null }, data: { outcomes } })
  return outcomes
}

/** All that a decision on a build for an environment is made of now. `build-unknown`. */
export async function gatherEvidence(
  tx: Tx,
  { buildId, environment, now }: { buildId: string; environment: string; now: Date },
  manifests: Manifests,
  read: ReadOutcomes,
): Promise<GateEvidence> {
  const gated = await gatedBuild(tx, buildId)
  const { streamId, stream, versionScheme } = gated
  const [policy, live] = [await policyOf(tx, streamId), await liveBuilds(tx, environment, streamId)]
  const environmentKnown = live.length > 0 || (await isKnown(tx, environment))
  const concerned = [gated, ...live].filter(({ hasKernel }) => hasKernel).map(nameOf)
  const foundPackages = gated.hasKernel
    ? await packagesFor(tx, { environment, streamId, buildId }, concerned)
    : []
  const packages = foundPackages.slice(0, mostPackages)
  const wantsKernel = !gated.hasKernel && gated.moduleSetId !== null ? gated.builtFor : null
  const [ownKernel] =
    wantsKernel === null
      ? []
      : await tx.$queryRaw<BuildRecord[]>`
          SELECT ${columns} FROM "Build" b
          WHERE b."streamId" = ${streamId}::uuid AND b.version || '-' || b.release = ${wantsKernel}`
  const alone = [gated, ...live, ...packages].filter(
    ({ hasKernel, moduleSetId }) => !hasKernel && moduleSetId !== null,
  )
  const sets = await manifests.of(
    tx,
    alone.flatMap(({ moduleSetId }) => moduleSetId ?? []),
  )
  const candidates: Candidate[] = [
    ...live.map((one) => ({ ...party(one, sets), live: true })),
    ...packages.map((one) => ({ ...party(one, sets), live: false })),
  ]
  const { considered, meetings: wanted } = selectMeetings(
    party(gated, sets),
    candidates,
    policy,
    versionScheme,
    ownKernel === undefined ? null : party(ownKernel, sets),
  )
  const records = await pairRecords(
    tx,
    wanted.map(({ kernelBuild }) => kernelBuild.id),
    wanted.map(({ moduleBuild }) => moduleBuild.id),
  )
  const byPair = new Map(records.map((one) => [pairKey(one.kernelBuildId, one.moduleBuildId), one]))
  const withOutcomes = new Map<PairRecord, Uint8Array>()
  for (const record of records) withOutcomes.set(record, await outcomesOf(tx, record, read))
  const telling = records.filter((record) => (withOutcomes.get(record)?.length ?? 0) > 0)
  const known = await manifests.of(
    tx,
    telling.flatMap(({ moduleSetId }) => moduleSetId ?? []),
  )
  const meetings = wanted.map((one): Meeting => {
    const record = byPair.get(pairKey(one.kernelBuild.id, one.moduleBuild.id))
    const manifest: Manifest | undefined =
      record === undefined || record.moduleSetId === null ? undefined : known.get(record.moduleSetId)
    return {
      ...one,
      state: record?.state ?? 'pending',
      error: record?.error ?? null,
      baseSha256: record?.baseSha256 ?? null,
      counts: record?.counts ?? {},
      outcomes: (record && withOutcomes.get(record)) ?? new Uint8Array(),
      manifest: manifest ?? null,
    }
  })
  const bases = [...new Set(meetings.flatMap(({ baseSha256 }) => baseSha256 ?? []))]
  return {
    stream: { id: streamId, name: stream },
    inputs: {
      build: witness(gated),
      environmentKnown,
      live: live.map(witness),
      packages: packages.map(witness),
      morePackages: foundPackages.length > mostPackages,
      ownKernel:
        wantsKernel === null
          ? null
          : { name: wantsKernel, build: ownKernel === undefined ? null : witness(ownKernel) },
      policy,
      considered,
      meetings,
      waivers: await waiversOf(tx, streamId, bases, now),
    },
    comparisons: new Map(
      records.flatMap((one) =>
        one.comparisonKey === null
          ? []
          : [[pairKey(one.kernelBuildId, one.moduleBuildId), one.comparisonKey]],
      ),
    ),
  }
}
