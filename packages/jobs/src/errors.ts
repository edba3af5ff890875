/** Every code that this package reports, with the sentence that says what to do. */
export const jobsErrorCodes = {
  'job-invalid':
    'The queue held a job that is not a task job, which was dropped; give the service a queue of its own.',
  'lease-lost':
    'The lease on a task ended while it ran, and another worker may have it; nothing is to be done.',
  'queue-unavailable': 'The queue does not answer; check that its server runs and REDIS_URL or DATABASE_URL.',
  'redis-evicts': 'Redis may drop jobs when memory runs short; set its maxmemory-policy to noeviction.',
  'task-attempts-exhausted':
    'The task was tried as often as allowed; mend what its message names, then send the build under a new release.',
  'task-failed': 'The task failed for a reason without a code of its own; see the log of the worker.',
  'task-kind-unknown': 'The task is of a kind that this worker does not know; run workers of one version.',
  'task-put-off': 'The task is not due yet; it is taken up again at its time.',
  'worker-stopping': 'The worker was stopped while the task ran; another takes it up.',
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

/** A task that is not to be done yet: a handler throws it, and the task is taken up again at `until`. It counts as no attempt. */
export class PutOff extends Error {
  override readonly name = 'PutOff'

  constructor(readonly until: Date) {
    super(jobsErrorCodes['task-put-off'])
  }
}

/** `code` and message of anything thrown, for the record; an error without a code of its own gets `fallback`. */
export function describeError(error: unknown, fallback: string): { code: string; message: string } {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return { code: typeof code === 'string' && code !== '' ? code : fallback, message: message.slice(0, 2000) }
}
