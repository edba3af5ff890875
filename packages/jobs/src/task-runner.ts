import { randomUUID } from 'node:crypto'
import { TaskJob } from '@basedrift/contract'
import type { Failure, Ledger, TaskKind, TaskPayload, TaskRow } from '@basedrift/ledger'
import { Value } from 'typebox/value'
import { type BackoffOptions, backoffMs } from './backoff.js'
import { describeError, FinalError, JobsError, PutOff } from './errors.js'
import { keepLease } from './lease.js'
import type { Log } from './log.js'
import type { TaskMetrics, TaskOutcome } from './metrics.js'
import type { Consumer, QueueBackend } from './queue.js'

/** What a handler gets besides its task. */
export interface TaskContext {
  /** Aborted when the task may no longer be worked on: the lease is lost, or the worker stops. */
  signal: AbortSignal
  /** How often the task was taken, this time included; runs that a stopping worker put back do not count. */
  attempt: number
  /** Names this run of the task in the log. */
  trace: string
}

/** Does the work of one kind of task. It may run twice for the same task: its effect must be one. */
export interface TaskHandler<Payload> {
  /**
   * Throws `FinalError` for what trying again cannot mend, which the ledger records of the task and of its build or pair, and
   * `PutOff` for what is not due yet; anything else thrown is tried again.
   */
  run(payload: Payload, context: TaskContext): Promise<void>
}

/** A handler for every kind. */
export type TaskHandlers = { [Kind in TaskKind]: TaskHandler<Extract<TaskPayload, { kind: Kind }>> }

/** What a task runner needs. */
export interface TaskRunnerOptions {
  tasks: Pick<Ledger['tasks'], 'take' | 'extend' | 'finish' | 'fail' | 'retry' | 'ring'>
  queue: Pick<QueueBackend, 'consume'>
  handlers: TaskHandlers
  /** Called after a task ended or was put back, which may have left bells in the outbox. */
  ring: () => void
  log: Log
  metrics?: TaskMetrics
  /** Names the worker in the ledger's leases. */
  worker?: string
  /** Tasks at the same time. */
  concurrency?: number
  /** How long a lease lasts unless extended, in milliseconds. */
  leaseMs?: number
  /** Runs of a task at most: those that ended with their worker count, those that a stopping worker put back do not. */
  maxAttempts?: number
  backoff?: BackoffOptions
  /** Milliseconds since the epoch. */
  now?: () => number
  /** From 0 up to 1. */
  random?: () => number
}

/** Takes and runs tasks until it is stopped. */
export interface TaskRunner {
  /** Takes no more tasks; those that run have `graceMs` to end, then are put back for another worker. */
  stop(graceMs: number): Promise<void>
}

/**
 * Starts to answer the bells of the queue: takes the task by compare-and-set, keeps its lease while the handler runs, and
 * records how it ended. Retries are the ledger's alone. Nothing that a job holds or a handler throws ends the runner.
 */
export async function startTaskRunner(options: TaskRunnerOptions): Promise<TaskRunner> {
  const running = new Set<AbortController>()
  let stopping = false
  const consumer: Consumer = await options.queue.consume(
    async (payload) => {
      if (!Value.Check(TaskJob, payload)) {
        options.log.error({ code: 'job-invalid' }, 'dropped a job that is not a task job')
        options.metrics?.dropped()
        return
      }
      const controller = new AbortController()
      running.add(controller)
      try {
        // The bell was taken out of the queue while this runner stopped: another one rings for another runner.
        if (stopping) await options.tasks.ring([payload.taskId])
        else await answer(payload.taskId, controller, options)
      } catch (error) {
        // The ledger does not answer. The task stays, leased or not, and the reconciler rings again.
        options.log.error({ err: error, task: payload.taskId }, 'the ledger did not answer for a task')
      } finally {
        running.delete(controller)
      }
      options.ring()
    },
    { concurrency: options.concurrency ?? 2 },
  )
  return {
    async stop(graceMs) {
      stopping = true
      const reason = new JobsError('worker-stopping', 'The worker was stopped; the task is taken up again')
      const deadline = setTimeout(() => {
        for (const controller of running) controller.abort(reason)
      }, graceMs)
      await consumer.close()
      clearTimeout(deadline)
    },
  }
}

