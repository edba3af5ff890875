import type { Decision, GateReason, GateVerdict, WaivedReason } from '@basedrift/contract'
import { counted, count as thousands } from '../output/words.js'

export const nameOf = ({ version, release }: Decision['build']): string => `${version}-${release}`

const verdictWords: Readonly<Partial<Record<GateVerdict, string>>> = {
  refused: 'refused for what kernels compare besides BTF',
  'loads-misread': 'with type ids in code that are misread',
  'symbols-missing': 'with imports that nothing known exports (symbols-missing)',
  'load-unknown': 'of which not all is known that kernels compare besides BTF',
  error: 'that could not be read (error)',
}

/** Who meets whom, in words; empty where it is not about two builds. */
function meetingOf({ direction, kernelBuild, moduleBuild }: GateReason | WaivedReason): string {
  if (kernelBuild === null || moduleBuild === null) return ''
  const [kernel, modules] = [nameOf(kernelBuild), nameOf(moduleBuild)]
  switch (direction) {
    case 'self':
      return kernel === modules
        ? `of ${modules} on its own kernel`
        : `of ${modules} on ${kernel}, which it was built for`
    case 'kernel-with-modules':
      return `of ${modules} on the new kernel ${kernel}`
    default:
      return `of ${modules} on the live kernel ${kernel}`
  }
}

/** What there is of modules: `3 modules misread of 5.15.12-1.3 on the live kernel 5.15.12-1.1`. */
export function affectedOf(reason: GateReason | WaivedReason): string {
  const { verdict, count } = reason
  const words = verdict === null ? '' : ` ${verdictWords[verdict] ?? verdict}`
  return `${counted(count, 'module')}${words} ${meetingOf(reason)}`.trim()
}

/** A reason in one line. */
export function headOf(reason: GateReason): string {
  if (reason.count > 0) return affectedOf(reason)
  const where = [meetingOf(reason), reason.detail ?? ''].filter((part) => part !== '')
  const build = meetingOf(reason) === '' ? (reason.kernelBuild ?? reason.moduleBuild) : null
  const about = [...(build === null ? [] : [nameOf(build)]), ...where].join('; ')
  return `${reason.message}${about === '' ? '' : ` (${about})`}`
}

/** The first modules by name, and how many more there are. */
export function namesOf({ modules, count }: GateReason | WaivedReason): string {
  const names = modules.map(({ name }) => name).join(', ')
  return count > modules.length ? `${names} and ${thousands(count - modules.length)} more` : names
}
