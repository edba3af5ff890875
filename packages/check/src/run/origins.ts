import {
  type ConfigFacts,
  type KernelFacts,
  type ModuleFacts,
  releaseFromPath,
  releaseFromVermagic,
} from '@basedrift/artifacts'
import { CheckError } from '../errors.js'
import { type FoundKernel, onlyKernel } from '../kernels.js'
import { sha256Of } from '../sha256.js'

/** A base BTF that modules can have been built on; null where it is not known. */
export type Origin = FoundKernel['base']

/** The kernels of one input. */
export interface FoundKernels {
  /** The only one; null where there is none, or there are several. */
  readonly only: FoundKernel | null
  /** Where there are several, those that tell their release. */
  readonly byRelease: ReadonlyMap<string, FoundKernel>
}

/**
 * The kernels of an input. Several are an error unless `mayBeSeveral`, as where only modules are wanted: a directory can hold the
 * modules of every kernel that is installed.
 * @throws CheckError `kernel-ambiguous`
 */
export function kernelsIn(
  kernels: readonly KernelFacts[],
  configs: readonly ConfigFacts[],
  releases: ReadonlySet<string>,
  mayBeSeveral: boolean,
): FoundKernels {
  try {
    return { only: onlyKernel(kernels, configs, releases), byRelease: new Map() }
  } catch (error) {
    if (!mayBeSeveral || !(error instanceof CheckError)) throw error
  }
  const groups = new Map<string, KernelFacts[]>()
  for (const kernel of kernels) {
    if (kernel.release === null) continue
    groups.set(kernel.release, [...(groups.get(kernel.release) ?? []), kernel])
  }
  const byRelease = new Map<string, FoundKernel>()
  for (const [release, forms] of groups) {
    const bases = new Set(forms.flatMap(({ btf }) => (btf === null ? [] : [sha256Of(btf)])))
    // Two kernels of one release: which of them the modules came with cannot be told.
    if (bases.size > 1) continue
    const found = onlyKernel(forms, [])
    if (found !== null) byRelease.set(release, found)
  }
  return { only: null, byRelease }
}

/** The releases that a module names: in its path, and in its vermagic. */
function releasesOf({ file, vermagic }: ModuleFacts): string[] {
  const told = [releaseFromPath(file), vermagic === null ? null : releaseFromVermagic(vermagic)]
  return told.filter((release) => release !== null && release !== '') as string[]
}

/**
 * What the modules of an input were built on: the base of the input's kernel, or of the one of their release. A module that names
 * other releases alone was not. Nor was one in an initramfs image beside the kernel, which may be older than that is, unless a
 * module outside has the same BTF. `images` are the files of such images.
 */
export function originsOf(
  { only, byRelease }: FoundKernels,
  modules: readonly ModuleFacts[],
  images: readonly string[],
): (facts: ModuleFacts) => Origin {
  const byName = (facts: ModuleFacts): Origin => {
    const releases = releasesOf(facts)
    if (only !== null) {
      const { release } = only.kernel
      return release === null || releases.length === 0 || releases.includes(release) ? only.base : null
    }
    return (
      releases.map((release) => byRelease.get(release)).find((found) => found !== undefined)?.base ?? null
    )
  }
  const inImage = ({ file }: ModuleFacts) => images.some((image) => file.startsWith(`${image}!`))
  if (images.length === 0) return byName
  const outside = new Map<string, Origin>()
  for (const facts of modules)
    if (facts.btf !== null && !inImage(facts)) outside.set(sha256Of(facts.btf), byName(facts))
  return (facts) => (inImage(facts) ? sameBtf(facts, outside) : byName(facts))
}

/** The origin of a module with the same BTF. */
export function sameBtf({ btf }: ModuleFacts, origins: ReadonlyMap<string, Origin>): Origin {
  return btf === null ? null : (origins.get(sha256Of(btf)) ?? null)
}
