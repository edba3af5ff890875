import { describe, expect, it } from 'vitest'
import { detectFormat, readSymvers, symbolFlags, symversRelease } from '../../src/bytes/index.js'
import { codeOf } from './support/codes.js'
import { chars } from './support/writers.js'

const identity = { file: 'boot/symvers-6.4.0-1-default.gz', sha256: 'ab', size: 1 }
const read = (...lines: string[]) => readSymvers(chars(`${lines.join('\n')}\n`), identity)
const rows = ({ symvers }: ReturnType<typeof read>) =>
  [...symvers.exports].map(({ name, crc }, index) => [
    name,
    crc,
    (symvers.exports.flags[index]! & symbolFlags.ofModule) !== 0,
  ])

describe('readSymvers', () => {
  it('tells the exports of the kernel from those of modules, in every order of fields', () => {
    const found = read(
      '0x4c9d28b0\tphys_base\tvmlinux\tEXPORT_SYMBOL\t',
      '0xffffffff\tnf_ct_get\tnet/netfilter/nf_conntrack\tEXPORT_SYMBOL_GPL\tNETFILTER',
      '0x00000001\told\tNAMESPACE\tvmlinux\tEXPORT_SYMBOL_GPL',
      '0x00000002\tolder\tdrivers/x\tEXPORT_SYMBOL',
    )
    expect(found.problems).toEqual([])
    expect(found.symvers).toMatchObject({ type: 'symvers', ...identity, release: '6.4.0-1-default' })
    expect(rows(found)).toEqual([
      ['phys_base', 0x4c9d28b0, false],
      ['nf_ct_get', 0xffffffff, true],
      ['old', 1, false],
      ['older', 2, true],
    ])
    expect([...found.symvers.exports.spaces]).toEqual([
      [1, 'NETFILTER'],
      [2, 'NAMESPACE'],
    ])
    const isGplOnly = [...found.symvers.exports.flags].map((bits) => (bits & symbolFlags.gplOnly) !== 0)
    expect(isGplOnly).toEqual([false, true, true, false])
  })

  it('has no CRCs where the build had no modversions', () => {
    const found = read('0x00000000\ta\tvmlinux\tEXPORT_SYMBOL\t', '0x00000000\tb\tx\tEXPORT_SYMBOL\t')
    expect(rows(found).map(([, crc]) => crc)).toEqual([null, null])
  })

  it('leaves out what is no export, and says where', () => {
    const found = read(
      '0x00000001\ta\tvmlinux\tEXPORT_SYMBOL\t',
      '',
      '0x1\tshort\tvmlinux\tEXPORT_SYMBOL\t',
      '0x00000001\t\tvmlinux\tEXPORT_SYMBOL\t',
      '0x0000000G\tx\tvmlinux\tEXPORT_SYMBOL\t',
      '0x00000001\tx\tvmlinux',
      '0x00000001\tx\tvmlinux\tIMPORT\tEXPORTED',
    )
    expect(rows(found)).toHaveLength(1)
    expect(found.problems.map(({ code, at, message }) => [code, at, message.split('.')[0]])).toEqual([
      ['symvers-malformed', 'line 3', '5 lines are no exports'],
    ])
    expect(codeOf(() => read('nothing', 'at all'))).toBe('symvers-malformed line 1')
    expect(codeOf(() => read(''))).toBe('symvers-malformed null')
  })
})

it.each([
  ['pkg.rpm!./boot/symvers-6.4.0-150600.21-default.gz', '6.4.0-150600.21-default'],
  ['pkg.rpm!lib/modules/6.8.5-301.fc40.x86_64/symvers.xz', '6.8.5-301.fc40.x86_64'],
  ['usr/lib/modules/6.4.0-1-default/symvers.gz', '6.4.0-1-default'],
  ['a.deb!./usr/src/linux-headers-6.1.0-56-amd64/Module.symvers', '6.1.0-56-amd64'],
  ['a.rpm!usr/src/kernels/6.8.5-301.fc40.x86_64/Module.symvers', '6.8.5-301.fc40.x86_64'],
  ['a.rpm!usr/src/linux-6.4.0-150600.21-obj/x86_64/default/Module.symvers', '6.4.0-150600.21-default'],
  ['build/Module.symvers', null],
])('the release of %s is %s', (path, release) => expect(symversRelease(path)).toBe(release))

it('is told by its first line', () => {
  expect(detectFormat(chars('0x4c9d28b0\tphys_base\tvmlinux\tEXPORT_SYMBOL\t\n'))).toBe('symvers')
  expect(detectFormat(chars('0x4c9d28b\tphys_base\n'))).toBe('unknown')
})
