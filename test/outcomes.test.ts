import { ENGINE_VERSION, encodeRows, gateEngine, loadUnknown, outcomesOf, verdicts } from '@basedrift/check'
import { gateVerdictsOf } from '@basedrift/ledger'
import { describe, expect, it } from 'vitest'

const load = {
  ...loadUnknown,
  vermagic: 'same' as const,
  modversions: { state: 'match' as const, mismatched: [] },
}

type Row = Pick<Parameters<typeof outcomesOf>[0][number], 'verdict' | 'load'> & { name?: string }
const outcomes = (results: readonly Row[]) => outcomesOf(results.map((row) => ({ name: 'kettle', ...row })))
const gateVerdicts = (results: readonly Row[]) => [...outcomes(results).bytes].map(gateVerdictsOf)

describe('the outcomes of a comparison', () => {
  it('are a byte a module, as a gate reads them', () => {
    const results = verdicts.map((verdict) => ({ verdict, load }))
    expect(gateVerdicts(results)).toEqual(
      verdicts.map((verdict) => (verdict === 'compatible' ? [] : [verdict])),
    )
    const stopped = { verdict: 'compatible' as const, load: { ...load, vermagic: 'differs' as const } }
    const ids = { verdict: 'compatible' as const, load: { ...load, btfIds: { state: 'wrong' as const } } }
    expect(gateVerdicts([stopped, ids])).toEqual([['refused'], ['loads-misread']])
  })

  it('tell where not all is known that the kernel compares, unless something stops the module anyway', () => {
    const of = (...results: readonly Row[]) => gateVerdicts(results)
    const open = { verdict: 'compatible' as const, load: loadUnknown }
    const ids = { ...open, load: { ...load, btfIds: { state: 'unknown' as const } } }
    expect(of(open, ids, { ...open, verdict: 'changed' })).toEqual([
      ['load-unknown'],
      ['load-unknown'],
      ['changed', 'load-unknown'],
    ])
    const stopped = { ...open, load: { ...loadUnknown, vermagic: 'differs' as const } }
    expect(of(stopped, { ...open, verdict: 'rejected' }, { ...open, verdict: 'unknown' })).toEqual([
      ['refused'],
      ['rejected'],
      ['unknown'],
    ])
  })

  it('tell where a module itself leaves open whether the kernel takes it, apart from what the evidence does', () => {
    const doubted = (...doubts: NonNullable<Row['load']['doubts']>) => ({ ...loadUnknown, doubts })
    const bare = doubted('versions-absent')
    expect(
      gateVerdicts([
        { verdict: 'compatible', load: bare },
        { verdict: 'no-btf', load: doubted('exporters-unsure', 'vermagic-absent') },
        { verdict: 'changed', load: doubted('versions-unusable') },
        { verdict: 'unknown', load: doubted('export-versions-absent') },
        { verdict: 'compatible', load: doubted('exporters-unsure', 'modversions-unknown') },
        { verdict: 'compatible', load: doubted('overridden-exports') },
        { verdict: 'compatible', load: { ...bare, vermagic: 'differs' } },
        { verdict: 'compatible', load: { ...bare, ...lacking('kfree'), doubts: bare.doubts } },
        { verdict: 'compatible', load: { ...bare, btfIds: { state: 'wrong' } } },
      ]),
    ).toEqual([
      ['load-doubtful'],
      ['no-btf', 'load-doubtful'],
      ['changed', 'load-doubtful'],
      ['unknown', 'load-doubtful'],
      ['load-unknown'],
      ['load-doubtful'],
      ['refused'],
      ['symbols-missing', 'load-doubtful'],
      ['loads-misread', 'load-doubtful'],
    ])
  })

  const lacking = (...unresolved: string[]) => ({
    ...load,
    modversions: { state: 'unknown' as const, mismatched: [], unresolved },
  })

  it('tell where a module imports what nothing known exports, also where something stops it anyway', () => {
    const missing = lacking('garp_uninit_applicant')
    expect(
      gateVerdicts([
        { verdict: 'compatible', load: missing },
        { verdict: 'unknown', load: missing },
        { verdict: 'rejected', load: missing },
        { verdict: 'compatible', load: { ...missing, vermagic: 'differs' } },
      ]),
    ).toEqual([
      ['symbols-missing', 'load-unknown'],
      ['unknown', 'symbols-missing'],
      ['rejected', 'symbols-missing'],
      ['refused', 'symbols-missing'],
    ])
  })

  it('name the first modules of which symbols are missing, by name, and a bounded part of each symbol', () => {
    const row = (name: string, ...symbols: string[]) => ({
      name,
      verdict: 'compatible' as const,
      load: lacking(...symbols),
    })
    const stopped = { ...row('a', 'kfree'), load: { ...lacking('kfree'), vermagic: 'differs' as const } }
    const some = [row('kettle', 'x', 'y'.repeat(500)), { ...row('b'), load }, stopped, row('cup', 'z')]
    expect(outcomes(some).missing).toEqual([
      { module: 'a', symbols: ['kfree'], total: 1 },
      { module: 'cup', symbols: ['z'], total: 1 },
      { module: 'kettle', symbols: ['x', 'y'.repeat(128)], total: 2 },
    ])
    expect(outcomes(Array.from({ length: 100 }, (_, nth) => row(`m${nth}`, 'x'))).missing).toHaveLength(32)
  })

  it('are none where every module fits', () => {
    expect(outcomes([{ verdict: 'compatible', load }])).toEqual({ bytes: new Uint8Array(), missing: [] })
    expect(outcomes([])).toEqual({ bytes: new Uint8Array(), missing: [] })
  })

  it('are read from the rows of a comparison that has none recorded', async () => {
    const rows = encodeRows([])
    const asked: string[] = []
    const engine = gateEngine(async (setId) => {
      asked.push(setId)
      return []
    })
    expect(engine.version).toBe(ENGINE_VERSION)
    expect(await engine.outcomes(rows, 'set')).toEqual({ bytes: new Uint8Array(), missing: [] })
    expect(asked).toEqual(['set'])
  })
})
