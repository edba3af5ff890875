/** Class of a type id beyond every table: it denotes nothing, so it is the same entity as nothing. */
export const dangling = 0xffff_ffff
/** Class of an anonymous type that reaches itself through anonymous types alone: compared pair by pair instead. */
export const cyclic = 0xffff_fffe
/** Class of void. */
export const voidClass = 0

/**
 * Gives equal numbers to equal things, so that what is the same is found by comparing numbers. A table on top of another
 * sees all that is below and keeps what is new to itself: what one module brings does not outlive it.
 */
export class Interner {
  private readonly below: Interner | null
  private readonly texts = new Map<string, number>()
  private readonly numbers = new Map<number, number>()
  private readonly structures = new Map<string, number>()
  private nextText: number
  private nextClass: number

  constructor(below: Interner | null = null) {
    this.below = below
    this.nextText = below === null ? 1 : below.nextText
    this.nextClass = below === null ? voidClass + 1 : below.nextClass
  }

  /** The number of a name, from 1 on. */
  text(text: string): number {
    let found = this.below?.texts.get(text) ?? this.texts.get(text)
    if (found === undefined) {
      found = this.nextText++
      this.texts.set(text, found)
    }
    return found
  }

  /** The class of what is told by one number (below 2^53): a kind with a name, or a kind around another class. */
  byNumber(key: number): number {
    let found = this.below?.numbers.get(key) ?? this.numbers.get(key)
    if (found === undefined) {
      found = this.nextClass++
      this.numbers.set(key, found)
    }
    return found
  }

  /** The class of what takes a list of numbers to tell. */
  byStructure(key: string): number {
    let found = this.below?.structures.get(key) ?? this.structures.get(key)
    if (found === undefined) {
      found = this.nextClass++
      this.structures.set(key, found)
    }
    return found
  }
}
