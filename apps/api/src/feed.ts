import { type BuildEvent, isFinal } from '@basedrift/contract'
import type { Ledger } from '@basedrift/ledger'
import { progressView } from './views/build.js'

/** Gets news of one build; `null` is the end. */
export type Listener = (event: BuildEvent | null) => void

/** A build that is watched: what was told of it last, and whether it is being looked at and to be looked at again. */
interface Watched {
  readonly listeners: Set<Listener>
  last: string
  timer: NodeJS.Timeout
  looking: boolean
  again: boolean
}

/** Where builds are, for those who watch them: however many watch one build, the ledger is asked once. */
export class BuildFeed {
  readonly #ledger: Pick<Ledger, 'builds'>
  readonly #everyMs: number
  readonly #watched = new Map<string, Watched>()
  #count = 0

  constructor(ledger: Pick<Ledger, 'builds'>, everyMs: number) {
    this.#ledger = ledger
    this.#everyMs = everyMs
  }

  /** How many watch. */
  get size(): number {
    return this.#count
  }

  /** Where a build is now; null where there is none. */
  async look(id: string): Promise<BuildEvent | null> {
    const build = await this.#ledger.builds.get(id)
    if (build === null) return null
    return { id, state: build.state, progress: progressView(await this.#ledger.builds.progress(id)) }
  }

  /** Tells `listener` of every change from now on. Gives what ends that. */
  watch(id: string, listener: Listener): () => void {
    const entry: Watched = this.#watched.get(id) ?? {
      listeners: new Set<Listener>(),
      last: '',
      timer: setTimeout(() => void this.#round(id), this.#everyMs).unref(),
      looking: false,
      again: false,
    }
    this.#watched.set(id, entry)
    entry.listeners.add(listener)
    this.#count++
    return () => {
      if (!entry.listeners.delete(listener)) return
      this.#count--
      if (entry.listeners.size > 0 || this.#watched.get(id) !== entry) return
      clearTimeout(entry.timer)
      this.#watched.delete(id)
    }
  }

  /** Looks at once at every build that is watched, since something may have changed. */
  hurry(): void {
    for (const [id, entry] of this.#watched) {
      // A look under way may have missed it: the next one follows at once.
      if (entry.looking) entry.again = true
      else void this.#round(id)
    }
  }

  /** Ends every watch. */
  close(): void {
    for (const { listeners } of [...this.#watched.values()]) {
      for (const listener of [...listeners]) listener(null)
    }
  }

  async #round(id: string): Promise<void> {
    const entry = this.#watched.get(id)
    if (entry === undefined) return
    clearTimeout(entry.timer)
    entry.looking = true
    entry.again = false
    // A ledger that does not answer for a moment is no news.
    const event = await this.look(id).catch(() => undefined)
    entry.looking = false
    if (event !== undefined) {
      const text = JSON.stringify(event)
      if (text !== entry.last) {
        entry.last = text
        for (const listener of [...entry.listeners]) {
          listener(event)
          if (event === null || isFinal(event.state)) listener(null)
        }
      }
    }
    if (this.#watched.get(id) !== entry) return
    if (entry.again) void this.#round(id)
    else entry.timer = setTimeout(() => void this.#round(id), this.#everyMs).unref()
  }
}
