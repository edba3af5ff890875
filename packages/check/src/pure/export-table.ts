import { type PooledSymbols, symbolBits } from './symbols.js'

/** For whom an export is. */
interface ExportTerms {
  /** Whether all that export it show it to modules of GPL-compatible licenses alone. */
  gplOnly: boolean
  /** The namespaces that it is in, of each that exports it; the empty one is none. */
  readonly spaces: Set<string>
}

/** Exports by the number of their name. Several lists may have one: what it costs a module then, it costs by all of them. */
export class ExportTable {
  /** The CRC of each name, null for an export without one, or all that several exporters say. */
  readonly #known = new Map<number, number | null | Set<number | null>>()
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
      this.#restrict(ids[index]!, (bits & symbolBits.gplOnly) !== 0, spaceOf(spaces.get(index)))
      this.#one(ids[index]!, bits & symbolBits.noCrc ? null : crcs[index]!)
    }
  }

  #restrict(id: number, gplOnly: boolean, space: string): void {
    if (!this.#known.has(id)) {
      if (gplOnly || space !== open) this.#terms.set(id, { gplOnly, spaces: new Set([space]) })
      return
    }
    const terms = this.#terms.get(id)
    if (terms === undefined) return
    terms.gplOnly &&= gplOnly
    terms.spaces.add(space)
  }

  #one(id: number, crc: number | null): void {
    const known = this.#known.get(id)
    if (known === undefined) this.#known.set(id, crc)
    else if (known instanceof Set) known.add(crc)
    else if (known !== crc) this.#known.set(id, new Set([known, crc]))
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
    if (known instanceof Set) return known.has(null) || known.has(crc) ? 'unsure' : 'differs'
    return known === crc ? 'same' : 'differs'
  }

  /** Whether a kernel finds the name here, for a module that may or may not see what is for GPL-compatible licenses alone. */
  shows(id: number, gplOk: boolean): boolean {
    return this.#known.has(id) && (gplOk || this.#terms.get(id)?.gplOnly !== true)
  }

  /** A namespace that a module would have to import to use the name; null for none. */
  lacking(id: number, imported: ReadonlySet<string>): string | null {
    const spaces = this.#terms.get(id)?.spaces
    if (spaces === undefined || spaces.has(open)) return null
    // Whoever makes modules can give one name ever so many namespaces.
    const [few, many] = spaces.size < imported.size ? [spaces, imported] : [imported, spaces]
    for (const space of few) if (many.has(space)) return null
    const [first = null] = spaces
    return first
  }
}

/** No namespace; nor is one looked at that lists modules by name (`module:`, from 6.16 on). */
const open = ''
const spaceOf = (space: string | undefined) =>
  space === undefined || space.startsWith('module:') ? open : space
