import { Worker } from 'node:worker_threads'
import { CheckError, type CheckErrorCode, checkErrorCodes } from '../errors.js'
import type { CarriedError, FromThread, ToThread } from './protocol.js'

/** How a pool's threads are run. */
export interface ThreadPoolOptions {
  /** The compiled module that calls `serveJobs`. */
  readonly entry: URL
  /** Threads at most; they are started when there is work for them. */
  readonly threads: number
  /** Megabytes of JavaScript heap that a thread may have; bytes outside it are bounded by the readers' own limits. */
  readonly memoryMb: number
  /** Milliseconds of wall time that a job may take, not counting its wait for a thread. */
  readonly wallMs: number
  /** What each thread finds as its `workerData`. */
  readonly data?: unknown
}

/** How one job is run. */
export interface RunOptions<Progress> {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Names what the job is quicker with: of idle threads the one that keeps it is taken. */
  readonly wants?: string | undefined
  /** Names work that a thread does quicker the second time, whatever it keeps: of idle threads one that has done it is taken. */
  readonly like?: string | undefined
  /** Comes before the jobs that wait and are not. */
  readonly urgent?: boolean | undefined
}

interface Queued<Job, Result, Progress> {
  readonly job: Job
  readonly options: RunOptions<Progress>
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
  readonly onAbort: () => void
}

/** Milliseconds that a thread has to end a job by itself, so that it closes files and ends children. */
const grace = 1000

/**
 * Runs jobs in worker threads, one to a thread, the others in the order in which they came, urgent ones first. A job that ends its thread,
 * that goes beyond the limits or is aborted fails alone: its thread is replaced. Idle threads do not keep the process.
 */
export class ThreadPool<Job, Result, Progress> {
  readonly #options: ThreadPoolOptions
  readonly #queue: Queued<Job, Result, Progress>[] = []
  readonly #idle: PooledThread<Job, Result, Progress>[] = []
  readonly #busy = new Set<PooledThread<Job, Result, Progress>>()
  #closing: Promise<void> | null = null

  constructor(options: ThreadPoolOptions) {
    this.#options = options
  }

