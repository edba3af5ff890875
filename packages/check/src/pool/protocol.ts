import { parentPort, type TransferListItem } from 'node:worker_threads'
import { collectGarbage } from '../collect.js'

/** An error as it crosses from a thread: its class does not, its code does. */
export interface CarriedError {
  readonly message: string
  readonly code: string | null
  readonly file: string | null
  readonly stack: string | null
}

/** What a pool tells a thread. */
export type ToThread<Job> = { readonly type: 'run'; readonly job: Job } | { readonly type: 'abort' }

/** What a thread tells its pool. */
export type FromThread<Result, Progress> =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'done'; readonly result: Result; readonly keeps: string | null }
  | { readonly type: 'failed'; readonly error: CarriedError }

/** What a job has besides its own data. */
export interface JobContext<Progress> {
  /** Aborted when the pool wants the job to end. */
  readonly signal: AbortSignal
  progress(progress: Progress): void
}

/** A result with the memory that goes with it to the pool's thread instead of being copied. */
export interface JobResult<Result> {
  readonly result: Result
  readonly transfer?: readonly TransferListItem[]
  /** Names what the thread keeps for another job, see `RunOptions.wants`; nothing where it is left out. */
  readonly keeps?: string | null
}

/** Milliseconds without a job after which a thread collects its garbage: jobs that follow each other do not wait for that. */
const idleMs = 200

/** Makes this thread one of a `ThreadPool`: it runs one job at a time, and answers each with its result or its error. */
export function serveJobs<Job, Result, Progress>(
  run: (job: Job, context: JobContext<Progress>) => Promise<JobResult<Result>>,
): void {
  const port = parentPort
  if (port === null) throw new Error('this module is the entry of a worker thread')
  const send = (message: FromThread<Result, Progress>, transfer: readonly TransferListItem[] = []) =>
    port.postMessage(message, transfer)
  let running = new AbortController()
  let idle: NodeJS.Timeout | undefined
  port.on('message', (message: ToThread<Job>) => {
    if (message.type === 'abort') {
      running.abort()
      return
    }
    clearTimeout(idle)
    running = new AbortController()
    const context = {
      signal: running.signal,
      progress: (progress: Progress) => send({ type: 'progress', progress }),
    }
    run(message.job, context)
      .then(
        ({ result, transfer, keeps = null }) => send({ type: 'done', result, keeps }, transfer),
        (error: unknown) => send({ type: 'failed', error: carried(error) }),
      )
      .finally(() => {
        idle = setTimeout(collectGarbage, idleMs)
      })
  })
}

function carried(error: unknown): CarriedError {
  if (!(error instanceof Error)) return { message: String(error), code: null, file: null, stack: null }
  const { code, file } = error as { code?: unknown; file?: unknown }
  return {
    message: error.message,
    code: typeof code === 'string' ? code : null,
    file: typeof file === 'string' ? file : null,
    stack: error.stack ?? null,
  }
}
