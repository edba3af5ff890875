import { viewOf } from './binary.js'
import { ArtifactError } from './errors.js'
import { corruptData, type PushDecoder, type Step } from './push-decoder.js'

/** Flags of an lzop header (lzop 1.04, `conf.h`). */
const flags = {
  adlerOfData: 0x1,
  adlerOfBlock: 0x2,
  extraField: 0x40,
  crcOfData: 0x100,
  crcOfBlock: 0x200,
  multipart: 0x400,
  filter: 0x800,
  crcOfHeader: 0x1000,
} as const
/** Bytes of a header with the longest name, and of the magic before it. */
const headerBytes = 9 + 2 + 2 + 2 + 1 + 1 + 4 + 4 + 4 + 4 + 4 + 1 + 255 + 4
const magicBytes = 9
/** Content of a block (`lib/decompress_unlzo.c`: LZO_BLOCK_SIZE; lzop writes no other). */
const blockBytes = 256 << 10
/** Two sizes and up to four checksums before each block. */
const blockHead = 8 + 4 * 4

function cut() {
  return corruptData('The LZO data is cut')
}

/** Adler-32 (RFC 1950, §8.2). */
function adler32(bytes: Uint8Array): number {
  let a = 1
  let b = 0
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(at + 3800, bytes.length)
    for (; at < end; at++) {
      a += bytes[at]!
      b += a
    }
    a %= 65521
    b %= 65521
  }
  return ((b << 16) | a) >>> 0
}

/**
 * Decompresses one block of LZO1X into `out`, which has the size that the block decompresses to. An instruction's first byte
 * and the number of literals before it say what it is (Documentation/staging/lzo.rst; `lib/lzo/lzo1x_decompress_safe.c`).
 * Runs in time linear in its input and output. Throws `compression-corrupt`.
 */
export function decodeLzo1x(input: Uint8Array, out: Uint8Array): void {
  let at = 0
  let to = 0
  const byte = (): number => {
    const value = input[at++]
    if (value === undefined) throw cut()
    return value
  }
  /** A length that goes on in bytes of 255, written as zeros. */
  const long = (least: number): number => {
    let length = least
    let value = byte()
    for (; value === 0; value = byte()) length += 255
    return length + value
  }
  const literals = (count: number): void => {
    if (at + count > input.length) throw cut()
    if (to + count > out.length) throw corruptData('An LZO block is longer than it says')
    for (const end = to + count; to < end; ) out[to++] = input[at++]!
  }
  const match = (distance: number, length: number): void => {
    if (distance > to) throw corruptData('An LZO match reaches before the output')
    if (to + length > out.length) throw corruptData('An LZO block is longer than it says')
    for (let from = to - distance, end = to + length; to < end; ) out[to++] = out[from++]!
  }
  /** Literals before the instruction: 0 to 3, or 4 for a run. */
  let state = 0
  const first = input[0] ?? 0
  if (first > 17) {
    at++
    literals(first - 17)
    state = Math.min(first - 17, 4)
  }
  for (;;) {
    const code = byte()
    let next: number
    if (code < 16 && state === 0) {
      literals(3 + (code === 0 ? long(15) : code))
      state = 4
      continue
    }
    if (code < 16) {
      next = code & 3
      const distance = (code >> 2) + (byte() << 2) + 1
      if (state === 4) match(distance + 0x800, 3)
      else match(distance, 2)
    } else if (code >= 64) {
      next = code & 3
      match(((code >> 2) & 7) + (byte() << 3) + 1, (code >> 5) + 1)
    } else {
      const mask = code >= 32 ? 31 : 7
      const length = 2 + ((code & mask) === 0 ? long(mask) : code & mask)
      const word = byte() | (byte() << 8)
      next = word & 3
      if (code >= 32) match((word >> 2) + 1, length)
      else {
        const distance = ((code & 8) << 11) + (word >> 2)
        if (distance === 0) {
          if (length !== 3 || at !== input.length || to !== out.length)
            throw corruptData('An LZO block does not end as it should')
          return
        }
        match(distance + 0x4000, length)
      }
    }
    literals(next)
    state = next
  }
}

/**
 * Decodes the format of lzop, whose blocks hold LZO1X, as the kernel's build and initramfs tools write it (lzop 1.04,
 * `lzop.c`). The header's Adler-32 and that of each block's content are compared. Errors as in `PushDecoder`.
 */
export class LzopDecoder implements PushDecoder {
  #flags: number | null = null
  #wants = headerBytes

  get wants(): number {
    return this.#wants
  }

  step(input: Uint8Array, last: boolean): Step {
    if (this.#flags === null) {
      const consumed = this.#header(input)
      this.#wants = blockHead
      return { consumed, output: null, ended: false }
    }
    return this.#block(input, last, this.#flags)
  }

  /** Reads the header; gives its length. */
  #header(input: Uint8Array): number {
    const view = viewOf(input)
    const need = (end: number) => {
      if (end > input.length) throw cut()
    }
    need(magicBytes + 8)
    const version = view.getUint16(9)
    // From version 0.940 on there are the version that is needed to read it, a level, and the upper half of the time.
    const later = version >= 0x0940
    const method = input[later ? 15 : 13]!
    if (method < 1 || method > 3)
      throw new ArtifactError('compression-unsupported', null, `An lzop file with method ${method}`)
    let at = magicBytes + (later ? 8 : 5)
    need(at + 4)
    const found = view.getUint32(at)
    const strange = flags.filter | flags.multipart | flags.extraField
    if ((found & strange) !== 0)
      throw new ArtifactError('compression-unsupported', null, 'An lzop file with filters or in parts')
    at += 4 + 8 + (later ? 4 : 0)
    need(at + 1)
    at += 1 + input[at]!
    need(at + 4)
    const crc = (found & flags.crcOfHeader) !== 0
    if (!crc && view.getUint32(at) !== adler32(input.subarray(magicBytes, at)))
      throw corruptData('The checksum of the lzop header does not agree with it')
    this.#flags = found
    return at + 4
  }

  #block(input: Uint8Array, last: boolean, found: number): Step {
    const view = viewOf(input)
    if (input.length < 4) throw cut()
    const size = view.getUint32(0)
    if (size === 0) {
      this.#flags = null
      this.#wants = headerBytes
      return { consumed: 4, output: null, ended: true }
    }
    if (input.length < 8) throw cut()
    const packed = view.getUint32(4)
    if (size > blockBytes || packed === 0 || packed > size)
      throw corruptData(`An LZO block of ${packed} for ${size} bytes is out of range`)
    const has = (flag: number) => ((found & flag) === 0 ? 0 : 4)
    const ofData = has(flags.adlerOfData)
    const ofBlock = packed < size ? has(flags.adlerOfBlock) + has(flags.crcOfBlock) : 0
    const start = 8 + ofData + has(flags.crcOfData) + ofBlock
    if (input.length < start + packed) {
      if (last) throw cut()
      this.#wants = start + packed
      return { consumed: 0, output: null, ended: false }
    }
    this.#wants = blockHead
    const content = input.subarray(start, start + packed)
    const output = new Uint8Array(size)
    if (packed === size) output.set(content)
    else decodeLzo1x(content, output)
    if (ofData > 0 && view.getUint32(8) !== adler32(output))
      throw corruptData('The checksum of an LZO block does not agree with it')
    return { consumed: start + packed, output, ended: false }
  }
}
