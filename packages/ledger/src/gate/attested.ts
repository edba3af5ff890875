import type { GateDirection, GateReason, GateVerdict } from '@basedrift/contract'
import type { Database, Tx } from '../db.js'
import { isUuid } from '../ids.js'
import type { BuildRef, Failure, PairState, RulesRow } from '../rows.js'
import { gatherEvidence } from './evidence.js'
import type { Meeting } from './inputs.js'
import { Manifests } from './manifests.js'
import { missing } from './missing.js'
import { gateVerdictsOf } from './outcomes.js'
import type { GateEngine } from './pair-records.js'
import { attestedTerms, type ReadyPolicy, readyPolicy } from './policy.js'

/** Most environments that are looked at, by name. */
const mostEnvironments = 64

/** By what it is told whom a build meets. What a policy lets pass is the gate's; what it looks at besides is not left out. */
const policy = (ofStream: ReadyPolicy) => readyPolicy(ofStream.version, attestedTerms(ofStream))

/** One module build on one kernel build, as it is attested. */
export interface AttestedPair {
  direction: GateDirection
  kernelBuild: BuildRef
  moduleBuild: BuildRef
  /** Where they meet, by name; empty where they do anyway, as one is the other or was built for it. */
  environments: string[]
  state: PairState
  error: Failure | null
  /** Modules by what is to be said of them; one that kernels take and read right is `compatible` and nothing else. */
  counts: Partial<Record<GateVerdict | 'compatible', number>>
  /** These are null until it is done. */
  baseSha256: string | null
  moduleSetId: string | null
  rules: RulesRow | null
  engine: string | null
}

/** Something that is missing of the evidence. */
export interface MissingEvidence {
  /** Null where it is so anywhere. */
  environment: string | null
  reason: GateReason
}

/** What verdicts a build has, and what they leave out. */
export interface AttestedBuild {
  /**
   * The pairs that the gate looks at for the build: itself, and whom it meets in the environments where builds of its stream are live.
   * By name of kernel build, then module build.
   */
  pairs: AttestedPair[]
  /** What the gate misses there. */
  missing: MissingEvidence[]
  /** Whether there are environments that were not looked at: of very many, those that come first by name are. */
  moreEnvironments: boolean
  /** Whether the policy of the stream blocks modules without BTF, which no other attestation fails. */
  withoutBtfFails: boolean
}

/** What can be attested of a build. */
export interface Attested {
  /** `build-unknown`. */
  build(buildId: string, engine: GateEngine): Promise<AttestedBuild>
}

/** What is counted beside the verdict on a module's BTF. */
const besidesBtf: ReadonlySet<GateVerdict> = new Set<GateVerdict>([
  'refused',
  'loads-misread',
  'symbols-missing',
  'load-doubtful',
  'load-unknown',
])

function countsOf({ counts, outcomes }: Meeting): AttestedPair['counts'] {
  const found: AttestedPair['counts'] = { ...counts }
  for (const byte of outcomes)
    for (const verdict of gateVerdictsOf(byte))
      if (besidesBtf.has(verdict)) found[verdict] = (found[verdict] ?? 0) + 1
  return found
}

/** One more than are looked at. */
async function environmentsOf(tx: Tx, buildId: string): Promise<string[]> {
  const found = await tx.$queryRaw<{ environment: string }[]>`
    SELECT DISTINCT l.environment FROM "Live" l JOIN "Build" b ON b.id = l."buildId"
    WHERE l."leftAt" IS NULL AND b."streamId" = (SELECT "streamId" FROM "Build" WHERE id = ${buildId}::uuid)
    ORDER BY l.environment LIMIT ${mostEnvironments + 1}`
  return found.map(({ environment }) => environment)
}

const nameOf = ({ version, release }: BuildRef) => `${version}-${release}`

/** What is attested, from what the gate decides by. */
export function createAttested(db: Database): Attested {
  const { prisma, clock } = db
  const manifests = new Manifests()
  return {
    async build(buildId, engine) {
      const now = clock()
      const pairs = new Map<string, { meeting: Meeting; comparison: string | null; environments: string[] }>()
      const anywhere = new Set<string>()
      const missed: MissingEvidence[] = []
      let withoutBtfFails = false
      const environments = isUuid(buildId) ? await environmentsOf(prisma, buildId) : []
      // No environment has the empty name: what is found there is met anyway.
      for (const environment of ['', ...environments.slice(0, mostEnvironments)]) {
        const question = { buildId, environment, now, policy }
        const { inputs, comparisons } = await gatherEvidence(db, question, manifests, engine)
        withoutBtfFails ||= inputs.policy.blocking.includes('no-btf')
        // That nothing is live where nothing can be says nothing of the build.
        const nowhere = {
          environmentKnown: true,
          policy: { emptyEnvironment: 'pass', modulesWithoutBtf: 'unknown' },
        } as const
        for (const reason of missing(environment === '' ? { ...inputs, ...nowhere } : inputs)) {
          const key = JSON.stringify(reason)
          if (!anywhere.has(key)) missed.push({ environment: environment || null, reason })
          if (environment === '') anywhere.add(key)
        }
        for (const meeting of inputs.meetings) {
          const key = `${meeting.kernelBuild.id} ${meeting.moduleBuild.id}`
          const comparison = comparisons.get(key) ?? null
          const known = pairs.get(key) ?? { meeting, comparison, environments: [] }
          if (environment !== '') known.environments.push(environment)
          pairs.set(key, known)
        }
      }
      const keys = [...pairs.values()].flatMap(({ comparison }) => comparison ?? [])
      const records = await prisma.comparison.findMany({
        where: { key: { in: keys } },
        select: {
          key: true,
          moduleSetId: true,
          runningSha256: true,
          rulesVersion: true,
          allowBtfMismatch: true,
          engine: true,
        },
      })
      const byKey = new Map(records.map((record) => [record.key, record]))
      const attested = [...pairs.values()].map(({ meeting, comparison, environments }): AttestedPair => {
        const { direction, kernelBuild, moduleBuild, state, error } = meeting
        const record = comparison === null ? undefined : byKey.get(comparison)
        return {
          direction,
          kernelBuild,
          moduleBuild,
          environments: direction === 'self' ? [] : environments,
          state,
          error,
          counts: countsOf(meeting),
          baseSha256: record?.runningSha256 ?? null,
          moduleSetId: record?.moduleSetId ?? null,
          rules:
            record === undefined
              ? null
              : { version: record.rulesVersion, allowBtfMismatch: record.allowBtfMismatch },
          engine: record?.engine ?? null,
        }
      })
      const moreEnvironments = environments.length > mostEnvironments
      const place = (pair: AttestedPair) => `${nameOf(pair.kernelBuild)} ${nameOf(pair.moduleBuild)}`
      return {
        pairs: attested.sort((a, b) => (place(a) < place(b) ? -1 : 1)),
        missing: missed,
        moreEnvironments,
        withoutBtfFails,
      }
    },
  }
}
