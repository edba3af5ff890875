import type { Ledger } from '@basedrift/ledger'
import { JobsError } from './errors.js'
import type { Log } from './log.js'

/** What keeping a lease takes. */
export interface LeaseOptions {
  tasks: Pick<Ledger['tasks'], 'extend'>
  taskId: string
  owner: string
  leaseMs: number
  /** Aborted with `lease-lost` when the lease is another's, or may be. */
  controller: AbortController
  log: Log
  now: () => number
}

/** A lease that is being kept. */
export interface Lease {
  /** Stops extending it; resolves when no extension is under way. */
  release(): Promise<void>
}

/**
 * Extends a lease three times as often as needed. Where the ledger does not answer it goes on trying until the lease must
 * have ended.
 */
export function keepLease({ tasks, taskId, owner, leaseMs, controller, log, now }: LeaseOptions): Lease {
  let keptUntil = now() + leaseMs
  let extending: Promise<void> | undefined
  const lose = (message: string, cause?: unknown) => {
    clearInterval(timer)
    controller.abort(new JobsError('lease-lost', message, { cause }))
  }
  const extend = async () => {
    const asked = now()
    try {
      if (await tasks.extend(taskId, owner, leaseMs)) keptUntil = asked + leaseMs
      else lose(`The lease on ${taskId} is another worker's`)
    } catch (error) {
      log.warn({ err: error, task: taskId }, 'the lease could not be extended')
      if (now() >= keptUntil) lose(`The lease on ${taskId} ended while the ledger did not answer`, error)
    }
  }
  const timer = setInterval(() => {
    extending ??= extend().finally(() => {
      extending = undefined
    })
  }, leaseMs / 3)
  return {
    async release() {
      clearInterval(timer)
      await extending
    },
  }
}
