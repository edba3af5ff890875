/** A bell to ring for a task. */
export interface Bell {
  taskId: string
  /** Counts up with every new ring for the same task. */
  bell: number
  /** Milliseconds until it rings; 0 at once. */
  delayMs: number
  /** Rings only where no bell waits that is not for later. */
  later?: boolean
}

/** Jobs in the queue by what they wait for. */
export interface QueueDepth {
  waiting: number
  delayed: number
  active: number
}

/** Takes jobs out of a queue until it is closed. */
export interface Consumer {
  /** Takes no more jobs; resolves when those that were taken have ended. */
  close(): Promise<void>
}

/** How a consumer takes jobs. */
export interface ConsumeOptions {
  /** Jobs at the same time. */
  concurrency: number
}

/**
 * The doorbell. It may lose everything at any time and may ring twice: whoever answers asks the ledger whether there
 * is work. Its jobs hold the id of a task and nothing else.
 */
export interface QueueBackend {
  readonly kind: 'postgres' | 'redis'
  /** Puts a job for every bell; a bell that is in the queue already stays as it is. Throws when the queue is away. */
  add(bells: readonly Bell[]): Promise<void>
  /** Calls `answer` with the payload of each job, whatever it is, and forgets the job when that has ended. */
  consume(answer: (payload: unknown) => Promise<void>, options: ConsumeOptions): Promise<Consumer>
  depth(): Promise<QueueDepth>
  /** Closes consumers and what the backend opened itself. */
  close(): Promise<void>
}
