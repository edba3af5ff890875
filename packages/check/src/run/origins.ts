import type { ConfigFacts, KernelFacts, ModuleFacts } from '@basedrift/artifacts'
import { CheckError } from '../errors.js'
import { within } from '../images.js'
import { type FoundKernel, onlyKernel } from '../kernels.js'
import { originsBeside } from '../origins.js'
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
    const forms = groups.get(kernel.release)
    if (forms === undefined) groups.set(kernel.release, [kernel])
    else forms.push(kernel)
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

/** What each of the modules of an input was built on. `images` are the initramfs images in it. */
export function originsOf(
  { only, byRelease }: FoundKernels,
  modules: readonly ModuleFacts[],
  images: ReadonlySet<string>,
): (facts: ModuleFacts) => Origin {
  const kernels = {
    only: only === null ? null : { release: only.kernel.release, origin: only.base },
    byRelease: new Map([...byRelease].map(([release, { base }]) => [release, base])),
  }
  const inImage = within(images)
  return originsBeside<ModuleFacts, Origin>(kernels, modules, {
    inImage: ({ file }) => inImage(file),
    btfOf: ({ btf }) => (btf === null || images.size === 0 ? null : sha256Of(btf)),
  })
}

/** The origin of a module with the same BTF. */
export function sameBtf({ btf }: ModuleFacts, origins: ReadonlyMap<string, Origin>): Origin {
  return btf === null ? null : (origins.get(sha256Of(btf)) ?? null)
}
