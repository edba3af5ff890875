import {
  type ArtifactRefusedNotice,
  type DriftNotice,
  driftClasses,
  type GateNotice,
  type Notice,
  type NoticeKind,
  noticeExamples,
  noticeRemedies,
  type WaiverExpiringNotice,
} from '@basedrift/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderFor } from '../src/index.js'
import { fitted, largest, name } from '../src/text/parts.js'
import { cut, tame, unlinked } from '../src/text/tame.js'
import { hostile } from './support/hostile.js'

const baseUrl = 'https://basedrift.example.org'
const example = <K extends NoticeKind>(kind: K) =>
  noticeExamples.find((notice) => notice.kind === kind) as Extract<Notice, { kind: K }>
const told = (notice: Notice) => renderFor('webhook', notice, { baseUrl }).text.split('\n')
const drift: DriftNotice = example('drift')

describe('what is told', () => {
  it('of a drift is what happened, and what to do', () => {
    expect(told({ ...drift, oldOnNew: null })).toEqual([
      'openSUSE:Factory x86_64 default 5.15.12-1.3: base BTF drifted from 1.1 (functions-only: +2). ' +
        '4,021 of 4,023 modules of 1.3 are rejected on a running 1.1, 2 are misread. modversions: all match.',
      `Rebuild or hold: ${baseUrl}${drift.link}`,
    ])
    expect(told(drift)[0]).toContain(
      '4,020 of 4,023 modules of 1.1 are rejected on a running 1.3, 3 are misread. modversions',
    )
  })

  it.each([
    [
      'one of one',
      { total: 1, counts: { rejected: 1 } },
      '1 of 1 module of 1.3 is rejected on a running 1.1.',
    ],
    [
      'the most first',
      { total: 9, counts: { rejected: 1, unknown: 5, error: 1 } },
      '5 of 9 modules of 1.3 are undecided on a running 1.1, 1 is rejected, 1 could not be read.',
    ],
    [
      'that all fit',
      { total: 4023, counts: { compatible: 4000, 'no-btf': 23 } },
      'All 4,023 modules of 1.3 fit a running 1.1.',
    ],
    [
      'a crash',
      { total: 2, counts: { crashes: 1, compatible: 1 } },
      '1 of 2 modules of 1.3 crashes the kernel on a running 1.1.',
    ],
  ])('of modules is %s', (_what, newOnOld, text) => {
    expect(told({ ...drift, newOnOld, oldOnNew: null, modversions: null })[0]).toMatch(
      new RegExp(`\\(functions-only: \\+2\\)\\. ${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`),
    )
  })

  it('of releases that are numbers alone names both in full', () => {
    const [from, to] = [
      { ...drift.from, version: '6.1.192', release: '2' },
      { ...drift.to, version: '6.1.192', release: '3' },
    ]
    expect(told({ ...drift, from, to })[0]).toMatch(
      /drifted from 6\.1\.192-2 .* modules of 6\.1\.192-3 are rejected on a running 6\.1\.192-2/,
    )
  })

  it('of another version names both in full', () => {
    const from = { ...drift.from, version: '5.15.11' }
    expect(told({ ...drift, from })[0]).toMatch(
      /drifted from 5\.15\.11-1\.1 .* modules of 5\.15\.12-1\.3 are rejected on a running 5\.15\.11-1\.1/,
    )
  })

  it.each([
    ['all match', { match: 2, mismatch: 0, unknown: 0 }],
    ['1 differs', { match: 2, mismatch: 1, unknown: 0 }],
    ['3 differ, 1 not known', { match: 2, mismatch: 3, unknown: 1 }],
    ['none differs, 1 not known', { match: 2, mismatch: 0, unknown: 1 }],
    ['not known', { match: 0, mismatch: 0, unknown: 3 }],
  ])('of modversions: %s', (text, modversions) => {
    expect(told({ ...drift, modversions })[0]).toMatch(new RegExp(` modversions: ${text}\\.$`))
  })

  it('of a drift has a sentence for every class and remedy', () => {
    const counts = { ...drift.counts, added: 3, removed: 1, changed: 2, functionsRemoved: 1 }
    expect(told({ ...drift, class: 'layout', counts })[0]).toContain(
      '(layout: types +3 −1 ~2, functions +2 −1)',
    )
    const none = { ...drift.counts, functionsAdded: 0 }
    expect(told({ ...drift, class: 'reordered', counts: none })[0]).toContain(
      '(reordered: 61,204 types moved)',
    )
    expect(told({ ...drift, class: 'strings-only', counts: { ...none, moved: 0 } })[0]).toContain(
      '(strings-only)',
    )
    for (const of of driftClasses) expect(told({ ...drift, class: of })).toHaveLength(2)
    for (const remedy of noticeRemedies)
      expect(told({ ...drift, remedy })[1]).toMatch(/^[A-Z][a-z ,]+: https:/)
  })

  it('of a gate is how it turned, and why', () => {
    const gate: GateNotice = example('gate')
    expect(told(gate)).toEqual([
      'openSUSE:Factory x86_64 default 5.15.12-1.3: the gate of production turned from pass to fail. ' +
        '4,021 of 4,023 modules of 5.15.12-1.3 are rejected on a running 5.15.12-1.1, 2 are misread.',
      `Hold it, rebuild, or waive what is accepted: ${baseUrl}${gate.link}`,
    ])
    const reasons = [1, 2, 3].map((nth) => ({
      code: `reason-${'abc'[nth - 1]}`,
      kernel: null,
      modules: null,
      total: 0,
      counts: {},
    }))
    expect(told({ ...gate, before: null, outcome: 'unknown', reasons, reasonsTotal: 9 })[0]).toMatch(
      /says unknown\. reason-a\. reason-b\. 7 more reasons\.$/,
    )
    const known = (code: string, kernel: string | null) =>
      told({ ...gate, reasons: [{ code, kernel, modules: null, total: 0, counts: {} }], reasonsTotal: 1 })[0]
    expect(known('load', '5.15.12-1.1')).toMatch(
      /to fail\. Kernels refuse modules, .* compare besides BTF \(on 5\.15\.12-1\.1\)\.$/,
    )
    expect(known('comparison-failed', null)).toMatch(/to fail\. Two builds could not be compared\.$/)
    expect(told({ ...gate, before: 'fail', outcome: 'pass', reasons: [], reasonsTotal: 0 })).toEqual([
      'openSUSE:Factory x86_64 default 5.15.12-1.3: the gate of production turned from fail to pass.',
      `It may be published: ${baseUrl}${gate.link}`,
    ])
  })

  it('of a gate of what machines run already is advice that can be followed', () => {
    const gate: GateNotice = { ...(example('gate') as GateNotice), live: true }
    expect(told(gate)).toEqual([
      'openSUSE:Factory x86_64 default 5.15.12-1.3 is live in production, and its gate there turned from pass to fail. ' +
        '4,021 of 4,023 modules of 5.15.12-1.3 are rejected on a running 5.15.12-1.1, 2 are misread.',
      expect.stringMatching(/^Publish a rebuild, .*\(basedrift live leave\): https:/),
    ])
    expect(told({ ...gate, before: 'fail', outcome: 'pass', reasons: [], reasonsTotal: 0 })[1]).toMatch(
      /^Nothing must be done: /,
    )
  })

  it('of the others too', () => {
    const first = (kind: NoticeKind) => told(example(kind))[0]
    expect(first('build-differs')).toBe(
      'openSUSE:Factory x86_64 default 5.15.12-1.3: kernel-default-5.15.12-1.3.x86_64.rpm came again with other content ' +
        '(sha256 bbbbbbbbbbbb…, recorded is sha256 aaaaaaaaaaaa…). What is recorded stands.',
    )
    expect(told(example('build-differs'))[1]).toMatch(
      /^Find out which .*\(basedrift build acknowledge\) .*: https:/,
    )
    expect(first('artifact-refused')).toBe(
      'openSUSE:Factory x86_64 default 5.15.12-1.3: kernel-default-5.15.12-1.3.x86_64.rpm cannot be used as a whole. ' +
        'The xz data ends in the middle of a block (xz-corrupt).',
    )
    const refused: ArtifactRefusedNotice = example('artifact-refused')
    expect(told({ ...refused, filename: null, artifacts: 12, failed: 9, problemsTotal: 9 })).toEqual([
      'openSUSE:Factory x86_64 default 5.15.12-1.3: 9 of 12 artifacts cannot be used as a whole. ' +
        'The xz data ends in the middle of a block (xz-corrupt). 8 more problems.',
      expect.stringContaining('Build it again'),
    ])
    expect(told({ ...refused, filename: null, artifacts: 1, failed: 1 })[0]).toMatch(
      /1\.3: its one artifact cannot be used as a whole\. /,
    )
    expect(told({ ...refused, filename: null, failed: 0 })[0]).toMatch(/1\.3: the build failed as a whole\. /)
    expect(first('unreproducible')).toMatch(
      /not reproducible, the definitions of 1\.1 came out under other ids, 61,204 types moved \(parallel-encoding\)\. 4,023 of 4,023/,
    )
    expect(first('test')).toBe('This is a test of the channel kernel-team, asked for by release-team.')
    const waiver: WaiverExpiringNotice = example('waiver-expiring')
    expect(told(waiver)[0]).toBe(
      'openSUSE:Factory x86_64 default 5.15.12-1.3: the waiver of release-team for 1 module in production ends ' +
        '2026-01-22 09:30 UTC. Its reason: ipheth is not on these machines.',
    )
    expect(told({ ...waiver, build: null, environment: null, modules: null })[0]).toMatch(
      /^openSUSE:Factory x86_64 default: the waiver of release-team ends /,
    )
  })

  it('leads to where the service is', () => {
    const link = (base: string) =>
      told({ ...drift, link: "/a(b)*'x'?q=%20" })
        .at(-1)
        ?.replace(baseUrl, base)
    expect(link(baseUrl)).toBe(`Rebuild or hold: ${baseUrl}/a%28b%29%2A%27x%27?q=%20`)
    const sub = renderFor('webhook', drift, { baseUrl: 'https://example.org/basedrift/' }).text
    expect(sub).toContain(`https://example.org/basedrift${drift.link}`)
    for (const bad of [
      '',
      'basedrift',
      'ftp://x',
      'https://a:b@example.org',
      'https://example.org/?a=b',
      'https://example.org/#x',
      'javascript:alert(1)',
    ])
      expect(() => renderFor('slack', drift, { baseUrl: bad })).toThrow(
        expect.objectContaining({ code: 'base-url-invalid' }),
      )
    expect(() => renderFor('slack', [], { baseUrl })).toThrow(
      expect.objectContaining({ code: 'message-invalid' }),
    )
  })
})

