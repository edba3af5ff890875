import { randomUUID } from 'node:crypto'
import { joinTarget } from '@basedrift/contract'
import type { Log } from '@basedrift/jobs'
import { Loop } from '@basedrift/jobs'
import type { AttemptResult, BegunDelivery, Ledger } from '@basedrift/ledger'
import { deliver, NotifyError, nextAttempt, renderFor, retrySeconds, type Sending } from '@basedrift/notify'
import type { DeliveryMetrics } from './metrics.js'

/** What sending to channels takes. */
export interface CourierOptions extends Sending {
  ledger: Pick<Ledger, 'courier'>
  log: Log
  metrics?: DeliveryMetrics
  /** How long a channel is this worker's without another attempt, in milliseconds; longer than an attempt may take. */
  leaseMs?: number
  /** Channels that are sent to at the same time. */
  channels?: number
  /** How often to look without being rung, in milliseconds. */
  intervalMs?: number
  /** Milliseconds since the epoch. */
  now?: () => number
  /** From 0 up to 1. */
  random?: () => number
}

/**
 * What one channel is sent before it gives its place to those that wait: a worker has a number of places, and as many channels with
 * long lines would else keep all others waiting.
 */
const turn = { messages: 20, ms: 10_000 } as const

/** Sends what is due, until it is stopped. */
export interface Courier {
  /** Something became due: look now. */
  ring(): void
  /** Begins no more attempts; resolves when those under way have ended, which their time-outs see to. */
  stop(): Promise<void>
}

/**
 * Starts to send what is due in the lines of channels: of each channel one message after the other, of all channels at the same
 * time. Each message is begun and ended in the ledger, by whoever holds the lease of its channel: a worker that ends between has
 * the same message sent again by another, under the same id.
 */
export function startCourier(options: CourierOptions): Courier {
  const { ledger, log, leaseMs = 60_000, channels = 16, intervalMs = 1_000 } = options
  const running = new Set<Promise<void>>()
  let stopping = false

  /** Sends what is due to one channel, as far as its turn goes. */
  const line = async (channelId: string, owner: string): Promise<void> => {
    const until = Date.now() + turn.ms
    try {
      for (let nth = 0; !stopping && nth < turn.messages && Date.now() < until; nth++) {
        const delivery = await ledger.courier.begin(channelId, owner, leaseMs)
        if (delivery === null) return
        const result = await attempt(delivery, options)
        const kept = await ledger.courier.end(delivery, owner, result)
        const { id: message, kind } = delivery
        log.info({ delivery: message, channel: channelId, kind, ...told(result), kept }, 'attempt ended')
        options.metrics?.attempted(kind, kept ? result.outcome : 'lost')
        if (!kept) return
      }
      await ledger.courier.release(channelId, owner)
    } catch (error) {
      // The ledger does not answer. The lease ends by itself, and whoever looks then goes on.
      log.error({ err: error, channel: channelId }, 'the ledger did not answer for a channel')
    }
  }

  const loop = new Loop({
    intervalMs,
    onError: (error) => log.warn({ err: error }, 'what is due was not looked for'),
    work: async () => {
      const free = channels - running.size
      if (stopping || free <= 0) return
      const owner = randomUUID()
      for (const id of await ledger.courier.claim(owner, leaseMs, free)) {
        const run = line(id, owner).finally(() => {
          running.delete(run)
          // Its place may be what another channel waits for, or it waits for its own next turn.
          if (!stopping) void loop.run()
        })
        running.add(run)
      }
    },
  })
  void loop.run()
  return {
    ring: () => void loop.run(),
    async stop() {
      stopping = true
      await loop.stop()
      await Promise.all(running)
    },
  }
}

const told = ({ outcome, code, status }: AttemptResult) => ({ outcome, code, status })

/** Attempts at a message that cannot be made: what comes after it can perhaps, and it is there to be sent again by whoever mends that. */
const mostFailures = 3

/** One attempt, and what comes of it. Nothing is thrown: a message that cannot be made goes the way of what fails. */
async function attempt(delivery: BegunDelivery, options: CourierOptions): Promise<AttemptResult> {
  const { keyring, net, baseUrl, log, now = Date.now, random = Math.random } = options
  const { id, channelId, kind, attempt: nth, settings, sealed, notices } = delivery
  const nothing = { status: null, answer: null }
  // Its workers ended with it, each time.
  if (nth > retrySeconds.length) return { outcome: 'dead', code: 'attempts-exhausted', ...nothing }
  // Whoever tries a channel waits for what comes of it, and tries again by hand.
  const once = notices.every((notice) => notice.kind === 'test')
  const later = (code: string, notBefore: Date | null, said: Pick<AttemptResult, 'status' | 'answer'>) => {
    const nextAt = once ? null : nextAttempt(nth, new Date(now()), notBefore, random())
    return nextAt === null
      ? { outcome: 'dead' as const, code, ...said }
      : { outcome: 'retry' as const, nextAt, code, ...said }
  }
  try {
    const secrets = JSON.parse(keyring.open(sealed, channelId)) as { [field: string]: unknown }
    const target = joinTarget(settings, secrets)
    if (target === null) return { outcome: 'dead', code: 'target-invalid', ...nothing }
    const message = renderFor(target.kind, notices, { baseUrl })
    const outcome = await deliver(target, message, { id, at: new Date(now()), attempt: nth }, net)
    const { state, code, status, answer, notBefore } = outcome
    if (state === 'retry') return later(code ?? 'answer-busy', notBefore, { status, answer })
    return { outcome: state === 'refused' ? 'dead' : state, code, status, answer }
  } catch (error) {
    // Of the operator's keys: the message is not lost for them.
    if (error instanceof NotifyError) return later(error.code, null, nothing)
    log.error({ err: error, delivery: id, kind }, 'a message could not be made or sent')
    if (nth >= mostFailures) return { outcome: 'dead', code: 'delivery-failed', ...nothing }
    return later('delivery-failed', null, nothing)
  }
}
