export { type BackoffOptions, backoffMs } from './backoff.js'
export { createQueue, type QueueOptions } from './create-queue.js'
export { type Dispatcher, type DispatcherOptions, startDispatcher } from './dispatcher.js'
export {
  describeError,
  FinalError,
  JobsError,
  type JobsErrorCode,
  jobsErrorCodes,
  PutOff,
} from './errors.js'
export { jobId } from './job-id.js'
export type { Log } from './log.js'
export { Loop, type LoopOptions } from './loop.js'
export { createJobsMetrics, type JobsMetricsSources, type TaskMetrics, type TaskOutcome } from './metrics.js'
export { createPostgresQueue, type PostgresQueueOptions } from './postgres-queue.js'
export type { Bell, ConsumeOptions, Consumer, QueueBackend, QueueDepth } from './queue.js'
export { type Reconciler, type ReconcilerOptions, startReconciler } from './reconciler.js'
export { createRedisQueue, type RedisQueueOptions } from './redis-queue.js'
export {
  startTaskRunner,
  type TaskContext,
  type TaskHandler,
  type TaskHandlers,
  type TaskRunner,
  type TaskRunnerOptions,
} from './task-runner.js'
