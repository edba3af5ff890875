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

  /** Takes a place of the token. What it gives gives the place back, once however often it is called. */
  take(token: string | null): () => void {
    const key = token ?? ''
    this.#all++
    this.#byToken.set(key, this.of(token) + 1)
    let taken = true
    return () => {
      if (!taken) return
      taken = false
      this.#all--
      const left = this.of(token) - 1
      if (left > 0) this.#byToken.set(key, left)
      else this.#byToken.delete(key)
    }
  }

  /** Runs what takes a place of the token, and gives the place back however that ends. */
  async during<T>(token: string | null, work: () => Promise<T>): Promise<T> {
    const giveBack = this.take(token)
    try {
      return await work()
    } finally {
      giveBack()
    }
  }
}
