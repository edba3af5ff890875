import { stat } from 'node:fs/promises'
import { type KernelFacts, type ModuleFacts, type Problem, type RawRole, scan } from '@basedrift/artifacts'
import { CliError } from '../errors.js'

/** A BTF that was found, and what it may be read on. */
export interface FoundBtf {
  readonly file: string
  readonly btf: Uint8Array
  /** Null for a base BTF. */
  readonly module: ModuleFacts | null
  /** The base BTF of the package that a module came in; null where there is none. */
  readonly packageBase: Uint8Array | null
}

/** Which of the BTFs of an input is meant. */
export interface Selection {
  /** The kernel's name of a module. */
  readonly module?: string
  /** The kernel, not one of the modules. */
  readonly kernel?: boolean
  /** What a raw BTF is taken for. */
  readonly raw?: RawRole
}

/** Splits `FILE!member` where a file of the first part's name exists; a path that exists as it is has no member. */
async function splitMember(path: string): Promise<{ file: string; member: string | null }> {
  const exists = async (file: string): Promise<boolean> => {
    try {
      await stat(file)
      return true
    } catch {
      return false
    }
  }
  if (await exists(path)) return { file: path, member: null }
  for (let at = path.indexOf('!'); at > 0; at = path.indexOf('!', at + 1)) {
    if (await exists(path.slice(0, at))) return { file: path.slice(0, at), member: path }
  }
  throw new CliError('file-unreadable', 'There is no such file or directory.', path)
}

/**
 * The one BTF that an input, or the member named as `FILE!member`, holds.
 * @throws CliError where there is none, or more than one and nothing says which
 */
export async function findBtf(path: string, selection: Selection): Promise<FoundBtf> {
  const { file, member } = await splitMember(path)
  const kernels: KernelFacts[] = []
  let modules = 0
  let found: ModuleFacts | null = null
  let problem: Problem | null = null
  for await (const facts of scan(
    { path: file },
    selection.raw === undefined ? {} : { rawBtf: selection.raw },
  )) {
    if (facts.type === 'problem') problem ??= facts
    if (facts.type === 'kernel') kernels.push(facts)
    if (facts.type !== 'module') continue
    const wanted =
      (member === null || facts.file === member) &&
      (selection.module === undefined || facts.name === selection.module) &&
      selection.kernel !== true
    if (!wanted) continue
    modules++
    found ??= facts
  }
  const mayBeKernel = selection.module === undefined
  const named = mayBeKernel ? kernels.filter((kernel) => member === null || kernel.file === member) : []
  const chosen = distinct(named)
  if (chosen.length + modules > 1) throw ambiguous(path, chosen.length, modules)
  if (found !== null) {
    if (found.btf === null) throw new CliError('btf-absent', 'The module has no BTF.', found.file)
    const bases = distinct(kernels)
    const packageBase = bases.length === 1 ? bases[0]!.btf : null
    return { file: found.file, btf: found.btf, module: found, packageBase }
  }
  const [kernel] = chosen
  if (kernel === undefined) throw absent(path, selection, problem)
  if (kernel.btf === null) throw new CliError('btf-absent', 'The kernel has no BTF.', kernel.file)
  return { file: kernel.file, btf: kernel.btf, module: null, packageBase: null }
}

/** One kernel for each base: the forms of a kernel (vmlinux and vmlinuz) have the same; forms without BTF are left out. */
function distinct(kernels: readonly KernelFacts[]): KernelFacts[] {
  const withBtf = kernels.filter(({ btf }) => btf !== null)
  if (withBtf.length === 0) return kernels.slice(0, 1)
  return withBtf.filter(
    ({ btf }, at) => withBtf.findIndex((other) => Buffer.compare(other.btf!, btf!) === 0) === at,
  )
}

function ambiguous(path: string, kernels: number, modules: number): CliError {
  const there = `${kernels === 1 ? 'a kernel' : `${kernels} kernels`} and ${modules === 1 ? 'a module' : `${modules} modules`}`
  return new CliError(
    'dump-ambiguous',
    `The input holds ${there}; choose one with --kernel-btf, --module NAME or FILE!MEMBER.`,
    path,
  )
}

function absent(path: string, { module, kernel }: Selection, problem: Problem | null): CliError {
  const what = module !== undefined ? `module ${module}` : kernel ? 'kernel' : 'kernel or module'
  const why = problem === null ? '' : ` ${problem.message}`
  return new CliError('btf-absent', `The input holds no ${what} with BTF.${why}`, path)
}
