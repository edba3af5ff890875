import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Decision, gateReasonCodes } from '@basedrift/contract'
import { default as AjvDraft04 } from 'ajv-draft-04'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { validateXML } from 'xmllint-wasm'
import { errorJunit, gateJunit } from '../src/format/gate-junit.js'
import { gateSarif } from '../src/format/gate-sarif.js'
import { gateTable } from '../src/format/gate-table.js'
import { errorSarif } from '../src/format/sarif.js'
import { plain } from '../src/output/style.js'
import { decision, failed } from './support/decisions.js'

/** Names as artifacts may have them. */
const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(']]>', '<!--', '&amp;', '\u0000', '\ud800', '\uffff', '\u2028', '"\'<>&'),
)

/** Decisions with names of any kind in every place where names stand. */
const decisions: fc.Arbitrary<Decision> = fc
  .record({
    name,
    more: name,
    codes: fc.subarray(Object.keys(gateReasonCodes) as (keyof typeof gateReasonCodes)[]),
    /** Whether there is a reason that this version does not know. */
    later: fc.boolean(),
  })
  .map(({ name, more, codes, later }) => {
    const [reason] = failed.reasons
    const [waived] = failed.waived
    const modules = [{ name, href: `/v1/${more}` }]
    const known = codes.map((code) => {
      const { outcome, sentence, remedy } = gateReasonCodes[code]
      return { ...reason, code, outcome, message: sentence, remedy, modules, detail: more }
    })
    const reasons = later ? [...known, { ...reason, code: 'of-tomorrow', modules }] : known
    return decision({
      answer: reasons.some(({ outcome }) => outcome === 'fail')
        ? 'fail'
        : reasons.length > 0
          ? 'unknown'
          : 'pass',
      stream: more,
      reasons: reasons as Decision['reasons'],
      waived: [{ ...waived, modules, reason: name, author: more }] as Decision['waived'],
    })
  })

const server = 'https://build.example.org/basedrift/'
const error = { code: 'server-silent', message: 'a\u0001\uffff"<\ud800', where: null }
const samples = fc.sample(decisions, 40)

