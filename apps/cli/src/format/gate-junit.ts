import type { Decision } from '@basedrift/contract'
import type { ErrorReport } from '../errors.js'
import { printable } from '../output/printable.js'
import { affectedOf, headOf, nameOf, namesOf } from './gate-words.js'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Text that XML 1.0 takes, in an attribute as between tags. */
const xml = (text: string): string =>
  printable(text)
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
    .replace(/[\ufffe\uffff]/g, '\ufffd')

interface Case {
  readonly name: string
  /** The element within: none where the case passes. */
  readonly within: {
    readonly tag: 'failure' | 'error' | 'skipped'
    readonly type: string
    readonly message: string
    readonly text: string
  } | null
}

/** What is within a case: the schema that Jenkins goes by lets what is skipped have text alone. */
function inside({ tag, type, message, text }: NonNullable<Case['within']>): string {
  if (tag === 'skipped') return `<skipped>${xml(`${message} | ${text}`)}</skipped>`
  return `<${tag} type="${xml(type)}" message="${xml(message)}">${xml(text)}</${tag}>`
}

function suite(name: string, classname: string, cases: readonly Case[]): string {
  const of = (tag: string) => cases.filter(({ within }) => within?.tag === tag).length
  const body = cases.map((one) => {
    const head = `    <testcase classname="${xml(classname)}" name="${xml(one.name)}"`
    if (one.within === null) return `${head}/>`
    return `${head}>\n      ${inside(one.within)}\n    </testcase>`
  })
  const counts = `tests="${cases.length}" failures="${of('failure')}" errors="${of('error')}" skipped="${of('skipped')}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="${xml(name)}" ${counts}>`,
    ...body,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

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
  return suite(`basedrift gate ${environment}`, `${stream} ${nameOf(build)}`, [
    ...passes,
    ...cases,
    ...accepted,
  ])
}

/** What stands in the place of a decision where there is none. */
export function errorJunit(environment: string, build: string, { code, message }: ErrorReport): string {
  const within = { tag: 'error' as const, type: code, message, text: message }
  return suite(`basedrift gate ${environment}`, build, [{ name: 'the gate gave no answer', within }])
}
