import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  exitCodeOf,
  type Load,
  loadDoubtful,
  loadUnknown,
  overallOf,
  summary,
  verdicts,
} from '../src/index.js'
import { arbitraryLoad } from './support/results.js'

const passes: Load = { vermagic: 'same', modversions: { state: 'match', mismatched: [] } }
const differs: Load = { ...passes, vermagic: 'differs' }
const mismatch: Load = { ...passes, modversions: { state: 'mismatch', mismatched: ['kfree'] } }
const anyVerdict = fc.constantFrom(...verdicts)

describe('overall', () => {
  test('of a module that nothing but its BTF can stop', () => {
    expect(Object.fromEntries(verdicts.map((verdict) => [verdict, overallOf(verdict, passes)]))).toEqual({
      compatible: 'loads',
      changed: 'loads-changed',
      misread: 'loads-misread',
      rejected: 'refused',
      discarded: 'loads-without-btf',
      crashes: 'crashes',
      'no-btf': 'loads-without-btf',
      unknown: 'unknown',
      error: 'error',
    })
  })

  test.each([
    ['another vermagic', differs],
    ['another symbol version', mismatch],
    ['one of them and the other unknown', { ...mismatch, vermagic: 'unknown' } as const],
  ])('is refused with %s, unless worse is known or nothing is', (_, load) => {
    for (const verdict of verdicts) {
      const kept = verdict === 'crashes' || verdict === 'error'
      expect(overallOf(verdict, load)).toBe(kept ? verdict : 'refused')
    }
  })

  test('is a refusal whatever else is known, and nothing else is guessed', () => {
    expect(overallOf('rejected', loadUnknown)).toBe('refused')
    for (const verdict of ['compatible', 'changed', 'misread', 'discarded', 'no-btf', 'unknown'] as const) {
      expect(overallOf(verdict, loadUnknown)).toBe('unknown')
      expect(overallOf(verdict, { ...passes, vermagic: 'unknown' })).toBe('unknown')
    }
  })

  test('says that a module loads only when everything is known, and never of an unknown or an error', () => {
    fc.assert(
      fc.property(anyVerdict, arbitraryLoad, (verdict, load) => {
        const overall = overallOf(verdict, load)
        if (!overall.startsWith('loads')) return
        expect(load).toMatchObject({ vermagic: 'same', modversions: { state: 'match' } })
        expect(load.doubts).toBeUndefined()
        expect(['unknown', 'error', 'rejected', 'crashes']).not.toContain(verdict)
        if (overall === 'loads') expect(verdict).toBe('compatible')
      }),
    )
  })
})

describe('exit code', () => {
  const rows = (...some: (typeof verdicts)[number][]) =>
    some.map((verdict) => ({ verdict, load: loadUnknown }))

  test.each([
    [0, []],
    [0, ['compatible', 'no-btf']],
    [3, ['compatible', 'unknown']],
    [2, ['unknown', 'error', 'unknown']],
    [1, ['error', 'unknown', 'rejected']],
    [1, ['discarded']],
    [1, ['changed']],
    [1, ['misread', 'error']],
    [1, ['crashes']],
  ] as const)('%i', (code, some) => {
    expect(exitCodeOf(rows(...some))).toBe(code)
  })

  test('is 3 where a module imports what nothing known exports, or not all else is known beside imports that match', () => {
    const missing: Load = {
      vermagic: 'same',
      modversions: { state: 'unknown', mismatched: [], unresolved: ['garp_uninit_applicant'] },
    }
    const open: Load = { ...passes, vermagic: 'unknown' }
    const bare: Load = { vermagic: 'same', modversions: loadUnknown.modversions, doubts: ['versions-absent'] }
    for (const load of [missing, open, bare]) {
      expect(exitCodeOf([{ verdict: 'compatible', load }])).toBe(3)
      expect(exitCodeOf([{ verdict: 'no-btf', load }])).toBe(3)
      expect(exitCodeOf([{ verdict: 'error', load }])).toBe(2)
      expect(exitCodeOf([{ verdict: 'discarded', load }])).toBe(1)
    }
    expect(exitCodeOf([{ verdict: 'compatible', load: { ...missing, vermagic: 'differs' } }])).toBe(1)
    // Nothing but BTF is asked of a kernel of which there is no more.
    expect(exitCodeOf([{ verdict: 'compatible', load: loadUnknown }])).toBe(0)
  })

  test('is 3 for what the evidence leaves open too, which is no doubt of the module', () => {
    const doubted = (...doubts: NonNullable<Load['doubts']>): Load => ({ ...loadUnknown, doubts })
    const [own, evidence] = [doubted('vermagic-absent'), doubted('exporters-unsure', 'modversions-unknown')]
    for (const load of [own, evidence]) expect(exitCodeOf([{ verdict: 'compatible', load }])).toBe(3)
    expect([own, evidence, loadUnknown].map(loadDoubtful)).toEqual([true, false, false])
    expect(loadDoubtful(doubted('overridden-exports'))).toBe(true)
    expect(loadDoubtful({ ...own, vermagic: 'differs' })).toBe(false)
  })

  test('is 1 where anything else stops a module', () => {
    expect(exitCodeOf([{ verdict: 'compatible', load: differs }])).toBe(1)
    expect(exitCodeOf([{ verdict: 'unknown', load: mismatch }])).toBe(1)
  })

  test('does not depend on the order, and one module more never makes it pass', () => {
    const row = fc.record({ verdict: anyVerdict, load: arbitraryLoad })
    fc.assert(
      fc.property(fc.array(row), row, (some, one) => {
        const code = exitCodeOf(some)
        expect(exitCodeOf(some.toReversed())).toBe(code)
        if (code !== 0) expect(exitCodeOf([...some, one])).not.toBe(0)
      }),
    )
  })
})

test('a summary counts each verdict that occurs, in their order', () => {
  fc.assert(
    fc.property(fc.array(anyVerdict), (some) => {
      const { total, ...counts } = summary(some.map((verdict) => ({ verdict })))
      expect(total).toBe(some.length)
      expect(Object.keys(counts)).toEqual(verdicts.filter((verdict) => some.includes(verdict)))
      for (const [verdict, count] of Object.entries(counts)) {
        expect(count).toBe(some.filter((one) => one === verdict).length)
      }
    }),
  )
})
