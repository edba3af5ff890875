import type { Problem } from '@basedrift/artifacts'
import { prepareBase, type Rules, type RunningBase } from '@basedrift/btf'
import { CheckError } from '../errors.js'
import type { FoundKernel, KernelSummary } from '../kernels.js'
import type { InputContent } from './inputs.js'

/** Rules as they are given by hand: what is left out comes from the kernel's own files. */
export interface RulesOverride {
  readonly version?: string
  readonly allowBtfMismatch?: boolean | null
}

/** A kernel that can be checked against. */
export interface RunningKernel {
  readonly file: string
  readonly release: string | null
  readonly rules: Rules
  readonly sha256: string
  readonly base: RunningBase
  /** Whether this kernel looks at the BTF of modules at all (CONFIG_DEBUG_INFO_BTF_MODULES); null where not known. */
  readonly btfModules: boolean | null
}

/** A kernel with the base that it must have. */
export type KernelWithBase = FoundKernel & {
  readonly base: NonNullable<FoundKernel['base']>
  /** What its files contradict each other in, where they name several versions. */
  readonly contradiction?: string
}

/**
 * The kernel of an input that must have one with BTF.
 * @throws CheckError `kernel-absent`, `kernel-btf-absent`, `kernel-unreadable`
 */
export function mustHaveKernel({ path, kernel, problems }: InputContent): KernelWithBase {
  if (kernel === null) {
    const problem = problems[0]
    if (problem === undefined) throw new CheckError('kernel-absent', undefined, path)
    throw unreadable(problem)
  }
  const { file } = kernel.kernel
  if (kernel.base === null) throw new CheckError('kernel-btf-absent', undefined, file)
  const told = problems.find((problem) => problem.code === 'version-contradicts' && problem.file === file)
  return { ...kernel, base: kernel.base, ...(told === undefined ? {} : { contradiction: told.message }) }
}

/** What is wrong with the file has its own advice: building the kernel again is none where a name is mistyped. */
function unreadable({ code, at, message, file }: Problem): CheckError {
  const where = at === null ? '' : ` at ${at}`
  return CheckError.carried('kernel-unreadable', `${file}: ${code}${where}: ${message}`, file)
}

/** How what boots without BTF and the form that has it are the same kernel, or are not. */
function withoutBtfText(booted: KernelSummary, { file, buildId }: KernelSummary): string {
  const boots = `It is what boots, and no BTF is found in it; ${file} has BTF`
  if (booted.buildId === null || buildId === null) return boots
  return booted.buildId === buildId
    ? `${boots} and the same build id: it was taken out of the image after that was linked`
    : `${boots}, and another build id: it is another kernel`
}

/**
 * Makes a kernel ready to be checked against: its base is indexed, and its rules come from its version and config, or from
 * what was given by hand.
 * @throws CheckError `rules-unknown`, `kernel-unreadable`, `kernel-btf-absent` where what boots has none, whatever another form has
 */
export function runningKernel(
  { kernel, base, withoutBtf, contradiction }: KernelWithBase,
  override: RulesOverride,
): RunningKernel {
  const { file, release, config } = kernel
  if (withoutBtf !== undefined)
    throw new CheckError('kernel-btf-absent', withoutBtfText(withoutBtf, kernel), withoutBtf.file)
  const prepared = prepareBase(base.bytes)
  if (prepared.problem !== null) {
    const { code, message } = prepared.problem
    throw new CheckError('kernel-unreadable', `Its base BTF: ${code}: ${message}`, file)
  }
  const version = override.version ?? kernel.version
  if (version === null) throw new CheckError('rules-unknown', contradiction, file)
  const allowBtfMismatch = override.allowBtfMismatch ?? config?.allowBtfMismatch ?? null
  return {
    file,
    release,
    rules: { version, allowBtfMismatch },
    sha256: base.sha256,
    base: prepared,
    btfModules: config?.btfModules ?? null,
  }
}
