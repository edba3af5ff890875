import type { KernelAnswer, KernelReasonCode } from '@basedrift/btf'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, type Evidence } from '../src/index.js'

const accepted: KernelAnswer = { outcome: 'accepted', errno: 0, log: [], reason: null }
const refused = (outcome: KernelAnswer['outcome'], code: KernelReasonCode): KernelAnswer => ({
  outcome,
  errno: 22,
  log: ['failed to validate module [kettle] BTF: -22'],
  reason: { code, typeId: 7 },
})
const running = 'a'.repeat(64)
const other = 'b'.repeat(64)
const known: Evidence = {
  runningSha256: running,
  runningStrings: 1000,
  originSha256: running,
  originStrings: 1000,
  distilled: null,
}
const arbitraryEvidence: fc.Arbitrary<Evidence> = fc.record({
  runningSha256: fc.constantFrom(running, other),
  runningStrings: fc.constantFrom(null, 900, 1000),
  originSha256: fc.constantFrom(null, running, other),
  originStrings: fc.constantFrom(null, 900, 1000),
  distilled: fc.option(fc.record({ strings: fc.constantFrom(null, 900, 1000), relocates: fc.boolean() })),
})

describe('a module that the kernel accepts', () => {
  test.each<[string, Partial<Evidence>, string, string]>([
    ['on the base it was built on', {}, 'compatible', 'same-base'],
    ['likewise, without names of its own', { originStrings: null }, 'compatible', 'same-base'],
    [
      'whose length contradicts the base it is said to be of',
      { originStrings: 999 },
      'misread',
      'origin-length',
    ],
    ['without an origin, of the same length', { originSha256: null }, 'unknown', 'no-origin'],
    [
      'without an origin and of another length',
      { originSha256: null, originStrings: 1 },
      'misread',
      'origin-length',
    ],
    ['of another base of the same length', { originSha256: other }, 'unknown', 'no-origin'],
    ['without an origin or names', { originSha256: null, originStrings: null }, 'unknown', 'no-origin'],
    ['on a base that cannot be read', { originSha256: null, runningStrings: null }, 'unknown', 'no-origin'],
    [
      'relocated by its distilled base',
      { originSha256: null, originStrings: 50, distilled: { strings: 50, relocates: true } },
      'compatible',
      'relocated',
    ],
    [
      'relocated by a distilled base that is not its own',
      { originStrings: 51, distilled: { strings: 50, relocates: true } },
      'misread',
      'origin-length',
    ],
    [
      'with a distilled base that the kernel does not look at',
      { originStrings: null, distilled: { strings: 50, relocates: false } },
      'unknown',
      'no-origin',
    ],
    [
      'likewise, with the length of its distilled base',
      { originStrings: 50, distilled: { strings: 50, relocates: false } },
      'misread',
      'origin-length',
    ],
  ])('%s', (_, evidence, verdict, basis) => {
    expect(decide(accepted, { ...known, ...evidence })).toEqual({ verdict, basis, errno: 0, log: [] })
  })

  test('with a reference taken at random is not compatible', () => {
    const answer: KernelAnswer = { ...accepted, reason: { code: 'relocation-unbounded-read', typeId: 9 } }
    const evidence = { ...known, originStrings: null, distilled: { strings: 1, relocates: true } }
    expect(decide(answer, evidence)).toMatchObject({ verdict: 'unknown', reason: { typeId: 9 } })
  })

  test('is compatible only with the running base or by relocation, and never against its own length', () => {
    fc.assert(
      fc.property(arbitraryEvidence, (evidence) => {
        const { verdict } = decide(accepted, evidence)
        const { distilled, originStrings, runningStrings, originSha256, runningSha256 } = evidence
        if (verdict !== 'compatible') return
        if (distilled?.relocates) {
          if (originStrings !== null && distilled.strings !== null)
            expect(originStrings).toBe(distilled.strings)
          return
        }
        expect(distilled).toBeNull()
        expect(originSha256).toBe(runningSha256)
        if (originStrings !== null && runningStrings !== null) expect(originStrings).toBe(runningStrings)
      }),
    )
  })
})

describe('a module that the kernel does not accept', () => {
  test.each<[KernelAnswer, string, string]>([
    [refused('rejected', 'invalid-name'), 'rejected', 'kernel-check'],
    [refused('discarded', 'invalid-name'), 'discarded', 'kernel-check'],
    [refused('rejected', 'distilled-not-mapped'), 'rejected', 'relocation'],
    [refused('discarded', 'string-not-mapped'), 'discarded', 'relocation'],
    [refused('rejected', 'base-invalid'), 'rejected', 'kernel-check'],
    [refused('crashes', 'relocation-beyond-types'), 'crashes', 'kernel-crash'],
    [refused('crashes', 'relocation-endless'), 'crashes', 'kernel-hang'],
  ])('keeps what the kernel says, whatever is known of its origin', (answer, verdict, basis) => {
    fc.assert(
      fc.property(arbitraryEvidence, (evidence) => {
        const { errno, log, reason } = answer
        expect(decide(answer, evidence)).toEqual({ verdict, basis, errno, log, reason })
      }),
    )
  })

  test('because it has nothing to look at', () => {
    const answer: KernelAnswer = { ...accepted, outcome: 'ignored' }
    expect(decide(answer, known)).toEqual({ verdict: 'no-btf', basis: 'absent', errno: 0, log: [] })
  })
})
