import { type Btf, Kind, traitsOf } from '@basedrift/btf'
import { overallOf } from './overall.js'
import { type NamePool, type PooledSymbols, symbolBits } from './symbols.js'
import type { BtfIdsLoad, Load, LoadDoubt, LoadObstacle, ModuleResult } from './verdicts.js'

/** What is known of a version table: whether there is one, and whether its CRCs could be read. */
export type VersionTable = 'absent' | 'read' | 'unreadable'

/** What a module asks of a kernel besides its BTF, and what it exports. */
export interface LoadModule {
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
  /** With the CRCs of `__versions`. */
  readonly imports: PooledSymbols
  /** With the CRCs of the extended versions; none where these are not `read`. */
  readonly extendedImports: PooledSymbols
  readonly exports: PooledSymbols
  /** The release below whose folder a kernel finds it (`lib/modules/RELEASE`); null where it lies in none. */
  readonly folder: string | null
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
  /** Size of its `struct module`; null where it is not known. */
  readonly structSize: number | null
  /** `e_machine`; null where it is not known, as of a raw BTF. */
  readonly machine: number | null
  /** What it exports itself; null where that is not known. Several lists may be joined: they may repeat a symbol. */
  readonly exports: PooledSymbols | null
  /** What its own modules export, as far as they are known. */
  readonly moduleExports: PooledSymbols
}

/** Symbols named in a result of each sort; `…Total` counts the rest. */
const mostNamed = 4

/** Exports by the number of their name. */
class ExportTable {
  /** The CRC of each name, null for an export without one, or all that several exporters say. */
  readonly #known = new Map<number, number | null | (number | null)[]>()
  readonly #comparesCrcs: boolean

  constructor(comparesCrcs: boolean) {
    this.#comparesCrcs = comparesCrcs
  }

  add({ ids, crcs, flags }: PooledSymbols, leftOut: number): void {
    for (let index = 0; index < ids.length; index++) {
      const bits = flags[index]!
      if (bits & leftOut) continue
      this.#one(ids[index]!, bits & symbolBits.noCrc ? null : crcs[index]!)
    }
  }

  #one(id: number, crc: number | null): void {
    const known = this.#known.get(id)
    if (known === undefined) this.#known.set(id, crc)
    else if (Array.isArray(known)) {
      if (!known.includes(crc)) known.push(crc)
    } else if (known !== crc) this.#known.set(id, [known, crc])
  }

  has(id: number): boolean {
    return this.#known.has(id)
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
}

/**
 * What a running kernel compares besides BTF, for the modules of one set: they are loaded along with each other, so that an
 * import is held against the kernel's own exports, then those of the set, then those of the kernel's own modules. Of the set those
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

  /** @throws BtfError `rules-invalid` */
  constructor(names: NamePool, kernel: LoadKernel, set: Iterable<Pick<LoadModule, 'exports' | 'folder'>>) {
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
  }

  /** `load` of one module of the set; `btfIds` is what `btfIdsLoad` says of it, where it has such ids. */
  load(module: LoadModule, btfIds: BtfIdsLoad | null): Load {
    const forced = this.#forced(module)
    const isRefused = this.#kernel.forceLoad === false
    const obstacles = [...this.#obstacles(module), ...(isRefused ? forced.map((code) => ({ code })) : [])]
    const { modversions, doubts: others } = this.#versions(module)
    const doubts = [...(isRefused ? [] : forced), ...others]
    return {
      vermagic: this.#vermagic(module),
      modversions,
      ...(obstacles.length === 0 ? {} : { obstacles }),
      ...(doubts.length === 0 ? {} : { doubts }),
      ...(btfIds === null ? {} : { btfIds }),
    }
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
    const names = (list: readonly number[]) => list.map((id) => this.#names.name(id) || '(no name)').sort()
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
      if ((flags[index]! & this.#leftOut) === 0 && this.#own?.has(ids[index]!))
        names.push(this.#names.name(ids[index]!))
    return names.sort()[0] ?? null
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

/** Imports whose CRCs are not known. */
function withoutCrcs({ ids, crcs, flags }: PooledSymbols): PooledSymbols {
  return { ids, crcs, flags: flags.map((bits) => bits | symbolBits.noCrc) }
}

/** The true number of a list that was cut. */
function total<K extends string>(key: K, all: readonly string[]): { readonly [key in K]?: number } {
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
