import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { moduleRelease } from '../../src/gate/module-rules.js'
import { modulePath, parseModuleRules } from '../../src/index.js'

describe('module rules', () => {
  const text = [
    '# comments and empty lines are left out',
    '',
    'lib/important*   FAIL',
    'drivers/net/?eth\tPASS   # an interface of two ends',
    'snd-hda-* PASS#close',
    '*not_stable*   PASS\r',
  ].join('\n')

  it('are read as in kabi/severities', () => {
    expect(parseModuleRules(text).map(({ line, pattern, verdict }) => [line, pattern, verdict])).toEqual([
      [3, 'lib/important*', 'FAIL'],
      [4, 'drivers/net/?eth', 'PASS'],
      [5, 'snd-hda-*', 'PASS'],
      [6, '*not_stable*', 'PASS'],
    ])
  })

  it('fit paths with a slash, else names, with either sign between words', () => {
    const fitting = (name: string, path: string) =>
      parseModuleRules(text)
        .filter((rule) => rule.fits({ name, path }))
        .map(({ line }) => line)
    expect(fitting('veth', 'drivers/net/veth')).toEqual([4])
    expect(fitting('veth', 'updates/veth')).toEqual([])
    expect(fitting('snd_hda_intel', 'sound/pci/hda/snd-hda-intel')).toEqual([5])
    expect(fitting('x_not_stable_y', 'lib/important/x')).toEqual([3, 6])
  })

  it.each([
    ['veth', /Line 1 .*neither PASS nor FAIL/],
    ['# x\nveth pass', /Line 2 .*"pass" is neither/],
    ['veth PASS FAIL', /"FAIL" stands after the verdict/],
    [`${'x'.repeat(300)} PASS`, /more than 256 characters/],
    ['drivers/[a-c PASS', /its \[ is not closed/],
    ['drivers\\ PASS', /nothing stands after its \\/],
    ['a PASS\n'.repeat(1001), /Line 1001 .*more than 1000 rules/],
  ])('refuse a line that is none: %.20j', (rules, message) => {
    expect(() => parseModuleRules(rules)).toThrow(message)
    expect(() => parseModuleRules(rules)).toThrow(expect.objectContaining({ code: 'policy-invalid' }))
  })

  it('count in their order, as in suse-kabi-tools: the first that fits, not the one that fits best', () => {
    const rules = parseModuleRules('veth* PASS\nveth FAIL\n')
    expect(rules.find((rule) => rule.fits({ name: 'veth', path: 'drivers/net/veth' }))?.verdict).toBe('PASS')
  })

  it('end or are refused, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (given) => {
        try {
          parseModuleRules(given)
        } catch (error) {
          expect(error).toMatchObject({ code: 'policy-invalid' })
        }
      }),
    )
  })
})

describe('the place of a module', () => {
  it.each([
    [
      'k.rpm!usr/lib/modules/6.4.0-1-default/kernel/drivers/net/veth.ko.zst',
      'drivers/net/veth',
      '6.4.0-1-default',
    ],
    ['k.deb!lib/modules/6.1.0-56-amd64/updates/dkms/nvidia.ko', 'updates/dkms/nvidia', '6.1.0-56-amd64'],
    ['teapot.ko', 'teapot', null],
    ['a.tar!teapot.ko.xz', 'teapot', null],
  ])('is taken from %s', (file, path, release) => {
    expect(modulePath(file)).toBe(path)
    expect(moduleRelease(file, null)).toBe(release)
    expect(moduleRelease(file, '9.9 SMP')).toBe(release ?? '9.9')
  })
})
