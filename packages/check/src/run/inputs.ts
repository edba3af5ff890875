import {
  type ConfigFacts,
  type KernelFacts,
  type ModuleFacts,
  type Problem,
  type RawRole,
  type SymversFacts,
  scan,
  type Tools,
} from '@basedrift/artifacts'
import { type Claim, claimOf, contradictions, moduleReleases } from '../claims.js'
import type { FoundKernel } from '../kernels.js'
import type { Exporter } from '../provides.js'
import { kernelsIn, type Origin, originsOf } from './origins.js'

/** What one input of a check holds. */
export interface InputContent {
  readonly path: string
  /** Its one kernel; null where it has none, or several and only its modules are wanted. */
  readonly kernel: FoundKernel | null
  /** What a module of it was built on, as far as the input tells. */
  readonly originOf: (facts: ModuleFacts) => Origin
  readonly modules: readonly ModuleFacts[]
  /** What each of its modules exports, also where the modules themselves are not kept. */
  readonly exporters: readonly Exporter[]
  readonly symvers: readonly SymversFacts[]
  readonly problems: readonly Problem[]
  /** Files that were read as kernels or their configs: problems in them are none of the modules'. */
  readonly kernelFiles: ReadonlySet<string>
}

/** Bytes of an input that have been read, of its size where that is known. */
export interface InputProgress {
  readonly path: string
  readonly bytes: number
  readonly total: number | null
}

/** How inputs are read. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: InputProgress) => void) | undefined
  /** The kernel comes with the text of its config. */
  readonly configText?: boolean
  /** Decompressors beside Node; without it they are looked for, once a check. */
  readonly tools?: Tools | undefined
  /** Reads the inputs of a check in place of `readInput`. */
  readonly read?: ReadInput | undefined
}

/** `readInput`, or what reads an input in its place. */
export type ReadInput = (
  path: string,
  role: RawRole | null,
  keepModules: boolean,
  options: ReadOptions,
) => Promise<InputContent>

/**
 * Reads one input of any form. `role` says what a raw BTF is taken for, and that only modules are wanted; `modules` are kept only
 * where they are wanted.
 * @throws CheckError `kernel-ambiguous`
 */
export async function readInput(
  path: string,
  role: RawRole | null,
  keepModules: boolean,
  { signal, onProgress, configText, tools }: ReadOptions,
): Promise<InputContent> {
  const kernels: KernelFacts[] = []
  const configs: ConfigFacts[] = []
  const modules: ModuleFacts[] = []
  const exporters: Exporter[] = []
  const symvers: SymversFacts[] = []
  const problems: Problem[] = []
  const claims: Claim[] = []
  const images = new Set<string>()
  const options = {
    onPart: (file: string) => {
      if (file !== path) images.add(file)
    },
    ...(role === null ? {} : { rawBtf: role }),
    ...(signal === undefined ? {} : { signal }),
    ...(tools === undefined ? {} : { tools }),
    ...(configText === undefined ? {} : { configText }),
    ...(onProgress === undefined
      ? {}
      : { onProgress: (bytes: number, total: number | null) => onProgress({ path, bytes, total }) }),
  }
  for await (const facts of scan({ path }, options)) {
    const claim = claimOf(facts, 0)
    if (claim !== null) claims.push(claim)
    if (facts.type === 'kernel') kernels.push(facts)
    else if (facts.type === 'config') configs.push(facts)
    else if (facts.type === 'problem') {
      const { type: _, ...problem } = facts
      problems.push(problem)
    } else if (facts.type === 'symvers') symvers.push(facts)
    else {
      const { file, vermagic, exports, imports, extendedImports } = facts
      exporters.push({ file, vermagic, exports, imports, extendedImports })
      if (keepModules) modules.push(facts)
    }
  }
  const kernelFiles = new Set([...kernels, ...configs].map(({ file }) => file))
  const found = kernelsIn(kernels, configs, moduleReleases(claims), role === 'module')
  const { only: kernel } = found
  if (kernel !== null)
    for (const { input: _, ...problem } of contradictions(kernel.kernel, claims)) problems.push(problem)
  const originOf = originsOf(found, modules, images)
  return { path, kernel, originOf, modules, exporters, symvers, problems, kernelFiles }
}
