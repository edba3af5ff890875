import { BackwardBits } from './bits.js'
import { corrupt, type FseTable, fseTable, readFseTable, rleTable } from './fse.js'
import { decodeHuffman, type HuffmanTable, readHuffmanTable } from './huffman.js'

/** Bytes that one block can decompress to. */
export const maxBlockBytes = 1 << 17

// RFC 8878, §3.1.1.3.2.1.1: what the codes of literal and match lengths stand for.
const literalBits = [
  ...Array<number>(16).fill(0),
  1,
  1,
  1,
  1,
  2,
  2,
  3,
  3,
  4,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
]
const matchBits = [
  ...Array<number>(32).fill(0),
  1,
  1,
  1,
  1,
  2,
  2,
  3,
  3,
  4,
  4,
  5,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
]

function bases(bits: readonly number[], first: number): number[] {
  let next = first
  return bits.map((count) => {
    const base = next
    next += 1 << count
    return base
  })
}

const literalBases = bases(literalBits, 0)
const matchBases = bases(matchBits, 3)

/** The three codes of a sequence: their largest tables and symbols, and the distributions to begin with (§3.1.1.3.2.2). */
const codes = {
  literal: {
    maxLog: 9,
    maxSymbol: 35,
    table: fseTable(
      [
        4,
        3,
        ...Array<number>(11).fill(2),
        1,
        1,
        1,
        ...Array<number>(9).fill(2),
        3,
        2,
        1,
        1,
        1,
        1,
        1,
        -1,
        -1,
        -1,
        -1,
      ],
      6,
    ),
  },
  offset: {
    maxLog: 8,
    maxSymbol: 31,
    table: fseTable([1, 1, 1, 1, 1, 1, 2, 2, 2, ...Array<number>(15).fill(1), -1, -1, -1, -1, -1], 5),
  },
  match: {
    maxLog: 9,
    maxSymbol: 52,
    table: fseTable(
      [1, 4, 3, 2, 2, 2, 2, 2, 2, ...Array<number>(37).fill(1), ...Array<number>(7).fill(-1)],
      6,
    ),
  },
} as const

/**
 * Decodes the blocks of a zstd frame (RFC 8878, §3.1.1.2) into `out`, in which what came before is kept as the window. Every
 * length and offset is checked before it is used; data that breaks the format throws `compression-corrupt`.
 */
