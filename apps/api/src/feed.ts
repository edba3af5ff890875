import { type BuildEvent, isFinal } from '@basedrift/contract'
import type { Ledger } from '@basedrift/ledger'
import { progressView } from './views/build.js'

/** Gets news of one build; `null` is the end. */
export type Listener = (event: BuildEvent | null) => void

/** Where builds are, for those who watch them: however many watch one build, the ledger is asked once. */
export class BuildFeed {
  readonly #ledger: Pick<Ledger, 'builds'>
  readonly #everyMs: number
  readonly #watched = new Map<string, { listeners: Set<Listener>; last: string; timer: NodeJS.Timeout }>()
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
    const entry = this.#watched.get(id) ?? {
      listeners: new Set<Listener>(),
      last: '',
      timer: setTimeout(() => void this.#round(id), this.#everyMs).unref(),
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

  /** Ends every watch. */
  close(): void {
    for (const { listeners } of [...this.#watched.values()]) {
      for (const listener of [...listeners]) listener(null)
    }
  }

  async #round(id: string): Promise<void> {
    // A ledger that does not answer for a moment is no news.
    const event = await this.look(id).catch(() => undefined)
    const entry = this.#watched.get(id)
    if (entry === undefined) return
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
    if (this.#watched.get(id) === entry)
      entry.timer = setTimeout(() => void this.#round(id), this.#everyMs).unref()
  }
}
