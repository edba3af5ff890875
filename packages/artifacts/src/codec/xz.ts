import { ArtifactError } from '../bytes/errors.js'

/** Bytes that hold the header of a stream (12) and that of its first block (at most 1,024). */
export const xzHeadBytes = 1036

/** What an xz file says about itself before it is decoded (The .xz File Format, 1.1.0). */
export interface XzFacts {
  /** Decompressed bytes as its index says; null where the index cannot be read. A hint: nothing vouches for it. */
  readonly size: number | null
  /** Dictionary of its first block in bytes: what decoding takes, in the main. Null where the header cannot be read. */
  readonly dictionary: number | null
}

/** A variable-length integer (§1.2): up to nine bytes, seven bits each. Null when it is cut or beyond 2^53. */
function integer(bytes: Uint8Array, at: number): { value: number; next: number } | null {
  let value = 0
  for (let i = 0; i < 9; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return null
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return Number.isSafeInteger(value) ? { value, next: at + i + 1 } : null
  }
  return null
}

/** Dictionary of an LZMA2 filter from its property byte (§5.3.1). */
function dictionaryBytes(property: number): number {
  return property >= 40 ? 2 ** 32 - 1 : (2 | (property & 1)) * 2 ** (Math.floor(property / 2) + 11)
}

/** The dictionary that the first block's header asks for (§3.1). `head` is the start of the file, 1,036 bytes or all of it. */
export function xzDictionary(head: Uint8Array): number | null {
  const start = 12
  const flags = head[start + 1]
  if (flags === undefined || head[start] === 0) return null
  let at = start + 2
  for (const bit of [0x40, 0x80]) {
    if ((flags & bit) === 0) continue
    const size = integer(head, at)
    if (size === null) return null
    at = size.next
  }
  for (let i = 0; i <= (flags & 3); i++) {
    const id = integer(head, at)
    const length = id && integer(head, id.next)
    if (!id || !length) return null
    const property = head[length.next]
    if (id.value === 0x21)
      return length.value === 1 && property !== undefined ? dictionaryBytes(property) : null
    at = length.next + length.value
  }
  return null
}

/** Sum of the sizes in the index of the last stream (§4), found through the footer (§2.1.2). */
function indexedSize(bytes: Uint8Array): number | null {
  let end = bytes.length
  while (
    end >= 4 &&
    bytes[end - 1] === 0 &&
    bytes[end - 2] === 0 &&
    bytes[end - 3] === 0 &&
    bytes[end - 4] === 0
  )
    end -= 4
  if (end < 36 || bytes[end - 2] !== 0x59 || bytes[end - 1] !== 0x5a) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = end - 12 - (view.getUint32(end - 8, true) + 1) * 4
  if (start < 12 || bytes[start] !== 0) return null
  const index = bytes.subarray(0, end - 12)
  const records = integer(index, start + 1)
  if (records === null) return null
  let at = records.next
  let sum = 0
  for (let i = 0; i < records.value; i++) {
    const packed = integer(index, at)
    const size = packed && integer(index, packed.next)
    if (!packed || !size) return null
    sum += size.value
    at = size.next
  }
  return Number.isSafeInteger(sum) ? sum : null
}

/** Reads what a whole xz file says about itself. Never throws. */
export function xzFacts(bytes: Uint8Array): XzFacts {
  return { size: indexedSize(bytes), dictionary: xzDictionary(bytes) }
}

/** Throws `limit-exceeded` when a dictionary does not fit in the memory that decoding may take. */
export function checkDictionary(dictionary: number | null, memoryBytes: number): void {
  if (dictionary !== null && dictionary > memoryBytes) {
    throw new ArtifactError('limit-exceeded', null, `Its xz dictionary has ${dictionary} bytes`)
  }
}

/** A number as a variable-length integer (§1.2). */
export function encodeInteger(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return [...bytes, rest]
}

/** The sizes that the header of the block at `at` names (§3.1): of its data, and decompressed. Null when it does not name both. */
export function blockSizes(bytes: Uint8Array, at: number): { packed: number; size: number } | null {
  const flags = bytes[at + 1] ?? 0
  if (bytes[at] === 0 || (flags & 0xc0) !== 0xc0) return null
  const packed = integer(bytes, at + 2)
  const size = packed && integer(bytes, packed.next)
  return packed && size ? { packed: packed.value, size: size.value } : null
}
