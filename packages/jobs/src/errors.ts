/** Stable codes of what this package reports; part of its interface. */
export const jobsErrorCodes = {
  /** A job in the queue does not look like one of ours; it was dropped. */
  'job-invalid': 'A job in the queue is not a task job',
  /** A task names a kind that this worker has no handler for. */
  'task-kind-unknown': 'The task is of a kind that this worker does not know',
  /** A task met failures of the world more often than allowed. */
  'task-attempts-exhausted': 'The task was tried as often as allowed',
  /** Another worker may have the task by now. */
  'lease-lost': 'The lease on the task was lost while it ran',
  /** The worker is shutting down; the task is taken up again later. */
  'worker-stopping': 'The worker was stopped while the task ran',
  /** Redis may forget jobs when it runs short of memory. */
  'redis-evicts': 'Redis is not set to noeviction',
  /** The queue does not answer. */
  'queue-unavailable': 'The queue cannot be reached',
} as const

/** A code of this package. */
export type JobsErrorCode = keyof typeof jobsErrorCodes

/** What the queue and the task runner report; `code` is stable. */
export class JobsError extends Error {
  override readonly name = 'JobsError'

  constructor(
    readonly code: JobsErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/**
 * A failure that trying again cannot mend: a handler throws it, the task is failed at once and `code` and message
 * are recorded on it. Every other error counts as a failure of the world and is retried.
 */
export class FinalError extends Error {
  override readonly name = 'FinalError'

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** `code` and message of anything thrown, for the record; an error without a code of its own gets `fallback`. */
export function describeError(error: unknown, fallback: string): { code: string; message: string } {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return { code: typeof code === 'string' && code !== '' ? code : fallback, message: message.slice(0, 2000) }
}
