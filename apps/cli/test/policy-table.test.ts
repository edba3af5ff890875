import type { Policy } from '@basedrift/contract'
import { expect, test } from 'vitest'
import { policyTable } from '../src/format/policy-table.js'
import { plain } from '../src/output/style.js'

const policy: Policy = {
  stream: 'example/x86_64/default',
  version: 3,
  blocking: ['changed', 'misread', 'rejected', 'discarded', 'refused', 'loads-misread', 'symbols-missing'],
  discardedLoads: false,
  rules: '# what is known\nsaucer PASS\n',
  live: 'all',
  kernels: 'same-release',
  weakUpdates: true,
  emptyEnvironment: 'unknown',
  modulesWithoutBtf: 'pass',
  author: 'anna',
  createdAt: '2026-01-15T09:30:00.000Z',
}

test('a policy is shown under the names of the options that change it, and fits a terminal', () => {
  const text = policyTable(policy, { style: plain, width: 80 })
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect(text).toMatch(/^example\/x86_64\/default: version 3, set by anna 2026-01-15 09:30 UTC\n/)
  for (const [option, value] of [
    ['live', 'all'],
    ['kernels', 'same-release'],
    ['weak-updates', 'yes'],
    ['discarded-loads', 'no'],
    ['empty-environment', 'unknown'],
    ['modules-without-btf', 'pass'],
    ['rules', '2 lines:'],
  ])
    expect(text).toMatch(new RegExp(`^${option} +${value}$`, 'm'))
  expect(policyTable({ ...policy, rules: '' }, { style: plain, width: 80 })).toMatch(/^rules +none$/m)
})
