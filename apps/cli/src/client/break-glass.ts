import type { Client, Decision } from '@basedrift/contract'
import { reportOf } from '../errors.js'
import { inTime } from './ask-gate.js'
import { whoRuns } from './who.js'

/** Has the service record that somebody publishes against the gate. Gives what to say of that: it stops nobody. */
export async function recordBrokenGlass(
  client: Client,
  { build, stream, environment }: { build: string; stream?: string; environment: string },
  reason: string,
  decision: Decision | null,
  timeoutMs: number,
): Promise<string> {
  const named = stream === undefined ? build : `${stream} ${build}`
  const use = {
    build: decision?.build.id ?? named,
    environment,
    reason,
    onBehalfOf: whoRuns(),
    ...(decision === null ? {} : { decision: decision.id }),
  }
  try {
    const { id, by, onBehalfOf } = await inTime(timeoutMs, (options) => client.breakGlass(use, options))
    return `Recorded by the service as ${id}: ${onBehalfOf ?? 'somebody'}, by the token ${by}.`
  } catch (error) {
    // Where there was no decision either, that has been said in full.
    const { code, message } = reportOf(error)
    return `NOT RECORDED by the service: ${decision === null ? code : `${code}: ${message}`}`
  }
}
