import { ArtifactError } from '../../bytes/errors.js'

/** A frame of zstd as its headers describe it (RFC 8878, §3.1.1). */
export interface ZstdFrame {
  readonly start: number
  readonly end: number
  /** Where its first block starts, and its window in bytes; 0 for a skippable frame. */
  readonly blocks: number
  readonly window: number
  /** True for a skippable frame, which holds no content (§3.1.2). */
  readonly skippable: boolean
  /** Decompressed bytes: as the header says, else null. */
  readonly contentSize: number | null
  /** Decompressed bytes that its blocks cannot exceed. */
  readonly sizeBound: number
}

function corrupt(at: number, detail: string): ArtifactError {
  return new ArtifactError('compression-corrupt', String(at), detail)
}

/** Length of a frame's header, its window and its content's size. */
export interface ZstdHeader {
  readonly length: number
  readonly window: number
  readonly contentSize: number | null
  readonly checksum: boolean
}

/** Reads a frame header; null when more bytes are needed (18 always suffice). Throws `compression-corrupt`, `-unsupported`. */
export function zstdHeader(bytes: Uint8Array, at: number): ZstdHeader | null {
  const descriptor = bytes[at + 4]
  if (descriptor === undefined) return null
  if ((descriptor & 8) !== 0) throw corrupt(at + 4, 'A reserved bit of a zstd frame is set')
  const single = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!
  const flag = descriptor >> 6
  const sizeBytes = flag === 0 ? (single ? 1 : 0) : 1 << flag
  const length = 5 + (single ? 0 : 1) + dictionaryBytes + sizeBytes
  if (at + length > bytes.length) return null
  const sizeAt = at + length - sizeBytes
  for (let i = 0; i < dictionaryBytes; i++) {
    if (bytes[sizeAt - 1 - i] !== 0) {
      throw new ArtifactError('compression-unsupported', String(at), 'A zstd frame needs a dictionary')
    }
  }
  let contentSize: number | null = null
  if (sizeBytes > 0) {
    contentSize = flag === 1 ? 256 : 0
    for (let i = 0; i < sizeBytes; i++) contentSize += bytes[sizeAt + i]! * 256 ** i
  }
  let window = contentSize ?? 0
  if (!single) {
    const exponent = bytes[at + 5]! >> 3
    window = 2 ** (10 + exponent) * (1 + (bytes[at + 5]! & 7) / 8)
  }
  return { length, window, contentSize, checksum: (descriptor & 4) !== 0 }
}

/** Throws `limit-exceeded` when a frame's window is larger than a decoder here takes. */
export function checkWindow(header: ZstdHeader, at: number, windowBytes: number): void {
  if (header.window > windowBytes) {
    throw new ArtifactError(
      'limit-exceeded',
      String(at),
      `A zstd frame has a window of ${header.window} bytes`,
    )
  }
}

/** True where a zstd frame starts; a skippable one counts. */
export function isZstdFrame(bytes: Uint8Array, at: number): boolean {
  const rest = bytes[at + 1] === 0xb5 && bytes[at + 2] === 0x2f && bytes[at + 3] === 0xfd
  return (bytes[at] === 0x28 && rest) || isSkippable(bytes, at)
}

/** True where a skippable frame starts. */
export function isSkippable(bytes: Uint8Array, at: number): boolean {
  return (
    (bytes[at]! & 0xf0) === 0x50 && bytes[at + 1] === 0x2a && bytes[at + 2] === 0x4d && bytes[at + 3] === 0x18
  )
}

/** A block's header of three bytes (§3.1.1.2): its content's length, what that can decompress to, and whether it is the last. */
export function zstdBlock(bytes: Uint8Array, at: number): { length: number; bound: number; last: boolean } {
  const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
  const type = (header >> 1) & 3
  const size = header >> 3
  if (type === 3) throw corrupt(at, 'A zstd block has a reserved type')
  if (size > 1 << 17) throw corrupt(at, 'A zstd block is larger than blocks may be')
  return { length: type === 1 ? 1 : size, bound: type === 2 ? 1 << 17 : size, last: (header & 1) === 1 }
}

/**
 * Walks the frames of a whole zstd file by their headers, without decoding. Throws `compression-corrupt` where a frame is
 * cut or something else follows the last one, and `limit-exceeded` for a window above `windowBytes`.
 */
export function zstdFrames(bytes: Uint8Array, windowBytes: number): ZstdFrame[] {
  const frames: ZstdFrame[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at
    if (!isZstdFrame(bytes, at)) throw corrupt(at, 'Something that is not zstd follows')
    if (isSkippable(bytes, at)) {
      if (at + 8 > bytes.length) throw corrupt(at, 'A zstd frame is cut')
      at += 8 + new DataView(bytes.buffer, bytes.byteOffset + at + 4, 4).getUint32(0, true)
      if (at > bytes.length) throw corrupt(start, 'A zstd frame is cut')
      frames.push({ start, end: at, skippable: true, blocks: 0, window: 0, contentSize: 0, sizeBound: 0 })
      continue
    }
    const header = zstdHeader(bytes, at)
    if (header === null) throw corrupt(at, 'A zstd frame is cut')
    checkWindow(header, at, windowBytes)
    at += header.length
    const blocks = at
    let sizeBound = 0
    for (let last = false; !last; ) {
      if (at + 3 > bytes.length) throw corrupt(at, 'A zstd frame is cut')
      const block = zstdBlock(bytes, at)
      at += 3 + block.length
      sizeBound += block.bound
      last = block.last
    }
    if (header.checksum) at += 4
    if (at > bytes.length) throw corrupt(start, 'A zstd frame is cut')
    const { window, contentSize } = header
    frames.push({ start, end: at, skippable: false, blocks, window, contentSize, sizeBound })
  }
  return frames
}