describe('names', () => {
  it('become one line of ordinary characters, and stay as they are where they were', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 200 }), (text, max) => {
        const tamed = tame(text, max)
        expect([...tamed].length).toBeLessThanOrEqual(max)
        expect(tamed).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]|\p{M}{5}|^$/u)
        expect(tame(tamed, max)).toBe(tamed)
        expect(unlinked(tamed)).not.toMatch(/:\/\/|www\.|[@#](?!\u200b)|javascript:/i)
        expect(unlinked(tamed).replaceAll('\u200b', '')).toBe(tamed)
      }),
    )
    for (const plain of [
      'openSUSE:Factory x86_64',
      '5.15.12-1.3~bpo12+1',
      'snd_hda_intel',
      'Größe',
      '内核',
      'क्षि',
    ])
      expect(tame(plain, 100)).toBe(plain)
  })

  it('are cut between characters', () => {
    expect(cut('😀😀😀', 3)).toBe('😀😀😀')
    expect(cut('😀😀😀', 2)).toBe('😀…')
    expect(cut('abc', 0)).toBe('…')
  })

  it('are cut before they are escaped, so that no escape is', () => {
    fc.assert(
      fc.property(
        fc.array(hostile, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 300 }),
        (texts, max) => {
          const parts = texts.map(name)
          const show = ({ text }: { text: string }) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
          const line = fitted(parts, show, max)
          expect(line.length).toBeLessThanOrEqual(max)
          expect(line).not.toMatch(/&(?!amp;|lt;)/)
        },
      ),
    )
  })

  it('are as many as fit', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(600), (most, limit) => {
        expect(largest(most, (count) => count <= limit)).toBe(Math.min(most, limit))
      }),
    )
  })
})
