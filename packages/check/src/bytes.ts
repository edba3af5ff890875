/** The end of the bytes, or a value out of bounds, where more was expected; the reader's owner gives it its own code. */
export class OutOfBytes extends Error {
  override readonly name = 'OutOfBytes'
}

/** Reads little-endian fields one after the other and never beyond the end. */
export class FieldReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    if (length > this.left) throw new OutOfBytes()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  u8(): number {
    return this.take(1)[0]!
  }

  u32(): number {
    this.take(4)
    return this.#view.getUint32(this.#at - 4, true)
  }

  /** A number of up to 53 bits in two words, low word first. */
  u53(): number {
    const low = this.u32()
    const high = this.u32()
    if (high > 0x1fffff) throw new OutOfBytes()
    return high * 0x100000000 + low
  }

  /** An unsigned number of up to 53 bits, 7 bits a byte, lowest first (LEB128). */
  varint(): number {
    let value = 0
    let scale = 1
    for (let length = 0; length < 8; length++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw new OutOfBytes()
        return value
      }
      scale *= 128
    }
    throw new OutOfBytes()
  }
}

/** Collects little-endian fields into bytes that grow as needed. */
export class FieldWriter {
  #bytes = new Uint8Array(1024)
  #length = 0

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  #room(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    return at
  }

  put(bytes: Uint8Array): void {
    const at = this.#room(bytes.length)
    this.#bytes.set(bytes, at)
  }

  u8(value: number): void {
    const at = this.#room(1)
    this.#bytes[at] = value
  }

  u32(value: number): void {
    const at = this.#room(4)
    new DataView(this.#bytes.buffer).setUint32(at, value, true)
  }

  /** A number of up to 53 bits in two words, low word first. */
  u53(value: number): void {
    this.u32(value % 0x100000000)
    this.u32(Math.floor(value / 0x100000000))
  }

  /** An unsigned number of up to 53 bits, 7 bits a byte, lowest first (LEB128). */
  varint(value: number): void {
    let left = value
    while (left >= 0x80) {
      this.u8((left % 0x80) | 0x80)
      left = Math.floor(left / 0x80)
    }
    this.u8(left)
  }

  /** What was written, as a view. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}
