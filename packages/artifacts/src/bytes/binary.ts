const decoder = new TextDecoder()

/** Text of `bytes[start, end)`: UTF-8 with replacement characters, never an error. */
export function text(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end))
}

/** Text from `start` up to a NUL, to `end`, or to `limit` bytes, whichever comes first. */
export function cString(bytes: Uint8Array, start: number, end: number, limit: number): string {
  const last = Math.min(end, start + limit, bytes.length)
  let stop = start
  while (stop < last && bytes[stop] !== 0) stop++
  return text(bytes, start, stop)
}

/** The bytes of an ASCII string. */
export function ascii(value: string): Uint8Array {
  return Uint8Array.from(value, (char) => char.charCodeAt(0))
}

/** True when `bytes` has `needle` at `at`. */
export function matchesAt(bytes: Uint8Array, at: number, needle: Uint8Array): boolean {
  if (at < 0 || at + needle.length > bytes.length) return false
  for (let i = 0; i < needle.length; i++) if (bytes[at + i] !== needle[i]) return false
  return true
}

/** Finds one byte sequence in many bytes, skipping as far as the byte under its end allows (Horspool's search). */
export class Finder {
  readonly #needle: Uint8Array
  readonly #skip = new Uint8Array(256)

  /** `needle` has 1 to 255 bytes. */
  constructor(needle: Uint8Array) {
    this.#needle = needle
    this.#skip.fill(needle.length)
    for (let i = 0; i < needle.length - 1; i++) this.#skip[needle[i]!] = needle.length - 1 - i
  }

  /** First position at or after `from` where the needle lies wholly before `end`; -1 when there is none. */
  find(bytes: Uint8Array, from: number, end = bytes.length): number {
    const needle = this.#needle
    const skip = this.#skip
    const last = needle.length - 1
    const tail = needle[last]!
    const stop = Math.min(end, bytes.length)
    let at = from + last
    while (at < stop) {
      const byte = bytes[at]!
      if (byte === tail && matchesAt(bytes, at - last, needle)) return at - last
      at += skip[byte]!
    }
    return -1
  }
}

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
