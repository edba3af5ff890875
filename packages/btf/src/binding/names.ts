import type { Btf } from '../btf.js'
import { BtfError } from '../errors.js'
import { latin1, stringEnd } from '../latin1.js'

/** Stands for a string offset beyond every table: it denotes nothing, and the same nothing everywhere. */
const noString = 0x7fffffff

/** Names of a table that stands on another start here, so that both can grow. */
const ownNumbers = 0x40000000

/**
 * Bytes of names that one string section may be taken apart into. The strings of a kernel have some 2 MB, each of them one
 * name; only a section made for it has offsets into the same long string again and again.
 */
const mostNameBytes = 64 * 2 ** 20

/** Gives equal names equal numbers, 0 to the empty one; one that stands on another keeps new names to itself. */
export class NameTable {
  private readonly under: NameTable | null
  private readonly numbers = new Map<string, number>()

  constructor(under: NameTable | null = null) {
    this.under = under
  }

  /** Forgets its own names. */
  clear(): void {
    this.numbers.clear()
  }

  /** The number of a name that this table keeps to itself; undefined where it does not. */
  own(name: string): number | undefined {
    return this.numbers.get(name)
  }

  number(name: string): number {
    if (name === '') return 0
    const known = this.under?.numbers.get(name) ?? this.numbers.get(name)
    if (known !== undefined) return known
    const number = this.numbers.size + 1 + (this.under === null ? 0 : ownNumbers)
    this.numbers.set(name, number)
    return number
  }
}

/** The names of one blob's own string section as numbers of a table; each offset is looked up once. */
export class NamesOf {
  private readonly table: NameTable
  private readonly strings: Uint8Array
  private readonly startStr: number
  /** By offset: the number + 1, or 0 where it was not asked for yet. */
  private readonly known: Uint32Array
  private left = mostNameBytes

  constructor(btf: Btf, table: NameTable) {
    this.table = table
    this.strings = btf.strings
    this.startStr = btf.startStr
    this.known = new Uint32Array(btf.strings.length)
  }

  /**
   * The number of the name at a string offset that is not below this blob's own strings. `above` is a table that stands on
   * this one's: a name that it has met first keeps the number that it gave.
   * @throws BtfError `btf-names`
   */
  at(offset: number, above: NameTable | null = null): number {
    const own = offset - this.startStr
    if (!(own < this.strings.length)) return noString
    const known = this.known[own]!
    if (known !== 0) return known - 1
    const end = stringEnd(this.strings, own)
    this.left -= end - own
    if (this.left < 0) throw new BtfError('btf-names', 'The names overlap in one long string.', null)
    const name = latin1(this.strings, own, end)
    const met = above?.own(name)
    if (met !== undefined) return met
    const number = this.table.number(name)
    this.known[own] = number + 1
    return number
  }
}