describe('a decision', () => {
  it('is told to people', async () => {
    const [reason] = failed.reasons
    if (reason === undefined) throw new Error('it has reasons')
    const hinted = { ...reason, count: 1, detail: 'They fit the base of 5.15.12-1.1\u001b[2J.' }
    expect(gateTable(decision({ reasons: [hinted] }), { style: plain, width: 100 })).toContain(
      '         They fit the base of 5.15.12-1.1\\x1b[2J.\n',
    )
    const [, pending] = failed.reasons
    const contradicting = (detail: string): Decision['reasons'][number] => ({
      ...(pending as Decision['reasons'][number]),
      ...{ code: 'artifact-contradicts', kernelBuild: null, moduleBuild: null, detail, remedy: 'Find out.' },
    })
    const told = gateTable(
      decision({ answer: 'unknown', reasons: ['a.json', 'b.json'].map(contradicting) }),
      { style: plain, width: 100 },
    )
    expect(told.match(/basedrift build 5\.15\.12-1\.3 --stream example\/x86_64\/default\n/g)).toHaveLength(1)
    expect(told).toMatch(/ {9}Find out\.\n {9}basedrift build /)
    await expect(gateTable(failed, { style: plain, width: 100 })).toMatchFileSnapshot('golden/gate-fail.txt')
    expect(gateTable(decision(), { style: plain, width: 100 })).toMatch(
      /^PASS {2}example\/x86_64\/default 5.15.12-1.3 into production\n/,
    )
  })

  it('fits the terminal: names as many as there is room for, how many more, and commands that can be copied', () => {
    const [reason] = failed.reasons
    if (reason === undefined) throw new Error('it has reasons')
    const modules = Array.from({ length: 10 }, (_, nth) => ({ name: `module_number_${nth}`, href: '/v1/x' }))
    const stream = 'Debian:bookworm/amd64/cloud'
    const verdict = { ...reason, modules, count: 1097, verdict: 'discarded' as const }
    const reasons = [verdict, { ...verdict, verdict: 'misread' as const, count: 24 }]
    const table = gateTable(decision({ answer: 'fail', stream, reasons }), { style: plain, width: 80 })
    expect(table.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(table).toContain('1,097 modules of 5.15.12-1.3 discarded on the live kernel 5.15.12-1.1\n')
    expect(table).toContain('the kernel loads the module without its BTF')
    expect(table).toMatch(/module_number_0, module_number_1, .*[0-9] and 1,09\d more\n/)
    // A shell takes a line that was broken as if it were none.
    const typed = table.replaceAll(/ \\\n\s+/g, ' ')
    for (const name of ['discarded', 'misread'])
      expect(typed).toContain(`basedrift pair --stream ${stream} 5.15.12-1.1 5.15.12-1.3 --verdict ${name}\n`)
    expect(typed).toContain(
      `basedrift waive add --stream ${stream} --kernel 5.15.12-1.1 --modules 5.15.12-1.3 --verdict discarded --verdict misread --all --expires 14d --reason WHY\n`,
    )
    expect(table.split('Build them together.')).toHaveLength(2)
  })

  it('quotes what a shell would read', () => {
    const [reason] = failed.reasons
    if (reason === undefined) throw new Error('it has reasons')
    const table = gateTable(decision({ stream: "a$(b)'c", reasons: [reason] }), { style: plain, width: 100 })
    expect(table).toContain(`basedrift pair --stream 'a$(b)'\\''c' 5.15.12-1.1`)
  })

  it('says why a package of modules counts, and what to type where there are no weak updates', () => {
    const [reason] = failed.reasons
    if (reason?.kernelBuild === undefined || reason.kernelBuild === null) throw new Error('it has a kernel')
    const { kernelBuild } = reason
    const met = { build: kernelBuild, kernelRelease: '6.1.0-55', compared: true } as const
    const of = (considered: Decision['considered']) =>
      gateTable(decision({ reasons: [reason], considered }), { style: plain, width: 80 })
    const weak = of([{ ...met, live: true, because: 'weak-updates' }])
    expect(weak).toContain('Weak      5.15.12-1.1\n          weak-updates: ')
    expect(weak).toContain(
      '          basedrift policy set --stream example/x86_64/default \\\n            --weak-updates no\n',
    )
    const unmoved = of([{ ...met, live: false, because: 'built-for' }])
    expect(unmoved).not.toContain('Weak')
    expect(unmoved).toContain('Packages  5.15.12-1.1\n')
    expect(unmoved.replaceAll(/\n +/g, ' ')).toContain('once it has entered the environment and left.')
    expect(of([{ ...met, live: true, because: 'same-release' }])).not.toMatch(/Weak|Packages/)
  })

  it('is told with what it did not look at', () => {
    const quiet = decision({ withoutBtf: 3, emptyArtifacts: ['extra\u001b.rpm'], moreWaivers: 2 })
    const table = gateTable(quiet, { style: plain, width: 100 })
    expect(table).toContain('No BTF    3 modules on kernels')
    expect(table).toContain('Empty     extra\\x1b.rpm: nothing in it is compared')
    expect(table).toContain('Waivers   2 more than are looked at')
  })

  it('is told as JUnit, with names escaped', async () => {
    await expect(gateJunit(failed, server)).toMatchFileSnapshot('golden/gate-fail.junit.xml')
    expect(gateJunit(decision(), server)).toContain('tests="1" failures="0" errors="0" skipped="0"')
    expect(errorJunit('e', '<b>', { code: 'x', message: 'a\u0001\uffff"', where: null })).toContain(
      'classname="&lt;b&gt;"',
    )
  })

  it('is told as SARIF, with waivers as suppressions', async () => {
    await expect(`${JSON.stringify(gateSarif(failed, server), null, 2)}\n`).toMatchFileSnapshot(
      'golden/gate-fail.sarif.json',
    )
  })
})

describe('a report', () => {
  it('in SARIF is what the standard’s own schema takes, whatever things are called', () => {
    const schema = createRequire(import.meta.url)('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json')
    // Its patterns are older than the `u` flag, and its formats are not of use here.
    const ajv = new AjvDraft04.default({ strict: false, unicodeRegExp: false, validateFormats: false })
    const fits = ajv.compile(schema)
    for (const of of [failed, decision(), ...samples])
      expect([fits(gateSarif(of, server)), fits.errors]).toEqual([true, null])
    expect([fits(errorSarif(error)), fits.errors]).toEqual([true, null])
    expect(fits({ ...(gateSarif(failed, server) as object), version: '2.0.0' })).toBe(false)
  })

  it('in JUnit’s XML is what Jenkins reads, whatever things are called', async () => {
    const schema = readFileSync(new URL('support/junit.xsd', import.meta.url), 'utf8')
    const reports = [failed, decision(), ...samples].map((of) => gateJunit(of, server))
    const xml = [...reports, errorJunit('e', ']]><b>', error)].map((contents, nth) => ({
      fileName: `${nth}.xml`,
      contents,
    }))
    expect(await validateXML({ xml, schema })).toMatchObject({ valid: true, errors: [] })
    const broken = {
      fileName: 'broken.xml',
      contents: gateJunit(failed, server).replace(' classname=', ' class='),
    }
    expect((await validateXML({ xml: broken, schema })).valid).toBe(false)
  })
})
