import { ArtifactError } from '../bytes/errors.js'

const none = new Uint8Array(0)

/**
 * A stream of bytes. Where it has `spent`, it wants its chunks back, to fill them anew: each is handed to it once nothing of it
 * is read any more.
 */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  readonly spent?: (chunk: Uint8Array) => void
}

/**
 * Reads a stream of bytes forwards: fixed fields, whole members, or a part of it as a stream of its own. It holds what
 * was asked for and not yet taken, and no more than one chunk beside. Its source is closed by `close()`. Of a source that
 * wants its chunks back it gives copies, but for what is lent.
 */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #spent: ((chunk: Uint8Array) => void) | undefined
  #chunks: Uint8Array[] = []
  #first = 0
  #at = 0
  #buffered = 0
  #offset = 0
  #ended = false
  #failure: { error: unknown } | null = null

  constructor(source: ByteStream) {
    this.#source = source[Symbol.asyncIterator]()
    this.#spent = source.spent
  }

  /** Bytes taken so far: the place of the next one. */
  get offset(): number {
    return this.#offset
  }

  /** Bytes that can be taken without waiting. */
  get buffered(): number {
    return this.#buffered
  }

  /** Waits until `count` bytes can be taken, or the source ends; says which. A failure of the source is thrown, each time. */
  async fill(count: number): Promise<boolean> {
    while (this.#buffered < count && (await this.#pull())) {}
    return this.#buffered >= count
  }

  async #pull(): Promise<boolean> {
    if (this.#failure !== null) throw this.#failure.error
    if (this.#ended) return false
    try {
      const next = await this.#source.next()
      if (next.done === true) {
        this.#ended = true
        return false
      }
      if (next.value.length > 0) {
        this.#chunks.push(next.value)
        this.#buffered += next.value.length
      }
      return true
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }

  /** The next bytes without taking them: `count` of them or, at the end of what is buffered, fewer. */
  peek(count: number): Uint8Array {
    const wanted = Math.min(count, this.#buffered)
    const head = this.#chunks[this.#first]
    if (wanted === 0 || head === undefined) return none
    if (head.length - this.#at >= wanted) return this.#own(head.subarray(this.#at, this.#at + wanted))
    const copy = new Uint8Array(wanted)
    let filled = 0
    for (let i = this.#first, from = this.#at; filled < wanted; i++, from = 0) {
      const part = this.#chunks[i]!.subarray(from, from + wanted - filled)
      copy.set(part, filled)
      filled += part.length
    }
    return copy
  }

  /** Takes `count` bytes; the view may share memory with others. `what` names them in `archive-truncated` when the source ends before. */
  async take(count: number, what: string): Promise<Uint8Array> {
    if (this.#buffered < count && !(await this.fill(count))) throw this.truncated(what)
    const bytes = this.peek(count)
    this.#drop(count)
    return bytes
  }

  /** Fills `target` with the next bytes. */
  async takeInto(target: Uint8Array, what: string): Promise<void> {
    let filled = 0
    while (filled < target.length) {
      if (this.#buffered === 0 && !(await this.fill(1))) throw this.truncated(what)
      const part = this.#head(target.length - filled)
      target.set(part, filled)
      filled += part.length
      this.#drop(part.length)
    }
  }

  /**
   * Takes `count` bytes and lends them to `use`, which keeps nothing of them and does not wait: as they lie in the source's
   * chunk where they lie in one, else put together in what `memory` gives, which has that size.
   */
  async lend<T>(
    count: number,
    what: string,
    memory: () => Uint8Array,
    use: (bytes: Uint8Array) => T,
  ): Promise<T> {
    if (this.#buffered === 0) await this.fill(Math.min(1, count))
    if (this.#buffered > 0) {
      const bytes = this.#head(count)
      if (bytes.length === count) {
        try {
          return use(bytes)
        } finally {
          this.#drop(count)
        }
      }
    }
    const bytes = memory()
    await this.takeInto(bytes, what)
    return use(bytes)
  }

  /** Takes between 1 and `atMost` bytes, as they come; null at the end of the source. */
  async some(atMost: number): Promise<Uint8Array | null> {
    if (this.#buffered === 0 && !(await this.fill(1))) return null
    const part = this.#own(this.#head(atMost))
    this.#drop(part.length)
    return part
  }

  /** Puts bytes back that were taken last, or that are to be read before what comes. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const rest = this.#chunks.slice(this.#first)
    if (rest[0] !== undefined) rest[0] = rest[0].subarray(this.#at)
    this.#chunks = [bytes, ...rest]
    this.#first = 0
    this.#at = 0
    this.#buffered += bytes.length
    this.#offset -= bytes.length
  }

  /** Passes over zeros; false where the source ends with them. */
  async skipZeros(): Promise<boolean> {
    while (await this.fill(1)) {
      const held = this.peek(Math.min(this.#buffered, 1 << 16))
      const end = held.findIndex((byte) => byte !== 0)
      this.#drop(end < 0 ? held.length : end)
      if (end >= 0) return true
    }
    return false
  }

  /** Passes over `count` bytes without keeping them. */
  async skip(count: number, what: string): Promise<void> {
    let left = count
    while (left > 0) {
      if (this.#buffered === 0 && !(await this.fill(1))) throw this.truncated(what)
      const dropped = Math.min(left, this.#buffered)
      this.#drop(dropped)
      left -= dropped
    }
  }

  /** Reads to the end, keeping nothing. */
  async drain(): Promise<void> {
    do this.#drop(this.#buffered)
    while (await this.fill(1))
  }

  /** What is left, as a stream. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (let part = await this.some(Infinity); part !== null; part = await this.some(Infinity)) yield part
  }

  /** Lets go of the source, so that files are closed and children end. */
  async close(): Promise<void> {
    this.#chunks = []
    this.#buffered = 0
    await this.#source.return?.()
  }

  /** The error that says that the source ended within `what`. */
  truncated(what: string): ArtifactError {
    return new ArtifactError(
      'archive-truncated',
      String(this.#offset + this.#buffered),
      `The content ends within ${what}`,
    )
  }

  /** What can be taken of the first chunk, `atMost` bytes of it. */
  #head(atMost: number): Uint8Array {
    const head = this.#chunks[this.#first]!
    return head.subarray(this.#at, Math.min(head.length, this.#at + atMost))
  }

  /** Bytes that outlive their chunk. */
  #own(bytes: Uint8Array): Uint8Array {
    return this.#spent === undefined ? bytes : new Uint8Array(bytes)
  }

  #drop(count: number): void {
    this.#buffered -= count
    this.#offset += count
    let left = count
    while (left > 0) {
      const head = this.#chunks[this.#first]!
      const rest = head.length - this.#at
      if (left < rest) {
        this.#at += left
        return
      }
      left -= rest
      this.#chunks[this.#first++] = none
      this.#at = 0
      this.#spent?.(head)
    }
    if (this.#first > 0 && this.#first === this.#chunks.length) {
      this.#chunks.length = 0
      this.#first = 0
    }
  }
}
