/**
 * Memory for the large pieces that a decoder works with, used again once their reader has done with them: fresh memory is
 * cleared by the system page by page, and makes V8 collect garbage early.
 */
export class SpareMemory {
  readonly #maxBytes: number
  readonly #lent = new WeakSet<ArrayBufferLike>()
  readonly #free: Buffer[] = []
  #freeBytes = 0

  /** Keeps at most `maxBytes` bytes that are not in use. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** At least `count` bytes, whatever is in them. */
  take(count: number): Buffer {
    let buffer: Buffer | undefined
    // What is too small for this one will be for the next: the pieces of one stream are much of one size.
    do {
      buffer = this.#free.pop()
      this.#freeBytes -= buffer?.length ?? 0
    } while (buffer !== undefined && buffer.length < count)
    buffer ??= Buffer.allocUnsafeSlow(count)
    this.#lent.add(buffer.buffer)
    return buffer
  }

  /** Takes back the memory of `bytes` if it came from here; nobody may read it any more. */
  give(bytes: Uint8Array): void {
    const { buffer } = bytes
    if (!this.#lent.delete(buffer) || this.#freeBytes + buffer.byteLength > this.#maxBytes) return
    this.#free.push(Buffer.from(buffer))
    this.#freeBytes += buffer.byteLength
  }
}
