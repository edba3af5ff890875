import {
  blockableVerdicts,
  type GateVerdict,
  gateVerdicts,
  type PolicySettings,
  verdicts,
  waivableVerdicts,
} from '@basedrift/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packResult, unpackResult } from '../../src/gate/stored.js'
import { completeTerms, decide, type Meeting, readyPolicy } from '../../src/index.js'
import { inputs, meeting, waiver } from './support.js'

const policy = (settings: PolicySettings) => readyPolicy(1, completeTerms(settings))

const names = ['a', 'b', 'c', 'd', 'e']
const arbitraryByte = fc
  .tuple(fc.nat({ max: verdicts.length - 1 }), fc.nat({ max: 15 }))
  .map(([verdict, bits]) => verdict | (bits << 4))
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
    blocking: fc.uniqueArray(fc.constantFrom(...blockableVerdicts)),
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
