import { viewOf } from './binary.js'
import { ArtifactError } from './errors.js'
import { corruptData, grown, type PushDecoder, type Step } from './push-decoder.js'

/** Bytes of the header: properties, dictionary size, uncompressed size. */
const headerBytes = 13
/** No symbol takes more bytes of input (liblzma, `lzma_decoder.c`: 20). */
const symbolBytes = 24
/** Output after which a step ends, and input that it wants to see. */
const stepOutput = 1 << 18
const stepInput = 1 << 16
/** Longest match. */
const mostCopied = 273

/** Where each group of probabilities starts in the one array that holds them all. */
const isMatch = 0
const isRep = isMatch + 12 * 16
const isRepG0 = isRep + 12
const isRepG1 = isRepG0 + 12
const isRepG2 = isRepG1 + 12
const isRep0Long = isRepG2 + 12
const posSlot = isRep0Long + 12 * 16
const posSpecial = posSlot + 4 * 64
const posAlign = posSpecial + 115
const matchLength = posAlign + 16
const lengthProbs = 2 + 16 * 8 + 16 * 8 + 256
const repLength = matchLength + lengthProbs
const literal = repLength + lengthProbs

/** State after a literal (LZMA specification, "The state"). */
function afterLiteral(state: number): number {
  if (state < 4) return 0
  return state < 10 ? state - 3 : state - 6
}

/**
 * Decodes the `.lzma` format (LZMA_alone: LZMA SDK's lzma-specification.txt), as `lzma`, `xz --format=lzma` and rpm write it:
 * properties, dictionary size, the size or all ones, then one range-coded stream with an end marker where no size was
 * named. There is no checksum. Errors as in `PushDecoder`; a dictionary above `maxDictionary` bytes is `limit-exceeded`.
 */
export class LzmaDecoder implements PushDecoder {
  readonly #maxDictionary: number
  #started = false
  /** Bytes of output still to come; null where the end is marked. */
  #left: number | null = null
  #dictionary = 0

  #probs = new Uint16Array(0)
  #lc = 0
  #literalMask = 0
  #posMask = 0
  #state = 0
  #rep0 = 0
  #rep1 = 0
  #rep2 = 0
  #rep3 = 0

  #range = 0xffffffff
  #code = 0
  #input: Uint8Array = new Uint8Array(0)
  #at = 0

  /** The dictionary and what was decoded since the last step; `#out[#size - 1]` is the last byte. */
  #out: Uint8Array = new Uint8Array(0)
  #size = 0
  #flushed = 0
  /** Position in the whole output, modulo 2^32. */
  #total = 0

  constructor(maxDictionary: number) {
    this.#maxDictionary = maxDictionary
  }

  get wants(): number {
    return this.#started ? stepInput : headerBytes + 5
  }