async function answer(
  taskId: string,
  controller: AbortController,
  options: TaskRunnerOptions,
): Promise<void> {
  const { tasks, log, metrics, worker = 'worker', leaseMs = 30_000, now = Date.now } = options
  // One owner a run, not a worker: a worker that lost its lease must not take the next run's for its own.
  const trace = randomUUID()
  const owner = `${worker}/${trace}`
  const task = await tasks.take(taskId, owner, leaseMs)
  if (task === null) {
    log.debug({ trace, task: taskId }, 'nothing to do for this bell')
    return
  }
  const started = now()
  const lease = keepLease({ tasks, taskId, owner, leaseMs, controller, log, now })
  let outcome: TaskOutcome
  try {
    outcome = await run(task, { owner, trace, signal: controller.signal }, options)
  } finally {
    await lease.release()
  }
  const seconds = (now() - started) / 1000
  metrics?.ended(task.payload.kind, outcome, seconds)
  log.info({ trace, task: taskId, attempt: task.attempt, outcome, seconds }, 'task ended')
}

/** Runs the handler and records how that ended. */
async function run(
  task: TaskRow,
  { owner, trace, signal }: { owner: string; trace: string; signal: AbortSignal },
  options: TaskRunnerOptions,
): Promise<TaskOutcome> {
  const { tasks, log, maxAttempts = 10, now = Date.now, random = Math.random } = options
  const { baseMs, maxMs } = options.backoff ?? { baseMs: 1_000, maxMs: 300_000 }
  const { payload, attempt, id } = task
  const handler = options.handlers[payload.kind] as TaskHandler<TaskPayload> | undefined
  const giveUp = async (failure: Failure, outcome: 'failed' | 'exhausted'): Promise<TaskOutcome> => {
    log.warn({ trace, task: id, attempt, code: failure.code, reason: failure.message }, 'task failed')
    return (await tasks.fail(id, owner, failure)) ? outcome : 'lost'
  }
  if (handler === undefined) {
    return giveUp(
      { code: 'task-kind-unknown', message: `This worker knows no task ${payload.kind}` },
      'failed',
    )
  }
  if (attempt > maxAttempts) return giveUp(exhausted(maxAttempts, task.error), 'exhausted')
  try {
    await handler.run(payload, { signal, attempt, trace })
  } catch (error) {
    const stopped = signal.reason instanceof JobsError ? signal.reason.code : null
    // Whoever has the task now decides about it.
    if (stopped === 'lease-lost') return 'lost'
    if (error instanceof PutOff) {
      const failure = { code: 'task-put-off', message: error.message }
      return (await tasks.retry(id, owner, failure, error.until, { counts: false })) ? 'put-off' : 'lost'
    }
    if (error instanceof FinalError) return giveUp(describeError(error, 'task-failed'), 'failed')
    if (stopped === 'worker-stopping') {
      const failure = { code: stopped, message: 'The worker was stopped while the task ran' }
      const back = await tasks.retry(id, owner, failure, new Date(now()), { counts: false })
      return back ? 'stopped' : 'lost'
    }
    const failure = describeError(error, 'task-failed')
    if (attempt >= maxAttempts) return giveUp(exhausted(maxAttempts, failure), 'exhausted')
    const waitMs = backoffMs(attempt, { baseMs, maxMs }, random)
    log.warn({ trace, task: id, attempt, waitMs, err: error }, 'task is tried again')
    return (await tasks.retry(id, owner, failure, new Date(now() + waitMs))) ? 'retried' : 'lost'
  }
  return (await tasks.finish(id, owner)) ? 'done' : 'lost'
}

function exhausted(attempts: number, last: Failure | null): Failure {
  const reason = last === null ? 'each time its worker ended with it' : `last: ${last.message} (${last.code})`
  return { code: 'task-attempts-exhausted', message: `Tried ${attempts} times in vain; ${reason}` }
}
