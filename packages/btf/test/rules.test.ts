import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BtfError, compareVersions, kernelFeatures, parseRules, traitsOf } from '../src/index.js'

describe('parseRules', () => {
  it.each([
    ['6.1.192', '6.1.192', null],
    ['6.1.192,allow-mismatch', '6.1.192', true],
    ['6.12,no-allow-mismatch', '6.12', false],
    ['6.12.117+deb12-amd64', '6.12.117', null],
    ['5.17-rc5', '5.17-rc5', null],
    ['5.17.0-rc5', '5.17-rc5', null],
    ['6.12~rc3,allow-mismatch', '6.12-rc3', true],
    ['5.15.12-1.3-default', '5.15.12', null],
    ['4.19.0', '4.19.0', null],
  ])('reads %s', (text, version, allowBtfMismatch) => {
    expect(parseRules(text)).toEqual({ version, allowBtfMismatch })
  })

  it.each([
    '',
    '6',
    'six',
    'v6.1',
    '6.1,',
    '6.1,allow',
    '6.1,allow-mismatch,x',
    '6.1.2.3',
    '-1.2',
    '6.1 2',
    `6.1-${'a'.repeat(300)}`,
  ])('refuses %j', (text) => {
    expect(() => parseRules(text)).toThrow(BtfError)
    expect(() => parseRules(text)).toThrow(expect.objectContaining({ code: 'rules-invalid' }))
  })

  it('throws nothing but its own error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(parseRules(parseRules(text).version).version).toBe(parseRules(text).version)
        } catch (error) {
          expect(error).toBeInstanceOf(BtfError)
        }
      }),
    )
  })
})

describe('compareVersions', () => {
  it('orders releases, candidates and series', () => {
    const ordered = [
      '4.19',
      '5.15.2',
      '5.15.10',
      '5.15',
      '5.17-rc1',
      '5.17-rc5',
      '5.17.0',
      '5.17',
      '6.1.0',
      '6.1',
      '6.10.1',
      '7.0',
    ]
    const shuffled = [...ordered].sort((a, b) => a.localeCompare(b)).sort(compareVersions)
    expect(shuffled).toEqual(ordered)
    expect(compareVersions('6.1.4', '6.1.4-2')).toBe(0)
  })
})

describe('traitsOf', () => {
  it('has each feature from its release, candidates included, and not before', () => {
    for (const [feature, { mainline }] of Object.entries(kernelFeatures)) {
      const [major, minor] = mainline
      const before = minor > 0 ? `${major}.${minor - 1}.0` : `${major - 1}.0.0`
      expect([feature, traitsOf(before)[feature as keyof typeof kernelFeatures]]).toEqual([feature, false])
      expect([feature, traitsOf(`${major}.${minor}-rc1`)[feature as keyof typeof kernelFeatures]]).toEqual([
        feature,
        true,
      ])
    }
  })

  it('knows what stable releases took up', () => {
    expect(traitsOf('6.1.35').dottedNames).toBe(false)
    expect(traitsOf('6.1.36').dottedNames).toBe(true)
    expect(traitsOf('5.15.118').dottedNames).toBe(false)
    expect(traitsOf('5.15').dottedNames).toBe(true)
    expect(traitsOf('6.1').dottedNames).toBe(true)
    expect(traitsOf('6.2').dottedNames).toBe(false)
    expect(traitsOf('6.12.12').marksAllEmbedded).toBe(false)
    expect(traitsOf('6.12.13').marksAllEmbedded).toBe(true)
  })

  it('derives the info word, the kinds and the header', () => {
    expect(traitsOf('5.12')).toMatchObject({
      reservedInfo: 0x70ff0000,
      kindMask: 15,
      lastKind: 15,
      headerSize: 24,
    })
    expect(traitsOf('5.15')).toMatchObject({
      reservedInfo: 0x60ff0000,
      kindMask: 31,
      lastKind: 16,
      longestName: 128,
    })
    expect(traitsOf('6.1')).toMatchObject({ lastKind: 19, longestName: 512, vlenMask: 0xffff })
    expect(traitsOf('7.3')).toMatchObject({
      reservedInfo: 0,
      kindMask: 127,
      vlenMask: 0xffffff,
      headerSize: 32,
    })
  })
})
