import {
  type GateVerdict,
  gateVerdicts,
  type PolicySettings,
  verdicts,
  waivableVerdicts,
} from '@basedrift/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packResult, unpackResult } from '../../src/gate/stored.js'
import {
  completeTerms,
  type DecideInputs,
  decide,
  type Meeting,
  readyPolicy,
  type Witness,
} from '../../src/index.js'
import { byteOf, inputs, meeting, ref, waiver, witness } from './support.js'

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

  it('is unknown while evidence is missing, and says which', () => {
    const build = (state: DecideInputs['build']['state']) => ({ ...inputs().build, state })
    expect(codes({ build: build('open') })).toEqual(['build-unsealed'])
    expect(codes({ build: build('ingesting') })).toEqual(['build-pending'])
    expect(codes({ build: build('failed') })).toEqual(['build-failed'])
    expect(codes({ build: { ...build('done'), unusable: ['x.rpm'] } })).toEqual(['artifact-unusable'])
    expect(codes({ live: [] })).toEqual(['environment-empty'])
    expect(codes({ live: [], policy: policy({ emptyEnvironment: 'pass' }) })).toEqual([])
    expect(codes({ live: [witness(2, { state: 'sealed' })] })).toEqual(['live-pending'])
    expect(codes({ live: [witness(2, { state: 'failed' })] })).toEqual(['live-failed'])
    expect(codes({ meetings: [meeting(1, {}, { state: 'pending' })] })).toEqual(['comparison-pending'])
    const waiting = meeting(1, {}, { state: 'pending', waitsFor: 'The origin.' })
    expect(decide(inputs({ meetings: [waiting] })).reasons).toMatchObject([{ detail: 'The origin.' }])
    const error = { code: 'rules-unknown', message: 'The version is not known' }
    const failed = decide(inputs({ meetings: [meeting(1, {}, { state: 'failed', error })] }))
    expect(failed.reasons).toMatchObject([
      { code: 'comparison-failed', outcome: 'unknown', detail: 'rules-unknown: The version is not known' },
    ])
    expect(codes({ meetings: [] })).toEqual(['nothing-compared'])
  })

  it('is unknown where what machines have could not be read', () => {
    const modules = { hasKernel: false }
    const live = (...more: Partial<Witness>[]) => [
      witness(1),
      ...more.map((one, nth) => witness(nth + 2, { ...modules, ...one })),
    ]
    expect(codes({ live: live({}) })).toEqual([])
    expect(codes({ live: live({ unusable: ['kmp.rpm'] }) })).toEqual(['live-unusable'])
    expect(codes({ live: [witness(1, { unusable: ['modules.rpm'] })] })).toEqual([])
    expect(codes({ live: [witness(1, modules)] })).toEqual(['live-without-kernel'])
    expect(codes({ live: [witness(1, { ...modules, unusable: ['kernel.rpm'] })] })).toEqual([
      'live-without-kernel',
      'live-unusable',
    ])
    const pass = policy({ emptyEnvironment: 'pass' })
    expect(codes({ live: [], policy: pass, environmentKnown: false })).toEqual(['environment-unknown'])
    expect(codes({ live: [witness(1, modules)], policy: pass })).toEqual(['live-without-kernel'])
  })

  it('is unknown where a package of modules for a kernel concerned could not be read, or too many are there', () => {
    const packages = (more: Partial<Witness>) => ({ packages: [witness(3, { hasKernel: false, ...more })] })
    expect(codes(packages({}))).toEqual([])
    for (const state of ['declared', 'open', 'sealed', 'ingesting'] as const) {
      const { reasons } = decide(inputs(packages({ state })))
      expect(reasons).toMatchObject([
        { code: 'package-pending', kernelBuild: null, moduleBuild: ref(3), detail: `It is ${state}.` },
      ])
    }
    expect(codes(packages({ state: 'failed' }))).toEqual(['package-failed'])
    expect(codes(packages({ unusable: ['kmp.rpm'] }))).toEqual(['package-unusable'])
    expect(codes({ morePackages: true })).toEqual(['too-many-packages'])
  })

  it('is unknown where the kernel that modules were built for is not there', () => {
    const own = (build: Witness | null) => ({ ownKernel: { name: '5.15.12-1.3', build } })
    expect(codes(own(witness(3)))).toEqual([])
    expect(codes(own(witness(3, { state: 'ingesting', hasKernel: false })))).toEqual(['own-kernel-pending'])
    expect(codes(own(witness(3, { hasKernel: false })))).toEqual(['own-kernel-missing'])
    expect(codes(own(witness(3, { state: 'failed', hasKernel: false })))).toEqual(['own-kernel-missing'])
    expect(decide(inputs(own(null))).reasons).toMatchObject([
      { code: 'own-kernel-missing', outcome: 'unknown', detail: '5.15.12-1.3 is not declared.' },
    ])
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

const names = ['a', 'b', 'c', 'd', 'e']
const arbitraryByte = fc
  .tuple(fc.nat({ max: verdicts.length - 1 }), fc.boolean(), fc.boolean())
  .map(([verdict, refused, ids]) => verdict | (refused ? 0x10 : 0) | (ids ? 0x20 : 0))
const arbitraryMeeting = (kernel: number): fc.Arbitrary<Meeting> =>
  fc
    .tuple(
      fc.array(arbitraryByte, { minLength: 5, maxLength: 5 }),
      fc.constantFrom<Meeting['state']>('done', 'done', 'done', 'pending', 'failed'),
    )
    .map(([bytes, state]) =>
      meeting(kernel, Object.fromEntries(names.map((name, nth) => [name, bytes[nth] ?? 0])), { state }),
    )
const arbitraryWaiver = fc
  .record({
    nth: fc.nat({ max: 99 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    verdicts: fc.uniqueArray(fc.constantFrom(...waivableVerdicts), { minLength: 1 }),
    modules: fc.option(fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 })),
    state: fc.constantFrom('active' as const, 'active' as const, 'expired' as const, 'withdrawn' as const),
  })
  .map(({ nth, kernel, modules, ...rest }) =>
    waiver({
      ...rest,
      id: `waiver-${nth}`,
      grounds: `base ${kernel}`,
      modules: modules === null ? null : modules.map((name) => ({ name, sha256: `${name} of set` })),
    }),
  )
const arbitraryPolicy = fc
  .record({
    blocking: fc.uniqueArray(
      fc.constantFrom('changed', 'misread', 'rejected', 'discarded', 'no-btf', 'refused', 'loads-misread'),
    ),
    discardedLoads: fc.boolean(),
    rules: fc
      .array(fc.tuple(fc.constantFrom('a', 'b*', '*', 'drivers/c', '?'), fc.constantFrom('PASS', 'FAIL')), {
        maxLength: 4,
      })
      .map((lines) => lines.map((line) => line.join(' ')).join('\n')),
  })
  .map((settings) => policy(settings as PolicySettings))
const arbitraryInputs = fc
  .record({
    meetings: fc.tuple(arbitraryMeeting(1), arbitraryMeeting(2), arbitraryMeeting(3)),
    waivers: fc.uniqueArray(arbitraryWaiver, { maxLength: 5, selector: ({ id }) => id }),
    policy: arbitraryPolicy,
  })
  .map((some) => inputs(some))

it('says of what is unknown which base the modules fit, where one was found, and of nothing else', () => {
  const meetings = [meeting(1, { a: byteOf('unknown'), b: byteOf('rejected') }, { fits: '5.15.12-1.1' })]
  const { answer, reasons } = decide(inputs({ meetings }))
  expect(answer).toBe('fail')
  expect(reasons.map(({ code, detail }) => [code, detail])).toEqual([
    ['verdict', null],
    [
      'verdict-unknown',
      'The modules fit the base of 5.15.12-1.1 and no other that is recorded in the stream, but nothing says that they were built on it.',
    ],
  ])
})

const rank = { pass: 0, unknown: 1, fail: 2 } as const

describe('any decision', () => {
  it('does not pass while anything is unknown, an error, pending or failed that no waiver covers', () => {
    fc.assert(
      fc.property(arbitraryInputs, (given) => {
        const { answer } = decide({ ...given, waivers: [] })
        const found = given.meetings.flatMap(({ state, outcomes }) =>
          state === 'done' ? [...outcomes].map((byte) => verdicts[byte & 0x0f]) : [state],
        )
        const bad = ['unknown', 'error', 'crashes', 'pending', 'failed']
        if (found.some((one) => one !== undefined && bad.includes(one))) expect(answer).not.toBe('pass')
      }),
    )
  })

  it('gets no better by evidence that is worse', () => {
    fc.assert(
      fc.property(
        arbitraryInputs,
        fc.nat({ max: 2 }),
        fc.nat({ max: 4 }),
        arbitraryByte,
        fc.constantFrom<'pending' | 'failed' | 'worse'>('pending', 'failed', 'worse'),
        (given, at, module, byte, how) => {
          const before = decide(given)
          const meetings = given.meetings.map((one, nth) => {
            if (nth !== at) return one
            if (how !== 'worse') return one.state === 'done' ? one : { ...one, state: how }
            // Only a module that fits gets worse: of two bad verdicts neither is better.
            const outcomes = one.outcomes.map((of, place) => (place === module && of === 0 ? byte : of))
            return { ...one, outcomes }
          })
          expect(rank[decide({ ...given, meetings }).answer]).toBeGreaterThanOrEqual(rank[before.answer])
          const more = { ...given, meetings: [...given.meetings, meeting(4, { a: byte })] }
          expect(rank[decide(more).answer]).toBeGreaterThanOrEqual(rank[before.answer])
        },
      ),
    )
  })

  it('loses by a waiver only what it names', () => {
    fc.assert(
      fc.property(arbitraryInputs, arbitraryWaiver, (given, more) => {
        const added = waiver({ ...more, id: 'waiver-last', state: 'active' })
        const before = decide(given)
        const after = decide({ ...given, waivers: [...given.waivers, added] })
        const key = (of: { kernelBuild: { id: string } | null; verdict: GateVerdict | null; code: string }) =>
          `${of.code} ${of.kernelBuild?.id} ${of.verdict}`
        const counts = new Map(before.reasons.map((reason) => [key(reason), reason.count]))
        const left = new Map(after.reasons.map((reason) => [key(reason), reason.count]))
        for (const reason of after.reasons)
          expect(reason.count).toBeLessThanOrEqual(counts.get(key(reason)) ?? -1)
        for (const reason of before.reasons) {
          const gone = reason.count - (left.get(key(reason)) ?? 0)
          const taken = after.waived
            .filter(
              ({ waiver: id, verdict, kernelBuild }) =>
                id === 'waiver-last' &&
                verdict === reason.verdict &&
                kernelBuild?.id === reason.kernelBuild?.id,
            )
            .reduce((sum, { count }) => sum + count, 0)
          if (reason.count > 0) expect(gone).toBe(taken)
          if (taken > 0) expect(added.verdicts).toContain(reason.verdict)
        }
        expect(rank[after.answer]).toBeLessThanOrEqual(rank[before.answer])
      }),
    )
  })

  it('is the same in whatever order the inputs come', () => {
    fc.assert(
      fc.property(arbitraryInputs, fc.infiniteStream(fc.nat()), (given, numbers) => {
        const shuffled = <T>(list: readonly T[]): T[] =>
          list
            .map((item) => ({ item, at: numbers.next().value as number }))
            .sort((a, b) => a.at - b.at)
            .map(({ item }) => item)
        const again = {
          ...given,
          meetings: shuffled(given.meetings),
          waivers: shuffled(given.waivers),
          live: shuffled(given.live),
        }
        expect(decide(again)).toEqual(decide(given))
      }),
    )
  })

  it('counts and names the same together as one by one, as it does where there are waivers', () => {
    const nobody = [1, 2, 3, 4].map((kernel) =>
      waiver({
        id: `waiver-${kernel}`,
        baseSha256: `base ${kernel}`,
        modules: [{ name: 'nobody', sha256: 'x' }],
      }),
    )
    fc.assert(
      fc.property(arbitraryInputs, fc.array(arbitraryByte, { maxLength: 40 }), (given, bytes) => {
        const many = Object.fromEntries(bytes.map((byte, nth) => [`m${(nth * 7) % 40}`, byte]))
        const meetings = [...given.meetings, meeting(4, many)]
        const together = decide({ ...given, meetings, waivers: [] })
        expect(together).toEqual(decide({ ...given, meetings, waivers: nobody }))
      }),
    )
  })

  it('comes back from how it is recorded', () => {
    fc.assert(
      fc.property(arbitraryInputs, (given) => {
        const { answer: _answer, ...result } = decide(given)
        expect(unpackResult(JSON.parse(JSON.stringify(packResult(result))))).toEqual(result)
      }),
    )
  })

  it('passes exactly where it has no reason, and counts what it names', () => {
    fc.assert(
      fc.property(arbitraryInputs, (given) => {
        const { answer, reasons } = decide(given)
        expect(answer === 'pass').toBe(reasons.length === 0)
        expect(answer === 'fail').toBe(reasons.some(({ outcome }) => outcome === 'fail'))
        for (const { count, modules, verdict } of reasons) {
          expect(modules.length).toBe(Math.min(count, 10))
          if (verdict !== null) expect(gateVerdicts).toContain(verdict)
        }
      }),
    )
  })
})
