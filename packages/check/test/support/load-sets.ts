import { LoadComparison, type LoadKernel, type LoadModule, NamePool, symbolBits } from '../../src/index.js'

/** A symbol as a module or a kernel tells it; `crc` is null where it has none, `space` the namespace that it is exported in. */
export type Entry = readonly [name: string, crc: number | null, flags?: number, space?: string]

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0))
const list = (entries: readonly Entry[]) => ({
  names: latin1(entries.map(([name]) => `${name}\0`).join('')),
  crcs: Uint32Array.from(entries, ([, crc]) => crc ?? 0),
  flags: Uint8Array.from(entries, ([, crc, flags = 0]) => (crc === null ? flags | symbolBits.noCrc : flags)),
  spaces: new Map(entries.flatMap(([, , , space], nth) => (space ? [[nth, space] as const] : []))),
})

type Symbols = 'imports' | 'extendedImports' | 'exports'

/** What of a module is not as usual: it has a table of versions, and this kernel's vermagic. */
export interface ModuleSpec extends Partial<Omit<LoadModule, Symbols>> {
  readonly imports?: readonly Entry[]
  readonly extendedImports?: readonly Entry[]
  readonly exports?: readonly Entry[]
}

/** A module of a kernel, as far as others of it import from it or it from them. */
export interface OwnSpec {
  readonly name: string
  readonly exports?: readonly Entry[]
  readonly imports?: readonly Entry[]
}

/** What of a kernel is not as usual: a 6.1 with versions of symbols, which exports `module_layout` alone, and of which no module is known. */
export interface KernelSpec extends Partial<Omit<LoadKernel, 'exports' | 'moduleExports' | 'ownModules'>> {
  readonly exports?: readonly Entry[] | null
  readonly moduleExports?: readonly Entry[]
  readonly ownModules?: readonly OwnSpec[] | null
}

/** The vermagic of a kernel and of its modules. */
export const ownVermagic = '6.1.0-55 SMP preempt mod_unload modversions '
export const moduleLayout: Entry = ['module_layout', 1]

/** A set of modules, and how what they import and export is compared with what a kernel and they export. */
export function comparisonOf(kernel: KernelSpec, set: readonly ModuleSpec[]) {
  const names = new NamePool()
  const modules = set.map(
    ({ imports = [], extendedImports = [], exports = [], ...more }): LoadModule => ({
      vermagic: ownVermagic,
      basicVersions: 'read',
      extendedVersions: 'absent',
      structSize: null,
      flagTable: false,
      machine: 62,
      lacks: null,
      terms: null,
      folder: null,
      name: '',
      precedes: false,
      ...more,
      imports: names.pool(list(imports)),
      extendedImports: names.pool(list(extendedImports)),
      exports: names.pool(list(exports)),
    }),
  )
  const { exports = [moduleLayout], moduleExports = [], ownModules = null, ...more } = kernel
  const running: LoadKernel = {
    version: '6.1.192',
    vermagic: ownVermagic,
    machine: 62,
    modversions: true,
    forceLoad: null,
    missingNamespaces: false,
    structSize: null,
    ...more,
    exports: exports === null ? null : names.pool(list(exports)),
    moduleExports: names.pool(list(moduleExports)),
    ownModules:
      ownModules?.map((one) => ({
        name: one.name,
        exports: names.pool(list(one.exports ?? [])),
        imports: names.pool(list(one.imports ?? [])),
      })) ?? null,
  }
  return { modules, comparison: new LoadComparison(names, running, modules) }
}

/** `load` of the first module of a set. */
export function loadOf(kernel: KernelSpec, ...set: readonly ModuleSpec[]) {
  const { modules, comparison } = comparisonOf(kernel, set)
  return comparison.load(modules[0]!, null)
}
