import { createHash } from 'node:crypto'
import { type Decision, type GateOutcome, mayBecomeKnown } from '@basedrift/contract'
import { streamIdsOf } from '../access/streams.js'
import { decodeCursor, encodeCursor, pageLimit, pageOf } from '../cursor.js'
import { type Database, type Tx, transact } from '../db.js'
import { LedgerError } from '../errors.js'
import { Prisma } from '../generated/client.js'
import { isUuid, uuidv7After } from '../ids.js'
import { canonical, storableJson } from '../json.js'
import type { BuildRef, JsonObject, Page, PageRequest, Seen } from '../rows.js'
import { decide } from './decide.js'
import { type GateEvidence, gatherEvidence } from './evidence.js'
import type { Decided } from './inputs.js'
import { Manifests } from './manifests.js'
import type { GateEngine } from './pair-records.js'
import { RuleMemory } from './rule-memory.js'
import { packResult, unpackResult } from './stored.js'
import { recordGateTurn } from './turns.js'

/** Counts up where the same inputs would lead to another decision. */
const decisionRules = 6

/** A question to the gate. */
export interface GateQuestion {
  buildId: string
  environment: string
}

/** What decisions have in lists as by themselves. */
export interface DecisionHead {
  id: string
  answer: GateOutcome
  stream: string
  build: BuildRef
  environment: string
  policyVersion: number
  inputs: string
  createdAt: string
}

/** A decision in a list, with how often a caller got it. */
export interface DecisionSummaryRow extends DecisionHead {
  asked: number
  lastAskedAt: string | null
}

/** A decision as it was recorded: nothing of it ever changes. */
export type DecisionRow = DecisionHead & Omit<Decision, keyof DecisionHead>

/** A decision, and whether this question had it recorded. */
export interface Answer {
  decision: DecisionRow
  recorded: boolean
}

/** The gate: it decides by what is recorded, and records what it decides. */
export interface Gate {
  /**
   * Decides now. The decision is recorded where its inputs are other than those of the last one on the same build and environment:
   * asking again records nothing. `build-unknown`.
   */
  ask(question: GateQuestion, engine: GateEngine): Promise<Answer>
  /** As `ask`, for who waits: null, and nothing is recorded, while the answer is `unknown` and can still change. `build-unknown`. */
  askUntilKnown(question: GateQuestion, engine: GateEngine): Promise<Answer | null>
  /** Counts that a caller was given it. */
  countAsk(id: string): Promise<void>
  /** As it was recorded. `decision-unknown`. */
  decision(id: string): Promise<DecisionRow>
  /** All that it was decided by. `decision-unknown`. */
  inputs(id: string): Promise<JsonObject>
  /** The latest first. */
  decisions(
    query: { build?: string | undefined; environment?: string | undefined } & Seen & PageRequest,
  ): Promise<Page<DecisionSummaryRow>>
}

/** What is recorded of the inputs: what never changes by its key, the rest as it was. */
function recordOf({ inputs, comparisons }: GateEvidence, environment: string): JsonObject {
  const { policy, meetings, waivers, ...evidence } = inputs
  const { moduleRules: _rules, ...terms } = policy
  return storableJson({
    decisionRules,
    environment,
    ...evidence,
    policy: terms,
    pairs: meetings.map(({ direction, kernelBuild, moduleBuild, state, error, waitsFor, fits, counts }) => ({
      direction,
      kernelBuild: kernelBuild.id,
      moduleBuild: moduleBuild.id,
      state,
      error,
      waitsFor,
      fits,
      counts,
      comparison: comparisons.get(`${kernelBuild.id} ${moduleBuild.id}`) ?? null,
    })),
    waivers: waivers.map(({ id, state }) => ({ id, state })),
  }) as JsonObject
}

const hashOf = (record: JsonObject) => createHash('sha256').update(canonical(record)).digest('hex')

const include = {
  build: { select: { id: true, version: true, release: true, stream: { select: { name: true } } } },
} satisfies Prisma.DecisionInclude

type Listed = Omit<Prisma.DecisionGetPayload<{ include: typeof include }>, 'inputs' | 'result'>

function head(record: Listed): DecisionHead {
  const { id, answer, build, environment, policyVersion, inputsHash, createdAt } = record
  return {
    id,
    answer,
    stream: build.stream.name,
    build: { id: build.id, version: build.version, release: build.release },
    environment,
    policyVersion,
    inputs: inputsHash,
    createdAt: createdAt.toISOString(),
  }
}

const summary = (record: Listed): DecisionSummaryRow => ({
  ...head(record),
  asked: record.asked,
  lastAskedAt: record.lastAskedAt?.toISOString() ?? null,
})

/** A decision without what it was made of: that is large, and asked for by itself. */
type Shown = Omit<Prisma.DecisionGetPayload<{ include: typeof include }>, 'inputs'>

const decisionRow = (record: Shown): DecisionRow => ({ ...head(record), ...unpackResult(record.result) })

const lastOf = (tx: Tx, { buildId, environment }: GateQuestion) =>
  tx.decision.findFirst({
    where: { buildId, environment },
    orderBy: { id: 'desc' },
    select: { id: true, inputsHash: true, answer: true },
  })

const shown = (tx: Tx, id: string) =>
  tx.decision.findUniqueOrThrow({ where: { id }, include, omit: { inputs: true } })

/**
 * Any name is that of an environment: of those that no build ever entered, a build keeps its last decision alone, with its dry runs, and
 * what was published against.
 */
