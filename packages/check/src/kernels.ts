import {
  agree,
  type ConfigFacts,
  type KernelFacts,
  releaseFromBanner,
  type SymbolList,
  series,
} from '@basedrift/artifacts'
import { CheckError } from './errors.js'
import { sha256Of } from './sha256.js'

/** A kernel without the bytes of its base and the symbols that it exports. */
export type KernelSummary = Omit<KernelFacts, 'btf' | 'exports'>

/** The one kernel of an input, and its base BTF where it has one. */
export interface FoundKernel {
  readonly kernel: KernelSummary
  readonly base: { readonly bytes: Uint8Array; readonly sha256: string } | null
  /** What it exports itself, as far as its image tells. */
  readonly exports: SymbolList | null
  /** The image of it that boots, where that has no BTF and another form has: nothing finds the other's once it runs. */
  readonly withoutBtf?: KernelSummary
}

/** How many files an error names. */
const named = 4

/**
 * The one kernel among what was found in the inputs of one build: its image may be there in several forms (vmlinux and
 * vmlinuz, a raw base), which then have the same BTF, and each tells what the others do not. Its config may stand in
 * another input; `modules` are the releases that the modules name. null where there is none.
 * @throws CheckError `kernel-ambiguous`
 */
export function onlyKernel(
  kernels: readonly KernelFacts[],
  configs: readonly ConfigFacts[],
  modules: ReadonlySet<string> = new Set(),
): FoundKernel | null {
  const withBtf = kernels.filter(({ btf }) => btf !== null)
  const forms = withBtf.length > 0 ? withBtf : kernels
  const [first] = forms
  if (first === undefined) return null
  const base = first.btf === null ? null : { bytes: first.btf, sha256: sha256Of(first.btf) }
  const releases = new Set(forms.map(({ release }) => release).filter((release) => release !== null))
  const sameBytes = forms.every(({ btf }) => btf === null || base === null || sameContent(btf, base.bytes))
  if (!sameBytes || releases.size > 1) {
    const files = forms.slice(0, named).map(({ file }) => file)
    const more = forms.length > named ? ` and ${forms.length - named} more` : ''
    throw new CheckError('kernel-ambiguous', `There are ${files.join(', ')}${more}`)
  }
  const { btf: _, exports, ...kernel } = forms.reduce(joined)
  const withoutBtf = base === null ? null : bootedWithoutBtf(kernels, kernel)
  return {
    kernel: withConfig(kernel, configs, modules),
    base,
    exports,
    ...(withoutBtf === null ? {} : { withoutBtf }),
  }
}

/** Whether a vmlinux by its place holds debug information, what is loaded perhaps left out (`objcopy --only-keep-debug`). */
const isDebug = ({ file }: KernelFacts) => /(?:^|[/!])usr\/lib\/debug\/|\.debug$/.test(file)

/**
 * What boots of a kernel, where that has no BTF: packed and flat images, or, where there is none of these, a vmlinux with a banner that
 * is not there for debuggers. Another release's is of another kernel.
 */
function bootedWithoutBtf(kernels: readonly KernelFacts[], { release }: KernelSummary): KernelSummary | null {
  const images = kernels.filter(({ kind }) => kind !== 'vmlinux' && kind !== 'raw-btf')
  const booted =
    images.length > 0
      ? images
      : kernels.filter((one) => one.kind === 'vmlinux' && one.banner !== null && !isDebug(one))
  const isOf = (one: KernelFacts) => one.release === null || release === null || one.release === release
  return booted.find((one) => one.btf === null && isOf(one)) ?? null
}

function sameContent(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** A form of a kernel, with what another form tells beyond it. */
function joined(one: KernelFacts, other: KernelFacts): KernelFacts {
  return {
    ...one,
    release: one.release ?? other.release,
    version: one.version ?? other.version,
    banner: one.banner ?? other.banner,
    config: one.config ?? other.config,
    buildId: one.buildId ?? other.buildId,
    machine: one.machine ?? other.machine,
    elfMachine: one.elfMachine ?? other.elfMachine,
    vermagic: one.vermagic ?? other.vermagic,
    exports: one.exports ?? other.exports,
  }
}

/**
 * A config that was found in another input counts where it names the kernel's release, or is the only one and nothing says
 * that it is of another kernel; of several that contradict each other none does. It tells the version before a banner does, unless it
 * is of another series; a kernel that has its config has its version from that.
 */
function withConfig(
  kernel: KernelSummary,
  configs: readonly ConfigFacts[],
  modules: ReadonlySet<string>,
): KernelSummary {
  if (kernel.config !== null && kernel.version !== null) return kernel
  const same = configs.filter(({ release }) => release !== null && release === kernel.release)
  const only = configs.length === 1 && mayBeOf(kernel, configs[0]!, modules)
  const [found] = same.length > 0 ? same : only ? configs : []
  if (found === undefined || same.some((other) => !agree(found, other))) return kernel
  const banner = kernel.banner === null ? null : releaseFromBanner(kernel.banner)
  const named = [found.version, kernel.version, banner].filter((version) => version !== null)
  const isOneSeries = new Set(named.map(series)).size < 2
  const version =
    kernel.config === null ? (found.version ?? kernel.version) : (kernel.version ?? found.version)
  return {
    ...kernel,
    version: isOneSeries ? version : null,
    config: kernel.config ?? found.config,
    release: kernel.release ?? found.release,
  }
}

/** Whether a config that does not name the kernel's release can be the kernel's. */
function mayBeOf(
  kernel: KernelSummary,
  { release, version }: ConfigFacts,
  modules: ReadonlySet<string>,
): boolean {
  if (kernel.version !== null && version !== null && kernel.version !== version) return false
  return release === null || (kernel.release === null && !isOther(release, modules))
}

/** Whether modules name releases, and none of them is this. */
export function isOther(release: string, modules: ReadonlySet<string>): boolean {
  return modules.size > 0 && !modules.has(release)
}
