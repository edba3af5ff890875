import { setTimeout as sleep } from 'node:timers/promises'
import type { Decision } from '@basedrift/contract'
import { ApiError, type CallOptions, type Client, mayBecomeKnown } from '@basedrift/contract/client'
import { CliError } from '../errors.js'

/** A question to the gate, and how long to wait for another answer than `unknown`. */
export interface GateQuestion {
  readonly build: string
  readonly environment: string
  readonly dryRun: boolean
  readonly onBehalfOf: string
  readonly waitSeconds: number
  /** Milliseconds that an answer may take beyond that. */
  readonly timeoutMs: number
}

/** How long one request waits: proxies cut what is silent for a minute. */
const askSeconds = 50
/** Milliseconds before a server that failed is asked again. */
const againMs = 2_000

/** Runs a call that may take `ms` milliseconds. @throws CliError `server-silent` */
export async function inTime<T>(ms: number, call: (options: CallOptions) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms)
  try {
    return await call({ signal })
  } catch (error) {
    if (signal.aborted) throw new CliError('server-silent', 'The server did not answer in time.')
    throw error
  }
}

/** Whether the same question may be answered in a moment: the server restarts, or a proxy before it has none. */
function mayPass(error: unknown): boolean {
  if (error instanceof CliError) return error.code === 'server-silent'
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500)
}

/**
 * The decision of a gate: asked for until it is other than `unknown`, or nothing that comes can change it, or the time is over.
 * @throws ApiError `answer-invalid` for what is no decision on this question, and what a call ends in; CliError `server-silent`
 */
export async function askGate(client: Client, question: GateQuestion): Promise<Decision> {
  const { build, environment, dryRun, onBehalfOf, waitSeconds, timeoutMs } = question
  const end = Date.now() + waitSeconds * 1000
  for (;;) {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000))
    const wait = Math.min(askSeconds, left)
    try {
      const asking = inTime(wait * 1000 + timeoutMs, (options) =>
        client.gate(
          {
            build,
            environment,
            ...(wait === 0 ? {} : { wait }),
            ...(dryRun ? { dryRun, onBehalfOf } : {}),
          },
          options,
        ),
      )
      // The schema of an answer takes long to load: that is done while the service is asked.
      const [answer, { isAnswerTo }] = await Promise.all([asking, import('./gate-answer.js')])
      if (!isAnswerTo(question, answer))
        throw new ApiError(
          'answer-invalid',
          'The answer is no decision on this question: look at the address, and at proxies before it.',
        )
      if (!mayBecomeKnown(answer.answer, answer.reasons) || Date.now() >= end) return answer
    } catch (error) {
      if (!mayPass(error) || Date.now() + againMs >= end) throw error
      await sleep(againMs)
    }
  }
}