async function forgetStrays(
  tx: Tx,
  made: { id: string; buildId: string; environment: string },
): Promise<void> {
  const { id, buildId, environment } = made
  const strays = Prisma.sql`
    SELECT d.id FROM "Decision" d WHERE d."buildId" = ${buildId}::uuid AND d.id <> ${id}::uuid
      AND NOT EXISTS (SELECT 1 FROM "Live" l WHERE l.environment = ${environment})
      AND NOT EXISTS (SELECT 1 FROM "Live" l WHERE l.environment = d.environment)
      AND NOT EXISTS (SELECT 1 FROM "GateUse" u WHERE u."decisionId" = d.id AND u.kind <> 'dry-run')`
  await tx.$executeRaw`DELETE FROM "GateUse" WHERE "decisionId" IN (${strays})`
  await tx.$executeRaw`DELETE FROM "Decision" WHERE id IN (${strays})`
}

const isId = (part: unknown) => typeof part === 'string' && isUuid(part)

/** The repository of decisions. */
export function createGate(db: Database): Gate {
  const { prisma, clock } = db
  const manifests = new Manifests()
  const rules = new RuleMemory()
  const unknown = (id: string) => new LedgerError('decision-unknown', `There is no decision ${id}.`)

  /**
   * Records a decision, unless the last one on the same question came from the same inputs. Null where another than the `seen` one was
   * recorded since the evidence was looked for, which may be newer than this.
   */
  const record = (
    question: GateQuestion,
    seen: string | null,
    { inputs, inputsHash, decided }: { inputs: JsonObject; inputsHash: string; decided: Decided },
  ): Promise<Answer | null> =>
    transact(db, async (tx) => {
      const { buildId, environment } = question
      await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`${buildId} ${environment}`}, 0))::text`
      const last = await lastOf(tx, question)
      if (last?.inputsHash === inputsHash)
        return { recorded: false, decision: decisionRow(await shown(tx, last.id)) }
      if ((last?.id ?? null) !== seen) return null
      const { answer, ...result } = decided
      const now = clock()
      const id = uuidv7After(last?.id ?? null, now.getTime())
      const { version } = inputs.policy as JsonObject
      // As text: through the client's own arguments, documents of this size cost more than all of the decision.
      await tx.$executeRaw`
        INSERT INTO "Decision" (id, "buildId", environment, answer, "policyVersion", "inputsHash", inputs, result, "createdAt")
        VALUES (${id}::uuid, ${buildId}::uuid, ${environment}, ${answer}::"GateAnswer", ${version}::int, ${inputsHash},
          ${JSON.stringify(inputs)}::jsonb, ${JSON.stringify(packResult(result))}::jsonb, ${now})`
      const made = await tx.decision.findUniqueOrThrow({
        where: { id },
        include,
        omit: { inputs: true, result: true },
      })
      await forgetStrays(tx, made)
      const of = head(made)
      const { stream, build } = of
      const before = last?.answer ?? null
      const turn = { stream, build, environment, before, answer, reasons: decided.reasons, inputs }
      await recordGateTurn(tx, turn, now)
      return { recorded: true, decision: { ...of, ...result } }
    })

  const ask = async (question: GateQuestion, engine: GateEngine, waits: boolean): Promise<Answer | null> => {
    for (;;) {
      // Looked at before the evidence is: what is recorded meanwhile may be by newer.
      const last = await lastOf(prisma, question)
      const evidence = await gatherEvidence(db, { ...question, now: clock() }, manifests, engine)
      const inputs = recordOf(evidence, question.environment)
      const inputsHash = hashOf(inputs)
      if (last?.inputsHash === inputsHash) {
        const decision = decisionRow(await shown(prisma, last.id))
        return waits && mayBecomeKnown(decision.answer, decision.reasons)
          ? null
          : { recorded: false, decision }
      }
      const { policy } = evidence.inputs
      const decided = decide(evidence.inputs, rules.lookup(evidence.stream.id, policy))
      if (waits && mayBecomeKnown(decided.answer, decided.reasons)) return null
      const answer = await record(question, last?.id ?? null, { inputs, inputsHash, decided })
      if (answer !== null) return answer
    }
  }

  return {
    async ask(question, engine) {
      const answer = await ask(question, engine, false)
      if (answer === null) throw unknown('of this question')
      return answer
    },
    askUntilKnown: (question, engine) => ask(question, engine, true),

    async countAsk(id) {
      await prisma.$executeRaw`
        UPDATE "Decision" SET asked = asked + 1, "lastAskedAt" = ${clock()} WHERE id = ${id}::uuid`
    },

    async decision(id) {
      const found = isUuid(id)
        ? await prisma.decision.findUnique({ where: { id }, include, omit: { inputs: true } })
        : null
      if (found === null) throw unknown(id)
      return decisionRow(found)
    },

    async inputs(id) {
      const found = isUuid(id)
        ? await prisma.decision.findUnique({ where: { id }, select: { inputs: true } })
        : null
      if (found === null) throw unknown(id)
      return found.inputs as JsonObject
    },

    async decisions({ build, environment, globs, cursor, limit }) {
      const after = decodeCursor('decisions', cursor, [isId])
      const take = pageLimit(limit)
      const rows = await prisma.decision.findMany({
        where: {
          ...(build === undefined ? {} : { buildId: build }),
          ...(environment === undefined ? {} : { environment }),
          ...(globs === undefined ? {} : { build: { streamId: { in: await streamIdsOf(prisma, globs) } } }),
          ...(after === null ? {} : { id: { lt: after[0] as string } }),
        },
        include,
        omit: { inputs: true, result: true },
        orderBy: { id: 'desc' },
        take: take + 1,
      })
      return pageOf(rows, take, summary, (last) => encodeCursor('decisions', [last.id]))
    },
  }
}
