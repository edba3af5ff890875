import type { Ledger, TaskKind } from '@basedrift/ledger'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { QueueBackend } from './queue.js'

/** How a task ended, or why it did not. */
export type TaskOutcome = 'done' | 'failed' | 'retried' | 'exhausted' | 'lost' | 'put-off' | 'stopped'

/** Where the task runner counts. */
export interface TaskMetrics {
  ended(kind: TaskKind, outcome: TaskOutcome, seconds: number): void
  /** A job that is not one of ours. */
  dropped(): void
}

/** What is measured when the metrics are read. */
export interface JobsMetricsSources {
  queue: Pick<QueueBackend, 'depth'>
  outbox: Pick<Ledger['outbox'], 'batch' | 'size'>
  now?: () => number
}

/** Registers the metrics of tasks, queue and outbox; call it once a registry. */
export function createJobsMetrics(registry: Registry, sources: JobsMetricsSources): TaskMetrics {
  const { queue, outbox, now = Date.now } = sources
  const registers = [registry]
  const ended = new Counter({
    name: 'basedrift_tasks_total',
    help: 'Runs of tasks by kind and how they ended',
    labelNames: ['kind', 'outcome'],
    registers,
  })
  const seconds = new Histogram({
    name: 'basedrift_task_seconds',
    help: 'Duration of the runs of tasks',
    labelNames: ['kind'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300],
    registers,
  })
  const dropped = new Counter({
    name: 'basedrift_jobs_dropped_total',
    help: 'Jobs in the queue that were not task jobs',
    registers,
  })
  new Gauge({
    name: 'basedrift_queue_jobs',
    help: 'Jobs in the queue',
    labelNames: ['state'],
    registers,
    async collect() {
      this.reset()
      const depth = await queue.depth().catch(() => null)
      // An unreachable queue has no depth: no sample is better than a zero.
      if (depth === null) return
      for (const [state, jobs] of Object.entries(depth)) this.set({ state }, jobs)
    },
  })
  new Gauge({
    name: 'basedrift_outbox_rows',
    help: 'Bells in the outbox that are not in the queue yet',
    registers,
    async collect() {
      this.set(await outbox.size().catch(() => Number.NaN))
    },
  })
  new Gauge({
    name: 'basedrift_outbox_overdue_seconds',
    help: 'How long the oldest bell in the outbox has been due',
    registers,
    async collect() {
      const rows = await outbox.batch(1).catch(() => null)
      const due = rows?.[0] === undefined ? now() : Date.parse(rows[0].runAt)
      this.set(rows === null ? Number.NaN : Math.max(0, now() - due) / 1000)
    },
  })
  return {
    ended(kind, outcome, duration) {
      ended.inc({ kind, outcome })
      seconds.observe({ kind }, duration)
    },
    dropped: () => dropped.inc(),
  }
}
