import { latin1 } from '@basedrift/btf'

/** What is known of a symbol besides its name and CRC; the bits are those of the artifacts' `symbolFlags`. */
export const symbolBits = { noCrc: 1, weak: 2, gplTable: 4, ofModule: 8 } as const

/** Symbols as they are read: names as bytes, each ended by a NUL, with a CRC and bits each. */
export interface NamedSymbols {
  readonly names: Uint8Array
  readonly crcs: Uint32Array
  readonly flags: Uint8Array
}

/** Symbols whose names are numbers of a `NamePool`. */
export interface PooledSymbols {
  readonly ids: Uint32Array
  readonly crcs: Uint32Array
  readonly flags: Uint8Array
}

/** No symbols. */
export const noPooledSymbols: PooledSymbols = {
  ids: new Uint32Array(0),
  crcs: new Uint32Array(0),
  flags: new Uint8Array(0),
}

/** Those of a list whose bits are wanted. */
export function onlySymbols(
  { ids, crcs, flags }: PooledSymbols,
  wanted: (bits: number) => boolean,
): PooledSymbols {
  const keep = (_: number, index: number) => wanted(flags[index]!)
  return { ids: ids.filter(keep), crcs: crcs.filter(keep), flags: flags.filter(keep) }
}

/** Places of the table that are looked at for one name. */
const mostProbes = 16

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return hash
}

/**
 * Names, each once, by number: the modules of a kernel name some 15,000 symbols 400,000 times. A name is looked for in a few places of a
 * table, and where these are full, in a map: names that were made to have one hash cost no more than others.
 */
export class NamePool {
  #bytes = new Uint8Array(2 ** 16)
  #filled = 0
  /** Where each name starts; the next one's start is its end. */
  readonly #starts: number[] = [0]
  readonly #hashes: number[] = []
  /** Numbers plus one by hash; 0 is free. */
  #slots = new Int32Array(2 ** 12)
  /** Numbers of the names whose places are all taken by others, by `#key`. */
  readonly #crowded = new Map<string, number>()

  /** How many names there are. */
  get size(): number {
    return this.#hashes.length
  }

  /** A name's bytes as text, one character a byte. */
  name(id: number): string {
    return latin1(this.#bytes, this.#starts[id]!, this.#starts[id + 1]!)
  }

  /** The bytes of a name, as a view that is valid until the next name is added. */
  bytesOf(id: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[id]!, this.#starts[id + 1]!)
  }

  /** The number of the name `bytes[start, end)`. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end)
    const slots = this.#slots
    const mask = slots.length - 1
    const first = placeOf(hash)
    for (let probe = 0; probe < mostProbes; probe++) {
      const id = slots[(first + probe) & mask]! - 1
      if (id < 0) return this.#append(bytes, start, end, hash)
      if (this.#hashes[id] === hash && this.#is(id, bytes, start, end)) return id
    }
    return this.#crowded.get(keyOf(bytes, start, end)) ?? this.#append(bytes, start, end, hash)
  }

  /** The numbers of a list's names; CRCs and flags are shared with it. */
  pool({ names, crcs, flags }: NamedSymbols): PooledSymbols {
    const ids = new Uint32Array(crcs.length)
    let start = 0
    for (let index = 0; index < ids.length; index++) {
      let end = start
      while (names[end] !== 0) end++
      ids[index] = this.add(names, start, end)
      start = end + 1
    }
    return { ids, crcs, flags }
  }

  #is(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    let at = this.#starts[id]!
    if (this.#starts[id + 1]! - at !== end - start) return false
    for (let from = start; from < end; from++, at++) if (this.#bytes[at] !== bytes[from]) return false
    return true
  }

  #append(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const needed = this.#filled + end - start
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(needed * 2)
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes.set(bytes.subarray(start, end), this.#filled)
    this.#filled = needed
    const id = this.#hashes.push(hash) - 1
    this.#starts.push(needed)
    if (this.size * 2 > this.#slots.length) this.#grow()
    else this.#place(id)
    return id
  }

  /** A name is in the map only while all its places are taken, and no place is ever freed. */
  #place(id: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    const first = placeOf(this.#hashes[id]!)
    for (let probe = 0; probe < mostProbes; probe++) {
      const slot = (first + probe) & mask
      if (slots[slot] !== 0) continue
      slots[slot] = id + 1
      return
    }
    this.#crowded.set(keyOf(this.#bytes, this.#starts[id]!, this.#starts[id + 1]!), id)
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2)
    this.#crowded.clear()
    for (let id = 0; id < this.size; id++) this.#place(id)
  }
}

const placeOf = (hash: number) => hash ^ (hash >>> 15)

/** The letter is there as engines take digits alone for their own hash, which is the same in every process. */
const keyOf = (bytes: Uint8Array, start: number, end: number) => `n${latin1(bytes, start, end)}`
