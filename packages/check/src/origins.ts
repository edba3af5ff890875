import { releaseFromPath, releaseFromVermagic } from '@basedrift/artifacts'

/** What a module tells of the kernel that it was built with, and where it was found. */
export interface PlacedModule {
  /** The path given, members after `!`. */
  readonly file: string
  readonly vermagic: string | null
}

/**
 * The release that a module names (`uname -r`): that of its vermagic, which the build has written; without one that of the folder which
 * it is installed in, as packages link modules into the folders of other kernels. null where neither names any.
 */
export function releaseNamed({ file, vermagic }: PlacedModule): string | null {
  const built = vermagic === null ? '' : releaseFromVermagic(vermagic)
  return built === '' ? releaseFromPath(file) : built
}

/** A kernel that modules came with, and what modules of it were built on. */
export interface KernelBeside<O> {
  /** `uname -r`; null where it does not tell. */
  readonly release: string | null
  readonly origin: O
}

/** The kernels that modules came with. */
export interface KernelsBeside<O> {
  /** The only one; null where there is none, or there are several. */
  readonly only: KernelBeside<O> | null
  /** Where there are several, those that tell their release. */
  readonly byRelease: ReadonlyMap<string, O>
}

/** How the modules of one input or build are told apart. */
export interface Placing<M> {
  /** Whether it was found in an initramfs image. */
  inImage(module: M): boolean
  /** SHA-256 of its `.BTF`; null without one. */
  btfOf(module: M): string | null
}

/**
 * What each of some modules was built on, by the kernels that they came with: the only one, unless the module names another release,
 * else the one of its release. A module in an initramfs image, which may be older than the kernel beside it, was built on what a
 * module outside with the same BTF was. null where nothing tells.
 */
export function originsBeside<M extends PlacedModule, O>(
  { only, byRelease }: KernelsBeside<O>,
  modules: Iterable<M>,
  { inImage, btfOf }: Placing<M>,
): (module: M) => O | null {
  const byName = (module: M): O | null => {
    const named = releaseNamed(module)
    if (only === null) return named === null ? null : (byRelease.get(named) ?? null)
    return only.release === null || named === null || named === only.release ? only.origin : null
  }
  const outside = new Map<string, O | null>()
  for (const module of modules) {
    const btf = inImage(module) ? null : btfOf(module)
    if (btf !== null) outside.set(btf, byName(module))
  }
  return (module) => {
    if (!inImage(module)) return byName(module)
    const btf = btfOf(module)
    return btf === null ? null : (outside.get(btf) ?? null)
  }
}

/** A module as a build has it recorded. */
export interface RecordedModule extends PlacedModule {
  readonly btfSha256: string | null
  readonly inImage: boolean
}

/** Of which modules of a build a base is said to be the origin. */
export interface OriginReach {
  /** Whether stamps alone name it: then of the modules whose stamps do. */
  readonly originStamped: boolean
  /** `uname -r` of the kernel that it is of; null where that is not known. */
  readonly originRelease: string | null
}

/**
 * Whether each module of a build was built on the base that is its origin, by what the module names and where it was found. Stamps
 * are not looked at: a module whose own stamp names a base was built on that, whatever is said of the others.
 */
export function reachedBy<M extends RecordedModule>(
  { originStamped, originRelease }: OriginReach,
  manifest: readonly M[],
): (module: M) => boolean {
  if (originStamped) return () => false
  const only = { release: originRelease, origin: true }
  const reached = originsBeside({ only, byRelease: new Map() }, manifest, {
    inImage: (module) => module.inImage,
    btfOf: (module) => module.btfSha256,
  })
  return (module) => reached(module) === true
}
