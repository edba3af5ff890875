import { bytesOfKey, Interner, Key, latin1 } from '@basedrift/btf'

/** What is known of a symbol besides its name and CRC; the bits are those of the artifacts' `symbolFlags`. */
export const symbolBits = { noCrc: 1, weak: 2, gplTable: 4, ofModule: 8, gplOnly: 16 } as const

/** Symbols as they are read: names as bytes, each ended by a NUL, with a CRC and bits each. */
export interface NamedSymbols {
  readonly names: Uint8Array
  readonly crcs: Uint32Array
  readonly flags: Uint8Array
  /** Namespaces of exports that are in one, by their place. */
  readonly spaces: ReadonlyMap<number, string>
}

/** Symbols whose names are numbers of a `NamePool`. */
export interface PooledSymbols {
  readonly ids: Uint32Array
  readonly crcs: Uint32Array
  readonly flags: Uint8Array
  /** Namespaces of exports that are in one, by their place. */
  readonly spaces: ReadonlyMap<number, string>
}

/** No symbols. */
export const noPooledSymbols: PooledSymbols = {
  ids: new Uint32Array(0),
  crcs: new Uint32Array(0),
  flags: new Uint8Array(0),
  spaces: new Map(),
}

/** Those of a list whose bits are wanted. */
export function onlySymbols(
  { ids, crcs, flags, spaces }: PooledSymbols,
  wanted: (bits: number) => boolean,
): PooledSymbols {
  const keep = (_: number, index: number) => wanted(flags[index]!)
  const kept = new Map<number, string>()
  if (spaces.size > 0) {
    let place = 0
    flags.forEach((bits, index) => {
      if (!wanted(bits)) return
      const space = spaces.get(index)
      if (space !== undefined) kept.set(place, space)
      place++
    })
  }
  return { ids: ids.filter(keep), crcs: crcs.filter(keep), flags: flags.filter(keep), spaces: kept }
}

/** Names, each once, by number from 0 on: the modules of a kernel name some 15,000 symbols 400,000 times. */
export class NamePool {
  readonly #names = new Interner()
  readonly #key = new Key()

  /** How many names there are. */
  get size(): number {
    return this.#names.size
  }

  /** A name's bytes as text, one character a byte. */
  name(id: number): string {
    const bytes = this.bytesOf(id)
    return latin1(bytes, 0, bytes.length)
  }

  /** The bytes of a name, as a view that is valid until the next name is added. */
  bytesOf(id: number): Uint8Array {
    return bytesOfKey(this.#names.keyOf(id + 1))
  }

  /** The number of the name `bytes[start, end)`. */
  add(bytes: Uint8Array, start: number, end: number): number {
    this.#key.clear()
    this.#key.pushBytes(bytes, start, end)
    return this.#names.intern(this.#key) - 1
  }

  /** The numbers of a list's names; all else is shared with it. */
  pool({ names, crcs, flags, spaces }: NamedSymbols): PooledSymbols {
    const ids = new Uint32Array(crcs.length)
    let start = 0
    for (let index = 0; index < ids.length; index++) {
      let end = start
      while (names[end] !== 0) end++
      ids[index] = this.add(names, start, end)
      start = end + 1
    }
    return { ids, crcs, flags, spaces }
  }
}
