import type { Decision } from '@basedrift/contract'
import type { ErrorReport } from '../errors.js'
import { affectedOf, headOf, nameOf, namesOf } from './gate-words.js'
import { type Case, junit } from './junit.js'

/** A decision as JUnit XML: a case for the build, one for each reason, and one that is skipped for what each waiver took out. */
export function gateJunit(decision: Decision): string {
  const { answer, reasons, waived, stream, build, environment } = decision
  const cases: Case[] = reasons.map((reason) => ({
    name: `${reason.code}: ${headOf(reason)}`,
    within: {
      // A reader that knows no third state must not take this one for a pass.
      tag: reason.outcome === 'fail' ? 'failure' : 'error',
      type: reason.code,
      message: headOf(reason),
      text: [namesOf(reason), reason.remedy, reason.href ?? ''].filter((part) => part !== '').join(' | '),
    },
  }))
  const accepted = waived
    .filter(({ state }) => state === 'active')
    .map(
      (one): Case => ({
        name: `waived: ${affectedOf(one)}`,
        within: {
          tag: 'skipped',
          type: 'waived',
          message: `${one.author}, until ${one.expiresAt}: ${one.reason}`,
          text: namesOf(one),
        },
      }),
    )
  const passes: Case[] =
    answer === 'pass' ? [{ name: `may be published (decision ${decision.id})`, within: null }] : []
  const [name, classname] = [`basedrift gate ${environment}`, `${stream} ${nameOf(build)}`]
  return junit([{ name, classname, cases: [...passes, ...cases, ...accepted] }])
}

/** What stands in the place of a decision where there is none. */
export function errorJunit(environment: string, build: string, { code, message }: ErrorReport): string {
  const within = { tag: 'error' as const, type: code, message, text: message }
  const cases = [{ name: 'the gate gave no answer', within }]
  return junit([{ name: `basedrift gate ${environment}`, classname: build, cases }])
}
