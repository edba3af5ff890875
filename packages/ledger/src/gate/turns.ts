import type { GateNotice, GateOutcome, GateReason, Verdict } from '@basedrift/contract'
import { noticeLimits } from '@basedrift/contract'
import type { Tx } from '../db.js'
import { touch } from '../notices/subjects.js'
import type { BuildRef, Counts, JsonObject } from '../rows.js'

/** Verdicts that a message can tell of by count. */
const countable: ReadonlySet<string> = new Set<Verdict>([
  'crashes',
  'rejected',
  'misread',
  'discarded',
  'changed',
  'unknown',
  'error',
])

/** What became of a question to the gate: what was said last, and what is said now. */
export interface Turn {
  stream: string
  build: BuildRef
  environment: string
  before: GateOutcome | null
  answer: GateOutcome
  reasons: readonly GateReason[]
  /** What is recorded of the inputs: modules of each pair are counted there. */
  inputs: JsonObject
}

interface RecordedPair {
  kernelBuild: string
  moduleBuild: string
  counts: Counts
}

/**
 * A gate says another thing than it said before, in the transaction that records it. Whether that is told of depends on what was
 * told last: an answer that turned and turned back meanwhile has not turned for those who read of it.
 *
 * Of a build that is live nobody can hold anything back, and what entered after it had a gate of its own: of its answer counts what
 * follows from what was there before it, and that turns from what was told last.
 */
export async function recordGateTurn(tx: Tx, turn: Turn, now: Date): Promise<void> {
  const subject = `gate:${turn.build.id}:${turn.environment}`
  const isOlder = await thereBefore(tx, turn)
  if (isOlder === null) {
    if (turn.before !== turn.answer) await touch(tx, { subject, draft: draftOf(turn, now) }, now)
    return
  }
  const found = await tx.subject.findUnique({ where: { key: subject }, include: { told: true } })
  const told = (found?.told?.content as unknown as GateNotice | undefined)?.outcome ?? null
  const reasons = turn.reasons.filter(isOlder)
  const outcomes = new Set(reasons.map(({ outcome }) => outcome))
  const answer = outcomes.has('fail') ? 'fail' : outcomes.has('unknown') ? 'unknown' : 'pass'
  const isWaiting = found !== null && found.since !== null
  if (!isWaiting && (answer === 'unknown' || answer === (told ?? 'pass'))) return
  const draft = { ...draftOf({ ...turn, before: told, answer, reasons }, now), live: true }
  await touch(tx, { subject, draft }, now)
}

function draftOf(turn: Turn, now: Date): GateNotice {
  const { stream, build, environment, before, answer, reasons, inputs } = turn
  const totals = new Map(
    (inputs.pairs as unknown as RecordedPair[]).map(({ kernelBuild, moduleBuild, counts }) => [
      `${kernelBuild} ${moduleBuild}`,
      Object.values(counts).reduce((sum, count) => sum + count, 0),
    ]),
  )
  return {
    kind: 'gate',
    severity: answer === 'fail' ? 'critical' : 'info',
    at: now.toISOString(),
    link: `/v1/gate?build=${build.id}&environment=${encodeURIComponent(environment)}`,
    stream,
    build,
    environment,
    before,
    outcome: answer,
    ...reasonsOf(reasons, totals),
  }
}

/**
 * Of a build that is live in the environment: whether a reason is about nothing that came after it, by when that entered too, or
 * else was declared. Null where the build is not live. Ids of entries and of builds are both in the order of time.
 */
async function thereBefore(
  tx: Tx,
  { build, environment, reasons }: Turn,
): Promise<((reason: GateReason) => boolean) | null> {
  const othersOf = ({ kernelBuild, moduleBuild }: GateReason) =>
    [kernelBuild, moduleBuild].flatMap((of) => (of === null || of.id === build.id ? [] : of.id))
  const entries = await tx.live.findMany({
    where: { environment, leftAt: null, buildId: { in: [build.id, ...reasons.flatMap(othersOf)] } },
    select: { id: true, buildId: true },
  })
  const entryOf = new Map(entries.map(({ id, buildId }) => [buildId, id]))
  const own = entryOf.get(build.id)
  if (own === undefined) return null
  return (reason) => othersOf(reason).every((id) => (entryOf.get(id) ?? id) < own)
}

const nameOf = (build: BuildRef) => `${build.version}-${build.release}`

type ToldReason = GateNotice['reasons'][number]

/** Reasons as they are told: what becomes of the modules of one build on the kernel of another is one of them, whatever their verdicts. */
function reasonsOf(
  reasons: readonly GateReason[],
  totals: ReadonlyMap<string, number>,
): Pick<GateNotice, 'reasons' | 'reasonsTotal'> {
  const told = new Map<string, ToldReason>()
  for (const reason of reasons) {
    const next = reasonOf(reason, totals)
    const { code, kernel, modules } = next
    const key = JSON.stringify([code, kernel, modules])
    const counts = { ...told.get(key)?.counts }
    for (const [verdict, count] of Object.entries(next.counts) as [Verdict, number][])
      counts[verdict] = (counts[verdict] ?? 0) + count
    told.set(key, { ...next, counts })
  }
  const all = [...told.values()]
  return { reasons: all.slice(0, noticeLimits.reasons), reasonsTotal: all.length }
}

/** Modules are named only where it can be said how many of them there are, and how many do what. */
function reasonOf(
  { code, kernelBuild, moduleBuild, verdict, count }: GateReason,
  totals: ReadonlyMap<string, number>,
): ToldReason {
  const kernel = kernelBuild === null ? null : nameOf(kernelBuild)
  const counted = verdict !== null && countable.has(verdict) && kernelBuild !== null && moduleBuild !== null
  if (!counted) return { code, kernel, modules: null, total: 0, counts: {} }
  const total = totals.get(`${kernelBuild.id} ${moduleBuild.id}`) ?? count
  return { code, kernel, modules: nameOf(moduleBuild), total, counts: { [verdict]: count } }
}
