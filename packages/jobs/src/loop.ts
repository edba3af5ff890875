/** What a loop does, and when. */
export interface LoopOptions {
  /** Runs at least this often, in milliseconds. */
  intervalMs: number
  work: () => Promise<void>
  onError: (error: unknown) => void
}

/** Runs its work at once, when rung, and at intervals; never twice at the same time. */
export class Loop {
  readonly #options: LoopOptions
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #again: Promise<void> | undefined
  #stopped = false

  constructor(options: LoopOptions) {
    this.#options = options
  }

  /** A run that begins after this call; resolves when it has ended. Failures go to `onError`. */
  run(): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    if (this.#running === undefined) {
      this.#running = this.#once().finally(() => {
        this.#running = undefined
      })
      return this.#running
    }
    // The run under way may have looked already: one more follows it, however often it is asked for.
    this.#again ??= this.#running.then(() => {
      this.#again = undefined
      return this.run()
    })
    return this.#again
  }

  /** No more runs; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  async #once(): Promise<void> {
    clearTimeout(this.#timer)
    try {
      await this.#options.work()
    } catch (error) {
      this.#options.onError(error)
    }
    if (this.#stopped) return
    this.#timer = setTimeout(() => void this.run(), this.#options.intervalMs)
    this.#timer.unref()
  }
}