  /** Runs a job. @throws CheckError `thread-crashed`, `time-limit`, `memory-limit`, `check-aborted`, `pool-closed`, or the job's own */
  run(job: Job, options: RunOptions<Progress> = {}): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.#closing !== null) throw new CheckError('pool-closed')
      if (options.signal?.aborted === true) throw new CheckError('check-aborted')
      const onAbort = () => {
        const at = this.#queue.indexOf(queued)
        if (at === -1) return
        this.#queue.splice(at, 1)
        reject(new CheckError('check-aborted'))
      }
      const queued = { job, options, resolve, reject, onAbort }
      options.signal?.addEventListener('abort', onAbort, { once: true })
      const first = options.urgent ? this.#queue.findIndex((waiting) => !waiting.options.urgent) : -1
      this.#queue.splice(first === -1 ? this.#queue.length : first, 0, queued)
      this.#next()
    })
  }

  /** Ends all jobs, waiting or running, with `pool-closed`, and the threads. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const { reject, options, onAbort } of this.#queue.splice(0)) {
      options.signal?.removeEventListener('abort', onAbort)
      reject(new CheckError('pool-closed'))
    }
    const threads = [...this.#idle.splice(0), ...this.#busy]
    await Promise.all(threads.map((thread) => thread.stop()))
  }

  /**
   * The thread that keeps what is wanted, or has done the like; else one that keeps nothing; else a new one, so that what others
   * keep stays; else the one that has been idle longest.
   */
  #threadFor({ wants, like }: RunOptions<Progress>): PooledThread<Job, Result, Progress> {
    const idle = this.#idle
    let at = idle.findIndex(({ keeps, done }) =>
      wants === undefined ? like !== undefined && done.has(like) : keeps === wants,
    )
    if (at === -1) at = idle.findIndex(({ keeps }) => keeps === null)
    if (at === -1 && idle.length + this.#busy.size >= this.#options.threads) at = 0
    const [thread] = at === -1 ? [] : idle.splice(at, 1)
    return thread ?? new PooledThread<Job, Result, Progress>(this.#options)
  }

  #next(): void {
    while (this.#queue.length > 0 && this.#closing === null) {
      if (this.#idle.length === 0 && this.#busy.size >= this.#options.threads) return
      const thread = this.#threadFor(this.#queue[0]!.options)
      const { job, options, resolve, reject, onAbort } = this.#queue.shift()!
      options.signal?.removeEventListener('abort', onAbort)
      this.#busy.add(thread)
      thread
        .run(job, options)
        .finally(() => {
          this.#busy.delete(thread)
          if (thread.usable && this.#closing === null) this.#idle.push(thread)
          this.#next()
        })
        .then(resolve, reject)
    }
  }
}

/**
 * Megabytes for young objects of a thread: by V8's own choice they come to take 48, most of it empty; less makes no job slower.
 */
const youngMb = 12

/** One thread and the job that it has. */
class PooledThread<Job, Result, Progress> {
  readonly #options: ThreadPoolOptions
  readonly #worker: Worker
  #ended = false
  /** Names what it keeps of its last job; null where it keeps nothing. */
  keeps: string | null = null
  /** What it has done that it does quicker now. */
  readonly done = new Set<string>()
  /** Ends the current job with an error; does nothing where there is none. */
  #fail: (error: Error) => void = () => undefined

  constructor(options: ThreadPoolOptions) {
    this.#options = options
    this.#worker = new Worker(options.entry, {
      execArgv: [],
      workerData: options.data,
      resourceLimits: { maxOldGenerationSizeMb: options.memoryMb, maxYoungGenerationSizeMb: youngMb },
    })
    this.#worker.unref()
    this.#worker.on('error', (error: Error & { code?: string }) => {
      this.#ended = true
      const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
      this.#fail(
        outOfMemory ? new CheckError('memory-limit') : new CheckError('thread-crashed', error.message),
      )
    })
    this.#worker.on('exit', () => {
      this.#ended = true
      this.#fail(new CheckError('thread-crashed'))
    })
  }

  get usable(): boolean {
    return !this.#ended
  }

  run(job: Job, { signal, onProgress, like }: RunOptions<Progress>): Promise<Result> {
    if (like !== undefined) this.done.add(like)
    return new Promise<Result>((resolve, reject) => {
      // What the job ends with once it has been told to, whatever the thread says then.
      let ordered: CheckError | null = null
      let giveUp: NodeJS.Timeout | undefined
      const order = (error: CheckError) => {
        if (ordered !== null) return
        ordered = error
        this.#post({ type: 'abort' })
        giveUp = setTimeout(() => void this.#worker.terminate(), grace)
      }
      const limit = setTimeout(
        () => order(new CheckError('time-limit', `${this.#options.wallMs} ms have passed`)),
        this.#options.wallMs,
      )
      const onAbort = () => order(new CheckError('check-aborted'))
      const settle = (end: () => void) => {
        clearTimeout(limit)
        clearTimeout(giveUp)
        signal?.removeEventListener('abort', onAbort)
        this.#worker.off('message', onMessage)
        this.#worker.unref()
        this.#fail = () => undefined
        if (ordered === null) end()
        else reject(ordered)
      }
      const onMessage = (message: FromThread<Result, Progress>) => {
        if (message.type === 'progress') onProgress?.(message.progress)
        else if (message.type === 'done') {
          this.keeps = message.keeps
          settle(() => resolve(message.result))
        } else settle(() => reject(revived(message.error)))
      }
      this.#fail = (error) => settle(() => reject(error))
      this.#worker.on('message', onMessage)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#worker.ref()
      this.#post({ type: 'run', job })
    })
  }

  /** Ends the thread, and its job with `pool-closed`. */
  async stop(): Promise<void> {
    this.#fail(new CheckError('pool-closed'))
    await this.#worker.terminate()
  }

  #post(message: ToThread<Job>): void {
    this.#worker.postMessage(message)
  }
}

/** The error that a thread's job ended with: this package's own class where the code is its own. */
function revived({ message, code, file, stack }: CarriedError): Error {
  if (code !== null && Object.hasOwn(checkErrorCodes, code)) {
    return CheckError.carried(code as CheckErrorCode, message, file)
  }
  const error = Object.assign(new Error(message), code === null ? {} : { code })
  if (stack !== null) error.stack = stack
  return error
}
