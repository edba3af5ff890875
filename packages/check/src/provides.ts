import type { ModuleFacts, SymbolList, SymversFacts } from '@basedrift/artifacts'
import { releaseFromVermagic } from '@basedrift/artifacts'
import type { FoundKernel } from './kernels.js'
import {
  type LoadKernel,
  type NamePool,
  noPooledSymbols,
  type PooledSymbols,
  symbolBits,
} from './pure/index.js'

/** What a module of a kernel's own gives to others. */
export type Exporter = Pick<ModuleFacts, 'vermagic' | 'exports'>

/** What is found of what a kernel gives to modules. */
export interface Beside {
  readonly exporters: readonly Exporter[]
  /** Beside the kernel itself. */
  readonly symvers: readonly SymversFacts[]
  /** In other inputs, as that of the modules. */
  readonly otherSymvers?: readonly SymversFacts[]
}

/** What a kernel compares modules with, as far as it does not depend on its rules and its base. */
export type Provides = Pick<LoadKernel, 'vermagic' | 'modversions' | 'machine' | 'exports' | 'moduleExports'>

/**
 * What a kernel gives to modules, from its image, from its own modules (those of its release, where that is known) and from a
 * `Module.symvers` of its release, or the only one beside it where that names none. Its vermagic is its modules' where its
 * image does not tell and they agree.
 */
export function providesOf(
  { kernel, exports }: FoundKernel,
  { exporters, symvers, otherSymvers = [] }: Beside,
  names: NamePool,
): Provides {
  const { release } = kernel
  const own = exporters.filter(
    ({ vermagic }) => vermagic !== null && release !== null && releaseFromVermagic(vermagic) === release,
  )
  const vermagics = new Set(own.map(({ vermagic }) => vermagic))
  const isNamed = (found: SymversFacts) => found.release !== null && found.release === release
  const listed = [
    ...symvers.filter((found) => isNamed(found) || (found.release === null && symvers.length === 1)),
    ...otherSymvers.filter(isNamed),
  ]
  const pooled = listed.map((found) => names.pool(found.exports))
  const fromModules = pooled.map((list) => only(list, (bits) => (bits & symbolBits.ofModule) !== 0))
  const fromKernel = pooled
    .map((list) => only(list, (bits) => (bits & symbolBits.ofModule) === 0))
    .filter(({ ids }) => ids.length > 0)
  const kernelLists = [...(exports === null ? [] : [names.pool(exports)]), ...fromKernel]
  return {
    vermagic: kernel.vermagic ?? (vermagics.size === 1 ? [...vermagics][0]! : null),
    modversions: kernel.config?.modversions ?? null,
    machine: kernel.elfMachine,
    exports: kernelLists.length === 0 ? null : joined(kernelLists),
    moduleExports: joined([...own.map((one) => pool(one.exports, names)), ...fromModules]),
  }
}

function pool(list: SymbolList, names: NamePool): PooledSymbols {
  return list.length === 0 ? noPooledSymbols : names.pool(list)
}

function only({ ids, crcs, flags }: PooledSymbols, wanted: (bits: number) => boolean): PooledSymbols {
  const keep = (_: number, index: number) => wanted(flags[index]!)
  return { ids: ids.filter(keep), crcs: crcs.filter(keep), flags: flags.filter(keep) }
}

function joined(lists: readonly PooledSymbols[]): PooledSymbols {
  const length = lists.reduce((sum, { ids }) => sum + ids.length, 0)
  const all = { ids: new Uint32Array(length), crcs: new Uint32Array(length), flags: new Uint8Array(length) }
  let at = 0
  for (const { ids, crcs, flags } of lists) {
    all.ids.set(ids, at)
    all.crcs.set(crcs, at)
    all.flags.set(flags, at)
    at += ids.length
  }
  return all
}
