import type { LinkFacts, ModuleFacts } from '@basedrift/artifacts'
import type { FoundKernel } from '../kernels.js'
import { overridden, placeOf } from '../overridden.js'
import { type Beside, providesOf } from '../provides.js'
import {
  type BtfIdsLoad,
  LoadComparison,
  type ModulePlace,
  type ModuleResult,
  moduleStructSize,
  NamePool,
  withLoad,
  withRefusedExporters,
} from '../pure/index.js'
import type { RunningKernel } from './running.js'

/** What decides the load of a module besides its BTF. */
type Link = Omit<LinkFacts, 'btfIds'> & Pick<ModuleFacts, 'vermagic'> & ModulePlace

/** A module with its verdict, waiting for what else the kernel compares. */
export interface Judged {
  readonly result: ModuleResult
  /** null where there is nothing but BTF, or not even that. */
  readonly link: Link | null
  readonly btfIds: BtfIdsLoad | null
}

/** What is kept of a module until all of its set are read; null for a raw BTF. */
export function linkOf(facts: ModuleFacts): Link | null {
  const { vermagic, basicVersions, extendedVersions, structSize, flagTable, machine, lacks, terms } = facts
  const { imports, extendedImports, exports, file } = facts
  if (machine === null) return null
  return {
    vermagic,
    basicVersions,
    extendedVersions,
    structSize,
    flagTable,
    machine,
    lacks,
    terms,
    imports,
    extendedImports,
    exports,
    ...placeOf(file),
  }
}

/**
 * The rows of modules that are checked together, each with what else the kernel compares: all of them are loaded along with
 * each other. Raw BTFs tell nothing of it, and cost nothing.
 */
export function withLoads(
  judged: readonly Judged[],
  running: RunningKernel,
  kernel: Beside & { readonly kernel: FoundKernel | null },
): ModuleResult[] {
  if (kernel.kernel === null || judged.every(({ link, btfIds }) => link === null && btfIds === null))
    return judged.map(({ result }) => result)
  const names = new NamePool()
  const provides = providesOf(kernel.kernel, kernel, names)
  const modules = judged.map(({ link }) =>
    link === null
      ? null
      : {
          ...link,
          imports: names.pool(link.imports),
          extendedImports: names.pool(link.extendedImports),
          exports: names.pool(link.exports),
        },
  )
  const isOverridden = overridden(judged.map(({ result }) => result.file))
  const { rules, base } = running
  const structSize = base.btf === null ? null : moduleStructSize(base.btf)
  const comparison = new LoadComparison(
    names,
    { ...provides, version: rules.version, structSize },
    modules.flatMap((module, nth) => (module === null || isOverridden(nth) ? [] : [module])),
  )
  const rows = judged.map(({ result, btfIds }, nth) => {
    const module = modules[nth]!
    if (module === null) return btfIds === null ? result : withLoad(result, { ...result.load, btfIds })
    return withLoad(result, comparison.load(module, btfIds))
  })
  const found = modules.map((module, nth) => (isOverridden(nth) ? null : module))
  return withRefusedExporters(rows, found, comparison)
}
