import { meantBy } from '../built-for.js'
import { type Database, snapshot, type Tx } from '../db.js'
import { buildRecord, gatedBuild, isKnown, liveBuilds, mostPackages, packagesFor } from './build-records.js'
import type { DecideInputs, Manifest, Meeting } from './inputs.js'
import type { Manifests } from './manifests.js'
import { type Candidate, nameOf, selectMeetings } from './meetings.js'
import {
  type GateEngine,
  groundsOfRecord,
  type Outcomes,
  outcomesOf,
  type PairRecord,
  pairRecords,
  progressOf,
} from './pair-records.js'
import { policyOf } from './policies.js'
import type { ReadyPolicy } from './policy.js'
import { refusedContents } from './refused.js'
import { waiversOf } from './waivers.js'
import { foreign, party, witness } from './witnesses.js'

/** What a decision is made of, and what is recorded of that. */
export interface GateEvidence {
  stream: { id: string; name: string }
  inputs: DecideInputs
  /** Keys of the comparisons, by kernel and module build. */
  comparisons: ReadonlyMap<string, string>
}

const pairKey = (kernelBuildId: string, moduleBuildId: string) => `${kernelBuildId} ${moduleBuildId}`

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
  const ownKernel = await buildRecord(tx, meant?.id ?? null)
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
