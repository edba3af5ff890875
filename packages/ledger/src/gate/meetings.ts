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

type Met = Pick<Considered, 'compared' | 'because'>

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

/**
 * Of live kernels that find the modules, those of which a newer one has the same `uname -r`. None where the order of versions is not known, nor
 * one that does not tell its `uname -r`: that may be another than the newer one's.
 */
function olderOf(kernels: readonly Candidate[], scheme: VersionScheme | null): ReadonlySet<string> {
  if (scheme === null) return new Set()
  const order = (a: Candidate, b: Candidate) => compareVersions(scheme, nameOf(a.ref), nameOf(b.ref))
  const newest = new Map<string | null, Candidate>()
  for (const one of kernels) {
    const best = newest.get(one.kernelRelease)
    if (best === undefined || order(one, best) > 0) newest.set(one.kernelRelease, one)
  }
  newest.delete(null)
  const isOlder = (one: Candidate) => {
    const best = newest.get(one.kernelRelease)
    return best !== undefined && order(one, best) < 0
  }
  return new Set(kernels.filter(isOlder).map(({ ref }) => ref.id))
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
function comesTo(modules: Party, kernel: Party, terms: PolicyTerms): Met {
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
  const meets = (one: Candidate): Met => {
    if (one.ref.id === build.ref.id) return { compared: false, because: 'own' }
    if (!isReady(one)) return { compared: false, because: 'not-ready' }
    if (one.hasKernel)
      return build.hasModules ? comesTo(build, one, terms) : { compared: false, because: 'no-part' }
    if (!build.hasKernel || !one.hasModules) return { compared: false, because: 'no-part' }
    return comesTo(one, build, terms)
  }
  const sorted = [...candidates].sort((a, b) => (a.ref.id < b.ref.id ? 1 : -1))
  const met = sorted.map((one) => ({ one, ...meets(one) }))
  const kernels = met.filter(({ one, compared }) => compared && one.hasKernel).map(({ one }) => one)
  const older = olderOf(kernels, terms.live === 'newest' ? scheme : null)
  const considered = met.map(({ one, compared, because }): Considered => {
    const { ref, kernelRelease, live } = one
    const left: Met = older.has(ref.id) ? { compared: false, because: 'older' } : { compared, because }
    return { build: ref, kernelRelease, live, ...left }
  })
  const meetings = met
    .filter(({ one, compared }) => compared && !older.has(one.ref.id))
    .map(({ one }): PairToMeet => {
      if (one.hasKernel) return { direction: 'modules-on-live', kernelBuild: one.ref, moduleBuild: build.ref }
      return { direction: 'kernel-with-modules', kernelBuild: build.ref, moduleBuild: one.ref }
    })
  const self = build.hasKernel ? build : ownKernel
  const isMet = meetings.some(
    ({ kernelBuild, moduleBuild }) => kernelBuild.id === self?.ref.id && moduleBuild.id === build.ref.id,
  )
  if (build.hasModules && self?.hasKernel && !isMet)
    meetings.push({ direction: 'self', kernelBuild: self.ref, moduleBuild: build.ref })
  return { considered, meetings }
}
