import type { GateReason } from '@basedrift/contract'
import type { AttestedBuild, AttestedPair, BuildRow } from '@basedrift/ledger'
import { describe, expect, it } from 'vitest'
import { statementOf } from '../src/attest/statement.js'

const build = {
  stream: 'openSUSE:Factory/x86_64/default',
  version: '5.15.12',
  release: '1.3',
  artifacts: [
    { filename: 'kernel.rpm', kind: 'package', state: 'ingested', problems: [], sha256: 'a'.repeat(64) },
    { filename: 'extra.rpm', kind: 'package', state: 'failed', sha256: 'b'.repeat(64) },
    {
      filename: 'docs.rpm',
      kind: 'package',
      state: 'ingested',
      problems: [{ code: 'artifact-empty', message: 'nothing in it' }],
      sha256: 'd'.repeat(64),
    },
    { filename: 'build.log', kind: 'log', state: 'ingested', sha256: 'c'.repeat(64) },
  ],
} as unknown as BuildRow

const pair = (kernel: string, more: Partial<AttestedPair>): AttestedPair => ({
  direction: 'modules-on-live',
  kernelBuild: { id: kernel, version: '5.15.12', release: kernel },
  moduleBuild: { id: '1.3', version: '5.15.12', release: '1.3' },
  environments: ['production'],
  state: 'done',
  error: null,
  counts: { compatible: 10 },
  baseSha256: 'b'.repeat(64),
  moduleSetId: 'c'.repeat(64),
  rules: { version: '5.15.12', allowBtfMismatch: false },
  engine: '1.0.0',
  ...more,
})
const of = (pairs: AttestedPair[], more: Partial<AttestedBuild> = {}): AttestedBuild => ({
  pairs,
  missing: [],
  moreEnvironments: false,
  withoutBtfFails: false,
  ...more,
})
const reason = (code: GateReason['code'], more: Partial<GateReason>) =>
  ({ code, detail: null, kernelBuild: null, moduleBuild: null, ...more }) as GateReason
const on = (release: string) => `modules of 5.15.12-1.3 on the kernel of 5.15.12-${release}`

describe('a statement', () => {
  it('names the packages that were read by digest, and says of each pair what it came to', () => {
    const { subject, predicate } = statementOf(
      build,
      of([
        pair('1.1', { counts: { misread: 1, compatible: 9 } }),
        pair('1.2', { state: 'pending', counts: {} }),
        pair('1.3', { direction: 'self', environments: [] }),
      ]),
    )
    expect(subject).toEqual([
      {
        name: 'kernel.rpm',
        digest: { sha256: 'a'.repeat(64) },
        annotations: { stream: build.stream, version: '5.15.12', release: '1.3' },
      },
    ])
    expect(predicate).toMatchObject({
      result: 'FAILED',
      failedTests: [on('1.1')],
      warnedTests: [on('1.2')],
      passedTests: [on('1.3')],
    })
    expect(predicate.configuration[0]).toMatchObject({
      name: on('1.1'),
      digest: { sha256: 'b'.repeat(64) },
      annotations: { environments: ['production'], verdicts: { compatible: 9, misread: 1 } },
    })
  })

  it.each([
    ['PASSED', { compatible: 1 }],
    ['PASSED', { compatible: 1, 'no-btf': 3 }],
    ['FAILED', { changed: 1 }],
    ['FAILED', { misread: 1 }],
    ['FAILED', { rejected: 1 }],
    ['FAILED', { discarded: 1 }],
    ['FAILED', { crashes: 1 }],
    ['FAILED', { compatible: 1, refused: 1 }],
    ['FAILED', { compatible: 1, 'loads-misread': 1 }],
    ['FAILED', { unknown: 1, rejected: 1 }],
    ['WARNED', { compatible: 9, unknown: 1 }],
    ['WARNED', { compatible: 9, error: 1 }],
    ['WARNED', { compatible: 9, 'load-unknown': 1 }],
    ['WARNED', { compatible: 9, 'symbols-missing': 1 }],
    ['WARNED', { compatible: 9, 'load-doubtful': 1 }],
  ] as const)('is %s where modules are %j', (result, counts) => {
    expect(statementOf(build, of([pair('1.1', { counts })])).predicate.result).toBe(result)
  })

  it('has failed where modules lost their BTF and the policy of the stream blocks that', () => {
    const counts = { compatible: 1, 'no-btf': 3 }
    const { predicate } = statementOf(build, of([pair('1.1', { counts })], { withoutBtfFails: true }))
    expect([predicate.result, predicate.failedTests]).toEqual(['FAILED', [on('1.1')]])
  })

  it('has passed nothing where nothing was tested, failed, or waits', () => {
    expect(statementOf(build, of([])).predicate.result).toBe('WARNED')
    for (const state of ['pending', 'failed'] as const)
      expect(statementOf(build, of([pair('1.1', { state, counts: {} })])).predicate.result).toBe('WARNED')
  })

  it('has not passed where the gate misses something, and says what and where', () => {
    const kernelBuild = { id: '1.1', version: '5.15.12', release: '1.1' }
    const missing = [
      { environment: null, reason: reason('artifact-unusable', { detail: 'extra.rpm' }) },
      { environment: 'production', reason: reason('live-failed', { kernelBuild, detail: 'x: y' }) },
    ]
    expect(statementOf(build, of([pair('1.3', {})], { missing })).predicate).toMatchObject({
      result: 'WARNED',
      passedTests: [on('1.3')],
      warnedTests: [
        'missing: artifact-unusable, extra.rpm',
        'missing: live-failed of 5.15.12-1.1 in production, x: y',
      ],
    })
  })

  it('has not passed where there are environments that nobody looked at', () => {
    expect(statementOf(build, of([pair('1.3', {})], { moreEnvironments: true })).predicate).toMatchObject({
      result: 'WARNED',
      warnedTests: ['missing: more environments than are looked at'],
    })
  })

  it('has the same bytes for the same verdicts', () => {
    const bytes = (counts: AttestedPair['counts']) =>
      JSON.stringify(statementOf(build, of([pair('1.1', { counts })])))
    expect(bytes({ misread: 1, compatible: 2, changed: 0 })).toBe(bytes({ compatible: 2, misread: 1 }))
  })
})
