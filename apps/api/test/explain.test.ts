import { verdicts } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import { type Explained, happened, remedy } from '../src/views/explain.js'

const running = { sha256: 'a'.repeat(64), types: 100, strings: 1000 }
const origin = {
  base: { sha256: 'b'.repeat(64), types: 102, strings: 1040 },
  build: '5.15.12-1.3',
  found: false,
}

function explained(result: Partial<Explained['result']>, rest: Partial<Explained> = {}): Explained {
  return {
    result: {
      name: 'teapot',
      file: 'a.rpm!teapot.ko',
      sha256: 'c'.repeat(64),
      verdict: 'rejected',
      basis: 'kernel-check',
      errno: 22,
      log: [],
      load: { vermagic: 'unknown', modversions: { state: 'unknown', mismatched: [] } },
      overall: 'refused',
      ...result,
    },
    module: {
      name: 'teapot',
      file: 'a.rpm!teapot.ko',
      sha256: 'c'.repeat(64),
      vermagic: null,
      srcversion: null,
      buildId: null,
      btf: {
        sha256: 'd'.repeat(64),
        bytes: 9,
        types: 1,
        strings: 1,
        originStrings: 1040,
        distilledSha256: null,
      },
    },
    kernel: {
      file: 'vmlinux',
      release: '5.15.12-1-default',
      banner: null,
      buildId: null,
      btfModules: true,
      rules: null,
      base: running,
    },
    kernelBuild: '5.15.12-1.1',
    moduleBuild: '5.15.12-1.3',
    origin,
    ...rest,
  }
}

describe('an explanation', () => {
  it.each(verdicts)('of %s is in whole sentences', (verdict) => {
    for (const told of [happened(explained({ verdict })), remedy(explained({ verdict }))].flat()) {
      expect(told).toMatch(/^[A-Z\w].*[.:]$/)
      expect(told).not.toMatch(/undefined|null|NaN/)
    }
    expect(happened(explained({ verdict }))[0]).toContain('teapot')
    if (verdict !== 'compatible') expect(remedy(explained({ verdict }))).not.toEqual([])
  })

  it('says where the kernel stopped, and how the bases differ', () => {
    const reason = {
      code: 'invalid-name',
      typeId: 103111,
      path: 'struct ipheth',
      expected: 'a name',
      actual: 'nothing',
    }
    const told = happened(explained({ reason })).join(' ')
    expect(told).toContain(
      'at type id 103,111, struct ipheth (expected a name, found nothing): invalid-name.',
    )
    expect(told).toContain('5.15.12-1.3 was built on its own base: 102 types and 1,040 bytes of strings')
    expect(told).toContain('has 100 types and 1,000 bytes of strings')
  })

  it('says of an empty name that it is one, and whose base another build was built on', () => {
    const reason = { code: 'invalid-name', typeId: 47, expected: 'an identifier', actual: '' }
    const told = happened(explained({ reason }, { moduleBuild: '5.15.12-1.3.kmp' })).join(' ')
    expect(told).toContain('(expected an identifier, found an empty name): invalid-name.')
    expect(told).toContain('5.15.12-1.3.kmp was built on the base of 5.15.12-1.3: ')
  })

  it('proves a misreading from the module alone', () => {
    const told = happened(
      explained({ verdict: 'misread', basis: 'origin-length', errno: 0 }, { origin: null }),
    ).join(' ')
    expect(told).toContain('after 1,040 bytes of strings, and this base has 1,000')
  })

  it('says what stops a module beside its BTF', () => {
    const load = { vermagic: 'differs', modversions: { state: 'mismatch', mismatched: ['a', 'b'] } } as const
    const told = happened(
      explained({
        verdict: 'compatible',
        load: { ...load, modversions: { state: 'mismatch', mismatched: ['a', 'b'] } },
      }),
    )
    expect(told.join(' ')).toMatch(/vermagic differs.*2 imported symbols differ/)
  })

  it('asks for the origin where it is not known', () => {
    expect(
      remedy(explained({ verdict: 'unknown', basis: 'no-origin' }, { origin: null })).join(' '),
    ).toContain('builtFor')
  })
})
