import type { GateDirection, MeetingReason } from '@basedrift/contract'
import type { BuildRef, BuildState, VersionScheme } from '../rows.js'
import { compareVersions } from '../versions/versions.js'
import type { PolicyTerms } from './policy.js'

/** A build as far as it decides whom it meets. */
export interface Party {
  readonly ref: BuildRef
  readonly state: BuildState
  readonly hasKernel: boolean
  readonly hasModules: boolean
  /** `uname -r` of its kernel. */
  readonly kernelRelease: string | null
  /** Releases below whose folders its modules are installed; asked for of the new build and of packages of modules alone. */
  readonly moduleReleases: readonly string[]
  /** `version-release` of the kernel build that its modules were built for. */
  readonly builtFor: string | null
}

/** A build that the new one may meet: live, or a package of modules that was built for one concerned. */
export interface Candidate extends Party {
  readonly live: boolean
}

/** Whether and why a candidate was compared. */
export interface Considered {
  readonly build: BuildRef
  readonly kernelRelease: string | null
  readonly live: boolean
  readonly compared: boolean
  readonly because: MeetingReason
}

/** A pair to look at. */
export interface PairToMeet {
  readonly direction: GateDirection
  readonly kernelBuild: BuildRef
  readonly moduleBuild: BuildRef
}

export const nameOf = ({ version, release }: BuildRef) => `${version}-${release}`

/** Whether what the build holds has been read. */
const isReady = ({ state }: Party) => state === 'comparing' || state === 'done'

const isPackage = ({ hasKernel, hasModules }: Party) => hasModules && !hasKernel

/** The live kernels that are newest by version; all of them where the order of versions is not known. */
function newestOf(kernels: readonly Candidate[], scheme: VersionScheme | null): ReadonlySet<string> {
  let newest: Candidate[] = []
  for (const one of kernels) {
    const [best] = newest
    const order =
      scheme === null || best === undefined ? 0 : compareVersions(scheme, nameOf(one.ref), nameOf(best.ref))
    if (order > 0) newest = [one]
    else if (order === 0) newest.push(one)
  }
  return new Set(newest.map(({ ref }) => ref.id))
}

/**
 * The releases whose kernels find the modules of a build: those of the folders which they are installed in, and that of the kernel
 * that they come with. None where that kernel does not tell its own: then it may be any.
 */
function releasesOf(build: Party): readonly string[] {
  const { kernelRelease, moduleReleases } = build
  if (isPackage(build)) return moduleReleases
  return kernelRelease === null ? [] : [kernelRelease, ...moduleReleases]
}

/** Whether the modules of a build come to run on a kernel, and why. */
function meets(
  modules: Party,
  kernel: Party,
  terms: PolicyTerms,
): { compared: boolean; because: MeetingReason } {
  const { kernelRelease } = kernel
  if (terms.kernels === 'all') return { compared: true, because: 'any-release' }
  const releases = releasesOf(modules)
  if (kernelRelease === null || releases.length === 0) return { compared: true, because: 'release-unknown' }
  if (releases.includes(kernelRelease)) return { compared: true, because: 'same-release' }
  if (!isPackage(modules)) return { compared: false, because: 'other-release' }
  if (modules.builtFor === nameOf(kernel.ref)) return { compared: true, because: 'built-for' }
  return terms.weakUpdates
    ? { compared: true, because: 'weak-updates' }
    : { compared: false, because: 'other-release' }
}

/**
 * Whom a build meets once it is published: its modules the live kernels below whose `uname -r` they are installed (a rebuild in
 * place), whatever its own kernel is called, its kernel the packages of modules that are there, and itself. `ownKernel` is the kernel that a package of modules was
 * built for, which stands for itself there.
 */
export function selectMeetings(
  build: Party,
  candidates: readonly Candidate[],
  terms: PolicyTerms,
  scheme: VersionScheme | null,
  ownKernel: Party | null,
): { considered: Considered[]; meetings: PairToMeet[] } {
  const meetings: PairToMeet[] = []
  const others = candidates.filter(({ ref }) => ref.id !== build.ref.id)
  const kernels = others.filter((one) => one.live && one.hasKernel && isReady(one))
  const newest = newestOf(kernels, terms.live === 'newest' ? scheme : null)
  const consider = (one: Candidate): Omit<Considered, 'build' | 'kernelRelease' | 'live'> => {
    if (one.ref.id === build.ref.id) return { compared: false, because: 'own' }
    if (!isReady(one)) return { compared: false, because: 'not-ready' }
    if (one.hasKernel) {
      if (!newest.has(one.ref.id)) return { compared: false, because: 'older' }
      if (!build.hasModules) return { compared: false, because: 'no-part' }
      const met = meets(build, one, terms)
      if (met.compared)
        meetings.push({ direction: 'modules-on-live', kernelBuild: one.ref, moduleBuild: build.ref })
      return met
    }
    if (!build.hasKernel || !one.hasModules) return { compared: false, because: 'no-part' }
    const met = meets(one, build, terms)
    if (met.compared)
      meetings.push({ direction: 'kernel-with-modules', kernelBuild: build.ref, moduleBuild: one.ref })
    return met
  }
  const considered = [...candidates]
    .sort((a, b) => (a.ref.id < b.ref.id ? 1 : -1))
    .map((one) => ({ build: one.ref, kernelRelease: one.kernelRelease, live: one.live, ...consider(one) }))
  const self = build.hasKernel ? build : ownKernel
  const isMet = meetings.some(
    ({ kernelBuild, moduleBuild }) => kernelBuild.id === self?.ref.id && moduleBuild.id === build.ref.id,
  )
  if (build.hasModules && self?.hasKernel && !isMet)
    meetings.push({ direction: 'self', kernelBuild: self.ref, moduleBuild: build.ref })
  return { considered, meetings }
}
