import type { LoadComparison, LoadModule } from './load.js'
import { withLoad } from './load.js'
import { type PooledSymbols, symbolBits } from './symbols.js'
import type { ModuleResult, Overall } from './verdicts.js'

type Links = Pick<LoadModule, 'imports' | 'exports' | 'folder'>

/** How many modules of a set that may load export a symbol, and which modules import it. */
interface Symbol {
  exporters: number
  readonly importers: number[]
}

/** Symbols of a set by folder, then number: depmod looks at one folder at a time. */
class SetSymbols {
  readonly #folders = new Map<string | null, Map<number, Symbol>>()
  readonly #comparison: LoadComparison

  constructor(comparison: LoadComparison, modules: readonly (Links | null)[]) {
    this.#comparison = comparison
    for (const module of modules)
      if (module !== null)
        for (const id of this.#exported(module)) {
          const symbols = this.#folders.get(module.folder) ?? new Map<number, Symbol>()
          this.#folders.set(module.folder, symbols)
          const known = symbols.get(id)
          if (known === undefined) symbols.set(id, { exporters: 1, importers: [] })
          else known.exporters++
        }
    modules.forEach((module, nth) => {
      const symbols = module === null ? undefined : this.#folders.get(module.folder)
      if (module === null || symbols === undefined) return
      const { ids, flags } = module.imports
      for (let index = 0; index < ids.length; index++)
        if ((flags[index]! & symbolBits.weak) === 0) symbols.get(ids[index]!)?.importers.push(nth)
    })
  }

  *#exported({ exports }: { readonly exports: PooledSymbols }): Generator<number> {
    const { ids, flags } = exports
    for (let index = 0; index < ids.length; index++)
      if (this.#comparison.bringsExport(ids[index]!, flags[index]!)) yield ids[index]!
  }

  /** Takes out what a module exports: the importers of each symbol that nothing is left to export, with its number. */
  *without(module: Links): Generator<{ readonly importer: number; readonly id: number }> {
    const symbols = this.#folders.get(module.folder)
    for (const id of this.#exported(module)) {
      const symbol = symbols?.get(id)
      if (symbol === undefined || --symbol.exporters > 0) continue
      for (const importer of symbol.importers) yield { importer, id }
    }
  }
}

/** What stays what it is, whatever a module imports. */
const settled: ReadonlySet<Overall> = new Set<Overall>(['refused', 'error', 'crashes'])

/**
 * The rows of a set, whose modules are loaded along with each other, once those that are refused bring no symbols any more: what imports one
 * that none but refused modules export is refused too (ENOENT, `Unknown symbol`), and so on. Where one of several exporters is refused, which of them
 * depmod takes is not known, and nothing follows. A kernel of which the exports are not known is asked about none of it. In time linear in
 * the imports and exports of the set. `modules` are null where there is nothing but BTF, or depmod finds another.
 */
export function withRefusedExporters(
  rows: readonly ModuleResult[],
  modules: readonly (Links | null)[],
  comparison: LoadComparison,
): ModuleResult[] {
  const found = [...rows]
  const refused = [...rows.keys()].filter((nth) => rows[nth]!.overall === 'refused')
  if (refused.length === 0 || !comparison.knowsExports) return found
  const symbols = new SetSymbols(comparison, modules)
  for (let next = refused.pop(); next !== undefined; next = refused.pop()) {
    const module = modules[next]!
    if (module === null) continue
    for (const { importer, id } of symbols.without(module)) {
      const row = found[importer]!
      if (settled.has(row.overall)) continue
      const { vermagic, modversions, obstacles = [], ...rest } = row.load
      const obstacle = { code: 'exporter-refused', actual: comparison.nameOf(id) } as const
      const load = { vermagic, modversions, obstacles: [...obstacles, obstacle], ...rest }
      const stopped = withLoad(row, load)
      found[importer] = stopped
      if (stopped.overall === 'refused') refused.push(importer)
    }
  }
  return found
}
