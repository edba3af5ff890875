import { readBtf } from '@basedrift/btf'
import { describe, expect, it } from 'vitest'
import {
  type DriftKernel,
  driftReport,
  errorJudgement,
  fingerprintsOf,
  resultOf,
  type Verdict,
} from '../src/index.js'
import { vectorBytes } from './support/vectors.js'

const config = {
  btfModules: true,
  allowBtfMismatch: false,
  modversions: true,
  forceLoad: null,
  missingNamespaces: null,
  compiler: 'gcc (Debian 12.2.0-14) 12.2.0',
  pahole: '124',
}

function kernel(build: string, more: Partial<DriftKernel> = {}): DriftKernel {
  const bytes = vectorBytes(`base-${build}.btf`)
  const btf = readBtf(bytes)
  const fingerprints = fingerprintsOf(btf).all(bytes)
  return {
    file: `vmlinux-${build}`,
    release: '5.15.12-1-default',
    version: '5.15.12',
    config,
    bytes,
    btf,
    fingerprints,
    ...more,
  }
}

describe('the report of a drift', () => {
  it('says what differs between two builds, and is plain JSON', () => {
    const report = driftReport(kernel('1.1'), kernel('1.3'))
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    expect(report).toMatchObject({
      class: 'functions-only',
      headline: '2 functions came; 6 of the types that both have moved.',
      functions: {
        added: {
          total: 2,
          listed: [
            {
              name: 'kettle_hash_ring',
              id: 37,
              prototype: 'u64 kettle_hash_ring(struct ring *ring, u64 seed)',
            },
            { name: 'kettle_lid_is_tight_shut', id: 39 },
          ],
        },
      },
      blast: { ofAOnB: null, ofBOnA: null },
      configDifferences: null,
      hints: [{ code: 'function-set' }],
    })
    expect(report.remedy).toMatch(/^Publish kernel and modules of one build together/)
  })

  it('does not depend on the names of the files alone', () => {
    const report = driftReport(kernel('1.1'), kernel('1.1', { file: 'other' }))
    expect(report).toMatchObject({
      class: 'none',
      headline: 'The bases are equal, byte for byte.',
      hints: [],
    })
    expect(report.remedy).toMatch(/^Nothing is to be done/)
  })

  it('points to tools and options that differ', () => {
    const configText = 'CONFIG_A=y\nCONFIG_B="x"\n# CONFIG_C is not set\nCONFIG_D=m\n'
    const other = kernel('1.3', {
      config: { ...config, compiler: 'gcc 13', pahole: '127' },
      configText: configText.replace('"x"', '"y"').replace('CONFIG_D=m', '# CONFIG_D is not set'),
    })
    const report = driftReport(kernel('1.1', { configText }), other, {}, { listed: 1, diffs: 1 })
    expect(report.configDifferences).toEqual({
      total: 2,
      listed: [{ option: 'CONFIG_B', a: '"x"', b: '"y"' }],
    })
    expect(report.hints.map(({ code }) => code)).toEqual([
      'compiler-differs',
      'pahole-differs',
      'config-differs',
      'function-set',
    ])
    expect(report.functions.added).toMatchObject({ total: 2, listed: [{ name: 'kettle_hash_ring' }] })
    expect(report.functions.added.listed).toHaveLength(1)
  })

  it('counts what becomes of modules, and names those that break', () => {
    const row = (name: string, verdict: Verdict) =>
      resultOf(
        { name, file: `${name}.ko`, sha256: null },
        { ...errorJudgement('no', null, ''), verdict, basis: 'x' },
      )
    const ofAOnB = [
      row('fits', 'compatible'),
      row('wrong', 'misread'),
      row('out', 'discarded'),
      row('who', 'unknown'),
    ]
    const report = driftReport(kernel('1.1'), kernel('1.3'), { ofAOnB, ofBOnA: [] }, { listed: 1, diffs: 1 })
    expect(report.blast).toEqual({
      ofAOnB: {
        summary: { total: 4, compatible: 1, misread: 1, discarded: 1, unknown: 1 },
        broken: { total: 2, listed: [{ name: 'wrong', file: 'wrong.ko', verdict: 'misread', basis: 'x' }] },
        undecided: 1,
      },
      ofBOnA: null,
    })
  })

  it('has nothing to be done where every module that was looked at fits', () => {
    const fits = [
      resultOf(
        { name: 'm', file: 'm.ko', sha256: null },
        { verdict: 'compatible', basis: 'x', errno: 0, log: [] },
      ),
    ]
    const both = driftReport(kernel('1.1'), kernel('1.3'), { ofAOnB: fits, ofBOnA: fits })
    expect(both.remedy).toMatch(/^Nothing must be done/)
    expect(driftReport(kernel('1.1'), kernel('1.3'), { ofAOnB: fits }).remedy).toMatch(/^Publish/)
  })
})
