import { ENGINE_VERSION, encodeRows, gateEngine, loadUnknown, outcomesOf, verdicts } from '@basedrift/check'
import { gateVerdictsOf } from '@basedrift/ledger'
import { describe, expect, it } from 'vitest'

const load = {
  ...loadUnknown,
  vermagic: 'same' as const,
  modversions: { state: 'match' as const, mismatched: [] },
}

describe('the outcomes of a comparison', () => {
  it('are a byte a module, as a gate reads them', () => {
    const results = verdicts.map((verdict) => ({ verdict, load }))
    expect([...outcomesOf(results)].map(gateVerdictsOf)).toEqual(
      verdicts.map((verdict) => (verdict === 'compatible' ? [] : [verdict])),
    )
    const stopped = { verdict: 'compatible' as const, load: { ...load, vermagic: 'differs' as const } }
    const ids = { verdict: 'compatible' as const, load: { ...load, btfIds: { state: 'wrong' as const } } }
    expect([...outcomesOf([stopped, ids])].map(gateVerdictsOf)).toEqual([['refused'], ['loads-misread']])
  })

  it('tell where not all is known that the kernel compares, unless something stops the module anyway', () => {
    const of = (...results: Parameters<typeof outcomesOf>[0]) => [...outcomesOf(results)].map(gateVerdictsOf)
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

  it('are none where every module fits', () => {
    expect(outcomesOf([{ verdict: 'compatible', load }])).toHaveLength(0)
    expect(outcomesOf([])).toHaveLength(0)
  })

  it('are read from the rows of a comparison that has none recorded', async () => {
    const rows = encodeRows([])
    const asked: string[] = []
    const engine = gateEngine(async (setId) => {
      asked.push(setId)
      return []
    })
    expect(engine.version).toBe(ENGINE_VERSION)
    expect(await engine.outcomes(rows, 'set')).toHaveLength(0)
    expect(asked).toEqual(['set'])
  })
})
