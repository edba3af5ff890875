import { type Btf, Kind, traitsOf } from '@basedrift/btf'
import { ExportTable } from './export-table.js'
import { overallOf } from './overall.js'
import { Overriding, type OwnModule, type Placed } from './overriding.js'
import type { ModulePlace } from './places.js'
import { type NamePool, type PooledSymbols, symbolBits } from './symbols.js'
import type { BtfIdsLoad, Load, LoadDoubt, LoadObstacle, MissedExport, ModuleResult } from './verdicts.js'

/** What is known of a version table: whether there is one, and whether its CRCs could be read. */
export type VersionTable = 'absent' | 'read' | 'unreadable'

/** What a module asks of a kernel besides its BTF, and what it exports. */
export interface LoadModule extends ModulePlace {
  /** `.modinfo` vermagic; null where it has none, or where there is nothing but its BTF. */
  readonly vermagic: string | null
  /** Its `__versions`. */
  readonly basicVersions: VersionTable
  /** Its extended versions, by which alone kernels from 6.14 on go where there are such. */
  readonly extendedVersions: VersionTable
  /** Size of its `struct module`; null where it is not known. */
  readonly structSize: number | null
  /** Whether it has a `__kflagstab`. */
  readonly flagTable: boolean
  /** `e_machine`; null where it is not known. */
  readonly machine: number | null
  /** What is missing of what no kernel loads a module without. */
  readonly lacks: 'symbols' | 'this-module' | null
  /** By what the kernel tells which exports it may use; null where that is not known. */
  readonly terms: { readonly license: string | null; readonly namespaces: readonly string[] } | null
  /** With the CRCs of `__versions`. */
  readonly imports: PooledSymbols
  /** With the CRCs of the extended versions; none where these are not `read`. */
  readonly extendedImports: PooledSymbols
  readonly exports: PooledSymbols
}

/** What a running kernel compares a module with. Symbols are numbered by the same pool as those of the modules. */
export interface LoadKernel {
  /** Upstream version. */
  readonly version: string
  readonly vermagic: string | null
  /** CONFIG_MODVERSIONS; null where the config is not known. */
  readonly modversions: boolean | null
  /** CONFIG_MODULE_FORCE_LOAD; null where the config is not known. */
  readonly forceLoad: boolean | null
  /** CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS; null where the config is not known. */
  readonly missingNamespaces: boolean | null
  /** Size of its `struct module`; null where it is not known. */
  readonly structSize: number | null
  /** `e_machine`; null where it is not known, as of a raw BTF. */
  readonly machine: number | null
  /** What it exports itself; null where that is not known. Several lists may be joined: they may repeat a symbol. */
  readonly exports: PooledSymbols | null
  /** What its own modules export, as far as they are known. */
  readonly moduleExports: PooledSymbols
  /** What its own modules import from each other; null where nothing but their exports is known. */
  readonly ownModules: readonly OwnModule[] | null
}

/** Symbols named in a result of each sort; `…Total` counts the rest. */
const mostNamed = 4

/**
 * What a running kernel compares besides BTF, for the modules of one set: they are loaded along with each other, so that an
 * import is held against the kernel's own exports, then those of the set that is given, then those of the kernel's own modules. Of the set those
 * are found that lie in the same folder: depmod looks at one release at a time. Prepared once, asked for each module. Where the
 * evidence does not decide, the answer is `unknown`.
 */
export class LoadComparison {
  readonly #kernel: LoadKernel
  readonly #names: NamePool
  readonly #own: ExportTable | null
  /** By folder. */
  readonly #set = new Map<string | null, ExportTable>()
  readonly #modules: ExportTable
  readonly #modversions: boolean | null
  readonly #extendedVersions: boolean
  readonly #leftOut: number
  readonly #wantsFlagTable: boolean
  readonly #comparesStruct: boolean
  readonly #overriding: Overriding

