import { text } from './binary.js'

/** A symbol that is imported or exported, with its CRC. */
export interface SymbolCrc {
  readonly name: string
  /** CRC as an unsigned 32-bit number; null where there is none. */
  readonly crc: number | null
}

/** What is known of a symbol besides its name and CRC. */
export const symbolFlags = {
  /** It has no CRC: no entry in the version table, or an exporter without modversions. */
  noCrc: 1,
  /** An import that may stay unresolved (STB_WEAK). */
  weak: 2,
  /** An export in `__ksymtab_gpl`, a table that kernels from 7.1 on do not look at. */
  gplTable: 4,
  /** An export of a module, in a list that holds the kernel's own too (Module.symvers). */
  ofModule: 8,
  /** An export that kernels show to modules alone whose license is compatible with the GPL. */
  gplOnly: 16,
} as const

const noSpaces: ReadonlyMap<number, string> = new Map()

/**
 * Symbols with their CRCs in little memory: thousands of modules import a hundred each. Iterating gives them one by one;
 * `names` are bytes, each ended by a NUL.
 */
export class SymbolList implements Iterable<SymbolCrc> {
  readonly names: Uint8Array
  readonly crcs: Uint32Array
  /** `symbolFlags` of each. */
  readonly flags: Uint8Array
  /** Namespaces of exports that are in one, by their place in the list. */
  readonly spaces: ReadonlyMap<number, string>

  /** As many names as CRCs and flags. Use `SymbolListWriter`. */
  constructor(
    names: Uint8Array,
    crcs: Uint32Array,
    flags: Uint8Array,
    spaces: ReadonlyMap<number, string> = noSpaces,
  ) {
    this.names = names
    this.crcs = crcs
    this.flags = flags
    this.spaces = spaces
  }

  get length(): number {
    return this.crcs.length
  }

  *[Symbol.iterator](): Iterator<SymbolCrc> {
    let at = 0
    for (let index = 0; index < this.crcs.length; index++) {
      const end = this.names.indexOf(0, at)
      const crc = this.flags[index]! & symbolFlags.noCrc ? null : this.crcs[index]!
      yield { name: text(this.names, at, end), crc }
      at = end + 1
    }
  }

  /** As the JSON of an array of them. */
  toJSON(): SymbolCrc[] {
    return [...this]
  }
}

/** A list without symbols. */
export const noSymbols = new SymbolList(new Uint8Array(0), new Uint32Array(0), new Uint8Array(0))

/** Collects symbols from the bytes in which their names stand. */
export class SymbolListWriter {
  #names = new Uint8Array(1024)
  #filled = 0
  readonly #crcs: number[] = []
  readonly #flags: number[] = []
  #spaces = new Map<number, string>()

  get length(): number {
    return this.#crcs.length
  }

  /** Adds a symbol whose name is `bytes[start, end)`, without a NUL; the empty namespace is none. */
  add(bytes: Uint8Array, start: number, end: number, crc: number | null, flags = 0, space = ''): void {
    const needed = this.#filled + end - start + 1
    if (needed > this.#names.length) {
      const grown = new Uint8Array(needed * 2)
      grown.set(this.#names.subarray(0, this.#filled))
      this.#names = grown
    }
    const names = this.#names
    let to = this.#filled
    for (let at = start; at < end; at++) names[to++] = bytes[at]!
    names[to++] = 0
    this.#filled = to
    if (space !== '') this.#spaces.set(this.#crcs.length, space)
    this.#crcs.push(crc ?? 0)
    this.#flags.push(crc === null ? flags | symbolFlags.noCrc : flags)
  }

  /** What was added, in memory of its own; the writer is empty again. */
  take(): SymbolList {
    if (this.#crcs.length === 0) return noSymbols
    const list = new SymbolList(
      this.#names.slice(0, this.#filled),
      Uint32Array.from(this.#crcs),
      Uint8Array.from(this.#flags),
      this.#spaces,
    )
    this.#spaces = new Map()
    this.#filled = 0
    this.#crcs.length = 0
    this.#flags.length = 0
    return list
  }
}
