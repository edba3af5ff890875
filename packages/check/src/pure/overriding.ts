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

/**
 * Which modules of a set break modules of the kernel: they take the place of one, and an import that a module of the kernel has from that is
 * exported by none of the set, or with another CRC. What the set brings itself under the name of a module of the kernel imports as it
 * says itself. Of a kernel whose modules are known by their exports alone, it is enough to export one of these with another CRC.
 */
export class Overriding {
  readonly #kernel: Overridable
  /** Names, by folder, of modules of the kernel whose place the set takes so that others of the kernel break. */
  readonly #breaking = new Map<string | null, ReadonlySet<string>>()

  constructor(
    kernel: Overridable,
    set: readonly Placed[],
    exportsOf: (folder: string | null) => ExportTable | undefined,
  ) {
    this.#kernel = kernel
    const { ownModules } = kernel
    if (ownModules === null) return
    for (const folder of new Set(set.filter(({ precedes }) => precedes).map((one) => one.folder))) {
      const there = set.filter((one) => one.folder === folder)
      this.#breaking.set(folder, this.#brokenIn(ownModules, there, exportsOf(folder)))
    }
  }

  /** Whether the module, of the set, breaks modules of the kernel. */
  breaks({ name, folder, precedes, exports }: Placed): boolean {
    if (!precedes) return false
    if (this.#kernel.ownModules !== null) return this.#breaking.get(folder)?.has(name) === true
    const { moduleExports, leftOut } = this.#kernel
    return exports.ids.some((id, nth) => {
      const bits = exports.flags[nth]!
      const said = bits & leftOut ? null : moduleExports.compare(id, crcOf(exports, nth))
      return said === 'differs' || said === 'unsure'
    })
  }

  #brokenIn(
    ownModules: readonly OwnModule[],
    set: readonly Placed[],
    exported: ExportTable | undefined,
  ): ReadonlySet<string> {
    const brought = new Set(set.map(({ name }) => name))
    const taking = new Set(set.filter(({ precedes }) => precedes).map(({ name }) => name))
    /** Names of modules whose place is taken, by what they export. */
    const replaced = new Map<number, string[]>()
    for (const { name, exports } of ownModules) {
      if (!taking.has(name)) continue
      exports.ids.forEach((id, nth) => {
        if (exports.flags[nth]! & this.#kernel.leftOut) return
        const names = replaced.get(id)
        if (names === undefined) replaced.set(id, [name])
        else names.push(name)
      })
    }
    const breaking = new Set<string>()
    if (replaced.size === 0) return breaking
    for (const { name, imports } of ownModules) {
      if (brought.has(name)) continue
      imports.ids.forEach((id, nth) => {
        const exporters = replaced.get(id)
        if (exporters === undefined) return
        const said = exported?.compare(id, crcOf(imports, nth)) ?? null
        const isWeak = (imports.flags[nth]! & symbolBits.weak) !== 0
        if (said === 'same' || (said === null && isWeak)) return
        for (const exporter of exporters) breaking.add(exporter)
      })
    }
    return breaking
  }
}

function crcOf({ crcs, flags }: PooledSymbols, nth: number): number | null {
  return flags[nth]! & symbolBits.noCrc ? null : crcs[nth]!
}
