import type { Decision, GateReason } from '@basedrift/contract'
import type { ErrorReport } from '../errors.js'
import { commandLines } from '../output/command-line.js'
import { printable } from '../output/printable.js'
import {
  affectedOf,
  decidedBy,
  effectOf,
  headOf,
  linkTo,
  nameOf,
  namesOf,
  nextCommand,
  releaseOf,
} from './gate-words.js'
import { type Case, junit } from './junit.js'

/** All that a reader of the report needs to go on: what comes of it, which modules, what would change it, where to look, and what decided, a line each. */
function textOf(decision: Decision, reason: GateReason, server: string): string {
  const look = nextCommand(decision, reason)
  return [
    effectOf(reason.verdict),
    namesOf(reason),
    reason.detail ?? '',
    reason.remedy,
    releaseOf(decision, reason),
    look === null ? '' : commandLines(look, Number.POSITIVE_INFINITY, '').join(''),
    reason.href === null ? '' : `${linkTo(server, reason.href)} (with a token)`,
    decidedBy(decision),
  ]
    .filter((part) => part !== '')
    .map(printable)
    .join('\n')
}

/** A decision of the service at `server` as JUnit XML: a case for the build, one for each reason, and one that is skipped for what each waiver took out. */
export function gateJunit(decision: Decision, server: string): string {
  const { answer, reasons, waived, stream, build, environment } = decision
  const cases: Case[] = reasons.map((reason) => ({
    name: `${reason.code}: ${headOf(reason)}`,
    within: {
      // A reader that knows no third state must not take this one for a pass.
      tag: reason.outcome === 'fail' ? 'failure' : 'error',
      type: reason.code,
      message: headOf(reason),
      text: textOf(decision, reason, server),
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
    answer === 'pass' ? [{ name: `may be published (${decidedBy(decision)})`, within: null }] : []
  const [name, classname] = [`basedrift gate ${environment}`, `${stream} ${nameOf(build)}`]
  return junit([{ name, classname, cases: [...passes, ...cases, ...accepted] }])
}

/** What stands in the place of a decision where there is none. */
export function errorJunit(environment: string, build: string, { code, message }: ErrorReport): string {
  const within = { tag: 'error' as const, type: code, message, text: message }
  const cases = [{ name: 'the gate gave no answer', within }]
  return junit([{ name: `basedrift gate ${environment}`, classname: build, cases }])
}
