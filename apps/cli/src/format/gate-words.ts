import type { Decision, GateOutcome, GateReason, WaivedReason } from '@basedrift/contract'
import { type GateReasonCode, type GateVerdict, verdicts, waivableVerdicts } from '@basedrift/contract/client'
import type { Tone } from '../output/style.js'
import { counted, count as thousands } from '../output/words.js'
import { meaningOf } from './verdict-words.js'

/** How an answer is marked. */
export const outcomeTones: Readonly<Record<GateOutcome, Tone>> = {
  pass: 'good',
  fail: 'bad',
  unknown: 'doubtful',
}

export const nameOf = ({ version, release }: Decision['build']): string => `${version}-${release}`

const verdictWords: Readonly<Partial<Record<GateVerdict, string>>> = {
  refused: 'refused for what kernels compare besides BTF',
  'loads-misread': 'with type ids in code that are misread',
  'symbols-missing': 'with imports that nothing known exports (symbols-missing)',
  'load-doubtful': 'without symbol versions, vermagic, or exports of what they replace (load-doubtful)',
  'load-unknown': 'of which not all is known that kernels compare besides BTF',
  unknown: 'that cannot be decided (unknown)',
  error: 'that could not be read (error)',
}

/** What comes of it on a machine, where the meaning of the verdict does not say all of it. */
const effects: Readonly<Partial<Record<GateVerdict, string>>> = {
  discarded: 'the kernel loads the module without its BTF: BPF tools cannot use it there',
  misread:
    'the kernel takes the BTF for something that it is not, and says nothing: BPF tools read wrong types',
  refused: 'the kernel does not load the module',
  'loads-misread': 'the kernel loads the module, and takes type ids in its code for other types',
  'symbols-missing': 'the kernel does not load the module unless something else exports these',
  'load-doubtful':
    'the kernel refuses the module or loads it with force, comparing no symbol versions; or it refuses its own modules that import from what this replaces',
}

/** What a verdict does to a machine that comes to have these modules, as half a sentence; empty where there is none. */
export function effectOf(verdict: GateVerdict | null): string {
  return verdict === null ? '' : (effects[verdict] ?? meaningOf(verdict))
}

type Meeting = Pick<GateReason, 'direction' | 'kernelBuild' | 'moduleBuild'>

/** On which kernel, in words; empty where it is not about two builds. */
function kernelOf({ direction, kernelBuild, moduleBuild }: Meeting): string {
  if (kernelBuild === null || moduleBuild === null) return ''
  const kernel = nameOf(kernelBuild)
  switch (direction) {
    case 'self':
      return kernel === nameOf(moduleBuild) ? 'on its own kernel' : `on ${kernel}, which it was built for`
    case 'kernel-with-modules':
      return `on the new kernel ${kernel}`
    default:
      return `on the live kernel ${kernel}`
  }
}

/** Who meets whom, in words; empty where it is not about two builds. */
function meetingOf(reason: Meeting): string {
  const on = kernelOf(reason)
  return on === '' || reason.moduleBuild === null ? '' : `of ${nameOf(reason.moduleBuild)} ${on}`
}

/** What there is of modules: `3 modules of 5.15.12-1.3 misread on the live kernel 5.15.12-1.1`. */
export function affectedOf(reason: GateReason | WaivedReason): string {
  const { verdict, count, moduleBuild } = reason
  const of = moduleBuild === null ? '' : `of ${nameOf(moduleBuild)}`
  const words = verdict === null ? '' : (verdictWords[verdict] ?? verdict)
  return [counted(count, 'module'), of, words, kernelOf(reason)].filter((part) => part !== '').join(' ')
}

/** A reason in one line. */
export function headOf(reason: GateReason): string {
  if (reason.count > 0) return affectedOf(reason)
  const where = [meetingOf(reason), reason.detail ?? ''].filter((part) => part !== '')
  const build = meetingOf(reason) === '' ? (reason.kernelBuild ?? reason.moduleBuild) : null
  const about = [...(build === null ? [] : [nameOf(build)]), ...where].join('; ')
  return `${reason.message}${about === '' ? '' : ` (${about})`}`
}

