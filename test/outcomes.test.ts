import { loadUnknown, outcomesOf, verdicts } from '@basedrift/check'
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

  it('are none where every module fits', () => {
    expect(outcomesOf([{ verdict: 'compatible', load }])).toHaveLength(0)
    expect(outcomesOf([])).toHaveLength(0)
  })
})
