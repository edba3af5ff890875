import type { Decision, GateOutcome, RuleUse } from '@basedrift/contract'
import { clipped, printable } from '../output/printable.js'
import type { Tone } from '../output/style.js'
import { count, counted } from '../output/words.js'
import { affectedOf, headOf, nameOf, namesOf } from './gate-words.js'
import type { TableOptions } from './table-options.js'

const tones: Readonly<Record<GateOutcome, Tone>> = { pass: 'good', fail: 'bad', unknown: 'doubtful' }

/** Builds that were not compared, and rules, that are listed each. */
const listedOthers = 5

const ruleText = ({ line, pattern, verdict }: RuleUse): string => `line ${line} (${pattern} ${verdict})`

function some(texts: readonly string[]): string {
  const more = texts.length - listedOthers
  return `${texts.slice(0, listedOthers).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** A decision: the answer, each reason with its modules and what would change it, and what it went by. */
export function gateTable(decision: Decision, { style, width }: TableOptions): string {
  const { answer, reasons, waived, considered, compared, rules, unusedRules } = decision
  const subject = `${decision.stream} ${nameOf(decision.build)} into ${decision.environment}`
  const lines = [`${style(tones[answer], answer.toUpperCase())}  ${style('strong', printable(subject))}`]
  for (const reason of reasons) {
    lines.push('', `${style(tones[reason.outcome], reason.outcome.padEnd(7))}  ${printable(headOf(reason))}`)
    if (reason.count > 0) {
      lines.push(`         ${clipped(namesOf(reason), width - 9)}`)
      if (reason.detail !== null) lines.push(`         ${printable(reason.detail)}`)
    }
    lines.push(`         ${printable(reason.remedy)}`)
  }
  if (waived.length > 0) lines.push('')
  for (const one of waived) {
    const state = one.state === 'active' ? 'waived' : `waiver ${one.state}`
    const until = `${one.author}, until ${one.expiresAt.slice(0, 16).replace('T', ' ')} UTC: ${one.reason}`
    lines.push(
      `${style('doubtful', state)}  ${printable(affectedOf(one))}`,
      `         ${clipped(until, width - 9)}`,
    )
  }
  lines.push(
    '',
    `Compared  ${counted(compared.pairs, 'pair')}, ${counted(compared.modules, 'module')} on kernels`,
  )
  const left = considered.filter((one) => !one.compared && one.because !== 'own')
  if (left.length > 0)
    lines.push(
      `Left out  ${printable(some(left.map(({ build, because }) => `${nameOf(build)} (${because})`)))}`,
    )
  if (left.some(({ because }) => because === 'other-release'))
    lines.push(
      '          other-release: machines on it look for modules below another uname -r, and do not see these;',
      '          `basedrift policy set --kernels all` has gates compare such kernels too.',
    )
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
        `Refused   other content came ${counted(decision.refused, 'time')} under names of this build: publish only what it has recorded`,
      ),
    )
  if (unusedRules.length > 0) lines.push(`Unused    ${printable(some(unusedRules.map(ruleText)))}`)
  lines.push(`Decision  ${decision.id}`)
  return `${lines.join('\n')}\n`
}
