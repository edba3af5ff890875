import {
  type GateReason,
  type GateReasonCode,
  gateLimits,
  gateReasonCodes,
  type RefusalCode,
  remedyOf,
} from '@basedrift/contract'
import type { BuildRef, BuildState, Failure, Statement } from '../rows.js'
import type { ReadyPolicy } from './policy.js'

/** Other content that came under a name of a build and was refused, as a gate looks at it. */
export interface RefusedContent {
  readonly id: string
  /** The artifact; null where the declaration differed, or more content came than is kept one by one. */
  readonly filename: string | null
  readonly code: RefusalCode
  /** SHA-256 of what is recorded, and of what came; null where it is no artifact. */
  readonly recorded: string | null
  readonly given: string | null
  /** Name of the token that sent it first; null where that was not recorded. */
  readonly by: string | null
  readonly at: string
  /** Who looked at it; null where nobody did. */
  readonly acknowledgedBy: string | null
  /** Build of modules for the same kernel that has what came after the seal, by name: it is looked at there. */
  readonly heldBy: string | null
}

/** Said of an artifact that can be used: what of it the gate does not pass over. */
export interface Remark {
  readonly filename: string
  readonly code: string
  readonly at: string | null
  readonly message: string
}

/** A build that decides what is looked at, as far as it could be read. */
export interface Witness {
  readonly ref: BuildRef
  readonly state: BuildState
  readonly failure: Failure | null
  readonly hasKernel: boolean
  /** Artifacts of which something could not be used; of another package of modules than the new build, or was not looked at. */
  readonly unusable: readonly string[]
  /** Releases below whose folders its modules are installed, where its kernel has another; asked for of the new build alone. */
  readonly otherReleases: readonly string[]
  /**
   * Where it is a package of modules: what these name and lie below, where the two differ (`BUILT below FOLDER`); asked for of the new
   * build alone.
   */
  readonly misplaced: readonly string[]
  /** `uname -r` of its kernel; null where it has none, or that is not known. */
  readonly kernelRelease: string | null
  /** What of the build contradicts what is said of it. */
  readonly problems: readonly Failure[]
  /** Artifacts that contradict what else is in the build, or of which modules may not have been looked at; asked for of the new build alone. */
  readonly remarks: readonly Remark[]
  /** Artifacts in which nothing was found that is compared; asked for of the new build alone. */
  readonly empty: readonly string[]
  /** Whether the config of its kernel, or of that which its modules were built for, has BTF made for modules, and none has any; asked for of the new build alone. */
  readonly btfMissing: boolean
  /** How many different contents came under its name, that of one of its artifacts, or after its seal, and are in no build of the stream. */
  readonly refused: number
  /** Who says that it was pushed by mistake; null of any that takes part. */
  readonly withdrawn: Statement | null
  /** These contents; of other builds than the new one the latest file that nobody has looked at. */
  readonly refusals: readonly RefusedContent[]
}

/** What evidence there could be, and how much of it was read. */
export interface Witnesses {
  readonly build: Witness
  /** Whether anything ever entered the environment. */
  readonly environmentKnown: boolean
  /** Live builds of the stream; the build itself may be among them. */
  readonly live: readonly Witness[]
  /** Packages of modules alone that were built for a kernel concerned, and are not live; more of them are not looked at. */
  readonly packages: readonly Witness[]
  readonly morePackages: boolean
  /** The kernel that a package of modules was built for, by its name; null of any other build. */
  readonly ownKernel: { readonly name: string; readonly build: Witness | null } | null
  readonly policy: Pick<ReadyPolicy, 'emptyEnvironment' | 'modulesWithoutBtf'>
}

/** A build without its state. */
export const buildOf = ({ id, version, release }: BuildRef): BuildRef => ({ id, version, release })

/** A reason, as its code has it; by default about no modules. */
export function reasonOf(code: GateReasonCode, about: Partial<GateReason> = {}): GateReason {
  const { outcome, sentence } = gateReasonCodes[code]
  return {
    code,
    outcome,
    direction: null,
    kernelBuild: null,
    moduleBuild: null,
    verdict: null,
    count: 0,
    modules: [],
    detail: null,
    message: sentence,
    remedy: remedyOf(code, about.direction ?? null),
    href: null,
    ...about,
  }
}