/** What `uname -r` says on the kernel that a reason is about; null where that is not known. */
export function releaseNameOf({ considered }: Decision, { kernelBuild }: GateReason): string | null {
  return considered.find(({ build }) => build.id === kernelBuild?.id)?.kernelRelease ?? null
}

/** The same in words; empty where it is not known. */
export function releaseOf(decision: Decision, reason: GateReason): string {
  const release = releaseNameOf(decision, reason)
  return release === null ? '' : `uname -r: ${release}`
}

/** What an answer is recorded as, and by which policy it was given. */
export function decidedBy({ id, policyVersion }: Decision): string {
  return `decision ${id}, ${policyVersion === 0 ? 'no policy' : `policy version ${policyVersion}`}`
}

/** An address of the service at `server`, for readers of reports, who have nothing that it is relative to. */
export function linkTo(server: string, href: string): string {
  return `${server.replace(/\/+$/, '')}${href}`
}

/** The first modules by name, as many as fit `width` characters but one at least, and how many more there are. */
export function namesOf(
  { modules, count }: GateReason | WaivedReason,
  width = Number.POSITIVE_INFINITY,
): string {
  const told = (shown: number) => {
    const names = modules
      .slice(0, shown)
      .map(({ name }) => name)
      .join(', ')
    return count > shown ? `${names} and ${thousands(count - shown)} more` : names
  }
  let shown = modules.length
  while (shown > 1 && told(shown).length > width) shown--
  return modules.length === 0 ? '' : told(shown)
}

/** Reasons that the build itself explains: `basedrift build` lists its problems, and what was refused. */
const explainedByBuild: ReadonlySet<string> = new Set<GateReasonCode>([
  'artifact-contradicts',
  'artifact-unusable',
  'btf-missing',
  'build-contradicted',
  'build-failed',
  'content-late',
  'content-refused',
  'live-failed',
  'live-pending',
  'live-unusable',
  'modules-unread',
  'own-kernel-pending',
  'package-failed',
  'package-pending',
  'package-unusable',
  'version-contradicts',
])

/** The command to go on with: what shows more of a reason, or does what it lacks; null where there is none. */
export function nextCommand({ stream, build, environment }: Decision, reason: GateReason): string[] | null {
  const { code, kernelBuild, moduleBuild, verdict, count } = reason
  const of = ['--stream', stream]
  if (count > 0) {
    if (kernelBuild === null || moduleBuild === null) return null
    const pair = ['basedrift', 'pair', ...of, nameOf(kernelBuild), nameOf(moduleBuild)]
    const filter = verdicts.find((known) => known === verdict)
    return filter === undefined ? pair : [...pair, '--verdict', filter]
  }
  const about = nameOf(moduleBuild ?? kernelBuild ?? build)
  if (explainedByBuild.has(code)) return ['basedrift', 'build', about, ...of]
  switch (code) {
    case 'build-unsealed':
      return ['basedrift', 'build', 'seal', about, ...of]
    case 'environment-unknown':
      return ['basedrift', 'live', 'environments']
    case 'environment-empty':
    case 'live-without-kernel':
      return ['basedrift', 'live', 'enter', 'VERSION-RELEASE', ...of, '--environment', environment]
    default:
      return null
  }
}

/** The command that accepts the verdicts of reasons for a while; null where they are about several pairs, or no waiver takes them. */
export function waiveCommand(stream: string, reasons: readonly GateReason[]): string[] | null {
  const [first] = reasons
  if (first === undefined || first.kernelBuild === null || first.moduleBuild === null) return null
  const { kernelBuild, moduleBuild } = first
  const accepted = new Set<string>()
  for (const reason of reasons) {
    const verdict = waivableVerdicts.find((known) => known === reason.verdict)
    const isSame = reason.kernelBuild?.id === kernelBuild.id && reason.moduleBuild?.id === moduleBuild.id
    if (verdict === undefined || !isSame) return null
    accepted.add(verdict)
  }
  return [
    ...['basedrift', 'waive', 'add', '--stream', stream, '--kernel', nameOf(kernelBuild)],
    ...['--modules', nameOf(moduleBuild), ...[...accepted].flatMap((verdict) => ['--verdict', verdict])],
    ...['--all', '--expires', '14d', '--reason', 'WHY'],
  ]
}
