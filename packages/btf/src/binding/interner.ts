/** A sequence of 32-bit words that is put together and then looked up. */
export class Key {
  words = new Uint32Array(64)
  length = 0
  /** The memory of `words`. */
  private bytes = new Uint8Array(this.words.buffer)

  /** Empties it. */
  clear(): void {
    this.length = 0
  }

  push(word: number): void {
    if (this.length === this.words.length) this.grow(this.length + 1)
    this.words[this.length++] = word
  }

  /** Appends `bytes[start, end)`: their number, and then the bytes as they lie in memory, four a word, the last one filled with zeros. */
  pushBytes(bytes: Uint8Array, start: number, end: number): void {
    this.push(end - start)
    if (end === start) return
    const first = this.length
    this.length += Math.ceil((end - start) / 4)
    if (this.length > this.words.length) this.grow(this.length)
    this.words[this.length - 1] = 0
    const own = this.bytes
    for (let from = start, at = first * 4; from < end; from++, at++) own[at] = bytes[from]!
  }

  private grow(least: number): void {
    this.words = grown(this.words, least)
    this.bytes = new Uint8Array(this.words.buffer)
  }
}

/** The bytes of a key that {@link Key.pushBytes} alone has made: a view. */
export const bytesOfKey = (words: Uint32Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset + 4, words[0])

/** Numbers of an interner that stands on another start here, so that both can grow. */
const ownNumbers = 0x40000000

/** Places of the table that are looked at for one key: half of it is free, so that hardly any key of real types needs so many. */
const mostProbes = 32

/**
 * Gives equal keys equal numbers, in the order of their coming, and others others: exact, by comparison. One that stands on another
 * (`under`) finds what that knows, and keeps what is new to itself. A key is looked for in a few places of a table, and where these
 * are full, in a map: types and names that were made to have one hash cost no more than others.
 */
export class Interner {
  private readonly under: Interner | null
  private readonly first: number
  private pool = new Uint32Array(1024)
  private used = 0
  /** Where the key of each number starts in the pool; its end is the next one's start. */
  private starts = new Uint32Array(256)
  private hashes = new Uint32Array(256)
  private count = 0
  /** Places by hash: a number's ordinal + 1, or 0. */
  private table = new Uint32Array(512)
  /** Ordinals of the keys whose places are all taken by others, by {@link textOf}. */
  private readonly crowded = new Map<string, number>()

  /** Numbers start at 1: 0 is left for void. */
  constructor(under: Interner | null = null) {
    this.under = under
    this.first = under === null ? 1 : ownNumbers
  }

  /** How many keys of its own it has. */
  get size(): number {
    return this.count
  }

  /** The words of the key that has a number of its own: a view, valid until the next key is added. */
  keyOf(number: number): Uint32Array {
    const ordinal = number - this.first
    return this.pool.subarray(this.starts[ordinal]!, this.endOf(ordinal))
  }

  /** Forgets everything of its own. */
  clear(): void {
    this.used = 0
    this.count = 0
    this.table.fill(0)
    this.crowded.clear()
  }

  /** The number of a key. */
  intern({ words, length }: Key): number {
    const hash = hashOf(words, length)
    const known = this.find(words, length, hash)
    return known > 0 ? known : this.add(words, length, hash)
  }

  private find(words: Uint32Array, length: number, hash: number): number {
    const below = this.under === null ? 0 : this.under.find(words, length, hash)
    if (below > 0) return below
    const { table, hashes } = this
    const mask = table.length - 1
    for (let probe = 0, place = hash & mask; probe < mostProbes; probe++, place = (place + 1) & mask) {
      const ordinal = table[place]! - 1
      if (ordinal < 0) return 0
      if (hashes[ordinal] === hash && this.is(ordinal, words, length)) return this.first + ordinal
    }
    const ordinal = this.crowded.size === 0 ? undefined : this.crowded.get(textOf(words.subarray(0, length)))
    return ordinal === undefined ? 0 : this.first + ordinal
  }

  private is(ordinal: number, words: Uint32Array, length: number): boolean {
    const { pool } = this
    const start = this.starts[ordinal]!
    if (this.endOf(ordinal) - start !== length) return false
    let at = 0
    while (at < length && pool[start + at] === words[at]) at++
    return at === length
  }

  /** Where the key of a number ends in the pool. */
  private endOf(ordinal: number): number {
    return ordinal + 1 === this.count ? this.used : this.starts[ordinal + 1]!
  }

  private add(words: Uint32Array, length: number, hash: number): number {
    if (this.used + length > this.pool.length) this.pool = grown(this.pool, this.used + length)
    if (this.count === this.starts.length) {
      this.starts = grown(this.starts, this.count + 1)
      this.hashes = grown(this.hashes, this.count + 1)
    }
    this.pool.set(length === words.length ? words : words.subarray(0, length), this.used)
    this.starts[this.count] = this.used
    this.hashes[this.count] = hash
    this.used += length
    this.count++
    if (this.count * 2 > this.table.length) this.rehash()
    else this.place(this.count - 1)
    return this.first + this.count - 1
  }

  /** A key is in the map only while all its places are taken, and no place is freed but with all others. */
  private place(ordinal: number): void {
    const { table } = this
    const mask = table.length - 1
    for (let probe = 0, place = this.hashes[ordinal]! & mask; probe < mostProbes; probe++) {
      if (table[place] === 0) {
        table[place] = ordinal + 1
        return
      }
      place = (place + 1) & mask
    }
    this.crowded.set(textOf(this.keyOf(this.first + ordinal)), ordinal)
  }

  private rehash(): void {
    this.table = new Uint32Array(this.table.length * 4)
    this.crowded.clear()
    for (let ordinal = 0; ordinal < this.count; ordinal++) this.place(ordinal)
  }
}

function grown(array: Uint32Array, least: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(least, array.length * 2))
  larger.set(array)
  return larger
}

/** Characters that are made in one call: each is an argument on the stack. */
const chunk = 4096

/**
 * A key as text, two characters a word. The letter is there as engines take digits alone for their own hash, which is the same in
 * every process.
 */
function textOf(words: Uint32Array): string {
  const halves = new Uint16Array(words.buffer, words.byteOffset, words.length * 2)
  let text = 'k'
  for (let at = 0; at < halves.length; at += chunk)
    text += String.fromCharCode.apply(null, halves.subarray(at, at + chunk) as unknown as number[])
  return text
}

/** MurmurHash3 of the words, the length with them. */
function hashOf(words: Uint32Array, length: number): number {
  let hash = length
  for (let at = 0; at < length; at++) {
    let word = Math.imul(words[at]!, 0xcc9e2d51)
    word = Math.imul((word << 15) | (word >>> 17), 0x1b873593)
    hash ^= word
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
