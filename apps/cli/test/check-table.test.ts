import type { CheckResult } from '@basedrift/check'
import { summary } from '@basedrift/check'
import { describe, expect, it } from 'vitest'
import { checkTable } from '../src/format/check-table.js'
import { plain } from '../src/output/style.js'
import { discarded, manyResults, result } from './support/results.js'

function resultWith(modules: CheckResult['modules'], more: Partial<CheckResult> = {}): CheckResult {
  return {
    engine: '0.1.0',
    kernel: {
      file: 'linux-image-6.1.0-55-cloud-amd64.deb!boot/vmlinuz',
      release: '6.1.0-55-cloud-amd64',
      rules: { version: '6.1.192', allowBtfMismatch: true },
      base: { sha256: 'ef'.repeat(32), types: 95246, strings: 1694074 },
    },
    modules,
    summary: summary(modules),
    ...more,
  }
}

describe('checkTable', () => {
  it('groups thousands of modules and says how to see all', async () => {
    const text = checkTable(resultWith(manyResults()), { style: plain, width: 80 })
    expect(text).not.toContain('\u001b')
    await expect(text).toMatchFileSnapshot('golden/check-many.txt')
  })

  it('lists a few with the kernel’s log, and the notes', async () => {
    const modules = [discarded('teapot'), result('saucer', 'misread', 'origin-length')]
    const kernel = resultWith([]).kernel
    const open = {
      kernel: { ...kernel, release: null, rules: { version: '6.1', allowBtfMismatch: null } },
      notes: ['A note.\u001b[2J'],
    }
    await expect(checkTable(resultWith(modules, open), { style: plain, width: 80 })).toMatchFileSnapshot(
      'golden/check-few.txt',
    )
  })

  it('says of an empty name that it is one, and how what is unknown can be decided', () => {
    const { reason, ...nameless } = discarded('teapot')
    const modules = [{ ...nameless, reason: { ...reason!, actual: '' } }]
    const text = checkTable(resultWith(modules), { style: plain, width: 80 })
    expect(text).toContain('expected an identifier, found an empty name\n')
    expect(text).not.toContain('--origin')
    const unknown = resultWith([result('saucer', 'unknown', 'no-origin')])
    expect(checkTable(unknown, { style: plain, width: 80 })).toContain('as --origin.\n')
  })
})
