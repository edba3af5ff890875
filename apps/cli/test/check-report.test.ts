import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { CheckResult, ModuleResult } from '@basedrift/check'
import { default as AjvDraft04 } from 'ajv-draft-04'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { validateXML } from 'xmllint-wasm'
import { checkErrorJunit, checkJunit } from '../src/format/check-junit.js'
import { outcomeOf } from '../src/format/check-report.js'
import { checkSarif } from '../src/format/check-sarif.js'
import { checkTable } from '../src/format/check-table.js'
import { checked, discarded, result } from './support/results.js'

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
    const whole = checked(some)
    const cut = checked(some.slice(1, 2), { kernel: { ...whole.kernel, problems: [broken] } })
    await expect(checkJunit([whole, cut])).toMatchFileSnapshot('golden/check.junit.xml')
    expect(checkErrorJunit({ code: 'kernel-absent', message: 'No <kernel>.', where: null })).toContain(
      '<error type="kernel-absent" message="No &lt;kernel&gt;.">',
    )
  })

  it('have what does not fit, and what of the run, as SARIF', async () => {
    const whole = checked(some, { notes: ['What kernels do.'] })
    const cut = checked(some.slice(1, 2), { kernel: { ...whole.kernel, problems: [broken] } })
    await expect(`${JSON.stringify(checkSarif([whole, cut]), null, 2)}\n`).toMatchFileSnapshot(
      'golden/check.sarif.json',
    )
  })

  it('do not call passed what imports symbols that nothing exports, or of which not all is known', () => {
    const lacking: ModuleResult = {
      ...result('kettle', 'compatible', 'same-base'),
      load: {
        vermagic: 'same',
        modversions: { state: 'unknown', mismatched: [], unresolved: ['garp_init'] },
      },
      overall: 'unknown',
    }
    const open: ModuleResult = {
      ...lacking,
      load: { vermagic: 'unknown', modversions: { state: 'match', mismatched: [] } },
    }
    expect(outcomeOf(lacking)).toMatchObject({
      state: 'undecided',
      type: 'symbols-missing',
      message: expect.stringContaining('nothing known exports garp_init'),
    })
    expect(outcomeOf(open)).toMatchObject({ state: 'undecided', type: 'load-unknown' })
    const modversions = { state: 'unknown' as const, mismatched: [] }
    const bare: ModuleResult = {
      ...lacking,
      load: { vermagic: 'same', modversions, doubts: ['versions-absent'] },
    }
    const unsure: ModuleResult = { ...bare, load: { ...bare.load, doubts: ['exporters-unsure'] } }
    expect([bare, unsure].map((one) => outcomeOf(one).type)).toEqual(['load-doubtful', 'load-unknown'])
    expect(checkSarif([checked([bare])])).toMatchObject({
      runs: [{ results: [{ ruleId: 'load-doubtful', level: 'warning' }] }],
    })
    expect(checkSarif([checked([lacking])])).toMatchObject({
      runs: [{ results: [{ ruleId: 'symbols-missing', level: 'warning' }] }],
    })
    expect(checkTable(checked([lacking]), { style: (_, text) => text, width: 200 })).toMatch(
      /1 module imports symbols that nothing known exports \(symbols-missing\): kettle garp_init\./,
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

  it('are what the schemas of SARIF and of Jenkins take, whatever things are called', async () => {
    const named = (text: string): CheckResult => {
      const modules = [
        { ...discarded(text), file: text, log: [text] },
        { ...unread, name: text, file: `//${text}!${text}` },
        { ...result(text, 'no-btf', 'absent'), file: text },
      ]
      const problems = [{ ...broken, file: text, message: text }]
      return checked(modules, { kernel: { ...checked([]).kernel, file: text, problems }, notes: [text] })
    }
    const odd = [
      ']]>',
      '<!--',
      '&amp;',
      '\u0000',
      '\ud800',
      '\uffff',
      '\u2028',
      '"\'<>&',
      '%',
      'https://x',
      '',
    ]
    const texts = [...odd, ...fc.sample(fc.string({ unit: 'binary', maxLength: 12 }), 20)]
    const results = texts.map(named)
    const schema = createRequire(import.meta.url)('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json')
    const ajv = new AjvDraft04.default({ strict: false, unicodeRegExp: false, validateFormats: false })
    const fits = ajv.compile(schema)
    expect([fits(checkSarif(results)), fits.errors]).toEqual([true, null])
    const contents = checkJunit(results)
    const xsd = readFileSync(new URL('support/junit.xsd', import.meta.url), 'utf8')
    const validated = await validateXML({ xml: { fileName: 'check.xml', contents }, schema: xsd })
    expect(validated).toMatchObject({ valid: true, errors: [] })
  })

  it('name files by references that are of no other scheme or host', () => {
    const files = ['a b!c', '//x/y', 'https://x', 'ä']
    const modules = files.map((file) => ({ ...discarded('x'), file }))
    const { runs } = checkSarif([checked(modules)]) as {
      runs: { results: { locations: { physicalLocation: { artifactLocation: { uri: string } } }[] }[] }[]
    }
    const uris = runs[0]!.results.map(({ locations }) => locations[0]!.physicalLocation.artifactLocation.uri)
    expect(uris).toEqual(['a%20b', '/x/y', 'https%3A//x', '%C3%A4'])
  })
})
