import type { Ledger, TaskKind } from '@basedrift/ledger'
import type { Log } from './log.js'
import { Loop } from './loop.js'
import type { QueueBackend } from './queue.js'

/** What a dispatcher needs. */
export interface DispatcherOptions {
  outbox: Pick<Ledger['outbox'], 'batch' | 'done'>
  queue: Pick<QueueBackend, 'add'>
  log: Log
  /** Milliseconds since the epoch. */
  now?: () => number
  /** How often to look without being rung, in milliseconds. */
  intervalMs?: number
  /** Outbox rows at a time. */
  batchSize?: number
}

/** Carries bells from the outbox to the queue. */
export interface Dispatcher {
  /** Something was written to the outbox: look now. */
  ring(): void
  /** As `ring`; resolves when the outbox was looked through. */
  flush(): Promise<void>
  /** Ends the round under way and looks no more. */
  stop(): Promise<void>
}

/** What nobody waits for: verdicts come first. */
const laterKinds: ReadonlySet<TaskKind> = new Set<TaskKind>(['drift', 'fingerprint'])

/** BullMQ counts a delay on its own clock; a bell a little late is answered, a bell too early is not. */
const lateMs = 20

/**
 * Starts to carry bells: whoever writes to the outbox has one in its process and rings it after the commit, and every one
 * also looks by itself for what another left behind. A row goes only after its job is in the queue, so a crash in between
 * rings twice, under the same job id.
 */
export function startDispatcher(options: DispatcherOptions): Dispatcher {
  const { outbox, queue, log, now = Date.now, intervalMs = 1_000, batchSize = 500 } = options
  const loop = new Loop({
    intervalMs,
    onError: (error) => log.warn({ err: error }, 'bells stay in the outbox'),
    work: async () => {
      for (;;) {
        const rows = await outbox.batch(batchSize)
        if (rows.length === 0) return
        await queue.add(
          rows.map(({ taskId, kind, bell, runAt }) => {
            const delayMs = Date.parse(runAt) - now()
            const later = laterKinds.has(kind)
            return { taskId, bell, delayMs: delayMs > 0 ? delayMs + lateMs : 0, ...(later ? { later } : {}) }
          }),
        )
        await outbox.done(rows.map((row) => row.id))
        if (rows.length < batchSize) return
      }
    },
  })
  const flush = () => loop.run()
  void flush()
  return { ring: () => void flush(), flush, stop: () => loop.stop() }
}
