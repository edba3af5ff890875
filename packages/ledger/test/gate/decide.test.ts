import { type PolicySettings, waivableVerdicts } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import { completeTerms, type DecideInputs, decide, readyPolicy } from '../../src/index.js'
import { byteOf, inputs, meeting, ref, waiver } from './support.js'

const policy = (settings: PolicySettings) => readyPolicy(1, completeTerms(settings))
const answer = (more: Partial<DecideInputs>) => decide(inputs(more)).answer
const codes = (more: Partial<DecideInputs>) => decide(inputs(more)).reasons.map(({ code }) => code)

describe('a decision', () => {
  it('passes what fits', () => {
    expect(decide(inputs())).toMatchObject({
      answer: 'pass',
      reasons: [],
      waived: [],
      compared: { pairs: 1, modules: 2 },
    })
  })

  it.each([
    ['changed', 'fail', 'verdict'],
    ['misread', 'fail', 'verdict'],
    ['rejected', 'fail', 'verdict'],
    ['discarded', 'fail', 'verdict'],
    ['crashes', 'fail', 'verdict'],
    ['refused', 'fail', 'load'],
    ['loads-misread', 'fail', 'load'],
    ['unknown', 'unknown', 'verdict-unknown'],
    ['error', 'unknown', 'verdict-error'],
  ] as const)('by default: a module that is %s makes it %s', (verdict, outcome, code) => {
    const decided = decide(
      inputs({ meetings: [meeting(1, { a: 0, b: byteOf(verdict), c: byteOf(verdict) })] }),
    )
    expect(decided).toMatchObject({
      answer: outcome,
      reasons: [
        {
          code,
          outcome,
          verdict,
          direction: 'modules-on-live',
          kernelBuild: ref(1),
          moduleBuild: ref(9),
          count: 2,
          modules: [{ name: 'b', href: `/v1/pairs/${ref(1).id}/${ref(9).id}/modules/b` }, { name: 'c' }],
        },
      ],
    })
    expect(decided.reasons[0]?.remedy).not.toBe('')
  })

  it('lets pass what has no BTF, unless the policy says otherwise', () => {
    const meetings = [meeting(1, { a: byteOf('no-btf') })]
    expect(answer({ meetings })).toBe('pass')
    expect(answer({ meetings, policy: policy({ blocking: ['no-btf'] }) })).toBe('fail')
  })

  it('counts what is not known of the load, and takes it for unknown where the policy says so', () => {
    const meetings = [
      meeting(1, { a: byteOf('load-unknown'), b: byteOf('changed', 'load-unknown') }),
      meeting(2, { a: byteOf('load-unknown') }, { state: 'pending' }),
    ]
    expect(decide(inputs({ meetings })).loadUnknown).toBe(2)
    const one = [meeting(1, { a: byteOf('load-unknown'), b: 0 })]
    expect(decide(inputs({ meetings: one }))).toMatchObject({ answer: 'pass', loadUnknown: 1 })
    expect(decide(inputs({ meetings: one, policy: policy({ rules: 'a FAIL' }) })).answer).toBe('pass')
    expect(decide(inputs({ meetings: one, policy: policy({ blocking: ['load-unknown'] }) }))).toMatchObject({
      answer: 'unknown',
      loadUnknown: 1,
      reasons: [{ code: 'load-unknown', outcome: 'unknown', modules: [{ name: 'a' }] }],
    })
  })

  it('does not know of modules that import what nothing known exports, and names the symbols', () => {
    const missing = [
      { module: 'a', symbols: ['garp_init', 'mrp_init'], total: 2 },
      { module: 'b', symbols: ['garp_init'], total: 1 },
      { module: 'waived', symbols: ['kettle_boil'], total: 1 },
    ]
    const bytes = { a: byteOf('symbols-missing'), b: byteOf('no-btf', 'symbols-missing'), c: 0 }
    const meetings = [meeting(1, { ...bytes, waived: byteOf('symbols-missing') }, { missing })]
    const terms = waiver({
      verdicts: ['symbols-missing'],
      modules: [{ name: 'waived', sha256: 'waived of set' }],
    })
    expect(decide(inputs({ meetings, waivers: [terms] }))).toMatchObject({
      answer: 'unknown',
      reasons: [
        {
          code: 'symbols-missing',
          outcome: 'unknown',
          verdict: 'symbols-missing',
          count: 2,
          modules: [{ name: 'a' }, { name: 'b' }],
          detail: 'Nothing known exports garp_init, mrp_init.',
        },
      ],
      waived: [{ verdict: 'symbols-missing', modules: [{ name: 'waived' }] }],
    })
    // With other modules beside it other symbols may be missing.
    const elsewhere = decide(inputs({ meetings, waivers: [{ ...terms, moduleSetId: 'other' }] }))
    expect([elsewhere.reasons[0]?.count, elsewhere.waived]).toEqual([3, []])
    expect(answer({ meetings, policy: policy({ blocking: [] }) })).toBe('pass')
    expect(answer({ meetings, policy: policy({ blocking: [], rules: 'a FAIL' }) })).toBe('unknown')
    expect(answer({ meetings, policy: policy({ rules: '* PASS' }) })).toBe('pass')
    // A failure is one whatever is missing beside it.
    const worse = { a: byteOf('symbols-missing'), b: byteOf('rejected', 'symbols-missing') }
    expect(answer({ meetings: [meeting(1, worse)] })).toBe('fail')
  })

  it('does not know of modules that leave open themselves whether a kernel takes them, unless a person says that they may', () => {
    const bytes = { a: byteOf('load-doubtful'), b: byteOf('no-btf', 'load-doubtful'), c: 0 }
    const meetings = [meeting(1, { ...bytes, waived: byteOf('load-doubtful') })]
    const terms = waiver({
      verdicts: ['load-doubtful'],
      modules: [{ name: 'waived', sha256: 'waived of set' }],
    })
    expect(decide(inputs({ meetings, waivers: [terms] }))).toMatchObject({
      answer: 'unknown',
      loadUnknown: 3,
      reasons: [
        {
          code: 'load-doubtful',
          outcome: 'unknown',
          verdict: 'load-doubtful',
          count: 2,
          modules: [{ name: 'a' }, { name: 'b' }],
          detail: null,
        },
      ],
      waived: [{ verdict: 'load-doubtful', modules: [{ name: 'waived' }] }],
    })
    // With other modules beside it other versions may be missing, and a waiver of what is not known says nothing of what is doubted.
    for (const other of [{ ...terms, moduleSetId: 'other' }, waiver({ verdicts: ['load-unknown'] })])
      expect(decide(inputs({ meetings, waivers: [other] }))).toMatchObject({ reasons: [{ count: 3 }] })
    expect(answer({ meetings, policy: policy({ blocking: ['load-unknown'] }) })).toBe('pass')
    expect(answer({ meetings, policy: policy({ blocking: [], rules: 'a FAIL' }) })).toBe('unknown')
    expect(answer({ meetings, policy: policy({ rules: '* PASS' }) })).toBe('pass')
  })

  it('names few symbols, says where there are more, and names none where none are recorded', () => {
    const detail = (symbols: string[], total = symbols.length) => {
      const missing = [{ module: 'a', symbols, total }]
      return decide(inputs({ meetings: [meeting(1, { a: byteOf('symbols-missing') }, { missing })] }))
        .reasons[0]?.detail
    }
    const many = Array.from({ length: 20 }, (_, nth) => `s${nth}`)
    expect(detail(many)).toBe(`Nothing known exports ${many.slice(0, 8).join(', ')} and others.`)
    expect(detail(['a'], 12)).toBe('Nothing known exports a and others.')
    expect(detail([])).toBeNull()
  })

  it('has a reason of each kind for a module that is stopped twice', () => {
    const meetings = [meeting(1, { a: byteOf('changed', 'refused', 'loads-misread') })]
    expect(decide(inputs({ meetings })).reasons.map(({ verdict }) => verdict)).toEqual([
      'refused',
      'loads-misread',
      'changed',
    ])
  })

  it('names the first ten modules by name, and counts all', () => {
    const bytes = Object.fromEntries(
      Array.from({ length: 30 }, (_, nth) => [`m${99 - nth}`, byteOf('misread')]),
    )
    const [reason] = decide(inputs({ meetings: [meeting(1, bytes)] })).reasons
    expect(reason?.count).toBe(30)
    expect(reason?.modules.map(({ name }) => name)).toEqual(
      ['70', '71', '72', '73', '74', '75', '76', '77', '78', '79'].map((n) => `m${n}`),
    )
  })

  it('fails where something blocks, whatever else is missing', () => {
    const meetings = [meeting(1, { a: byteOf('rejected') }), meeting(2, {}, { state: 'pending' })]
    expect(decide(inputs({ meetings }))).toMatchObject({
      answer: 'fail',
      reasons: [{ code: 'verdict' }, { code: 'comparison-pending' }],
    })
  })

  it('takes outcomes that end early for errors', () => {
    const short = meeting(1, { a: 0, b: 0 }, { outcomes: Uint8Array.of(byteOf('no-btf')) })
    expect(codes({ meetings: [short] })).toEqual(['verdict-error'])
  })
})