  /** @throws BtfError `rules-invalid` */
  constructor(names: NamePool, kernel: LoadKernel, set: readonly Placed[]) {
    const traits = traitsOf(kernel.version)
    this.#kernel = kernel
    this.#names = names
    this.#modversions = kernel.modversions ?? modversionsOf(kernel.vermagic)
    this.#extendedVersions = traits.extendedVersions
    this.#wantsFlagTable = traits.exportFlags
    this.#comparesStruct = traits.moduleSizeCheck
    // A GPL table of a module is not looked at from 7.1 on: its exports are gone.
    this.#leftOut = traits.exportFlags ? symbolBits.gplTable : 0
    const table = (list: PooledSymbols, known = new ExportTable(this.#modversions !== false)) => {
      known.add(list, this.#leftOut)
      return known
    }
    this.#own = kernel.exports === null ? null : table(kernel.exports)
    for (const { exports, folder } of set)
      if (exports.ids.length > 0) this.#set.set(folder, table(exports, this.#set.get(folder)))
    this.#modules = table(kernel.moduleExports)
    const { ownModules } = kernel
    const overridable = { ownModules, moduleExports: this.#modules, leftOut: this.#leftOut }
    this.#overriding = new Overriding(overridable, set, (folder) => this.#set.get(folder))
  }

  /** Whether what the kernel exports itself is known. */
  get knowsExports(): boolean {
    return this.#own !== null
  }

  /** Whether a module that exports a symbol with these bits brings it to others: the kernel looks at it, and has none of its own. */
  bringsExport(id: number, bits: number): boolean {
    return (bits & this.#leftOut) === 0 && this.#own?.shows(id, true) !== true
  }

  /** The name of a symbol. */
  nameOf(id: number): string {
    return this.#names.name(id) || '(no name)'
  }

  /** `load` of one module of the set; `btfIds` is what `btfIdsLoad` says of it, where it has such ids. */
  load(module: LoadModule, btfIds: BtfIdsLoad | null): Load {
    const forced = this.#forced(module)
    const isRefused = this.#kernel.forceLoad === false
    const apart = this.#namespaces(module)
    const obstacles = [
      ...this.#obstacles(module),
      ...(isRefused ? forced.map((code) => ({ code })) : []),
      ...this.#gplOnly(module),
      ...(this.#kernel.missingNamespaces === false ? apart : []),
    ]
    const { modversions, doubts: others } = this.#versions(module)
    const isUnsure = this.#kernel.missingNamespaces === null
    const missed = this.#missed(module)
    const doubts = [
      ...(isRefused ? [] : forced),
      ...(isUnsure ? apart.map(({ code }) => code) : []),
      ...others,
      ...(missed.length > 0 ? (['overridden-exports'] as const) : []),
    ]
    return {
      vermagic: this.#vermagic(module),
      modversions,
      ...(obstacles.length === 0 ? {} : { obstacles }),
      ...(doubts.length === 0 ? {} : { doubts }),
      ...(missed.length === 0 ? {} : { missed: missed.slice(0, mostNamed) }),
      ...total('missedTotal', missed),
      ...(btfIds === null ? {} : { btfIds }),
    }
  }

  /** What modules of the kernel miss where the module takes the place of one of them, by name. */
  #missed(module: LoadModule): MissedExport[] {
    const found = this.#overriding.missed(module).map(({ importer, id }) => {
      const symbol = this.nameOf(id)
      return importer === null ? { symbol } : { module: importer, symbol }
    })
    const keyOf = ({ module: importer = '', symbol }: MissedExport) => `${importer}\0${symbol}`
    return found.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  }

  /**
   * `same_magic`: with modversions and a `__versions` section, both strings without their first word; else all of both. A
   * module that has extended versions alone is compared in full.
   */
  #vermagic({ vermagic, basicVersions }: LoadModule): Load['vermagic'] {
    const own = this.#kernel.vermagic
    if (own === null || vermagic === null) return 'unknown'
    if (basicVersions === 'absent' || this.#modversions === false)
      return own === vermagic ? 'same' : 'differs'
    return afterRelease(own) === afterRelease(vermagic) ? 'same' : 'differs'
  }

  /** The imports as the kernel takes them, with the CRCs of the table that it goes by, and what is known of that table. */
  #importsOf(module: LoadModule): { readonly imports: PooledSymbols; readonly table: VersionTable } {
    const { imports, extendedImports, basicVersions, extendedVersions } = module
    if (!this.#extendedVersions || extendedVersions === 'absent') return { imports, table: basicVersions }
    return extendedVersions === 'read'
      ? { imports: extendedImports, table: 'read' }
      : { imports: withoutCrcs(imports), table: extendedVersions }
  }

  /** Whether it exports what the kernel looks at without a CRC. */
  #exportsUnversioned({ flags }: PooledSymbols): boolean {
    return flags.some((bits) => (bits & this.#leftOut) === 0 && (bits & symbolBits.noCrc) !== 0)
  }

  /** What the module lacks that the kernel does without by force alone (`try_to_force_load`), if at all. */
  #forced(module: LoadModule): ('versions-absent' | 'vermagic-absent')[] {
    // Of a raw BTF, or a kernel of which there is no more, nothing is said but what BTF decides.
    const { machine, vermagic, exports, forceLoad } = this.#kernel
    const isBare = vermagic === null && exports === null && forceLoad === null
    if (module.machine === null || machine === null || isBare) return []
    const isVersioned = this.#modversions !== true || this.#importsOf(module).table !== 'absent'
    return [
      ...(isVersioned ? [] : (['versions-absent'] as const)),
      ...(module.vermagic === null ? (['vermagic-absent'] as const) : []),
    ]
  }

  #versions(module: LoadModule): Pick<Load, 'modversions'> & { readonly doubts: readonly LoadDoubt[] } {
    const { imports, table } = this.#importsOf(module)
    const { ids, crcs, flags } = imports
    const beside = this.#set.get(module.folder)
    const mismatched: number[] = []
    const unresolved: number[] = []
    let unsure = false
    let versioned = false
    for (let index = 0; index < ids.length; index++) {
      const bits = flags[index]!
      const crc = bits & symbolBits.noCrc ? null : crcs[index]!
      if (crc !== null) versioned = true
      const id = ids[index]!
      const said = this.#own?.compare(id, crc) ?? beside?.compare(id, crc) ?? this.#modules.compare(id, crc)
      if (said === 'differs') mismatched.push(id)
      else if (said === 'unsure') unsure = true
      else if (said === null && !(bits & symbolBits.weak)) unresolved.push(id)
    }
    const names = (list: readonly number[]) => list.map((id) => this.nameOf(id)).sort()
    // A kernel of which modversions are not known may compare CRCs or not.
    const compared = this.#modversions === true
    const differs = mismatched.length > 0
    // A kernel with modversions takes a module that has none, or exports without, by force alone (CONFIG_MODULE_FORCE_LOAD).
    const wantsVersions = this.#modversions !== false
    const lacksVersions = wantsVersions && (table !== 'read' || !versioned)
    const exportsBare = wantsVersions && this.#exportsUnversioned(module.exports)
    // Where the kernel's own exports are not known, every import from it is among these.
    const missing = this.#own === null ? [] : names(unresolved)
    const named = {
      ...(missing.length === 0 ? {} : { unresolved: missing.slice(0, mostNamed) }),
      ...total('unresolvedTotal', missing),
    }
    if (differs && compared) {
      const all = names(mismatched)
      const first = all.slice(0, mostNamed)
      const modversions = { mismatched: first, ...total('mismatchedTotal', all), ...named }
      return { modversions: { state: 'mismatch', ...modversions }, doubts: [] }
    }
    // A kernel of which nothing but BTF is known leaves all of it open.
    const doubts: LoadDoubt[] = []
    if (this.#own !== null) {
      if (this.#modversions === null && (differs || lacksVersions)) doubts.push('modversions-unknown')
      else if (lacksVersions && table !== 'absent' && ids.length > 0) doubts.push('versions-unusable')
      if (exportsBare) doubts.push('export-versions-absent')
      if (unsure) doubts.push('exporters-unsure')
    }
    const open = this.#own === null || ids.length === 0 || unresolved.length > 0
    const known = !open && !unsure && !differs && !lacksVersions && !exportsBare
    return { modversions: { state: known ? 'match' : 'unknown', mismatched: [], ...named }, doubts }
  }

  /** The first by name of its exports that the kernel itself has; null where there is none. */
  #duplicateOf({ ids, flags }: PooledSymbols): string | null {
    const names: string[] = []
    for (let index = 0; index < ids.length; index++)
      if ((flags[index]! & this.#leftOut) === 0 && this.#own?.shows(ids[index]!, true))
        names.push(this.#names.name(ids[index]!))
    return names.sort()[0] ?? null
  }

  /**
   * Where a kernel finds an import of a module, as far as it is known: in its own exports, where it looks first, else in those beside the
   * module or those of its modules.
   */
  #exporters(id: number, folder: string | null, gplOk: boolean): ExportTable[] {
    if (this.#own?.shows(id, gplOk)) return [this.#own]
    const tables = [this.#set.get(folder), this.#modules]
    return tables.filter((table): table is ExportTable => table?.shows(id, gplOk) === true)
  }

  /** `find_symbol`: what is for GPL-compatible licenses alone is not there for other modules. A weak import goes without. */
  #gplOnly({ terms, imports, folder }: LoadModule): LoadObstacle[] {
    if (terms === null || this.#own === null || isGplCompatible(terms.license)) return []
    const { ids, flags } = imports
    const hidden = [...ids].filter(
      (id, nth) =>
        (flags[nth]! & symbolBits.weak) === 0 &&
        this.#exporters(id, folder, false).length === 0 &&
        this.#exporters(id, folder, true).length > 0,
    )
    if (hidden.length === 0) return []
    const expected = `${this.#listed(hidden)} for licenses alone that are compatible with the GPL`
    const actual = terms.license === null ? 'no license' : `the license ${terms.license}`
    return [{ code: 'gpl-only-import', expected, actual }]
  }

  /** `verify_namespace_is_imported`, of an import that is found, weak or not. */
  #namespaces({ terms, imports, folder }: LoadModule): (LoadObstacle & { code: 'namespace-not-imported' })[] {
    if (terms === null || this.#own === null) return []
    const imported = new Set(terms.namespaces)
    const gplOk = isGplCompatible(terms.license)
    const found = new Map<string, number[]>()
    for (const id of imports.ids) {
      const missing = this.#exporters(id, folder, gplOk).map((table) => table.lacking(id, imported))
      const [space] = missing
      if (space === undefined || space === null || missing.includes(null)) continue
      const ofSpace = found.get(space)
      if (ofSpace === undefined) found.set(space, [id])
      else ofSpace.push(id)
    }
    if (found.size === 0) return []
    const told = [...found].map(([space, ids]) => `${this.#listed(ids)} in the namespace ${space}`)
    const more = told.length > mostNamed ? ` and ${told.length - mostNamed} more namespaces` : ''
    return [{ code: 'namespace-not-imported', expected: told.sort().slice(0, mostNamed).join(', ') + more }]
  }

  /** The first of some names, and how many more there are. */
  #listed(ids: readonly number[]): string {
    const names = ids.map((id) => this.#names.name(id)).sort()
    const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
    return names.slice(0, mostNamed).join(', ') + more
  }

  #obstacles({ structSize, flagTable, machine, lacks, exports }: LoadModule): LoadObstacle[] {
    const found: LoadObstacle[] = []
    const { structSize: own, machine: ownMachine } = this.#kernel
    if (ownMachine !== null && machine !== null && machine !== ownMachine)
      found.push({ code: 'machine-differs', expected: String(ownMachine), actual: String(machine) })
    // Of a kernel of which there is nothing but BTF, nothing is said but what its BTF decides.
    if (lacks !== null && ownMachine !== null) found.push({ code: `${lacks}-absent` })
    if (this.#comparesStruct && own !== null && structSize !== null && own !== structSize)
      found.push({ code: 'module-struct-size', expected: String(own), actual: String(structSize) })
    const looked = exports.flags.some((bits) => (bits & symbolBits.gplTable) === 0)
    if (this.#wantsFlagTable && looked && !flagTable) found.push({ code: 'export-flags-absent' })
    const duplicate = this.#duplicateOf(exports)
    if (duplicate !== null) found.push({ code: 'export-duplicate', actual: duplicate })
    return found
  }
}

/** `license_is_gpl_compatible`, the same in all versions; a module without a license is none. */
function isGplCompatible(license: string | null): boolean {
  return license !== null && gplCompatible.has(license)
}
const gplCompatible: ReadonlySet<string> = new Set([
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
])

/** Imports whose CRCs are not known. */
function withoutCrcs({ ids, crcs, flags, spaces }: PooledSymbols): PooledSymbols {
  return { ids, crcs, spaces, flags: flags.map((bits) => bits | symbolBits.noCrc) }
}

/** The true number of a list that was cut. */
function total<K extends string>(key: K, all: readonly unknown[]): { readonly [key in K]?: number } {
  return all.length > mostNamed ? ({ [key]: all.length } as { readonly [key in K]?: number }) : {}
}

/** CONFIG_MODVERSIONS is one of vermagic's words. */
function modversionsOf(vermagic: string | null): boolean | null {
  return vermagic === null ? null : / modversions /.test(vermagic)
}

/** What `same_magic` compares of a module with versions: all from the first blank on. */
function afterRelease(vermagic: string): string {
  const blank = vermagic.indexOf(' ')
  return blank < 0 ? '' : vermagic.slice(blank)
}

/** A kernel's `sizeof(struct module)` as its base BTF has it; null where it has none, or several that differ. */
export function moduleStructSize(base: Btf): number | null {
  let found: number | null = null
  for (let id = base.startId; id <= base.lastId; id++) {
    if (base.kind(id) !== Kind.STRUCT || base.nameOff(id) === 0 || base.name(id) !== 'module') continue
    const size = base.sizeOrType(id)
    if (found !== null && found !== size) return null
    found = size
  }
  return found
}

/** A row with what was found out of `load` after its verdict; its keys keep their order. */
export function withLoad(result: ModuleResult, load: Load): ModuleResult {
  return { ...result, load, overall: overallOf(result.verdict, load) }
}
