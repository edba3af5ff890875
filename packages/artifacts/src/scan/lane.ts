import type { ArtifactFacts } from '../bytes/types.js'
import type { Limits } from '../limits.js'

/** Facts in the order in which their files were met, while some of the files are still being decompressed. */
export class Lane {
  readonly #limits: Limits
  readonly #waiting: { facts: Promise<ArtifactFacts[]>; bytes: number }[] = []
  #bytes = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** True when nothing waits. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Adds the facts of a file of `bytes` bytes, and hands on the first ones until what waits is within the limits. */
  async *put(
    facts: ArtifactFacts[] | Promise<ArtifactFacts[]>,
    bytes: number,
  ): AsyncGenerator<ArtifactFacts> {
    const task = Promise.resolve(facts)
    // A rejection is seen when its turn comes.
    task.catch(() => {})
    this.#waiting.push({ facts: task, bytes: Array.isArray(facts) ? 0 : bytes })
    this.#bytes += this.#waiting.at(-1)!.bytes
    while (
      this.#waiting.length > this.#limits.concurrentModules ||
      this.#bytes > this.#limits.concurrentBytes
    ) {
      yield* await this.#next()
    }
  }

  /** Hands on all that waits. */
  async *empty(): AsyncGenerator<ArtifactFacts> {
    while (this.#waiting.length > 0) yield* await this.#next()
  }

  #next(): Promise<ArtifactFacts[]> {
    const { facts, bytes } = this.#waiting.shift()!
    this.#bytes -= bytes
    return facts
  }
}
