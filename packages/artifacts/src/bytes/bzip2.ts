import { corruptData, grown, type PushDecoder, type Step } from './push-decoder.js'

const blockMagicHigh = 0x314159
const blockMagicLow = 0x265359
const endMagicHigh = 0x177245
const endMagicLow = 0x385090
/** Bits that select a run's length, and the symbol that ends a block follow from the number of bytes in use. */
const groupSymbols = 50
const mostSelectors = 18_002
const longestCode = 20
/** No block takes more input: 900,000 symbols of 20 bits, with its tables. */
const blockInput = 2_400_000

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1
  return crc
})

/** Reads bits, the highest of each byte first. Beyond the end there are none: `corrupt`. */
class Bits {
  readonly #bytes: Uint8Array
  #at: number
  #held = 0
  #count = 0

  constructor(bytes: Uint8Array, bit: number) {
    this.#bytes = bytes
    this.#at = 0
    if (bit > 0) this.take(bit)
  }

  /** Bits taken so far. */
  get position(): number {
    return this.#at * 8 - this.#count
  }

  /** The next bits, 1 to 24 of them. */
  take(bits: number): number {
    while (this.#count < bits) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) throw cut()
      this.#held = ((this.#held << 8) | byte) >>> 0
      this.#at++
      this.#count += 8
    }
    this.#count -= bits
    return (this.#held >>> this.#count) & ((1 << bits) - 1)
  }
}

function cut() {
  return corruptData('The bzip2 data is cut')
}

/** One Huffman code: for each length the last code of it, and the symbols in the order of their codes. */
class Code {
  readonly #limit = new Int32Array(longestCode + 2).fill(-1)
  readonly #offset = new Int32Array(longestCode + 2)
  readonly #symbols: Uint16Array
  readonly #shortest: number

  constructor(lengths: Uint8Array) {
    const counts = new Uint16Array(longestCode + 2)
    for (const length of lengths) counts[length]!++
    const starts = new Uint16Array(longestCode + 2)
    this.#symbols = new Uint16Array(lengths.length)
    this.#shortest = counts.findIndex((count) => count > 0)
    let code = 0
    let at = 0
    for (let length = 1; length <= longestCode; length++) {
      code <<= 1
      starts[length] = at
      this.#offset[length] = at - code
      code += counts[length]!
      at += counts[length]!
      this.#limit[length] = code - 1
      if (code > 1 << length) throw corruptData('A bzip2 code has too many symbols')
    }
    lengths.forEach((length, symbol) => {
      this.#symbols[starts[length]!++] = symbol
    })
  }

  next(bits: Bits): number {
    let length = this.#shortest
    let code = bits.take(length)
    while (code > this.#limit[length]!) {
      if (++length > longestCode) throw corruptData('The bzip2 data holds a code that it does not define')
      code = (code << 1) | bits.take(1)
    }
    const symbol = this.#symbols[this.#offset[length]! + code]
    if (symbol === undefined) throw corruptData('The bzip2 data holds a code that it does not define')
    return symbol
  }
}

/** Bytes that occur in a block, in their order, from the two-level map before it. */
function usedBytes(bits: Bits): Uint8Array {
  const groups = bits.take(16)
  const used: number[] = []
  for (let group = 0; group < 16; group++) {
    if (((groups >> (15 - group)) & 1) === 0) continue
    const members = bits.take(16)
    for (let i = 0; i < 16; i++) if (((members >> (15 - i)) & 1) === 1) used.push(group * 16 + i)
  }
  if (used.length === 0) throw corruptData('A bzip2 block uses no bytes')
  return Uint8Array.from(used)
}

/** Which code each run of 50 symbols uses. */
function selectors(bits: Bits, codes: number): Uint8Array {
  const count = bits.take(15)
  if (count === 0) throw corruptData('A bzip2 block has no selectors')
  const front = Uint8Array.from({ length: codes }, (_, i) => i)
  const chosen = new Uint8Array(Math.min(count, mostSelectors))
  for (let i = 0; i < count; i++) {
    let position = 0
    while (bits.take(1) === 1) if (++position >= codes) throw corruptData('A bzip2 selector is out of range')
    const code = front[position]!
    front.copyWithin(1, 0, position)
    front[0] = code
    // More than any block can use have been written by some programs, and are passed over (bzip2 1.0.8).
    if (i < chosen.length) chosen[i] = code
  }
  return chosen
}

function codeOf(bits: Bits, symbols: number): Code {
  const lengths = new Uint8Array(symbols)
  let length = bits.take(5)
  for (let symbol = 0; symbol < symbols; symbol++) {
    for (;;) {
      if (length < 1 || length > longestCode) throw corruptData('A bzip2 code length is out of range')
      if (bits.take(1) === 0) break
      length += bits.take(1) === 0 ? 1 : -1
    }
    lengths[symbol] = length
  }
  return new Code(lengths)
}

/**
 * Decodes bzip2 (bzip2 1.0.8, `decompress.c`), a block at a time, and what is concatenated. The checksum of each block and
 * that of each stream are compared. Errors as in `PushDecoder`.
 */
export class Bzip2Decoder implements PushDecoder {
  readonly wants = blockInput
  /** Bits of the first byte that belong to what was before. */
  #bit = 0
  /** Bytes that a block of this stream may have; 0 before its header. */
  #blockBytes = 0
  #streamCrc = 0
  #table = new Uint32Array(0)

