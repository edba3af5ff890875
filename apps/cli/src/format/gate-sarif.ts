import type { Decision, GateReason, WaivedReason } from '@basedrift/contract'
import { type GateReasonCode, meaningOfReason } from '@basedrift/contract/client'
import { printable } from '../output/printable.js'
import { affectedOf, effectOf, headOf, linkTo, nameOf, namesOf, releaseNameOf } from './gate-words.js'
import { sarif } from './sarif.js'

const rulesOf = (codes: readonly string[]) =>
  codes.map((id) => {
    const { sentence, remedy, outcome } = meaningOfReason(id)
    return {
      id,
      shortDescription: { text: sentence },
      help: { text: remedy },
      defaultConfiguration: { level: outcome === 'fail' ? 'error' : 'warning' },
    }
  })

const sentenceOf = (half: string): string => `${half.charAt(0).toUpperCase()}${half.slice(1)}.`

/** What there is, of which modules, what comes of it, and what would change it: a sentence each. */
function messageOf(reason: GateReason): string {
  const names = namesOf(reason)
  const head = headOf(reason).replace(/\.$/, '')
  const effect = reason.count > 0 ? effectOf(reason.verdict) : ''
  return `${head}${names === '' ? '' : `: ${names}`}. ${effect === '' ? '' : `${sentenceOf(effect)} `}${reason.remedy}`
}

function locationsOf({ modules, moduleBuild }: GateReason | WaivedReason, { stream, build }: Decision) {
  const owner = `${stream}/${nameOf(moduleBuild ?? build)}`
  const names = modules.length === 0 ? [null] : modules.map(({ name }) => name)
  return names.map((name) => ({
    logicalLocations: [
      name === null
        ? { fullyQualifiedName: owner, kind: 'module' }
        : { name: printable(name), fullyQualifiedName: printable(`${owner}/${name}`), kind: 'module' },
    ],
  }))
}

/** A decision of the service at `server` as SARIF 2.1.0: a result for each reason, and one that is suppressed for what each waiver took out. */
export function gateSarif(decision: Decision, server: string): unknown {
  const { reasons, waived } = decision
  const active = waived.filter(({ state }) => state === 'active')
  const codeOf = ({ verdict }: WaivedReason): GateReasonCode => {
    if (verdict === 'refused' || verdict === 'loads-misread') return 'load'
    if (verdict === 'load-unknown' || verdict === 'load-doubtful' || verdict === 'symbols-missing')
      return verdict
    return verdict === 'unknown' || verdict === 'error' ? `verdict-${verdict}` : 'verdict'
  }
  const codes = [...new Set<string>([...reasons.map(({ code }) => code), ...active.map(codeOf)])]
  const results = reasons.map((reason) => ({
    ruleId: reason.code,
    level: reason.outcome === 'fail' ? 'error' : 'warning',
    message: { text: printable(messageOf(reason)) },
    locations: locationsOf(reason, decision),
    properties: {
      direction: reason.direction,
      verdict: reason.verdict,
      count: reason.count,
      kernelRelease: releaseNameOf(decision, reason),
      href: reason.href === null ? null : linkTo(server, reason.href),
    },
  }))
  const suppressed = active.map((one) => ({
    ruleId: codeOf(one),
    level: 'note',
    message: { text: printable(affectedOf(one)) },
    locations: locationsOf(one, decision),
    suppressions: [
      {
        kind: 'external',
        status: 'accepted',
        justification: printable(`${one.author}, until ${one.expiresAt}: ${one.reason}`),
      },
    ],
  }))
  return sarif({
    rules: rulesOf(codes),
    results: [...results, ...suppressed],
    successful: true,
    properties: {
      answer: decision.answer,
      decision: decision.id,
      policyVersion: decision.policyVersion,
      href: linkTo(server, `/v1/decisions/${decision.id}`),
      environment: decision.environment,
      build: decision.build.id,
    },
  })
}
