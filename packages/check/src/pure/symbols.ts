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

/** Names, each once, by number: the modules of a kernel name some 15,000 symbols 400,000 times. */
export class NamePool {
  #bytes = new Uint8Array(2 ** 16)
  #filled = 0
  /** Where each name starts; the next one's start is its end. */
  readonly #starts: number[] = [0]
  readonly #hashes: number[] = []
  /** Numbers plus one by hash; 0 is free. */
  #slots = new Int32Array(2 ** 12)

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
    let hash = 0x811c9dc5
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
    const mask = this.#slots.length - 1
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]! - 1
      if (id < 0) return this.#append(bytes, start, end, hash, slot)
      if (this.#hashes[id] === hash && this.#is(id, bytes, start, end)) return id
    }
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

  #append(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
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
    this.#slots[slot] = id + 1
    if (this.size * 2 > this.#slots.length) this.#grow()
    return id
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (const [id, hash] of this.#hashes.entries()) {
      let slot = (hash ^ (hash >>> 15)) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = id + 1
    }
    this.#slots = slots
  }
}
