/** The order of the names of one string section by their bytes. */
export class NameOrder {
  private readonly strings: Uint8Array
  /** By offset of a string's start: 1 + the place of its text among the distinct ones; 0 elsewhere. Made when first needed. */
  private ranks: Uint32Array | null = null
  /** By rank: an offset of that text. */
  private offsets: Uint32Array = new Uint32Array(0)

  constructor(strings: Uint8Array) {
    this.strings = strings
  }

  /** One offset for each distinct text at the given offsets (which lie within the strings), in the order of the texts. */
  distinct(given: readonly number[]): Iterable<number> & { readonly length: number } {
    const ranks = this.ranked()
    const places = new Uint32Array(given.length)
    for (const [index, offset] of given.entries()) {
      const rank = ranks[offset]!
      // In the middle of a string: no tool that compacts its strings writes that.
      if (rank === 0) return this.unique(Uint32Array.from(given).sort((a, b) => this.compare(a, b)))
      places[index] = rank - 1
    }
    places.sort()
    const distinct: number[] = []
    for (const [index, place] of places.entries()) {
      if (index === 0 || place !== places[index - 1]) distinct.push(this.offsets[place]!)
    }
    return distinct
  }

  private ranked(): Uint32Array {
    if (this.ranks !== null) return this.ranks
    const { strings } = this
    const starts: number[] = []
    for (let at = 0; at < strings.length; at++) if (at === 0 || strings[at - 1] === 0) starts.push(at)
    const sorted = Uint32Array.from(starts).sort((a, b) => this.compare(a, b))
    this.offsets = this.unique(sorted)
    const ranks = new Uint32Array(strings.length)
    let rank = 0
    for (const [place, offset] of sorted.entries()) {
      if (place === 0 || this.compare(sorted[place - 1]!, offset) !== 0) rank++
      ranks[offset] = rank
    }
    this.ranks = ranks
    return ranks
  }

  private unique(sorted: Uint32Array): Uint32Array {
    return sorted.filter((offset, place) => place === 0 || this.compare(sorted[place - 1]!, offset) !== 0)
  }

  /** Compares two texts as bytes; one that is the other's start comes first. */
  private compare(a: number, b: number): number {
    const { strings } = this
    if (a === b) return 0
    for (let index = 0; ; index++) {
      const left = strings[a + index] ?? 0
      const right = strings[b + index] ?? 0
      if (left !== right) return left - right
      if (left === 0) return 0
    }
  }
}
