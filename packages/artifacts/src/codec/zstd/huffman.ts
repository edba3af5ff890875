import { BackwardBits } from './bits.js'
import { corrupt, readFseTable } from './fse.js'

/** A Huffman code as a table over all values of its longest code (RFC 8878, §4.2). */
export interface HuffmanTable {
  readonly log: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
}

const maxLog = 11

/** Weights that are stored as two interleaved FSE streams (§4.2.1.2). */
function fseWeights(bytes: Uint8Array, from: number, to: number): number[] {
  const { table, next } = readFseTable(bytes, from, to, 6, 255)
  const stream = new BackwardBits(bytes, next, to)
  const states = [stream.read(table.log), stream.read(table.log)]
  const weights: number[] = []
  for (let turn = 0; weights.length < 255; turn ^= 1) {
    const state = states[turn]!
    weights.push(table.symbols[state]!)
    states[turn] = table.bases[state]! + stream.read(table.bits[state]!)
    if (stream.left < 0) {
      weights.push(table.symbols[states[turn ^ 1]!]!)
      return weights
    }
  }
  throw corrupt('A zstd Huffman code has too many symbols')
}

/** Reads the description of a Huffman code (§4.2.1); `next` is the place behind it. */
export function readHuffmanTable(
  bytes: Uint8Array,
  from: number,
  to: number,
): { table: HuffmanTable; next: number } {
  const header = from < to ? bytes[from]! : 0
  const next = from + 1 + (header >= 128 ? (header - 126) >> 1 : header)
  if (next > to) throw corrupt('A zstd Huffman code is cut')
  let weights: number[]
  if (header >= 128) {
    weights = Array.from({ length: header - 127 }, (_, i) => {
      const pair = bytes[from + 1 + (i >> 1)]!
      return i % 2 === 0 ? pair >> 4 : pair & 15
    })
  } else weights = fseWeights(bytes, from + 1, next)
  return { table: huffmanTable(weights), next }
}

/** Builds the table; the last symbol's weight is what is missing to a power of two (§4.2.1). */
function huffmanTable(weights: number[]): HuffmanTable {
  let sum = 0
  for (const weight of weights) {
    if (weight > maxLog) throw corrupt('A zstd Huffman code is too long')
    if (weight > 0) sum += 1 << (weight - 1)
  }
  if (sum === 0) throw corrupt('A zstd Huffman code is empty')
  const log = 32 - Math.clz32(sum)
  const missing = (1 << log) - sum
  if (log > maxLog || (missing & (missing - 1)) !== 0) throw corrupt('A zstd Huffman code is not complete')
  const all = [...weights, 32 - Math.clz32(missing)]
  if (all.length > 256) throw corrupt('A zstd Huffman code has too many symbols')
  const symbols = new Uint8Array(1 << log)
  const bits = new Uint8Array(1 << log)
  let at = 0
  for (let weight = 1; weight <= log; weight++) {
    const length = 1 << (weight - 1)
    all.forEach((own, symbol) => {
      if (own !== weight) return
      symbols.fill(symbol, at, at + length)
      bits.fill(log + 1 - weight, at, at + length)
      at += length
    })
  }
  if (at !== 1 << log) throw corrupt('A zstd Huffman code is not complete')
  return { log, symbols, bits }
}

/** Decodes the stream between `from` and `to` into `out`, which it fills exactly. */
export function decodeHuffman(
  table: HuffmanTable,
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
): void {
  const { log, symbols, bits } = table
  const stream = new BackwardBits(bytes, from, to)
  const mask = (1 << log) - 1
  let left = stream.left
  let i = 0
  // While all bits of the longest code are there, they are looked up in place.
  for (; i < out.length && left >= log; i++) {
    const start = left - log
    const at = from + (start >> 3)
    const code = ((bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)) >>> (start & 7)) & mask
    out[i] = symbols[code]!
    left -= bits[code]!
  }
  for (; i < out.length; i++) {
    stream.left = left
    const code = stream.read(log)
    out[i] = symbols[code]!
    left -= bits[code]!
    if (left < 0) break
  }
  if (left !== 0) throw corrupt('A zstd Huffman stream does not end where its literals do')
}
