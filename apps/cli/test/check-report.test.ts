import { type CheckResult, type ModuleResult, summary } from '@basedrift/check'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkErrorJunit, checkJunit } from '../src/format/check-junit.js'
import { outcomeOf } from '../src/format/check-report.js'
import { checkSarif } from '../src/format/check-sarif.js'
import { discarded, result } from './support/results.js'

function resultOf(modules: readonly ModuleResult[], more: Partial<CheckResult> = {}): CheckResult {
  return {
    engine: '0.1.0',
    kernel: {
      file: 'linux-image.deb!boot/vmlinuz',
      release: '6.1.0-55-cloud-amd64',
      rules: { version: '6.1.192', allowBtfMismatch: true },
      base: { sha256: 'ef'.repeat(32), types: 95246, strings: 1694074 },
    },
    modules,
    summary: summary(modules),
    ...more,
  }
}

const unread: ModuleResult = {
  ...result('cut', 'error', 'elf-truncated'),
  reason: { code: 'elf-truncated', path: '64', actual: 'It ends; <build> it "again".' },
}
const refused: ModuleResult = {
  ...result('other', 'compatible', 'same-base'),
  load: { vermagic: 'differs', modversions: { state: 'match', mismatched: [] } },
  overall: 'refused',
}
const some = [
  discarded('tea<pot'),
  result('saucer', 'compatible', 'same-base'),
  { ...result('saucer', 'unknown', 'no-origin'), file: 'updates/sau cer%.ko' },
  result('asm_only', 'no-btf', 'absent'),
  unread,
  refused,
]
const broken = {
  code: 'archive-truncated',
  file: 'linux-image.deb',
  at: '15000000',
  message: 'The archive ends before its content does; upload it again.',
}

describe('the reports of a check', () => {
  it('tell failures, errors and what was not looked at apart, as JUnit', async () => {
    const whole = resultOf(some)
    const cut = resultOf(some.slice(1, 2), { kernel: { ...whole.kernel, problems: [broken] } })
    await expect(checkJunit([whole, cut])).toMatchFileSnapshot('golden/check.junit.xml')
    expect(checkErrorJunit({ code: 'kernel-absent', message: 'No <kernel>.', where: null })).toContain(
      '<error type="kernel-absent" message="No &lt;kernel&gt;.">',
    )
  })

  it('have what does not fit, and what of the run, as SARIF', async () => {
    const whole = resultOf(some, { notes: ['What kernels do.'] })
    const cut = resultOf(some.slice(1, 2), { kernel: { ...whole.kernel, problems: [broken] } })
    await expect(`${JSON.stringify(checkSarif([whole, cut]), null, 2)}\n`).toMatchFileSnapshot(
      'golden/check.sarif.json',
    )
  })

  it('call passed only what fits', () => {
    const states = some.map((module) => [outcomeOf(module).state, outcomeOf(module).type])
    expect(states).toEqual([
      ['failed', 'discarded'],
      ['passed', 'compatible'],
      ['undecided', 'unknown'],
      ['skipped', 'no-btf'],
      ['undecided', 'error'],
      ['failed', 'refused'],
    ])
  })

  it('are well-formed whatever the names are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const module = { ...discarded(text), file: text, log: [text] }
        const xml = checkJunit([resultOf([module], { kernel: { ...resultOf([]).kernel, file: text } })])
        // Characters that XML 1.0 has, and no mark-up but ours.
        expect(xml).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u)
        expect(xml.match(/<[^>]*>/g)).toHaveLength(9)
        expect(xml.replace(/&(amp|lt|gt|quot|apos);/g, '')).not.toContain('&')
      }),
    )
  })
})