export const failureText = (failure: Failure | null) =>
  failure === null ? null : `${failure.code}: ${failure.message}`

const hrefOf = ({ ref }: Witness) => `/v1/builds/${ref.id}`
const isRead = ({ state }: Witness) => state === 'comparing' || state === 'done'

function unusableText({ unusable }: Witness): string {
  const more = unusable.length > 3 ? ` and ${unusable.length - 3} more` : ''
  return `${[...unusable].sort().slice(0, 3).join(', ')}${more}`
}

function contradictionText({ kernelRelease, otherReleases, misplaced }: Witness): string {
  const named = (all: readonly string[]) => {
    const more = all.length > 3 ? ` and ${all.length - 3} more` : ''
    return `${[...all].sort().slice(0, 3).join(', ')}${more}`
  }
  return otherReleases.length > 0
    ? `The kernel is ${kernelRelease}, and there are modules of ${named(otherReleases)}.`
    : `There are modules of ${named(misplaced)}.`
}

/** What was refused, as a clause with a capital letter: what it was, by digest, who sent it and when. */
function refusedText({ id, filename, code, recorded, given, by, at }: RefusedContent): string {
  const sent = `${by === null ? '' : `by ${by} `}on ${at.slice(0, 16).replace('T', ' ')} UTC, refusal ${id}`
  if (code === 'more-differs') return `More other content came than is listed, last ${sent}`
  if (code === 'after-seal') return `${filename} came with sha256 ${given}; sent ${sent}`
  if (filename === null) return `Another declaration of it came ${sent}`
  return `${filename} came with sha256 ${given}, and is recorded with ${recorded}; sent ${sent}`
}

/** Of each content that nobody has looked at, the first ten; the last of these says how many more there are. */
function ofRefusals({ refusals }: Witness, about: Partial<GateReason>): GateReason[] {
  const open = refusals
    .filter(({ acknowledgedBy, heldBy }) => acknowledgedBy === null && heldBy === null)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  return open.slice(0, gateLimits.named).map((one, nth) => {
    const more = nth === gateLimits.named - 1 ? open.length - gateLimits.named : 0
    const detail = `${refusedText(one)}${more > 0 ? `; and ${more} more` : ''}`
    return reasonOf(one.code === 'after-seal' ? 'content-late' : 'content-refused', { ...about, detail })
  })
}

function ofRemark({ filename, code, message }: Remark, href: string): GateReason {
  return code === 'modules-unread'
    ? reasonOf('modules-unread', { href, detail: `${filename}: ${message}` })
    : reasonOf('artifact-contradicts', { href, detail: `${filename}: ${code}: ${message}` })
}

/** Of each remark, the first ten by name; the last of these says that there are more. What the folders of modules say is not said twice. */
function ofRemarks({ remarks, otherReleases, misplaced }: Witness, href: string): GateReason[] {
  const byFolders = otherReleases.length > 0 || misplaced.length > 0
  const told = ({ code, at }: Remark) => byFolders && code === 'version-contradicts' && at === 'vermagic'
  const reasons = remarks
    .filter((one) => !told(one))
    .map((one) => ofRemark(one, href))
    .sort((a, b) => (`${a.detail}` < `${b.detail}` ? -1 : 1))
  return reasons.slice(0, gateLimits.named).map((reason, nth) => {
    const more = nth === gateLimits.named - 1 && reasons.length > gateLimits.named
    return more ? { ...reason, detail: `${reason.detail}; and more` } : reason
  })
}

const withdrawnText = ({ by, at, reason }: Statement) =>
  `By ${by} on ${at.slice(0, 16).replace('T', ' ')} UTC: ${reason}`

