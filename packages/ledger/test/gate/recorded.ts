import type { DecisionRow, GateEngine, GateQuestion, Ledger, PairInputs } from '../../src/index.js'
import { comparisonOf, found, ingesting } from '../support/ledger.js'
import { byteOf } from './support.js'

export const stream = 'openSUSE:Factory/x86_64/default'
export const environment = 'production'
/** An engine that has nothing to read. */
export const unread: GateEngine = {
  version: '1',
  outcomes: () => Promise.reject(new Error('every comparison has its outcomes')),
}

/** Records a comparison in which the modules of a pair have these bytes. */
export async function compare(
  ledger: Ledger,
  kernelBuildId: string,
  moduleBuildId: string,
  outcomes: Uint8Array | null,
  counts: { [verdict: string]: number } = { compatible: 2 },
) {
  const inputs = (await ledger.pairs.inputs(kernelBuildId, moduleBuildId)) as PairInputs
  await ledger.pairs.record({
    kernelBuildId,
    moduleBuildId,
    comparison: { ...comparisonOf(inputs, counts), outcomes },
  })
}

/** The outcomes of a pair in which every module fits. */
export const fits = new Uint8Array()

/** Two builds of a stream, the first of them live; both fit themselves. */
export async function twoBuilds(ledger: Ledger) {
  const old = await ingesting(ledger, '1.1')
  await ledger.builds.recordIngest(found(old, { base: 'a', modules: ['x', 'y'] }))
  await compare(ledger, old, old, fits)
  await ledger.lives.enter({ environment, buildId: old, by: 'hook' })
  const fresh = await ingesting(ledger, '1.3')
  await ledger.builds.recordIngest(found(fresh, { base: 'b', modules: ['x', 'y'] }))
  await compare(ledger, fresh, fresh, fits)
  await compare(ledger, fresh, old, Uint8Array.of(byteOf('rejected'), byteOf('rejected')))
  return { old, fresh, question: { buildId: fresh, environment } }
}

/** What the gate decides. */
export async function asked(
  ledger: Pick<Ledger, 'gate'>,
  question: GateQuestion,
  engine: GateEngine,
): Promise<DecisionRow> {
  return (await ledger.gate.ask(question, engine)).decision
}