export class ZstdDecoder {
  /** Memory that is written to; whoever calls makes sure of `maxBlockBytes` behind `at`, or of the frame's size. */
  out: Uint8Array
  /** Where the next byte goes, and the first byte that matches may refer to. */
  at = 0
  start = 0
  #window = 0
  #huffman: HuffmanTable | null = null
  #tables: { literal: FseTable | null; offset: FseTable | null; match: FseTable | null } = {
    literal: null,
    offset: null,
    match: null,
  }
  readonly #recent = [1, 4, 8]
  readonly #literals = new Uint8Array(maxBlockBytes)

  constructor(out: Uint8Array) {
    this.out = out
  }

  /** Begins a frame at `at`. */
  begin(window: number): void {
    this.start = this.at
    this.#window = window
    this.#huffman = null
    this.#tables = { literal: null, offset: null, match: null }
    this.#recent.splice(0, 3, 1, 4, 8)
  }

  /** Decodes the block whose header of three bytes lies at `from`; its content must be there. Returns the place behind it. */
  block(bytes: Uint8Array, from: number): number {
    const header = bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16)
    const type = (header >> 1) & 3
    const size = header >> 3
    const content = from + 3
    if (type === 2) {
      this.#compressed(bytes, content, content + size)
      return content + size
    }
    if (size > this.out.length - this.at) throw corrupt('A zstd frame is larger than it says')
    if (type === 1) this.out.fill(bytes[content]!, this.at, this.at + size)
    else this.out.set(bytes.subarray(content, content + size), this.at)
    this.at += size
    return content + (type === 1 ? 1 : size)
  }

  #compressed(bytes: Uint8Array, from: number, to: number): void {
    const { next, literals } = this.#readLiterals(bytes, from, to)
    this.#sequences(bytes, next, to, literals)
  }

  /** The literals of a block (§3.1.1.3.1). */
  #readLiterals(bytes: Uint8Array, from: number, to: number): { next: number; literals: Uint8Array } {
    if (from + 1 > to) throw corrupt('A zstd block is cut')
    const type = bytes[from]! & 3
    const format = (bytes[from]! >> 2) & 3
    const headerBytes = type < 2 ? ([1, 2, 1, 3] as const)[format]! : ([3, 3, 4, 5] as const)[format]!
    if (from + headerBytes > to) throw corrupt('A zstd block is cut')
    let header = 0
    for (let i = headerBytes - 1; i >= 0; i--) header = header * 256 + bytes[from + i]!
    const at = from + headerBytes
    if (type < 2) {
      const size = Math.floor(header / (format === 0 || format === 2 ? 8 : 16))
      return this.#plainLiterals(bytes, at, to, type === 1, size)
    }
    const width = 2 ** ([10, 10, 14, 18] as const)[format]!
    const size = Math.floor(header / 16) % width
    const packed = Math.floor(header / 16 / width)
    const end = at + packed
    if (size > maxBlockBytes || end > to) throw corrupt('The literals of a zstd block are cut')
    let streams = at
    if (type === 2) {
      const read = readHuffmanTable(bytes, at, end)
      this.#huffman = read.table
      streams = read.next
    }
    if (this.#huffman === null) throw corrupt('A zstd block refers to a Huffman code that is not there')
    const literals = this.#literals.subarray(0, size)
    if (format === 0) decodeHuffman(this.#huffman, bytes, streams, end, literals)
    else fourStreams(this.#huffman, bytes, streams, end, literals)
    return { next: end, literals }
  }

  #plainLiterals(bytes: Uint8Array, at: number, to: number, repeated: boolean, size: number) {
    const next = at + (repeated ? 1 : size)
    if (next > to || size > maxBlockBytes) throw corrupt('The literals of a zstd block are cut')
    if (!repeated) return { next, literals: bytes.subarray(at, next) }
    return { next, literals: this.#literals.subarray(0, size).fill(bytes[at]!) }
  }

  /** A table as its mode says (§3.1.1.3.2.1): the usual one, one symbol, a new one, or the last one. */
  #table(
    which: 'literal' | 'offset' | 'match',
    mode: number,
    bytes: Uint8Array,
    at: number,
    to: number,
  ): { table: FseTable; next: number } {
    const code = codes[which]
    let read: { table: FseTable; next: number }
    if (mode === 0) read = { table: code.table, next: at }
    else if (mode === 1) {
      const symbol = bytes[at]!
      if (at >= to || symbol > code.maxSymbol) throw corrupt('A zstd table is cut or has an unknown symbol')
      read = { table: rleTable(symbol), next: at + 1 }
    } else if (mode === 2) read = readFseTable(bytes, at, to, code.maxLog, code.maxSymbol)
    else {
      const last = this.#tables[which]
      if (last === null) throw corrupt('A zstd block refers to a table that is not there')
      read = { table: last, next: at }
    }
    this.#tables[which] = read.table
    return read
  }

  /** The sequences of a block (§3.1.1.3.2), each some literals and then a match; literals that are left end the block. */
  #sequences(bytes: Uint8Array, from: number, to: number, literals: Uint8Array): void {
    if (from >= to) throw corrupt('A zstd block has no sequences section')
    let at = from + 1
    let count = bytes[from]!
    if (count >= 128) {
      const long = count === 255
      if (at + (long ? 2 : 1) > to) throw corrupt('A zstd block is cut')
      count = long ? bytes[at]! + bytes[at + 1]! * 256 + 0x7f00 : (count - 128) * 256 + bytes[at]!
      at += long ? 2 : 1
    }
    if (count === 0) {
      if (at !== to) throw corrupt('Something follows the literals of a zstd block')
      this.#append(literals)
      return
    }
    const modes = at < to ? bytes[at]! : 3
    if ((modes & 3) !== 0) throw corrupt('The modes of a zstd block are cut or reserved')
    const literal = this.#table('literal', modes >> 6, bytes, at + 1, to)
    const offset = this.#table('offset', (modes >> 4) & 3, bytes, literal.next, to)
    const match = this.#table('match', (modes >> 2) & 3, bytes, offset.next, to)
    const stream = new BackwardBits(bytes, match.next, to)
    this.#execute(stream, count, [literal.table, offset.table, match.table], literals)
  }

  #execute(
    stream: BackwardBits,
    count: number,
    [literal, offset, match]: readonly [FseTable, FseTable, FseTable],
    literals: Uint8Array,
  ): void {
    const { out } = this
    const end = Math.min(out.length, this.at + maxBlockBytes)
    let literalState = stream.read(literal.log)
    let offsetState = stream.read(offset.log)
    let matchState = stream.read(match.log)
    let used = 0
    let at = this.at
    for (let i = 0; i < count; i++) {
      const offsetCode = offset.symbols[offsetState]!
      const matchCode = match.symbols[matchState]!
      const literalCode = literal.symbols[literalState]!
      const value = 2 ** offsetCode + stream.readLong(offsetCode)
      const length = matchBases[matchCode]! + stream.read(matchBits[matchCode]!)
      const plain = literalBases[literalCode]! + stream.read(literalBits[literalCode]!)
      const distance = this.#distance(value, plain)
      if (plain > literals.length - used || plain + length > end - at)
        throw corrupt('A zstd sequence is too long')
      if (plain > 16) out.set(literals.subarray(used, used + plain), at)
      else for (let j = 0; j < plain; j++) out[at + j] = literals[used + j]!
      used += plain
      at += plain
      if (distance > at - this.start || distance > this.#window)
        throw corrupt('A zstd match reaches too far back')
      // A match that overlaps itself repeats what it has just written.
      if (length > 32 && distance >= length) out.copyWithin(at, at - distance, at - distance + length)
      else for (let j = 0; j < length; j++) out[at + j] = out[at + j - distance]!
      at += length
      if (i + 1 === count) break
      literalState = literal.bases[literalState]! + stream.read(literal.bits[literalState]!)
      matchState = match.bases[matchState]! + stream.read(match.bits[matchState]!)
      offsetState = offset.bases[offsetState]! + stream.read(offset.bits[offsetState]!)
      if (stream.left < 0) throw corrupt('A zstd bit stream is cut')
    }
    if (stream.left !== 0) throw corrupt('A zstd bit stream does not end where its sequences do')
    const written = at - this.at
    this.at = at
    if (written + literals.length - used > maxBlockBytes)
      throw corrupt('A zstd block is larger than blocks may be')
    this.#append(literals.subarray(used))
  }

  /** The distance that an offset value stands for, with the three last ones kept (§3.1.1.5). */
  #distance(value: number, plain: number): number {
    const recent = this.#recent
    if (value > 3) {
      recent[2] = recent[1]!
      recent[1] = recent[0]!
      recent[0] = value - 3
      return value - 3
    }
    const index = plain === 0 ? value : value - 1
    if (index === 0) return recent[0]!
    const distance = index === 3 ? recent[0]! - 1 : recent[index]!
    if (distance === 0) throw corrupt('A zstd match has no distance')
    if (index > 1) recent[2] = recent[1]!
    recent[1] = recent[0]!
    recent[0] = distance
    return distance
  }

  #append(literals: Uint8Array): void {
    if (literals.length > this.out.length - this.at) throw corrupt('A zstd frame is larger than it says')
    this.out.set(literals, this.at)
    this.at += literals.length
  }
}

function fourStreams(
  table: HuffmanTable,
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
): void {
  if (from + 6 > to) throw corrupt('The literals of a zstd block are cut')
  const each = (out.length + 3) >> 2
  let at = from + 6
  for (let i = 0; i < 4; i++) {
    const place = from + i * 2
    const end = i === 3 ? to : at + bytes[place]! + bytes[place + 1]! * 256
    if (end > to || each * i > out.length) throw corrupt('The literals of a zstd block are cut')
    decodeHuffman(table, bytes, at, end, out.subarray(each * i, Math.min(out.length, each * (i + 1))))
    at = end
  }
}
