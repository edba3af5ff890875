import { viewOf } from './binary.js'
import { ArtifactError } from './errors.js'
import { corruptData, type PushDecoder, type Step } from './push-decoder.js'

/** Magics of the two LZ4 containers, as little-endian words. */
const legacyMagic = 0x184c2102
const frameMagic = 0x184d2204

/** A block of the legacy format decompresses to at most 8 MiB (`lib/decompress_unlz4.c`: LZ4_DEFAULT_UNCOMPRESSED_CHUNK_SIZE). */
const legacyBlock = 8 << 20

/** Bytes that are decompressed into, grown as needed up to a limit. */
class Output {
  bytes: Uint8Array
  length = 0
  readonly #limit: number

  constructor(hint: number, limit: number) {
    this.#limit = limit
    // Room for one block more than expected: blocks reserve what they may need, and growing would copy everything.
    this.bytes = new Uint8Array(Math.min(hint > 0 ? hint + legacyBlock : 0, limit))
  }

  /** Makes room for `more` bytes, or for as many as the limit leaves. */
  reserve(more: number): void {
    const need = Math.min(this.length + more, this.#limit)
    if (need <= this.bytes.length) return
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(need, this.bytes.length * 2)))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    if (this.length + bytes.length > this.bytes.length) this.full()
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  full(): never {
    throw new ArtifactError('limit-exceeded', 'LZ4', `It decompresses to more than ${this.#limit} bytes`)
  }

  /** Throws for a block that does not fit: what is too long is the block, or the whole. */
  overflow(at: number, limit: number): never {
    if (limit < this.bytes.length || limit < this.#limit)
      throw corrupt(at, 'A block decompresses to more than its format allows')
    this.full()
  }

  done(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}

function corrupt(at: number, what: string): ArtifactError {
  return new ArtifactError('compression-corrupt', `byte ${at}`, what)
}

/**
 * Decompresses one LZ4 block, `input[start, end)`, behind what `output` holds. A match may reach back to `window` (an
 * offset in the output). `room` bounds the block's decompressed size. Runs in time linear in its output.
 */
function block(
  input: Uint8Array,
  start: number,
  end: number,
  output: Output,
  window: number,
  room: number,
): void {
  // A byte of LZ4 yields at most 255 bytes, so a small block never reserves its whole room.
  output.reserve(Math.min(room, (end - start) * 255))
  const out = output.bytes
  const limit = Math.min(out.length, output.length + room)
  let to = output.length
  let at = start
  for (;;) {
    if (at >= end) throw corrupt(at, 'A block ends without a sequence')
    const token = input[at++]!
    let literals = token >>> 4
    if (literals === 15) {
      let byte: number
      do {
        if (at >= end) throw corrupt(at, 'A length is cut off')
        byte = input[at++]!
        literals += byte
      } while (byte === 255)
    }
    if (literals > end - at) throw corrupt(at, 'Literals reach beyond the block')
    if (literals > limit - to) output.overflow(at, limit)
    if (literals < 24) for (const stop = to + literals; to < stop; ) out[to++] = input[at++]!
    else {
      out.set(input.subarray(at, at + literals), to)
      to += literals
      at += literals
    }
    // The last sequence is literals only.
    if (at === end) break
    if (at + 2 > end) throw corrupt(at, 'An offset is cut off')
    const offset = input[at]! | (input[at + 1]! << 8)
    at += 2
    if (offset === 0 || offset > to - window) throw corrupt(at - 2, 'A match reaches before the output')
    let length = (token & 15) + 4
    if (length === 19) {
      let byte: number
      do {
        if (at >= end) throw corrupt(at, 'A length is cut off')
        byte = input[at++]!
        length += byte
      } while (byte === 255)
    }
    if (length > limit - to) output.overflow(at, limit)
    let from = to - offset
    // Overlapping matches repeat what they have just written, so they are copied byte by byte.
    if (length > 32 && offset >= length) {
      out.copyWithin(to, from, from + length)
      to += length
    } else for (const stop = to + length; to < stop; ) out[to++] = out[from++]!
  }
  output.length = to
}

/**
 * Decompresses LZ4's legacy format, which the kernel's build uses (`lz4 -l`): the magic, then blocks of a 32-bit size and
 * their data, each on its own. `sizeHint` is the expected size in bytes (0 if not known), `maxSize` the limit. Throws
 * `compression-corrupt`, `compression-unsupported` or `limit-exceeded`.
 */
export function decodeLz4Legacy(bytes: Uint8Array, sizeHint: number, maxSize: number): Uint8Array {
  const view = viewOf(bytes)
  if (bytes.length < 4 || view.getUint32(0, true) !== legacyMagic)
    throw new ArtifactError('compression-unsupported', 'byte 0', 'The LZ4 legacy magic is missing')
  const output = new Output(Math.min(sizeHint, bytes.length * 255), maxSize)
  let at = 4
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw corrupt(at, 'A block size is cut off')
    const size = view.getUint32(at, true)
    at += 4
    // Frames may follow each other.
    if (size === legacyMagic) continue
    if (size === 0 || size > bytes.length - at) throw corrupt(at - 4, `A block of ${size} bytes is cut off`)
    block(bytes, at, at + size, output, output.length, legacyBlock)
    at += size
  }
  return output.done()
}

/** Bytes that a block of 8 MiB may be compressed to (`lz4_compressbound`). */
const legacyInput = legacyBlock + Math.floor(legacyBlock / 255) + 16

/**
 * Decodes a stream in LZ4's legacy format, a block at a time, as initramfs images have it. It has no end mark: it ends with its
 * input, or where zeros follow (`lib/decompress_unlz4.c`, from 5.9). Errors as in `PushDecoder`; frames are
 * `compression-unsupported`, since no kernel reads them.
 */
export class Lz4LegacyDecoder implements PushDecoder {
  #started = false
  #wants = 4

