import { verdicts } from '@basedrift/check'
import { describe, expect, it } from 'vitest'
import { headline, meaningOf, verdictsWorstFirst } from '../src/format/verdict-words.js'

describe('verdicts in words', () => {
  it('knows every verdict once', () => {
    expect([...verdictsWorstFirst].sort()).toEqual([...verdicts].sort())
    for (const verdict of verdicts) expect(meaningOf(verdict)).not.toBe('')
  })

  it.each([
    [
      { discarded: 3500, misread: 523 },
      '3,500 of 4,023 modules lose their BTF (discarded) and 523 are misread.',
    ],
    [{ compatible: 4023 }, 'All 4,023 modules are compatible.'],
    [{ compatible: 1 }, 'The module is compatible.'],
    [{ unknown: 3 }, 'None of the 3 modules can be decided (unknown).'],
    [{ 'no-btf': 3 }, 'None of the 3 modules has BTF (no-btf).'],
    [{ rejected: 1 }, 'The module is rejected.'],
    [
      { compatible: 1, crashes: 1, unknown: 2, 'no-btf': 1 },
      '1 of 5 modules crashes the kernel (crashes), 2 cannot be decided (unknown), 1 has no BTF (no-btf) and 1 is compatible.',
    ],
    [{ compatible: 408, error: 1 }, '1 file could not be read (error). All 408 modules are compatible.'],
    [
      { rejected: 3, compatible: 405, error: 2 },
      '2 files could not be read (error). 3 of 408 modules are rejected and 405 are compatible.',
    ],
    [{ error: 2 }, '2 files could not be read (error).'],
    [{}, 'There are no modules to check.'],
  ])('%j', (counts, sentence) => {
    expect(
      headline(
        counts,
        Object.values(counts).reduce((sum, count) => sum + count, 0),
      ),
    ).toBe(sentence)
  })
})
