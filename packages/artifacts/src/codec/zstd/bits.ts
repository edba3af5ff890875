import { corrupt } from './fse.js'

/** Reads bits from the end of a stream to its start, as zstd's entropy streams are written (RFC 8878, §4.1). */
export class BackwardBits {
  readonly #bytes: Uint8Array
  readonly #from: number
  /** Bits that are left; below 0 once more was read than there is. */
  left: number

  /** The stream lies between `from` and `to`; the highest set bit of its last byte marks its end. */
  constructor(bytes: Uint8Array, from: number, to: number) {
    const last = to > from ? bytes[to - 1]! : 0
    if (last === 0) throw corrupt('A zstd bit stream has no end mark')
    this.#bytes = bytes
    this.#from = from
    this.left = (to - from) * 8 - Math.clz32(last) + 23
  }

  /** Reads `count` bits, up to 25; beyond the start there are zeros, and `left` tells. */
  read(count: number): number {
    this.left -= count
    const start = this.left
    if (start < 0) return this.#atStart(start, count)
    const at = this.#from + (start >> 3)
    const bytes = this.#bytes
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    return (word >>> (start & 7)) & ((1 << count) - 1)
  }

  /** Reads `count` bits, up to 31. */
  readLong(count: number): number {
    if (count <= 25) return this.read(count)
    const high = this.read(count - 16)
    return high * 65536 + this.read(16)
  }

  #atStart(start: number, count: number): number {
    const there = start + count
    if (there <= 0) return 0
    const bytes = this.#bytes
    const at = this.#from
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    return (word & ((1 << there) - 1)) << -start
  }
}