  get wants(): number {
    return this.#wants
  }

  step(input: Uint8Array, last: boolean): Step {
    if (input.length === 0 && this.#started) return { consumed: 0, output: null, ended: true }
    if (input.length < 4) throw corruptData('A block size is cut off')
    const size = viewOf(input).getUint32(0, true)
    if (!this.#started && size !== legacyMagic)
      throw new ArtifactError('compression-unsupported', null, 'LZ4 as a stream, but in frames')
    this.#started = true
    if (size === legacyMagic) return { consumed: 4, output: null, ended: false }
    if (size === 0) return { consumed: 0, output: null, ended: true }
    if (size > legacyInput) throw corruptData(`A block of ${size} bytes is larger than its format allows`)
    if (input.length < 4 + size) {
      if (last) throw corruptData(`A block of ${size} bytes is cut off`)
      this.#wants = 4 + size
      return { consumed: 0, output: null, ended: false }
    }
    this.#wants = 4
    const output = new Output(0, legacyBlock)
    block(input, 4, 4 + size, output, 0, legacyBlock)
    return { consumed: 4 + size, output: output.done(), ended: false }
  }
}

/**
 * Decompresses LZ4 frames (`lz4`, magic 0x184D2204) without a dictionary, linked blocks or not. The checksums are not
 * compared. Parameters and errors as in `decodeLz4Legacy`.
 */
export function decodeLz4Frames(bytes: Uint8Array, sizeHint: number, maxSize: number): Uint8Array {
  const view = viewOf(bytes)
  const output = new Output(Math.min(sizeHint, bytes.length * 255), maxSize)
  let at = 0
  do {
    if (at + 7 > bytes.length) throw corrupt(at, 'A frame header is cut off')
    if (view.getUint32(at, true) !== frameMagic)
      throw new ArtifactError('compression-unsupported', `byte ${at}`, 'The LZ4 frame magic is missing')
    at = frame(bytes, view, at, output)
  } while (at < bytes.length)
  return output.done()
}

/** Decompresses the frame at `start` and returns the offset behind it. */
function frame(bytes: Uint8Array, view: DataView, start: number, output: Output): number {
  const flags = bytes[start + 4]!
  if (flags >>> 6 !== 1)
    throw new ArtifactError('compression-unsupported', `byte ${start + 4}`, 'LZ4 frame version')
  if ((flags & 1) !== 0)
    throw new ArtifactError('compression-unsupported', `byte ${start + 4}`, 'LZ4 with a dictionary')
  const independent = (flags & 0x20) !== 0
  const blockChecksum = (flags & 0x10) !== 0 ? 4 : 0
  const maxBlock = 1 << (8 + 2 * ((bytes[start + 5]! >>> 4) & 7))
  let at = start + 7 + ((flags & 8) !== 0 ? 8 : 0)
  const frameStart = output.length
  for (;;) {
    if (at + 4 > bytes.length) throw corrupt(at, 'A block size is cut off')
    const word = view.getUint32(at, true)
    at += 4
    if (word === 0) break
    const size = word & 0x7fffffff
    if (size > maxBlock || size > bytes.length - at)
      throw corrupt(at - 4, `A block of ${size} bytes is cut off`)
    if (word >= 0x80000000) output.append(bytes.subarray(at, at + size))
    else block(bytes, at, at + size, output, independent ? output.length : frameStart, maxBlock)
    at += size + blockChecksum
  }
  at += (flags & 4) !== 0 ? 4 : 0
  if (at > bytes.length) throw corrupt(bytes.length, 'A checksum is cut off')
  return at
}

/** Decompresses either LZ4 container, by its magic. Parameters and errors as in `decodeLz4Legacy`. */
export function decodeLz4(bytes: Uint8Array, sizeHint: number, maxSize: number): Uint8Array {
  const isFrame = bytes.length >= 4 && viewOf(bytes).getUint32(0, true) === frameMagic
  return isFrame ? decodeLz4Frames(bytes, sizeHint, maxSize) : decodeLz4Legacy(bytes, sizeHint, maxSize)
}
