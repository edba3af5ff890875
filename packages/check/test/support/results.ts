import fc from 'fast-check'
import {
  bases,
  doubtCodes,
  type Load,
  type ModuleResult,
  type Overall,
  overalls,
  type Verdict,
  verdicts,
} from '../../src/index.js'

export const arbitraryLoad: fc.Arbitrary<Load> = fc.record(
  {
    vermagic: fc.constantFrom('same', 'differs', 'unknown'),
    modversions: fc.record(
      {
        state: fc.constantFrom('match', 'mismatch', 'unknown'),
        mismatched: fc.array(fc.string(), { maxLength: 3 }),
        mismatchedTotal: fc.nat(),
        unresolved: fc.array(fc.string(), { maxLength: 3 }),
        unresolvedTotal: fc.nat(),
      },
      { requiredKeys: ['state', 'mismatched'] },
    ),
    doubts: fc.subarray([...doubtCodes], { minLength: 1 }),
    missed: fc.array(fc.record({ module: fc.string(), symbol: fc.string() }, { requiredKeys: ['symbol'] }), {
      maxLength: 3,
    }),
    missedTotal: fc.nat(),
  },
  { requiredKeys: ['vermagic', 'modversions'] },
)

const words = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    'BPF: [100809] STRUCT ata..percpu',
    'BPF: size=24 vlen=24',
    'failed to validate module [a_b] BTF: -22',
    '007 18014398509481984 3.14 \u0001\u0004"\\',
  ),
)

const reason = fc.record(
  {
    code: fc.string(),
    typeId: fc.nat(),
    path: words,
    expected: words,
    actual: words,
  },
  { requiredKeys: ['code'] },
)

/** The numbers of findings that go with a verdict; the findings themselves are not kept in rows. */
const findingsOf = (verdict: Verdict, total: number): Partial<ModuleResult> => {
  if (verdict === 'misread') return { misboundTotal: total, misbound: [] }
  return verdict === 'changed' ? { changedTotal: total, changed: [] } : {}
}

/** Results as they could ever be, with texts that look like what the codec replaces. */
export const arbitraryResult: fc.Arbitrary<ModuleResult> = fc
  .record({
    name: fc.oneof(fc.constantFrom('a_b', '22', 'BPF', ''), fc.string()),
    file: fc.string(),
    sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
    verdict: fc.constantFrom(...verdicts),
    basis: fc.oneof(fc.constantFrom(...bases), fc.string()),
    errno: fc.nat(),
    log: fc.array(words, { maxLength: 5 }),
    reason: fc.option(reason, { nil: undefined }),
    load: arbitraryLoad,
    overall: fc.constantFrom<Overall>(...overalls),
  })
  .chain(({ reason: some, ...rest }) =>
    fc.nat().map((total) => ({
      ...rest,
      ...(some === undefined ? {} : { reason: some }),
      ...(total === 0 ? {} : findingsOf(rest.verdict, total)),
    })),
  )
