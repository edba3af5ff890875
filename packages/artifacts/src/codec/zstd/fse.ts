import { ArtifactError } from '../../bytes/errors.js'

/** A table of finite state entropy (RFC 8878, §4.1): for each state its symbol, and how to get to the next state. */
export interface FseTable {
  readonly log: number
  readonly symbols: Uint8Array
  /** Bits to read for the next state, and what they are added to. */
  readonly bits: Uint8Array
  readonly bases: Uint16Array
}

/** The error for zstd data that breaks the format. */
export function corrupt(detail: string): ArtifactError {
  return new ArtifactError('compression-corrupt', null, detail)
}

/** Position of the highest set bit of a number above 0. */
function highBit(value: number): number {
  return 31 - Math.clz32(value)
}

/** Builds the table of a distribution; -1 stands for "less than 1" (§4.1.1). */
export function fseTable(counts: readonly number[], log: number): FseTable {
  const size = 1 << log
  const symbols = new Uint8Array(size)
  const next = new Uint16Array(counts.length)
  let high = size
  counts.forEach((count, symbol) => {
    if (count === -1) {
      symbols[--high] = symbol
      next[symbol] = 1
    } else next[symbol] = count
  })
  const step = (size >> 1) + (size >> 3) + 3
  let at = 0
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol
      do at = (at + step) & (size - 1)
      while (at >= high)
    }
  })
  if (at !== 0) throw corrupt('A zstd table is not full')
  const bits = new Uint8Array(size)
  const bases = new Uint16Array(size)
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state]!
    const order = next[symbol]!
    next[symbol] = order + 1
    bits[state] = log - highBit(order)
    bases[state] = (order << bits[state]!) - size
  }
  return { log, symbols, bits, bases }
}

/** A table with one symbol, which takes no bits. */
export function rleTable(symbol: number): FseTable {
  return { log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) }
}

/** Reads a distribution (§4.1.1) between `from` and `to`; `next` is the place behind it. */
export function readFseTable(
  bytes: Uint8Array,
  from: number,
  to: number,
  maxLog: number,
  maxSymbol: number,
): { table: FseTable; next: number } {
  let bit = 0
  const read = (count: number): number => {
    const at = from + (bit >> 3)
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)
    const value = (word >>> (bit & 7)) & ((1 << count) - 1)
    bit += count
    return value
  }
  const log = read(4) + 5
  if (log > maxLog) throw corrupt('A zstd table is too large')
  const counts: number[] = []
  let left = 1 << log
  while (left > 0 && counts.length <= maxSymbol) {
    const width = highBit(left + 1) + 1
    const low = (1 << (width - 1)) - 1
    const threshold = (1 << width) - 1 - (left + 1)
    let value = read(width)
    if ((value & low) < threshold) {
      bit--
      value &= low
    } else if (value > low) value -= threshold
    const count = value - 1
    left -= Math.abs(count)
    counts.push(count)
    if (count !== 0) continue
    for (let repeat = 3; repeat === 3; ) {
      repeat = read(2)
      for (let i = 0; i < repeat; i++) counts.push(0)
      if (counts.length > maxSymbol + 1) throw corrupt('A zstd table has too many symbols')
    }
  }
  const next = from + Math.ceil(bit / 8)
  if (left !== 0 || counts.length > maxSymbol + 1 || next > to)
    throw corrupt('A zstd table is cut or overfull')
  return { table: fseTable(counts, log), next }
}