function ofBuild(build: Witness): GateReason[] {
  const href = hrefOf(build)
  const reasons: GateReason[] = ofRefusals(build, { href })
  if (build.state === 'declared' || build.state === 'open') reasons.push(reasonOf('build-unsealed', { href }))
  if (build.state === 'sealed' || build.state === 'ingesting')
    reasons.push(reasonOf('build-pending', { href }))
  if (build.state === 'failed')
    reasons.push(reasonOf('build-failed', { href, detail: failureText(build.failure) }))
  if (build.unusable.length > 0)
    reasons.push(reasonOf('artifact-unusable', { href, detail: unusableText(build) }))
  if (build.otherReleases.length > 0 || build.misplaced.length > 0)
    reasons.push(reasonOf('version-contradicts', { href, detail: contradictionText(build) }))
  if (build.problems.length > 0)
    reasons.push(reasonOf('build-contradicted', { href, detail: failureText(build.problems[0] ?? null) }))
  reasons.push(...ofRemarks(build, href))
  return reasons
}

type Codes = Readonly<Record<'pending' | 'failed' | 'unusable', GateReasonCode>>

const liveCodes: Codes = { pending: 'live-pending', failed: 'live-failed', unusable: 'live-unusable' }
const packageCodes: Codes = {
  pending: 'package-pending',
  failed: 'package-failed',
  unusable: 'package-unusable',
}

/**
 * What could not be read of a build that this one may meet. Of one whose kernel was read nothing else is needed: its own modules are
 * not compared.
 */
function ofOther(
  other: Witness,
  codes: Codes,
  side: 'kernelBuild' | 'moduleBuild' = 'kernelBuild',
): GateReason[] {
  const about = { [side]: buildOf(other.ref), href: hrefOf(other) }
  const reasons = ofRefusals(other, about)
  if (other.state === 'failed')
    reasons.push(reasonOf(codes.failed, { ...about, detail: failureText(other.failure) }))
  else if (!isRead(other))
    reasons.push(reasonOf(codes.pending, { ...about, detail: `It is ${other.state}.` }))
  else if (!other.hasKernel && other.unusable.length > 0)
    reasons.push(reasonOf(codes.unusable, { ...about, detail: unusableText(other) }))
  return reasons
}

function ofOwnKernel({ name, build }: NonNullable<Witnesses['ownKernel']>): GateReason[] {
  if (build === null) return [reasonOf('own-kernel-missing', { detail: `${name} is not declared.` })]
  const about = { kernelBuild: buildOf(build.ref), href: hrefOf(build) }
  if (build.withdrawn !== null)
    return [reasonOf('own-kernel-withdrawn', { ...about, detail: withdrawnText(build.withdrawn) })]
  if (build.state !== 'failed' && !isRead(build))
    return [reasonOf('own-kernel-pending', { ...about, detail: `It is ${build.state}.` })]
  if (isRead(build) && build.hasKernel) return ofRefusals(build, about)
  const detail = failureText(build.failure) ?? (build.unusable.length > 0 ? unusableText(build) : null)
  return [reasonOf('own-kernel-missing', { ...about, detail })]
}

/**
 * What is missing of the evidence of a build: of itself, of those that are live, and of the packages of modules that there are. The
 * gate and the attestation go by it, each with what the verdicts say. Of a build that was withdrawn that is all there is to say.
 */
export function missing(witnesses: Witnesses): GateReason[] {
  const { build, environmentKnown, live, packages, morePackages, ownKernel, policy } = witnesses
  if (build.withdrawn !== null)
    return [reasonOf('build-withdrawn', { href: hrefOf(build), detail: withdrawnText(build.withdrawn) })]
  const others = live.filter(({ ref }) => ref.id !== build.ref.id)
  const reasons = [
    ...ofBuild(build),
    ...others.flatMap((one) => ofOther(one, liveCodes)),
    ...packages.flatMap((one) => ofOther(one, packageCodes, 'moduleBuild')),
    ...(ownKernel === null ? [] : ofOwnKernel(ownKernel)),
  ]
  if (build.btfMissing && policy.modulesWithoutBtf === 'unknown')
    reasons.push(reasonOf('btf-missing', { href: hrefOf(build) }))
  if (morePackages) reasons.push(reasonOf('too-many-packages'))
  if (!environmentKnown) reasons.push(reasonOf('environment-unknown'))
  else if (live.length === 0 && policy.emptyEnvironment === 'unknown')
    reasons.push(reasonOf('environment-empty'))
  if (live.length > 0 && live.every((one) => isRead(one) && !one.hasKernel))
    reasons.push(reasonOf('live-without-kernel'))
  return reasons
}
