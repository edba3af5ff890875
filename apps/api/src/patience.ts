import type { News } from './types.js'

/** Shortest time between two looks, in milliseconds: news may come in swarms. */
const leastMs = 100

/** Waits for what others bring about: looks again after news, and from time to time anyhow. */
export class Patience {
  readonly #everyMs: number
  readonly #waiting = new Set<() => void>()
  readonly #ignore: (() => void) | undefined
  #size = 0
  #heard = 0
  #closed = false

  constructor({ everyMs, news }: { everyMs: number; news: News | undefined }) {
    this.#everyMs = everyMs
    this.#ignore = news?.(() => {
      this.#heard++
      this.#wake()
    })
  }

  /** How many wait. */
  get size(): number {
    return this.#size
  }

  /** What `look` gives that is not null; null once `ms` milliseconds have passed, nobody wants it any more, or the service ends. */
  async until<T>(look: () => Promise<T | null>, ms: number, unwanted: AbortSignal): Promise<T | null> {
    const end = Date.now() + ms
    this.#size++
    try {
      for (;;) {
        const started = Date.now()
        const heard = this.#heard
        const found = await look()
        if (found !== null) return found
        const left = end - Date.now()
        if (left <= 0 || unwanted.aborted || this.#closed) return null
        // Looks that take long are made less often.
        const pause = Math.max(this.#everyMs, 2 * (Date.now() - started))
        await this.#pause(Math.min(leastMs, left), unwanted, false)
        // What was heard since may not be in what was seen.
        if (heard === this.#heard)
          await this.#pause(Math.min(pause, Math.max(0, left - leastMs)), unwanted, true)
      }
    } finally {
      this.#size--
    }
  }

  /** Ends every wait. */
  close(): void {
    this.#closed = true
    this.#ignore?.()
    this.#wake()
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Waits, until news where `forNews`; at once where the service ends or nobody wants it. */
  #pause(ms: number, unwanted: AbortSignal, forNews: boolean): Promise<void> {
    if (unwanted.aborted || this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        unwanted.removeEventListener('abort', done)
        resolve()
      }
      const wake = () => {
        if (forNews || this.#closed) done()
      }
      const timer = setTimeout(done, ms)
      this.#waiting.add(wake)
      unwanted.addEventListener('abort', done, { once: true })
    })
  }
}
