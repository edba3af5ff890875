import type { ExportTable } from './export-table.js'
import type { ModulePlace } from './places.js'
import { type PooledSymbols, symbolBits } from './symbols.js'

/** A module of a kernel's own, as far as its modules import from each other. */
export interface OwnModule {
  /** As depmod has it: by its file, `_` for `-`. */
  readonly name: string
  /** Of its exports those that modules of the kernel import. */
  readonly exports: PooledSymbols
  /** Of its imports those that modules of the kernel export, with the CRCs that it wants. */
  readonly imports: PooledSymbols
}

/** A module of a set that may take the place of one of the kernel's. */
export interface Placed extends ModulePlace {
  readonly exports: PooledSymbols
}

/** What the kernel is looked at by. */
export interface Overridable {
  /** null where nothing but `moduleExports` is known of them. */
  readonly ownModules: readonly OwnModule[] | null
  /** All that its own modules export. */
  readonly moduleExports: ExportTable
  /** Bits of exports that this kernel does not look at. */
  readonly leftOut: number
}

/** A module of the kernel and the number of what it imports and does not find; null where it is not known which module does. */
export interface Missed {
  readonly importer: string | null
  readonly id: number
}

interface Importer {
  readonly name: string
  readonly crc: number | null
  readonly weak: boolean
}

/**
 * Which modules of a set break modules of the kernel: they take the place of one, and an import that a module of the kernel has from that is
 * exported by none of the set, or with another CRC. What the set brings itself under the name of a module of the kernel imports as it
 * says itself. Of a kernel whose modules are known by their exports alone, it is enough to export one of these with another CRC.
 */
export class Overriding {
  readonly #kernel: Overridable
  readonly #exportsOf: (folder: string | null) => ExportTable | undefined
  /** Names of the set by folder. */
  readonly #brought = new Map<string | null, Set<string>>()
  /** Modules of the kernel by name, and who of them imports a symbol. */
  readonly #own = new Map<string, OwnModule[]>()
  readonly #importers = new Map<number, Importer[]>()

  constructor(
    kernel: Overridable,
    set: readonly Placed[],
    exportsOf: (folder: string | null) => ExportTable | undefined,
  ) {
    this.#kernel = kernel
    this.#exportsOf = exportsOf
    if (!set.some(({ precedes }) => precedes)) return
    for (const { folder, name } of set) {
      const names = this.#brought.get(folder)
      if (names === undefined) this.#brought.set(folder, new Set([name]))
      else names.add(name)
    }
    for (const own of kernel.ownModules ?? []) {
      const { name, imports } = own
      append(this.#own, name, own)
      imports.ids.forEach((id, nth) => {
        const weak = (imports.flags[nth]! & symbolBits.weak) !== 0
        append(this.#importers, id, { name, crc: crcOf(imports, nth), weak })
      })
    }
  }

  /** What modules of the kernel miss where this module, of the set, takes the place of another. */
  missed(module: Placed): Missed[] {
    if (!module.precedes) return []
    return this.#kernel.ownModules === null ? this.#changed(module) : this.#broken(module)
  }

  #changed({ exports }: Placed): Missed[] {
    const { moduleExports, leftOut } = this.#kernel
    const isOther = (id: number, nth: number) => {
      if (exports.flags[nth]! & leftOut) return false
      const said = moduleExports.compare(id, crcOf(exports, nth))
      return said === 'differs' || said === 'unsure'
    }
    return [...new Set(exports.ids.filter(isOther))].map((id) => ({ importer: null, id }))
  }

  #broken({ name, folder }: Placed): Missed[] {
    const exported = this.#exportsOf(folder)
    const brought = this.#brought.get(folder)
    const found: Missed[] = []
    // Once each, though ever so many modules of the name export it: what is found is no more than is imported.
    for (const id of this.#givenBy(name))
      for (const importer of this.#importers.get(id) ?? []) {
        if (brought?.has(importer.name)) continue
        const said = exported?.compare(id, importer.crc) ?? null
        if (said === 'same' || (said === null && importer.weak)) continue
        found.push({ importer: importer.name, id })
      }
    return found
  }

  /** What modules of the kernel of this name export. */
  #givenBy(name: string): ReadonlySet<number> {
    const given = new Set<number>()
    for (const { exports } of this.#own.get(name) ?? [])
      exports.ids.forEach((id, nth) => {
        if ((exports.flags[nth]! & this.#kernel.leftOut) === 0) given.add(id)
      })
    return given
  }
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

function crcOf({ crcs, flags }: PooledSymbols, nth: number): number | null {
  return flags[nth]! & symbolBits.noCrc ? null : crcs[nth]!
}
