import type { ModuleFacts, SymbolList, SymversFacts } from '@basedrift/artifacts'
import { moduleNameFromPath, releaseFromVermagic } from '@basedrift/artifacts'
import type { FoundKernel } from './kernels.js'
import { overridden } from './overridden.js'
import {
  type LoadKernel,
  type NamePool,
  noPooledSymbols,
  type OwnModule,
  onlySymbols,
  type PooledSymbols,
  symbolBits,
} from './pure/index.js'
import { folderOf } from './pure/places.js'
import { type FoundSymvers, symversOf } from './symvers.js'

/** What a module of a kernel's own gives to others, and takes from them. */
export type Exporter = Pick<ModuleFacts, 'file' | 'vermagic' | 'exports' | 'imports' | 'extendedImports'>

/** What is found of what a kernel gives to modules. */
export interface Beside extends FoundSymvers<SymversFacts> {
  /** The modules that came with it. */
  readonly exporters: readonly Exporter[]
}

/** What a kernel compares modules with, as far as it does not depend on its rules and its base. */
export type Provides = Pick<
  LoadKernel,
  | 'vermagic'
  | 'modversions'
  | 'forceLoad'
  | 'missingNamespaces'
  | 'machine'
  | 'exports'
  | 'moduleExports'
  | 'ownModules'
>

/**
 * What a kernel gives to modules. What it exports itself its image says, and a `Module.symvers` only where that tells nothing, or not
 * the versions; what its modules export they say themselves, and that file only where none of them is there. Its own modules are those
 * of its release, where that is known, that it finds: below its folder, unless none that came with it lies in any, and not where another of
 * the name lies in its `updates/`. Its vermagic is
 * its modules' where its image does not tell and they agree.
 */
export function providesOf(found: FoundKernel, beside: Beside, names: NamePool): Provides {
  const { kernel, exports } = found
  const own = ownModules(kernel.release, beside.exporters)
  const vermagics = new Set(own.map(({ vermagic }) => vermagic))
  const listed = symversOf(found, beside).counted.map((one) => names.pool(one.exports))
  const ofKernel = listed
    .map((list) => onlySymbols(list, (bits) => (bits & symbolBits.ofModule) === 0))
    .filter(({ ids }) => ids.length > 0)
  const ofModules =
    beside.exporters.length > 0
      ? []
      : listed.map((list) => onlySymbols(list, (bits) => (bits & symbolBits.ofModule) !== 0))
  const exported = own.map((one) => pool(one.exports, names))
  return {
    vermagic: kernel.vermagic ?? (vermagics.size === 1 ? [...vermagics][0]! : null),
    modversions: kernel.config?.modversions ?? null,
    forceLoad: kernel.config?.forceLoad ?? null,
    missingNamespaces: kernel.config?.missingNamespaces ?? null,
    machine: kernel.elfMachine,
    exports: exports === null ? joinedIfAny(ofKernel) : versioned(names.pool(exports), ofKernel),
    moduleExports: joined([...exported, ...ofModules]),
    ownModules: own.length === 0 ? null : linked(own, exported, names),
  }
}

/** What modules of a kernel import from each other; those that take and give nothing are left out. */
function linked(
  own: readonly Exporter[],
  exported: readonly PooledSymbols[],
  names: NamePool,
): readonly OwnModule[] {
  const known = new Set<number>()
  for (const { ids } of exported) for (const id of ids) known.add(id)
  const wanted = new Set<number>()
  // A kernel goes by extended versions wherever a module has them and it knows them.
  const imported = own.map(({ imports, extendedImports }) => {
    const list = picked(pool(extendedImports.length > 0 ? extendedImports : imports, names), known)
    for (const id of list.ids) wanted.add(id)
    return list
  })
  return own.flatMap(({ file }, nth) => {
    const [exports, imports] = [picked(exported[nth]!, wanted), imported[nth]!]
    if (exports.ids.length === 0 && imports.ids.length === 0) return []
    return [{ name: moduleNameFromPath(file), exports, imports }]
  })
}

/** Those of a list that are in a set, without their namespaces. */
function picked({ ids, crcs, flags }: PooledSymbols, among: ReadonlySet<number>): PooledSymbols {
  const isThere = Array.from(ids, (id) => among.has(id))
  const keep = (_: number, nth: number) => isThere[nth]!
  return { ids: ids.filter(keep), crcs: crcs.filter(keep), flags: flags.filter(keep), spaces: new Map() }
}

function ownModules(release: string | null, exporters: readonly Exporter[]): readonly Exporter[] {
  const folders = exporters.map(({ file }) => folderOf(file))
  const isOverridden = overridden(exporters.map(({ file }) => file))
  const home = folders.every((folder) => folder === null) ? null : release
  return exporters.filter(
    ({ vermagic }, nth) =>
      vermagic !== null &&
      release !== null &&
      releaseFromVermagic(vermagic) === release &&
      folders[nth] === home &&
      !isOverridden(nth),
  )
}

/** The exports of an image, those of which it tells no CRC with that on which all that lists them agree. */
function versioned(image: PooledSymbols, lists: readonly PooledSymbols[]): PooledSymbols {
  if (lists.length === 0 || image.flags.every((bits) => (bits & symbolBits.noCrc) === 0)) return image
  const told = new Map<number, number | null>()
  for (const { ids, crcs, flags } of lists)
    ids.forEach((id, nth) => {
      const crc = flags[nth]! & symbolBits.noCrc ? null : crcs[nth]!
      told.set(id, told.has(id) && told.get(id) !== crc ? null : crc)
    })
  const crcs = Uint32Array.from(image.crcs)
  const flags = Uint8Array.from(image.flags)
  image.ids.forEach((id, nth) => {
    const crc = told.get(id) ?? null
    if ((flags[nth]! & symbolBits.noCrc) === 0 || crc === null) return
    crcs[nth] = crc
    flags[nth] = flags[nth]! & ~symbolBits.noCrc
  })
  return { ...image, crcs, flags }
}

function pool(list: SymbolList, names: NamePool): PooledSymbols {
  return list.length === 0 ? noPooledSymbols : names.pool(list)
}

function joinedIfAny(lists: readonly PooledSymbols[]): PooledSymbols | null {
  return lists.length === 0 ? null : joined(lists)
}

function joined(lists: readonly PooledSymbols[]): PooledSymbols {
  const length = lists.reduce((sum, { ids }) => sum + ids.length, 0)
  const joinedSpaces = new Map<number, string>()
  const all = {
    ids: new Uint32Array(length),
    crcs: new Uint32Array(length),
    flags: new Uint8Array(length),
    spaces: joinedSpaces,
  }
  let at = 0
  for (const { ids, crcs, flags, spaces } of lists) {
    for (const [index, space] of spaces) joinedSpaces.set(at + index, space)
    all.ids.set(ids, at)
    all.crcs.set(crcs, at)
    all.flags.set(flags, at)
    at += ids.length
  }
  return all
}
