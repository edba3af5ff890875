import type { Policy } from '@basedrift/contract'
import { printable, wrapped } from '../output/printable.js'
import { counted, minute } from '../output/words.js'
import type { TableOptions } from './table-options.js'

/** Columns of the names of settings. */
const labelWidth = 21

/** What the gates of a stream go by, each setting under the name of the option that changes it. */
export function policyTable(policy: Policy, { style, width }: TableOptions): string {
  const { stream, version, blocking, rules, author, createdAt } = policy
  const ruleLines = rules.split('\n').filter((line) => line.trim() !== '')
  const state =
    version === 0
      ? 'none is set: this is how it is without any'
      : `version ${version}, set by ${author ?? 'somebody'} ${minute(createdAt ?? '')} UTC`
  const yes = (value: boolean) => (value ? 'yes' : 'no')
  const set = (option: string, text: string): string[] =>
    wrapped(text, width - labelWidth).map((line, nth) => (nth === 0 ? option : '').padEnd(labelWidth) + line)
  const lines = [
    style('strong', printable(`${stream}: ${state}`)),
    ...set('blocking', `${[...blocking, 'crashes'].join(', ')}; unknown and error never pass`),
    ...set('live', policy.live),
    ...set('kernels', policy.kernels),
    ...set('weak-updates', yes(policy.weakUpdates)),
    ...set('discarded-loads', yes(policy.discardedLoads)),
    ...set('empty-environment', policy.emptyEnvironment),
    ...set('modules-without-btf', policy.modulesWithoutBtf),
    ...set('rules', rules.trim() === '' ? 'none' : `${counted(ruleLines.length, 'line')}:`),
    ...ruleLines.map((line) => `  ${printable(line.trimEnd())}`),
    ...wrapped('Each is an option of `basedrift policy set`, whose --help says what it does.', width),
  ]
  return `${lines.join('\n')}\n`
}