describe('the rules of a policy', () => {
  const meetings = [meeting(1, { a: byteOf('rejected'), b: byteOf('discarded'), c: byteOf('crashes') })]

  it('let modules pass, block others, and are counted', () => {
    const decided = decide(
      inputs({
        meetings,
        policy: policy({ discardedLoads: true, rules: 'drivers/a PASS\nb FAIL\nzzz PASS # nowhere\n' }),
      }),
    )
    expect(decided).toMatchObject({
      answer: 'fail',
      tolerated: 1,
      rules: [
        { line: 1, pattern: 'drivers/a', verdict: 'PASS', count: 1 },
        { line: 2, pattern: 'b', verdict: 'FAIL', count: 1 },
      ],
      unusedRules: [{ line: 3, pattern: 'zzz', count: 0 }],
    })
    expect(decided.reasons.map(({ verdict }) => verdict)).toEqual(['crashes', 'discarded'])
  })

  it('let the first that fits count', () => {
    const one = [meeting(1, { a: byteOf('rejected') })]
    expect(answer({ meetings: one, policy: policy({ rules: 'a FAIL\n* PASS' }) })).toBe('fail')
    expect(answer({ meetings: one, policy: policy({ rules: 'a PASS\n* FAIL' }) })).toBe('pass')
  })

  it('never let pass what crashes a kernel, is not known, or could not be read', () => {
    for (const verdict of ['crashes', 'unknown', 'error'] as const) {
      const all = policy({ rules: '* PASS', blocking: [] })
      expect(answer({ meetings: [meeting(1, { a: byteOf(verdict) })], policy: all })).not.toBe('pass')
    }
  })
})

