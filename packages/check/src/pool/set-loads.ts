import { readFile } from 'node:fs/promises'
import type { Rules, RunningBase } from '@basedrift/btf'
import type { Bundle } from '../bundle/bundle.js'
import { CheckError } from '../errors.js'
import type { ManifestEntry } from '../manifest.js'
import { overridden, placeOf } from '../overridden.js'
import {
  btfIdsLoad,
  LoadComparison,
  type ModuleResult,
  moduleStructSize,
  NamePool,
  withLoad,
  withRefusedExporters,
} from '../pure/index.js'
import { decodeModuleSymbols, decodeProvides } from '../symbols/reader.js'
import { pause, stride } from './pause.js'

/** Files with what a load compares besides BTF; null where a build has none. */
export interface SymbolFiles {
  /** Of the modules, in the order of the manifest. */
  readonly symbolsPath: string | null
  /** What the running kernel gives to modules. */
  readonly exportsPath: string | null
}

/** What the rows of a set are completed by, and what ends that. */
export interface JudgedOn {
  readonly signal: AbortSignal
  readonly manifest: readonly Pick<ManifestEntry, 'file' | 'vermagic'>[]
  readonly bundle: Pick<Bundle, 'modules' | 'read' | 'readingOrder'>
  readonly running: RunningBase
  readonly rules: Rules
  readonly btfModules: boolean
}

/**
 * The rows of a set, each with what else the running kernel compares. They stay as they are where nothing is stored of the
 * modules' symbols or of what the kernel gives to modules, or what an older version stored.
 * @throws CheckError `symbols-malformed`, `bundle-mismatch`, `check-aborted`
 */
export async function withStoredLoads(
  results: readonly ModuleResult[],
  { symbolsPath, exportsPath }: SymbolFiles,
  { signal, manifest, bundle, running, rules, btfModules }: JudgedOn,
): Promise<readonly ModuleResult[]> {
  if (symbolsPath === null || exportsPath === null) return results
  const names = new NamePool()
  const stored = decodeModuleSymbols(await readFile(symbolsPath), names)
  const provides = decodeProvides(await readFile(exportsPath), names)
  if (stored === null || provides === null) return results
  if (stored.length !== results.length) throw new CheckError('bundle-mismatch')
  const structSize = running.btf === null ? null : moduleStructSize(running.btf)
  const kernel = { ...provides, version: rules.version, structSize }
  const modules = stored.map((one, nth) => {
    const { file, vermagic } = manifest[nth]!
    return { ...one, vermagic, ...placeOf(file) }
  })
  const isOverridden = overridden(manifest.map(({ file }) => file))
  const loaded = modules.filter((_, nth) => !isOverridden(nth))
  const comparison = new LoadComparison(names, kernel, loaded)
  const rows = new Array<ModuleResult>(results.length)
  let done = 0
  for (const nth of bundle.readingOrder()) {
    const result = results[nth]!
    const module = modules[nth]!
    const { btfSha256, distilledSha256 } = bundle.modules[nth]!
    const read = (sha256: string | null) => (sha256 === null || !btfModules ? null : bundle.read(sha256))
    const ids =
      module.btfIds === null
        ? null
        : btfIdsLoad(
            module.btfIds,
            result.verdict,
            { btf: read(btfSha256), distilled: read(distilledSha256) },
            running,
            rules,
            btfModules,
          )
    rows[nth] = withLoad(result, comparison.load(module, ids))
    if (++done % stride === 0) await pause(signal)
  }
  const found = modules.map((module, nth) => (isOverridden(nth) ? null : module))
  return withRefusedExporters(rows, found, comparison)
}
