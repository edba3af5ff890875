import type { TaskJob } from '@basedrift/contract'
import type { JobsOptions } from 'bullmq'
import { jobId } from './job-id.js'
import type { Log } from './log.js'
import type { Bell, ConsumeOptions, Consumer, QueueBackend, QueueDepth } from './queue.js'

/** The part of BullMQ's `Queue` that is used, whatever stores it. */
export interface BullProducer {
  on(event: 'error', listener: (error: Error) => void): unknown
  addBulk(jobs: { name: string; data: TaskJob; opts: JobsOptions }[]): Promise<unknown>
  getJobCounts(
    ...states: ('waiting' | 'prioritized' | 'delayed' | 'active')[]
  ): Promise<Record<string, number>>
  close(): Promise<void>
}

/** The part of BullMQ's `Worker` that is used. */
export interface BullWorker {
  on(event: 'error', listener: (error: Error) => void): unknown
  waitUntilReady(): Promise<unknown>
  close(): Promise<void>
}

/** What differs between the backends of BullMQ. */
export interface BullQueueOptions {
  kind: QueueBackend['kind']
  queue: BullProducer
  createWorker(processor: (job: { data: unknown }) => Promise<void>, options: ConsumeOptions): BullWorker
  log: Log
  /** Ends the connections that were opened for this queue. */
  closeConnections(): Promise<void>
}

/** BullMQ's name of the queue. */
export const queueName = 'basedrift-tasks'

/**
 * A completed or failed job keeps its id, and BullMQ silently swallows the same id added again: none is kept.
 * Retries are the ledger's, so that they outlive the queue.
 */
const jobOptions = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const

/** Queue settings that are the same on every backend: nobody reads BullMQ's events. */
export const queueOptions = { defaultJobOptions: jobOptions, streams: { events: { maxLen: 100 } } } as const

/** Worker settings that are the same on every backend. */
export const workerOptions = {
  lockDuration: 30_000,
  stalledInterval: 15_000,
  drainDelay: 5,
  runRetryDelay: 1_000,
} as const

/** A queue over BullMQ, whatever BullMQ stores it in. */
export class BullQueue implements QueueBackend {
  readonly kind: QueueBackend['kind']
  readonly #options: BullQueueOptions
  readonly #consumers = new Set<Consumer>()

  constructor(options: BullQueueOptions) {
    this.#options = options
    this.kind = options.kind
    options.queue.on('error', (error) => options.log.warn({ err: error }, 'queue connection'))
  }

  async add(bells: readonly Bell[]): Promise<void> {
    if (bells.length === 0) return
    await this.#options.queue.addBulk(
      bells.map(({ taskId, bell, delayMs, later }) => ({
        name: 'task',
        data: { taskId },
        opts: {
          ...jobOptions,
          jobId: jobId(taskId, bell),
          ...(delayMs > 0 ? { delay: delayMs } : {}),
          // Jobs without a priority come before all that have one.
          ...(later ? { priority: 1 } : {}),
        },
      })),
    )
  }

  async consume(answer: (payload: unknown) => Promise<void>, options: ConsumeOptions): Promise<Consumer> {
    const worker = this.#options.createWorker((job) => answer(job.data), options)
    worker.on('error', (error) => this.#options.log.warn({ err: error }, 'queue worker'))
    const consumer: Consumer = {
      close: async () => {
        this.#consumers.delete(consumer)
        await worker.close()
      },
    }
    this.#consumers.add(consumer)
    await worker.waitUntilReady()
    return consumer
  }

  async depth(): Promise<QueueDepth> {
    const counts = await this.#options.queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active')
    const waiting = (counts.waiting ?? 0) + (counts.prioritized ?? 0)
    return { waiting, delayed: counts.delayed ?? 0, active: counts.active ?? 0 }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    await this.#options.queue.close()
    await this.#options.closeConnections()
  }
}