  step(input: Uint8Array, _last: boolean): Step {
    let at = 0
    if (this.#blockBytes === 0) {
      this.#header(input)
      at = 4
    }
    const bits = new Bits(at === 0 ? input : input.subarray(at), this.#bit)
    const high = bits.take(24)
    const low = bits.take(24)
    if (high === endMagicHigh && low === endMagicLow) {
      const crc = (bits.take(16) << 16) | bits.take(16)
      if (crc !== this.#streamCrc) throw corruptData('The checksum of the bzip2 data does not agree with it')
      const consumed = at + Math.ceil(bits.position / 8)
      this.#bit = 0
      this.#blockBytes = 0
      const another = startsStream(input, consumed)
      return { consumed, output: null, ended: !another }
    }
    if (high !== blockMagicHigh || low !== blockMagicLow)
      throw corruptData('The bzip2 data holds something that is no block')
    const output = this.#block(bits)
    this.#bit = bits.position % 8
    return { consumed: at + Math.floor(bits.position / 8), output, ended: false }
  }

  #header(input: Uint8Array): void {
    if (input.length < 4) throw cut()
    if (!startsStream(input, 0)) throw corruptData('The bzip2 header is broken')
    this.#blockBytes = (input[3]! - 0x30) * 100_000
    this.#streamCrc = 0
  }

  #block(bits: Bits): Uint8Array {
    const expected = (bits.take(16) << 16) | bits.take(16)
    const randomised = bits.take(1)
    if (randomised === 1) throw corruptData('The bzip2 block is randomised, which no program writes any more')
    const origin = bits.take(24)
    const used = usedBytes(bits)
    const codes = bits.take(3)
    if (codes < 2 || codes > 6) throw corruptData('A bzip2 block has a wrong number of codes')
    const chosen = selectors(bits, codes)
    const tables = Array.from({ length: codes }, () => codeOf(bits, used.length + 2))
    const length = this.#symbols(bits, used, chosen, tables)
    if (origin >= length) throw corruptData('A bzip2 block starts beyond its end')
    const { output, crc } = this.#unsorted(length, origin)
    if (crc !== expected) throw corruptData('The checksum of a bzip2 block does not agree with it')
    this.#streamCrc = ((this.#streamCrc << 1) | (this.#streamCrc >>> 31)) ^ crc
    return output
  }

  /** Undoes Huffman coding, runs of the first byte and move-to-front; gives the number of bytes in the table. */
  #symbols(bits: Bits, used: Uint8Array, chosen: Uint8Array, tables: readonly Code[]): number {
    if (this.#table.length < this.#blockBytes) this.#table = new Uint32Array(this.#blockBytes)
    const table = this.#table
    const most = this.#blockBytes
    const front = used.slice()
    const end = used.length + 1
    let length = 0
    let run = 0
    let weight = 1
    let left = 0
    let group = 0
    let code = tables[0]!
    for (;;) {
      if (left === 0) {
        const selector = chosen[group++]
        if (selector === undefined) throw corruptData('A bzip2 block has more symbols than it says')
        code = tables[selector]!
        left = groupSymbols
      }
      left--
      const symbol = code.next(bits)
      if (symbol < 2) {
        run += weight << symbol
        weight <<= 1
        if (run > most) throw corruptData('A run in a bzip2 block is too long')
        continue
      }
      if (run > 0) {
        if (length + run > most) throw corruptData('A bzip2 block is too long')
        table.fill(front[0]!, length, length + run)
        length += run
        run = 0
        weight = 1
      }
      if (symbol === end) return length
      if (length === most) throw corruptData('A bzip2 block is too long')
      const position = symbol - 1
      const byte = front[position]!
      front.copyWithin(1, 0, position)
      front[0] = byte
      table[length++] = byte
    }
  }

  /** Undoes the Burrows-Wheeler transform and the runs before it. */
  #unsorted(length: number, origin: number): { output: Uint8Array; crc: number } {
    const table = this.#table
    const next = new Uint32Array(257)
    for (let i = 0; i < length; i++) next[(table[i]! & 0xff) + 1]!++
    for (let byte = 0; byte < 256; byte++) next[byte + 1]! += next[byte]!
    for (let i = 0; i < length; i++) {
      const byte = table[i]! & 0xff
      table[next[byte]!++]! |= i << 8
    }
    let output: Uint8Array = new Uint8Array(length + 256)
    let size = 0
    let crc = -1
    let same = 0
    let before = -1
    let place = table[origin]! >>> 8
    for (let i = 0; i < length; i++) {
      const entry = table[place]!
      place = entry >>> 8
      const byte = entry & 0xff
      const copies = same === 4 ? byte : 1
      const value = same === 4 ? before : byte
      same = same === 4 ? 0 : byte === before ? same + 1 : 1
      before = same === 0 ? -1 : byte
      if (size + copies > output.length) output = grown(output, size, size + copies, Infinity)
      for (let copy = 0; copy < copies; copy++) {
        output[size++] = value
        crc = (crc << 8) ^ crcTable[((crc >>> 24) ^ value) & 0xff]!
      }
    }
    return { output: output.subarray(0, size), crc: ~crc }
  }
}

/** `BZh1` to `BZh9`. */
function startsStream(bytes: Uint8Array, at: number): boolean {
  const level = bytes[at + 3] ?? 0
  return (
    bytes[at] === 0x42 && bytes[at + 1] === 0x5a && bytes[at + 2] === 0x68 && level > 0x30 && level <= 0x39
  )
}
