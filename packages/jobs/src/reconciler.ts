import type { Ledger } from '@basedrift/ledger'
import type { Log } from './log.js'
import { Loop } from './loop.js'
import type { QueueBackend } from './queue.js'

/** What a reconciler needs. */
export interface ReconcilerOptions {
  tasks: Pick<Ledger['tasks'], 'overdue' | 'ring'>
  queue: Pick<QueueBackend, 'depth'>
  /** Called when new bells are in the outbox. */
  ring: () => void
  /** Called in each round that found nothing to ring for while no job waits: the time for what can wait. */
  idle?: () => Promise<void>
  log: Log
  /** How often to look, in milliseconds. */
  intervalMs?: number
  /** How long a task may stay unanswered before its bell counts as lost, in milliseconds. */
  quietMs?: number
  /** Tasks a round. */
  batchSize?: number
}

/** Rings again for tasks that nobody answers. */
export interface Reconciler {
  /** A round now; resolves when it has ended. */
  run(): Promise<void>
  stop(): Promise<void>
}

/** While the queue still holds jobs, a task is more likely waiting in it than lost. */
const busyPatience = 10

/**
 * Starts to look, now and then, for tasks that are due and unanswered, and for those whose lease ended with the worker that
 * had them, and writes new bells for them. With it the queue may lose everything.
 */
export function startReconciler(options: ReconcilerOptions): Reconciler {
  const { tasks, queue, ring, idle, log, intervalMs = 10_000, quietMs = 15_000, batchSize = 1_000 } = options
  const loop = new Loop({
    intervalMs,
    onError: (error) => log.warn({ err: error }, 'a round of the reconciler failed'),
    work: async () => {
      const { waiting } = await queue.depth()
      const ids = await tasks.overdue(batchSize, waiting > 0 ? quietMs * busyPatience : quietMs)
      if (ids.length === 0) {
        if (waiting === 0) await idle?.()
        return
      }
      log.info({ tasks: ids.length }, 'ringing again for tasks that nobody answered')
      await tasks.ring(ids)
      ring()
    },
  })
  void loop.run()
  return { run: () => loop.run(), stop: () => loop.stop() }
}
