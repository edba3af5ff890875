import type { Policy } from '@basedrift/contract'
import { printable } from '../output/printable.js'
import { minute } from '../output/words.js'
import type { TableOptions } from './table-options.js'

/** What the gates of a stream go by. */
export function policyTable(policy: Policy, { style }: TableOptions): string {
  const { stream, version, blocking, rules, author, createdAt } = policy
  const set =
    version === 0
      ? 'none is set: this is how it is without any'
      : `version ${version}, set by ${author ?? 'somebody'} ${minute(createdAt ?? '')} UTC`
  const yes = (value: boolean) => (value ? 'yes' : 'no')
  const lines = [
    style('strong', printable(`${stream}: ${set}`)),
    `Blocking           ${[...blocking, 'crashes'].join(', ')}; unknown and error never pass`,
    `Live kernels       ${policy.live}`,
    `Kernels compared   ${policy.kernels}`,
    `Weak updates       ${yes(policy.weakUpdates)}`,
    `Discarded loads    ${yes(policy.discardedLoads)}`,
    `Empty environment  ${policy.emptyEnvironment}`,
    `Lost BTF           ${policy.modulesWithoutBtf}`,
    `Rules              ${rules.trim() === '' ? 'none' : ''}`.trimEnd(),
    ...rules
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => `  ${printable(line.trimEnd())}`),
  ]
  return `${lines.join('\n')}\n`
}
