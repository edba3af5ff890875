import { ArtifactError } from '../bytes/errors.js'

const none = new Uint8Array(0)

/**
 * Reads a stream of bytes forwards: fixed fields, whole members, or a part of it as a stream of its own. It holds what
 * was asked for and not yet taken, and no more than one chunk beside. Its source is closed by `close()`.
 */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #chunks: Uint8Array[] = []
  #first = 0
  #at = 0
  #buffered = 0
  #offset = 0
  #ended = false
  #failure: { error: unknown } | null = null

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
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
    if (head.length - this.#at >= wanted) return head.subarray(this.#at, this.#at + wanted)
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
      const part = await this.some(target.length - filled)
      if (part === null) throw this.truncated(what)
      target.set(part, filled)
      filled += part.length
    }
  }

  /** Takes between 1 and `atMost` bytes, as they come; null at the end of the source. */
  async some(atMost: number): Promise<Uint8Array | null> {
    if (this.#buffered === 0 && !(await this.fill(1))) return null
    const head = this.#chunks[this.#first]!
    const part = head.subarray(this.#at, Math.min(head.length, this.#at + atMost))
    this.#drop(part.length)
    return part
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

  #drop(count: number): void {
    this.#buffered -= count
    this.#offset += count
    let left = count
    while (left > 0) {
      const rest = this.#chunks[this.#first]!.length - this.#at
      if (left < rest) {
        this.#at += left
        return
      }
      left -= rest
      this.#chunks[this.#first++] = none
      this.#at = 0
    }
    if (this.#first > 0 && this.#first === this.#chunks.length) {
      this.#chunks.length = 0
      this.#first = 0
    }
  }
}
