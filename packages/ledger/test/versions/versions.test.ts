import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareVersions, mostVersionChars, type VersionScheme, versionKey } from '../../src/index.js'
import { compareRpmPart, rpmPartKey } from '../../src/versions/rpm.js'
import { schemeOfFile } from '../../src/versions/versions.js'

const peers = process.env.BASEDRIFT_FIXTURES
const dpkg = spawnSync('dpkg', ['--version']).status === 0
const groups: string[][] = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../testdata/dpkg-versions.json'), 'utf8'),
)

if (peers === undefined)
  console.log('left out: the versions of cavaliergopher/rpm (set BASEDRIFT_FIXTURES to their folder)')
if (!dpkg) console.log('left out: asking dpkg itself, which is not here')

const word = (order: number) => (order < 0 ? 'lt' : order > 0 ? 'gt' : 'eq')

/** What both say of a pair: the comparison, the order of the keys, and both the other way round. */
function told(scheme: VersionScheme, a: string, b: string): string {
  const said = new Set([
    word(compareVersions(scheme, a, b)),
    word(-compareVersions(scheme, b, a)),
    word(Buffer.compare(versionKey(scheme, a), versionKey(scheme, b))),
  ])
  return [...said].join(', ')
}

describe('rpm', () => {
  it.runIf(peers !== undefined)('orders all pairs of cavaliergopher/rpm as they do', () => {
    const file = path.join(peers ?? '', 'cavaliergopher-rpm', 'vercmp.json')
    const pairs: { a: string; b: string; expect: number }[] = JSON.parse(readFileSync(file, 'utf8'))
    expect(pairs).toHaveLength(4489)
    const key = (part: string) => Buffer.from(rpmPartKey(part))
    const wrong = pairs.filter(
      ({ a, b, expect }) =>
        compareRpmPart(a, b) !== expect || Math.sign(Buffer.compare(key(a), key(b))) !== expect,
    )
    expect(wrong).toEqual([])
  })

  // From the oldest to the newest; what stands together is equal.
  const ascending = [
    ['1.0~~-1'],
    ['1.0~rc1-1'],
    ['1.0~rc1^git2-1'],
    ['1.0-1~bp15'],
    ['1.0-1', '1.00-1', '1_0-1', '0:1.0-1', '1.0.-1', '1.0-01'],
    ['1.0-1^snap'],
    ['1.0-1.a'],
    ['1.0-1.1', '1.0-1+1'],
    ['1.0-2'],
    ['1.0^-1'],
    ['1.0^git1~pre-1'],
    ['1.0^git1-1'],
    ['1.0^git1^2-1'],
    ['1.0a-1', '1.0.a-1'],
    ['1.0ab-1'],
    ['1.0.1-1'],
    ['5.15.12-1.3'],
    ['5.15.12-1.3.kmp'],
    ['5.15.12-1.10'],
    ['1:0.1-1', '01:0.1-1'],
    ['2:0-1'],
    ['10:0-1'],
  ]

  it('orders by epoch, version and release, with tilde and caret', () => {
    for (const [n, older] of ascending.entries())
      for (const a of older) {
        for (const b of older) expect(`${a} ${told('rpm', a, b)} ${b}`).toBe(`${a} eq ${b}`)
        for (const b of ascending.slice(n + 1).flat())
          expect(`${a} ${told('rpm', a, b)} ${b}`).toBe(`${a} lt ${b}`)
      }
  })
})

describe('dpkg', () => {
  it('orders as dpkg did when its answers were recorded', () => {
    for (const [n, older] of groups.entries())
      for (const a of older) {
        for (const b of older) expect(`${a} ${told('dpkg', a, b)} ${b}`).toBe(`${a} eq ${b}`)
        for (const b of groups.slice(n + 1).flat())
          expect(`${a} ${told('dpkg', a, b)} ${b}`).toBe(`${a} lt ${b}`)
      }
  })

  it.runIf(dpkg)('orders as the dpkg of this machine does', () => {
    const fragment = fc.constantFrom('0', '1', '10', '09', 'a', 'Z', '.', '+', '~', '-', 'rc')
    const tail = fc.array(fragment, { maxLength: 4 }).map((parts) => parts.join(''))
    const epoch = fc.constantFrom('', '', '', '0:', '1:')
    const version = fc
      .tuple(epoch, fc.constantFrom('0', '1', '2'), tail, fc.constantFrom('1', '2', '1~', '1a', '1.1'))
      .map(([before, first, rest, revision]) => `${before}${first}${rest}-${revision}`)
    fc.assert(
      fc.property(version, version, (a, b) => {
        const told = word(compareVersions('dpkg', a, b))
        expect(spawnSync('dpkg', ['--compare-versions', a, told, b]).status).toBe(0)
      }),
      { numRuns: 200 },
    )
  })
})

describe.each(['rpm', 'dpkg'] as const)('the key of %s', (scheme) => {
  const part = (characters: string) =>
    fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 8 })
  const version = fc
    .tuple(fc.constantFrom('', '', '0:', '1:', '12:'), part('0019aAz.+~^-:_'), part('0129az.~^+'))
    .map(([epoch, version, release]) => `${epoch}${version}-${release}`)

  it('sorts as versions compare', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(['lt', 'gt', 'eq']).toContain(told(scheme, a, b))
      }),
      { numRuns: 5_000 },
    )
  })

  it('orders any three versions one way', () => {
    fc.assert(
      fc.property(version, version, version, (...three) => {
        const [a, b, c] = [...three].sort((x, y) => compareVersions(scheme, x, y)) as [string, string, string]
        expect(compareVersions(scheme, a, b)).toBeLessThanOrEqual(0)
        expect(compareVersions(scheme, b, c)).toBeLessThanOrEqual(0)
        expect(compareVersions(scheme, a, c)).toBeLessThanOrEqual(0)
      }),
      { numRuns: 2_000 },
    )
  })

  it('has a length that a database can index', () => {
    const longest = (unit: string) => `${unit.repeat(128).slice(0, 128)}-${unit.repeat(128).slice(0, 128)}`
    for (const unit of ['1a', 'a', '1', '.1', '~', '^~', '+', '9'])
      expect(versionKey(scheme, longest(unit)).length).toBeLessThanOrEqual(4 * mostVersionChars + 16)
    expect(() => versionKey(scheme, 'no release')).toThrow(RangeError)
    expect(() => compareVersions(scheme, '1-1', `${'1'.repeat(300)}-1`)).toThrow(RangeError)
  })
})

it('the package manager of a file is told by its ending', () => {
  const names = [
    'kernel-default-1-1.x86_64.rpm',
    'linux-image_1-1_amd64.deb',
    'a.udeb',
    'A.RPM',
    'vmlinux',
    'deb',
    'a.rpm.txt',
  ]
  expect(names.map(schemeOfFile)).toEqual(['rpm', 'dpkg', 'dpkg', 'rpm', null, null, null])
})
