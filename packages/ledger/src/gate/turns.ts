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
 */
export async function recordGateTurn(tx: Tx, turn: Turn, now: Date): Promise<void> {
  const { stream, build, environment, before, answer, reasons, inputs } = turn
  if (before === answer) return
  const totals = new Map(
    (inputs.pairs as unknown as RecordedPair[]).map(({ kernelBuild, moduleBuild, counts }) => [
      `${kernelBuild} ${moduleBuild}`,
      Object.values(counts).reduce((sum, count) => sum + count, 0),
    ]),
  )
  const draft: GateNotice = {
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
  await touch(tx, { subject: `gate:${build.id}:${environment}`, draft }, now)
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
