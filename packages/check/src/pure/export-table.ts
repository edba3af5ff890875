import { type PooledSymbols, symbolBits } from './symbols.js'

/** For whom an export is. */
interface ExportTerms {
  /** Whether all that export it show it to modules of GPL-compatible licenses alone. */
  gplOnly: boolean
  /** The namespaces that it is in, of each that exports it; the empty one is none. */
  readonly spaces: string[]
}

/** Exports by the number of their name. Several lists may have one: what it costs a module then, it costs by all of them. */
export class ExportTable {
  /** The CRC of each name, null for an export without one, or all that several exporters say. */
  readonly #known = new Map<number, number | null | (number | null)[]>()
  /** Of names of which no exporter is for everybody. */
  readonly #terms = new Map<number, ExportTerms>()
  readonly #comparesCrcs: boolean

  /** `comparesCrcs`: whether it matters which CRC an import has. */
  constructor(comparesCrcs: boolean) {
    this.#comparesCrcs = comparesCrcs
  }

  /** Adds a list, without those of which a bit is in `leftOut`. */
  add({ ids, crcs, flags, spaces }: PooledSymbols, leftOut: number): void {
    for (let index = 0; index < ids.length; index++) {
      const bits = flags[index]!
      if (bits & leftOut) continue
      this.#restrict(ids[index]!, (bits & symbolBits.gplOnly) !== 0, spaces.get(index) ?? '')
      this.#one(ids[index]!, bits & symbolBits.noCrc ? null : crcs[index]!)
    }
  }

  #restrict(id: number, gplOnly: boolean, space: string): void {
    if (!this.#known.has(id)) {
      if (gplOnly || space !== '') this.#terms.set(id, { gplOnly, spaces: [space] })
      return
    }
    const terms = this.#terms.get(id)
    if (terms === undefined) return
    terms.gplOnly &&= gplOnly
    if (!terms.spaces.includes(space)) terms.spaces.push(space)
  }

  #one(id: number, crc: number | null): void {
    const known = this.#known.get(id)
    if (known === undefined) this.#known.set(id, crc)
    else if (Array.isArray(known)) {
      if (!known.includes(crc)) known.push(crc)
    } else if (known !== crc) this.#known.set(id, [known, crc])
  }

  /**
   * What a kernel says of an import with this CRC: `null` where no exporter is known, `unsure` where they disagree or tell no
   * CRC: a kernel with modversions has one for each export, and takes modules that export without by force alone
   * (`check_export_symbol_versions`), so that what is missing is not in the evidence.
   */
  compare(id: number, crc: number | null): 'same' | 'differs' | 'unsure' | null {
    const known = this.#known.get(id)
    if (known === undefined) return null
    // An import that its module's table leaves out is let go with a warning.
    if (crc === null || !this.#comparesCrcs) return 'same'
    if (known === null) return 'unsure'
    if (Array.isArray(known)) return known.some((one) => one === null || one === crc) ? 'unsure' : 'differs'
    return known === crc ? 'same' : 'differs'
  }

  /** Whether a kernel finds the name here, for a module that may or may not see what is for GPL-compatible licenses alone. */
  shows(id: number, gplOk: boolean): boolean {
    return this.#known.has(id) && (gplOk || this.#terms.get(id)?.gplOnly !== true)
  }

  /** A namespace that a module would have to import to use the name; null for none. */
  lacking(id: number, imported: ReadonlySet<string>): string | null {
    const spaces = this.#terms.get(id)?.spaces ?? ['']
    return spaces.some((space) => isOpen(space) || imported.has(space)) ? null : spaces[0]!
  }
}

/** Whether a namespace need not be imported, or (`module:`, from 6.16 on) lists modules by name, which is not looked at. */
function isOpen(space: string): boolean {
  return space === '' || space.startsWith('module:')
}
