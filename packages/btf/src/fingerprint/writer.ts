import type { Btf } from '../btf.js'
import { BtfError } from '../errors.js'

/** The SHA-256 of some bytes, as 32 bytes. The engine has none of its own. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** Bytes of a SHA-256. */
export const digestBytes = 32

/**
 * Bytes that all records of one blob may be written as. A kernel's have some 10 MB; only a blob made for it names one long
 * string again and again.
 */
const mostBytes = 128 * 2 ** 20

/** What stands for the length of a name whose string offset is beyond every table. */
const noName = 0xffffffff

/** Writes the bytes that are hashed (docs/fingerprints.md): 32-bit numbers little endian, names with their length. */
export class DigestWriter {
  private bytes = new Uint8Array(4096)
  private at = 0
  private left = mostBytes

  /** What has been written since the last {@link reset}; valid until the next write. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.at)
  }

  reset(): this {
    this.at = 0
    return this
  }

  u8(value: number): void {
    this.reserve(1)
    this.bytes[this.at++] = value
  }

  u32(value: number): void {
    this.reserve(4)
    const { bytes, at } = this
    bytes[at] = value
    bytes[at + 1] = value >>> 8
    bytes[at + 2] = value >>> 16
    bytes[at + 3] = value >>> 24
    this.at = at + 4
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.at)
    this.at += bytes.length
  }

  /** A text whose characters are all below 256, as it is. */
  text(text: string): void {
    this.reserve(text.length)
    for (let at = 0; at < text.length; at++) this.bytes[this.at++] = text.charCodeAt(at)
  }

  /** The name at a string offset: its length, then its bytes. */
  name(btf: Btf, offset: number): void {
    const { strings } = btf
    if (offset !== 0 && offset >= strings.length) {
      this.u32(noName)
      return
    }
    let end = offset
    // 0 stands for no name, even where there are no strings.
    while (offset !== 0 && end < strings.length && strings[end] !== 0) end++
    const length = end - offset
    this.u32(length)
    this.reserve(length)
    const { bytes, at } = this
    for (let index = 0; index < length; index++) bytes[at + index] = strings[offset + index]!
    this.at = at + length
  }

  private reserve(count: number): void {
    this.left -= count
    if (this.left < 0) {
      throw new BtfError(
        'btf-repetition',
        `Names and circles of types repeat to more than ${mostBytes} bytes.`,
      )
    }
    if (this.at + count <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.at + count))
    grown.set(this.bytes.subarray(0, this.at))
    this.bytes = grown
  }
}

/** Lower-case hex. */
export function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}