  step(input: Uint8Array, last: boolean): Step {
    this.#input = input
    this.#at = 0
    if (!this.#started) this.#start()
    const ended = this.#run(last)
    const output = this.#flushed === this.#size ? null : this.#out.slice(this.#flushed, this.#size)
    this.#flushed = this.#size
    this.#input = new Uint8Array(0)
    return { consumed: this.#at, output, ended }
  }

  #start(): void {
    const input = this.#input
    if (input.length < headerBytes + 5) throw cut()
    const properties = input[0]!
    if (properties >= 9 * 5 * 5) throw corruptData('The LZMA properties are out of range')
    const lc = properties % 9
    const lp = Math.floor(properties / 9) % 5
    const pb = Math.floor(properties / 45)
    const view = viewOf(input)
    this.#dictionary = Math.max(view.getUint32(1, true), 4096)
    if (this.#dictionary > this.#maxDictionary)
      throw new ArtifactError('limit-exceeded', null, `Its LZMA dictionary has ${this.#dictionary} bytes`)
    const low = view.getUint32(5, true)
    const high = view.getUint32(9, true)
    this.#left = low === 0xffffffff && high === 0xffffffff ? null : high * 2 ** 32 + low
    this.#lc = lc
    this.#literalMask = (1 << lp) - 1
    this.#posMask = (1 << pb) - 1
    this.#probs = new Uint16Array(literal + (0x300 << (lc + lp))).fill(1 << 10)
    if (input[headerBytes] !== 0) throw corruptData('The LZMA data does not begin with a zero')
    this.#code = view.getUint32(headerBytes + 1, false)
    this.#at = headerBytes + 5
    this.#started = true
  }

  /** Decodes until the input or the room of a step are used up; true at the end. */
  #run(last: boolean): boolean {
    const until = last ? this.#input.length : this.#input.length - symbolBytes
    let room = stepOutput
    while (room > 0) {
      if (this.#left === 0) return this.#ending()
      if (this.#at >= until && !(last && this.#at === until)) return false
      if (this.#at > this.#input.length) throw cut()
      this.#makeRoom()
      const before = this.#size
      const marked = this.#symbol()
      if (this.#at > this.#input.length) throw cut()
      if (marked) {
        if (this.#left !== null) throw corruptData('The LZMA data ends before the size that it names')
        this.#normalize()
        if (this.#at > this.#input.length) throw cut()
        if (this.#code !== 0) throw corruptData('The LZMA data does not end as it should')
        return true
      }
      room -= this.#size - before
    }
    return false
  }

  /** Where the size was named, an end marker may follow all the same. */
  #ending(): boolean {
    this.#normalize()
    if (this.#at > this.#input.length) throw cut()
    if (this.#code === 0) return true
    this.#makeRoom()
    const marked = this.#symbol()
    if (this.#at > this.#input.length) throw cut()
    this.#normalize()
    if (this.#at > this.#input.length) throw cut()
    if (!marked || this.#code !== 0) throw corruptData('The LZMA data goes on after the size that it names')
    return true
  }

  /** Room for one more match: the memory grows, and once it holds the dictionary and as much again it slides. */
  #makeRoom(): void {
    if (this.#size + mostCopied <= this.#out.length) return
    const most = this.#dictionary + Math.max(this.#dictionary, 2 * stepOutput)
    this.#out = grown(this.#out, this.#size, Math.min(this.#size + 2 * stepOutput, most), most)
    if (this.#size + mostCopied <= this.#out.length) return
    // What a step gave is copied out at its end, and a step gives less than is kept free here.
    const from = Math.min(this.#flushed, this.#size - this.#dictionary)
    this.#out.copyWithin(0, from, this.#size)
    this.#size -= from
    this.#flushed -= from
  }

  #normalize(): void {
    if (this.#range >= 0x1000000) return
    this.#range = (this.#range << 8) >>> 0
    this.#code = ((this.#code << 8) | (this.#input[this.#at] ?? 0)) >>> 0
    this.#at++
  }

  #bit(at: number): number {
    const probs = this.#probs
    if (this.#range < 0x1000000) {
      this.#range = (this.#range << 8) >>> 0
      this.#code = ((this.#code << 8) | (this.#input[this.#at] ?? 0)) >>> 0
      this.#at++
    }
    const probability = probs[at]!
    const bound = (this.#range >>> 11) * probability
    if (this.#code < bound) {
      this.#range = bound
      probs[at] = probability + ((2048 - probability) >> 5)
      return 0
    }
    this.#range -= bound
    this.#code -= bound
    probs[at] = probability - (probability >> 5)
    return 1
  }

  /** `bits` bits, the highest first. */
  #tree(at: number, bits: number): number {
    let symbol = 1
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.#bit(at + symbol)
    return symbol - (1 << bits)
  }

  /** `bits` bits, the lowest first. */
  #reverseTree(at: number, bits: number): number {
    let symbol = 1
    let value = 0
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(at + symbol)
      symbol = (symbol << 1) | bit
      value |= bit << i
    }
    return value
  }

  /** `bits` bits of equal probability. */
  #direct(bits: number): number {
    let value = 0
    for (let i = 0; i < bits; i++) {
      this.#normalize()
      this.#range = this.#range >>> 1
      const bit = this.#code >= this.#range ? 1 : 0
      if (bit === 1) this.#code -= this.#range
      value = value * 2 + bit
    }
    return value
  }

  #length(at: number, position: number): number {
    if (this.#bit(at) === 0) return 2 + this.#tree(at + 2 + position * 8, 3)
    if (this.#bit(at + 1) === 0) return 10 + this.#tree(at + 2 + 128 + position * 8, 3)
    return 18 + this.#tree(at + 2 + 256, 8)
  }

  #put(byte: number): void {
    this.#out[this.#size++] = byte
    this.#total = (this.#total + 1) >>> 0
    if (this.#left !== null) this.#left--
  }

  #literal(): void {
    const previous = this.#size > 0 ? this.#out[this.#size - 1]! : 0
    const context = ((this.#total & this.#literalMask) << this.#lc) + (previous >> (8 - this.#lc))
    const at = literal + 0x300 * context
    let symbol = 1
    if (this.#state >= 7) {
      let match = this.#out[this.#size - this.#rep0 - 1]!
      do {
        const matchBit = (match >> 7) & 1
        match <<= 1
        const bit = this.#bit(at + ((1 + matchBit) << 8) + symbol)
        symbol = (symbol << 1) | bit
        if (matchBit !== bit) break
      } while (symbol < 0x100)
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(at + symbol)
    this.#put(symbol & 0xff)
    this.#state = afterLiteral(this.#state)
  }

  #distance(length: number): number {
    const slot = this.#tree(posSlot + Math.min(length - 2, 3) * 64, 6)
    if (slot < 4) return slot
    const bits = (slot >> 1) - 1
    const base = (2 | (slot & 1)) * 2 ** bits
    if (slot < 14) return base + this.#reverseTree(posSpecial + base - slot, bits)
    return base + this.#direct(bits - 4) * 16 + this.#reverseTree(posAlign, 4)
  }

  /** Decodes one literal or match; true for the end marker. */
  #symbol(): boolean {
    const position = this.#total & this.#posMask
    const state = this.#state
    if (this.#bit(isMatch + state * 16 + position) === 0) {
      this.#literal()
      return false
    }
    let length: number
    if (this.#bit(isRep + state) === 0) {
      this.#rep3 = this.#rep2
      this.#rep2 = this.#rep1
      this.#rep1 = this.#rep0
      length = this.#length(matchLength, position)
      this.#state = state < 7 ? 7 : 10
      this.#rep0 = this.#distance(length)
      if (this.#rep0 === 0xffffffff) return true
    } else {
      if (this.#bit(isRepG0 + state) === 0) {
        if (this.#bit(isRep0Long + state * 16 + position) === 0) {
          this.#state = state < 7 ? 9 : 11
          this.#copy(1)
          return false
        }
      } else this.#swap(state)
      length = this.#length(repLength, position)
      this.#state = state < 7 ? 8 : 11
    }
    this.#copy(length)
    return false
  }

  /** Brings an earlier distance to the front. */
  #swap(state: number): void {
    let distance = this.#rep1
    if (this.#bit(isRepG1 + state) === 1) {
      if (this.#bit(isRepG2 + state) === 0) distance = this.#rep2
      else {
        distance = this.#rep3
        this.#rep3 = this.#rep2
      }
      this.#rep2 = this.#rep1
    }
    this.#rep1 = this.#rep0
    this.#rep0 = distance
  }

  #copy(length: number): void {
    const back = this.#rep0 + 1
    if (back > this.#size || back > this.#dictionary)
      throw corruptData('An LZMA match reaches before the output')
    if (this.#left !== null && length > this.#left)
      throw corruptData('The LZMA data goes on after the size that it names')
    const out = this.#out
    let to = this.#size
    for (let from = to - back, end = to + length; to < end; ) out[to++] = out[from++]!
    this.#size = to
    this.#total = (this.#total + length) >>> 0
    if (this.#left !== null) this.#left -= length
  }
}

function cut(): ArtifactError {
  return corruptData('The LZMA data is cut')
}
