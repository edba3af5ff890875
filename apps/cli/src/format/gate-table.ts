import type { Decision, GateReason, RuleUse } from '@basedrift/contract'
import { commandLines } from '../output/command-line.js'
import { clipped, printable, wrapped } from '../output/printable.js'
import { count, counted, minute } from '../output/words.js'
import {
  affectedOf,
  effectOf,
  headOf,
  nameOf,
  namesOf,
  nextCommand,
  outcomeTones,
  releaseOf,
  waiveCommand,
} from './gate-words.js'
import type { TableOptions } from './table-options.js'

/** Builds that were not compared, and rules, that are listed each. */
const listedOthers = 5

const ruleText = ({ line, pattern, verdict }: RuleUse): string => `line ${line} (${pattern} ${verdict})`

function some(texts: readonly string[]): string {
  const more = texts.length - listedOthers
  return `${texts.slice(0, listedOthers).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** Texts that stand after a word in the first ten columns, in lines that fit. */
const told = (word: string, text: string, width: number): string[] =>
  wrapped(text, width - 10).map((line, nth) => `${(nth === 0 ? word : '').padEnd(10)}${line}`)

/** Whom the new build did not meet, and why it met what may surprise: each word is explained where it occurs. */
function consideredLines({ considered, stream, reasons }: Decision, width: number): string[] {
  const set = (option: string, value: string) =>
    commandLines(['basedrift', 'policy', 'set', '--stream', stream, option, value], width, ' '.repeat(10))
  const left = considered.filter((one) => !one.compared && one.because !== 'own')
  const lines: string[] = []
  if (left.length > 0)
    lines.push(
      ...told('Left out', some(left.map(({ build, because }) => `${nameOf(build)} (${because})`)), width),
    )
  if (left.some(({ because }) => because === 'other-release'))
    lines.push(
      ...told(
        '',
        'other-release: machines on it look for modules below another uname -r, and do not see these. To have gates compare such kernels too:',
        width,
      ),
      ...set('--kernels', 'all'),
    )
  const isReason = ({ build: { id } }: Decision['considered'][number]) =>
    reasons.some(({ kernelBuild, moduleBuild }) => kernelBuild?.id === id || moduleBuild?.id === id)
  const blamed = considered.filter((one) => one.compared && isReason(one))
  const weak = blamed.filter(({ because }) => because === 'weak-updates')
  if (weak.length > 0)
    lines.push(
      ...told('Weak', some(weak.map(({ build }) => nameOf(build))), width),
      ...told(
        '',
        'weak-updates: kernels of other releases get modules that come without a kernel by links (SUSE, Red Hat). Where the distribution has none of that (dpkg):',
        width,
      ),
      ...set('--weak-updates', 'no'),
    )
  const packages = blamed.filter(({ live }) => !live)
  if (packages.length > 0)
    lines.push(
      ...told('Packages', some(packages.map(({ build }) => nameOf(build))), width),
      ...told(
        '',
        'not live, but built for this kernel or a live one, so machines may have it; it counts no more once it has entered the environment and left.',
        width,
      ),
    )
  return lines
}

/** Each reason with what comes of it, its modules and how to look at them; what would change it once for those that have it in common. */
function reasonLines(decision: Decision, { style, width }: TableOptions): string[] {
  const { reasons, stream } = decision
  const indent = ' '.repeat(9)
  const block = (text: string) =>
    text === '' ? [] : wrapped(text, width - indent.length).map((line) => indent + line)
  let group: GateReason[] = []
  return reasons.flatMap((reason, nth) => {
    group.push(reason)
    const [head = '', ...rest] = wrapped(headOf(reason), width - indent.length)
    const lines = ['', `${style(outcomeTones[reason.outcome], reason.outcome.padEnd(7))}  ${head}`]
    lines.push(...rest.map((line) => indent + line))
    const next = nextCommand(decision, reason)
    if (reason.count > 0) {
      const said = [
        effectOf(reason.verdict),
        releaseOf(decision, reason),
        namesOf(reason, width - indent.length),
      ]
      lines.push(...said.flatMap(block))
      if (reason.detail !== null) lines.push(...block(reason.detail))
      if (next !== null) lines.push(...commandLines(next, width, indent))
    }
    const after = reasons[nth + 1]
    const isLast = after?.remedy !== reason.remedy
    if (isLast) {
      const waive = waiveCommand(stream, group)
      group = []
      lines.push(...block(reason.remedy))
      if (waive !== null) lines.push(...commandLines(waive, width, indent))
    }
    // Where there are no modules to look at, it does what the remedy says: it stands behind that, once.
    const isSaid = !isLast && after !== undefined && String(nextCommand(decision, after)) === String(next)
    if (reason.count === 0 && next !== null && !isSaid) lines.push(...commandLines(next, width, indent))
    return lines
  })
}

/** A decision: the answer, each reason with its modules and what would change it, and what it went by. */
export function gateTable(decision: Decision, { style, width }: TableOptions): string {
  const { answer, waived, compared, rules, unusedRules } = decision
  const subject = `${decision.stream} ${nameOf(decision.build)} into ${decision.environment}`
  const lines = [
    `${style(outcomeTones[answer], answer.toUpperCase())}  ${style('strong', printable(subject))}`,
  ]
  lines.push(...reasonLines(decision, { style, width }))
  if (waived.length > 0) lines.push('')
  for (const one of waived) {
    const state = one.state === 'active' ? 'waived' : `waiver ${one.state}`
    const until = `${one.author}, until ${minute(one.expiresAt)} UTC: ${one.reason}`
    lines.push(
      `${style('doubtful', state)}  ${printable(affectedOf(one))}`,
      `         ${clipped(until, width - 9)}`,
    )
  }
  lines.push(
    '',
    `Compared  ${counted(compared.pairs, 'pair')}, ${counted(compared.modules, 'module')} on kernels`,
  )
  lines.push(...consideredLines(decision, width))
  const policy = decision.policyVersion === 0 ? 'none is set' : `version ${decision.policyVersion}`
  const tolerated =
    rules.length + unusedRules.length === 0 ? '' : `; its rules let ${count(decision.tolerated)} pass`
  lines.push(`Policy    ${policy}${tolerated}`)
  if (decision.loadUnknown > 0)
    lines.push(
      `Unknown   ${counted(decision.loadUnknown, 'module')} on kernels: not all that these compare besides BTF`,
    )
  if (decision.withoutBtf > 0)
    lines.push(`No BTF    ${counted(decision.withoutBtf, 'module')} on kernels: nothing to compare (no-btf)`)
  if (decision.emptyArtifacts.length > 0)
    lines.push(
      style(
        'doubtful',
        `Empty     ${printable(some(decision.emptyArtifacts))}: nothing in it is compared (artifact-empty)`,
      ),
    )
  if (decision.moreWaivers > 0)
    lines.push(
      style(
        'doubtful',
        `Waivers   ${count(decision.moreWaivers)} more than are looked at: they took nothing out`,
      ),
    )
  if (decision.refused > 0)
    lines.push(
      style(
        'doubtful',
        `Refused   ${counted(decision.refused, 'other content')} came under names of this build: publish only what it has recorded (basedrift build: which, and how often)`,
      ),
    )
  if (unusedRules.length > 0) lines.push(`Unused    ${printable(some(unusedRules.map(ruleText)))}`)
  lines.push(`Decision  ${decision.id}, ${minute(decision.createdAt)} UTC`)
  return `${lines.join('\n')}\n`
}
