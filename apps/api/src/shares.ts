/** Counts what is under way at the same time, of all and of each token, so that one of these takes no more than its share. */
export class Shares {
  readonly #byToken = new Map<string, number>()
  #all = 0

  /** How many are under way. */
  get size(): number {
    return this.#all
  }

  /** How many of one token are; those without one count together. */
  of(token: string | null): number {
    return this.#byToken.get(token ?? '') ?? 0
  }

  /** Runs what takes a place of the token, and gives the place back however that ends. */
  async during<T>(token: string | null, work: () => Promise<T>): Promise<T> {
    const key = token ?? ''
    this.#all++
    this.#byToken.set(key, this.of(token) + 1)
    try {
      return await work()
    } finally {
      this.#all--
      const left = this.of(token) - 1
      if (left > 0) this.#byToken.set(key, left)
      else this.#byToken.delete(key)
    }
  }
}
