import { printable } from '../output/printable.js'

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

/** A case of a suite. */
export interface Case {
  readonly name: string
  /** The element within: none where the case passes. */
  readonly within: {
    readonly tag: 'failure' | 'error' | 'skipped'
    readonly type: string
    readonly message: string
    readonly text: string
  } | null
}

/** Cases that are counted together; `classname` is what readers group them by. */
export interface Suite {
  readonly name: string
  readonly classname: string
  readonly cases: readonly Case[]
}

/** What is within a case: the schema that Jenkins goes by lets what is skipped have text alone. */
function inside({ tag, type, message, text }: NonNullable<Case['within']>): string {
  const lines = text.split('\n').map(xml).join('\n')
  if (tag === 'skipped') return `<skipped>${xml(message)}\n${lines}</skipped>`
  return `<${tag} type="${xml(type)}" message="${xml(message)}">${lines}</${tag}>`
}

function linesOf({ name, classname, cases }: Suite): string[] {
  const of = (tag: string) => cases.filter(({ within }) => within?.tag === tag).length
  const body = cases.map((one) => {
    const head = `    <testcase classname="${xml(classname)}" name="${xml(one.name)}"`
    if (one.within === null) return `${head}/>`
    return `${head}>\n      ${inside(one.within)}\n    </testcase>`
  })
  const counts = `tests="${cases.length}" failures="${of('failure')}" errors="${of('error')}" skipped="${of('skipped')}"`
  return [`  <testsuite name="${xml(name)}" ${counts}>`, ...body, '  </testsuite>']
}

/** A report in JUnit XML. Names and texts may hold anything: what XML does not take is escaped as on a terminal. */
export function junit(suites: readonly Suite[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    ...suites.flatMap(linesOf),
    '</testsuites>',
    '',
  ].join('\n')
}
