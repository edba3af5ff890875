import type { BaseRow, Failure, KernelRow, ModuleRow } from '@basedrift/ledger'
import { workerErrorCodes } from './errors.js'
import { inputFailure } from './failures.js'
import type { Pool } from './pool.js'

/** A local file and the name it was uploaded under. */
export interface ScanInput {
  path: string
  name: string
}

/** Where the parts of a scan are written. */
export interface ScanFiles {
  basePath: string
  bundlePath: string
  symbolsPath: string
  exportsPath: string
}

type Scan = Awaited<ReturnType<Pool['scan']>>

/** What the artifacts of one build hold together. */
export interface ScanOutcome {
  /** Null, as `base`, where there is no kernel with a BTF that can be read. */
  kernel: KernelRow | null
  base: (BaseRow & { size: number }) | null
  /** Null, as `bundle`, where there are no modules. */
  manifest: ModuleRow[] | null
  bundle: Scan['bundle']
  /** What the modules import and export. */
  symbols: Scan['symbols']
  /** What the kernel gives to modules. */
  exports: Scan['exports']
  /** For each input, what could not be used of it. */
  problems: Failure[][]
  /** Where the inputs cannot be one build. */
  failure: Failure | null
}

/**
 * Scans the inputs together, in a worker thread. Where that ends the thread or goes beyond a limit, the inputs that do so alone
 * are found and left out, so that one bad artifact costs no other. Throws what is the world's failure.
 */
export async function scanArtifacts(
  pool: Pick<Pool, 'scan'>,
  inputs: readonly ScanInput[],
  at: ScanFiles,
  signal: AbortSignal,
): Promise<ScanOutcome> {
  const scan = (some: readonly ScanInput[]) => attempt(pool, some, at, signal)
  const failed = new Map<ScanInput, Failure>()
  let left = inputs
  let result = await scan(left)
  if ('code' in result && result.code !== 'kernel-ambiguous') {
    const [only] = inputs
    if (inputs.length === 1 && only !== undefined) failed.set(only, result)
    else {
      for (const input of inputs) {
        const alone = await scan([input])
        if ('code' in alone) failed.set(input, alone)
      }
    }
    left = inputs.filter((input) => !failed.has(input))
    if (left.length === 0) result = nothing
    else if (failed.size > 0) result = await scan(left)
  }
  const problems = inputs.map((input): Failure[] => {
    const failure = failed.get(input)
    return failure === undefined ? [] : [{ ...failure, file: input.name }]
  })
  if ('code' in result) {
    return { ...noParts, problems, failure: result }
  }
  for (const { input, ...problem } of result.problems) {
    const index = inputs.indexOf(left[input] as ScanInput)
    problems[index]?.push(problem)
  }
  for (const nth of result.empty) {
    const input = left[nth] as ScanInput
    const message = workerErrorCodes['artifact-empty']
    problems[inputs.indexOf(input)]?.push({ code: 'artifact-empty', file: input.name, at: null, message })
  }
  const { kernel, manifest, bundle } = result
  const base = usableBase(result)
  if (kernel !== null && result.base !== null && base === null) {
    const index = inputs.findIndex(({ name }) => kernel.file === name || kernel.file.startsWith(`${name}!`))
    const message = workerErrorCodes['base-unreadable']
    problems[index]?.push({ code: 'base-unreadable', file: kernel.file, at: null, message })
  }
  return {
    kernel: kernel === null || base === null ? null : kernelRow(kernel),
    base: kernel === null ? null : base,
    manifest: manifest.length === 0 ? null : manifest,
    bundle: manifest.length === 0 ? null : bundle,
    symbols: manifest.length === 0 ? null : result.symbols,
    exports: kernel === null || base === null ? null : result.exports,
    problems,
    failure: null,
  }
}

/** The base BTF where it can be read. */
function usableBase({ base }: Scan): ScanOutcome['base'] {
  if (base === null || base.types === null || base.strings === null) return null
  return { ...base, types: base.types, strings: base.strings }
}

const nothing: Scan = {
  kernel: null,
  manifest: [],
  problems: [],
  empty: [],
  bundle: null,
  base: null,
  symbols: null,
  exports: null,
}

const noParts = { kernel: null, base: null, manifest: null, bundle: null, symbols: null, exports: null }

/** A scan, or what is wrong with its inputs. */
async function attempt(
  pool: Pick<Pool, 'scan'>,
  inputs: readonly ScanInput[],
  at: ScanFiles,
  signal: AbortSignal,
): Promise<Scan | Failure> {
  try {
    return await pool.scan({ inputs, ...at }, { signal })
  } catch (error) {
    const failure = inputFailure(error)
    if (failure === null) throw error
    return failure
  }
}

function kernelRow(kernel: NonNullable<Scan['kernel']>): KernelRow {
  const { file, release, banner, buildId, version, config } = kernel
  const rules = version === null ? null : { version, allowBtfMismatch: config?.allowBtfMismatch ?? null }
  const { btfModules = null, compiler = null, pahole = null } = config ?? {}
  return { file, release, banner, buildId, rules, btfModules, compiler, pahole }
}
