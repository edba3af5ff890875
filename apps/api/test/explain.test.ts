import { verdicts } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import type { RecordedRow } from '../src/findings.js'
import { worstCopy } from '../src/views/copies.js'
import { type Explained, happened, remedy } from '../src/views/explain.js'

const running = { sha256: 'a'.repeat(64), types: 100, strings: 1000 }
const origin = {
  base: { sha256: 'b'.repeat(64), types: 102, strings: 1040 },
  build: '5.15.12-1.3',
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
        stamp: null,
        distilledSha256: null,
      },
    },
    kernel: {
      file: 'vmlinux',
      release: '5.15.12-1-default',
      banner: null,
      buildId: null,
      btfModules: true,
      fingerprints: null,
      rules: null,
      base: running,
    },
    kernelBuild: '5.15.12-1.1',
    moduleBuild: '5.15.12-1.3',
    origin,
    fits: null,
    apart: null,
    copies: 1,
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

  it('says where the kernel does not look for the module', () => {
    const below = (folder: string) =>
      happened(explained({ verdict: 'misread', file: `a.rpm!usr/lib/modules/${folder}/updates/teapot.ko` }))
    expect(below('5.15.12-2-default').at(-1)).toMatch(
      /^It lies below lib\/modules\/5\.15\.12-2-default, and this kernel looks below lib\/modules\/5\.15\.12-1-default: /,
    )
    expect(below('5.15.12-1-default').join(' ')).not.toContain('lib/modules')
  })

  it('gives advice that holds for modules that are older than the kernel, and for newer ones', () => {
    const [rebuild, apart] = remedy(
      explained({ verdict: 'misread' }, { kernelBuild: '5.15.12-1.9', moduleBuild: '1.0-1' }),
    )
    expect(rebuild).toBe(
      'Build the modules of 1.0-1 against the vmlinux of 5.15.12-1.9, and publish both together.',
    )
    expect(apart).toBe(
      'Or let no machine that runs 5.15.12-1.9 have 1.0-1: its modules are for the kernel of 5.15.12-1.3.',
    )
  })

  it('says what is missing of symbols, and how to bring it', () => {
    const load = {
      vermagic: 'same' as const,
      modversions: { state: 'unknown' as const, mismatched: [], unresolved: ['garp_init'] },
    }
    const lacking = explained({
      verdict: 'compatible',
      basis: 'same-base',
      errno: 0,
      load,
      overall: 'unknown',
    })
    expect(happened(lacking).join(' ')).toContain('Nothing that is recorded exports garp_init')
    expect(remedy(lacking)).toEqual([
      expect.stringMatching(/^Upload the packages that export .* 5\.15\.12-1\.1, .* 5\.15\.12-1\.3, before/),
    ])
  })

  it('says what a module lacks that the kernel takes by force alone, and how to build it', () => {
    const modversions = { state: 'unknown' as const, mismatched: [] }
    const told = (doubt: 'versions-absent' | 'exporters-unsure' | 'overridden-exports') =>
      remedy(
        explained({
          verdict: 'compatible',
          basis: 'same-base',
          errno: 0,
          load: { vermagic: 'same', modversions, doubts: [doubt] },
          overall: 'unknown',
        }),
      )
    expect(told('versions-absent')).toEqual([
      expect.stringMatching(
        /^Build the modules of 5\.15\.12-1\.3 with the Module\.symvers of 5\.15\.12-1\.1\. .*load-doubtful/,
      ),
    ])
    expect(told('exporters-unsure')).toEqual([])
    expect(told('overridden-exports')).toEqual([
      expect.stringMatching(/^Let it export what modules of the kernel import, /),
    ])
  })

  it('says what a module may not use', () => {
    const told = (code: 'gpl-only-import' | 'namespace-not-imported', expected: string, actual?: string) => {
      const obstacle = { code, expected, ...(actual === undefined ? {} : { actual }) }
      const modversions = { state: 'match' as const, mismatched: [] }
      const load = { vermagic: 'same' as const, modversions, obstacles: [obstacle] }
      return happened(explained({ verdict: 'compatible', basis: 'same-base', errno: 0, load })).join(' ')
    }
    expect(
      told('gpl-only-import', 'kfree for licenses alone that are compatible with the GPL', 'the license X'),
    ).toContain(
      'This kernel has kfree for licenses alone that are compatible with the GPL, and the module has the license X, so the kernel refuses it.',
    )
    expect(told('namespace-not-imported', 'kfree in the namespace MM')).toContain(
      'This kernel has kfree in the namespace MM, which the module does not import, so the kernel refuses it.',
    )
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

  it('counts what is misread or changed, and names the first', () => {
    const misbound = [
      { from: 'struct veth_priv.dev', typeId: 9, expected: 'struct net_device *', actual: 'u16[8]' },
    ]
    const misread = { verdict: 'misread', basis: 'misbound', errno: 0, misboundTotal: 412, misbound } as const
    expect(happened(explained({ ...misread, misbound: [...misbound] })).join(' ')).toContain(
      '412 of its references bind to something else than they were built to mean; the first is struct veth_priv.dev, which meant ' +
        'struct net_device * and means u16[8].',
    )
    expect(happened(explained({ ...misread, misboundTotal: 1, misbound: [] })).join(' ')).toContain(
      '1 of its references binds to something else than it was built to mean.',
    )
    const changed = [{ type: 'struct net_device', from: 'struct veth_priv.dev', originId: 9, runningId: 12 }]
    const told = happened(
      explained({ verdict: 'changed', basis: 'layout-change', errno: 0, changedTotal: 1, changed }),
    )
    expect(told.join(' ')).toContain(
      '1 type of what it uses is defined differently; the first is struct net_device, reached by struct veth_priv.dev.',
    )
  })

  it('says which reference proves that the base is another one', () => {
    const reason = {
      code: 'kind-nonsense',
      path: 'struct veth_priv.dev',
      expected: 'a type with a size',
      actual: 'void',
    }
    const told = happened(
      explained({ verdict: 'misread', basis: 'kind-nonsense', errno: 0, reason }, { origin: null }),
    )
    expect(told.join(' ')).toContain(
      'On this base struct veth_priv.dev would have to be a type with a size and is void',
    )
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

  it.each([
    [
      { release: '6.1.0-56', named: '6.1.0-55', inImage: false },
      'the kernel release 6.1.0-55, and the kernel that it came with is 6.1.0-56',
    ],
    [{ release: null, named: '6.1.0-55', inImage: false }, 'this one has none'],
    [{ release: '6.1.0-56', named: '6.1.0-56', inImage: true }, 'in an initramfs image'],
  ])('says why a module was not built on what the others were: %o', (apart, text) => {
    const unknown = { verdict: 'unknown', basis: 'no-origin', errno: 0 } as const
    const told = explained(unknown, { origin: null, apart })
    expect(happened(told).join(' ')).toContain(text)
    expect(remedy(told).join(' ')).toContain('builtFor')
  })

  it('names a base that the modules merely fit, and never says that they were built on it', () => {
    const unknown = { verdict: 'unknown', basis: 'no-origin', errno: 0 } as const
    const guess = explained(unknown, { origin: null, fits: '5.15.12-1.1', moduleBuild: '5.15.12-1.kmp' })
    const told = happened(guess).join(' ')
    expect(told).toContain(
      'fit the base of 5.15.12-1.1 and no other that is recorded in the stream; nothing says',
    )
    expect(told).not.toMatch(/was built on (?:this very|its own|the) base/)
    expect(remedy(guess).join(' ')).toMatch(/`builtFor`: "5\.15\.12-1\.1", or stamp/)
    const sure = explained(
      { verdict: 'compatible', basis: 'relocated' },
      { origin: null, fits: '5.15.12-1.1' },
    )
    expect(happened(sure).join(' ')).not.toContain('fit')
  })
})

describe('modules of one name', () => {
  const row = (ordinal: number, verdict: Explained['result']['verdict']) => {
    const { load, ...result } = explained({ verdict }).result
    return { ordinal, result: { ...result, load } } as RecordedRow
  }

  it('are explained by the worst of them, the first of equals', () => {
    expect(worstCopy([row(0, 'compatible'), row(1, 'misread'), row(2, 'misread')])?.ordinal).toBe(1)
    expect(worstCopy([row(0, 'compatible'), row(1, 'unknown')])?.ordinal).toBe(1)
    expect(worstCopy([])).toBeUndefined()
    for (const verdict of verdicts.filter((one) => one !== 'compatible'))
      expect(worstCopy([row(0, 'compatible'), row(1, verdict)])?.result.verdict).toBe(verdict)
  })

  it('are told of, with the file of the one that is explained', () => {
    expect(happened(explained({}, { copies: 2 }))[0]).toBe(
      '2 modules of the build have this name, in several folders; this is the worst of them, a.rpm!teapot.ko.',
    )
    expect(happened(explained({}))[0]).not.toContain('have this name')
  })
})