describe('a waiver', () => {
  const meetings = [meeting(1, { a: byteOf('rejected'), b: byteOf('rejected'), c: byteOf('misread') })]

  it('takes out the verdicts that it names, and is listed', () => {
    const decided = decide(inputs({ meetings, waivers: [waiver()] }))
    expect(decided.reasons).toMatchObject([{ verdict: 'misread', count: 1 }])
    expect(decided.waived).toMatchObject([
      {
        waiver: 'waiver-1',
        state: 'active',
        author: 'anna',
        verdict: 'rejected',
        count: 2,
        modules: [{ name: 'a' }, { name: 'b' }],
      },
    ])
  })

  it('for named modules covers these alone, as long as they are the same', () => {
    const modules = [
      { name: 'a', sha256: 'a of set' },
      { name: 'b', sha256: 'what b was before' },
    ]
    const decided = decide(inputs({ meetings, waivers: [waiver({ modules })] }))
    expect(decided.reasons.find(({ verdict }) => verdict === 'rejected')?.modules).toMatchObject([
      { name: 'b' },
    ])
  })

  it('is worth nothing on another base, for another set, or once it has ended, and the last is said', () => {
    for (const other of [{ grounds: 'other' }, { moduleSetId: 'other' }]) {
      const decided = decide(inputs({ meetings, waivers: [waiver(other)] }))
      expect([decided.answer, decided.waived]).toEqual(['fail', []])
    }
    for (const state of ['expired', 'withdrawn'] as const) {
      const decided = decide(inputs({ meetings, waivers: [waiver({ state })] }))
      expect(decided.reasons).toHaveLength(2)
      expect(decided.waived).toMatchObject([{ waiver: 'waiver-1', state, count: 2 }])
    }
  })

  it('cannot cover what crashes a kernel', () => {
    const crash = [meeting(1, { a: byteOf('crashes') })]
    expect(answer({ meetings: crash, waivers: [waiver({ verdicts: waivableVerdicts })] })).toBe('fail')
  })
})
