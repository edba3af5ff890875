import { describe, expect, it } from 'vitest'
import {
  kernelVersion,
  releaseContradictions,
  releaseFromBanner,
  releaseFromPath,
  releaseFromVermagic,
  versionFromRelease,
} from '../../src/bytes/index.js'
import { banner } from './support/writers.js'

const none = { file: 'f', configVersion: null, banner: null, release: null }
const ubuntu =
  'Linux version 5.15.0-91-generic (buildd@lcy02-amd64-045) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0, GNU ld ' +
  '(GNU Binutils for Ubuntu) 2.38) #101-Ubuntu SMP Tue Nov 14 13:30:08 UTC 2023 (Ubuntu 5.15.0-91.101-generic 5.15.131)'
const plainUbuntu = ubuntu.slice(0, ubuntu.lastIndexOf(' ('))
const line = (release: string, tail: string) => `Linux version ${release} (b@example.org) (gcc 12) ${tail}`

describe('kernelVersion', () => {
  it.each([
    ['Debian', banner, '6.1.192'],
    ['Debian experimental', line('6.13-amd64', '#1 SMP Debian 6.13-1~exp1 (2025-01-01)'), '6.13.0'],
    [
      'Debian backports',
      line('6.1.0-0', '#1 SMP PREEMPT_DYNAMIC Debian 6.1.15-1~bpo11+1 (2023-03-16)'),
      '6.1.15',
    ],
    [
      'Raspberry Pi',
      line('6.6.20+rpt-rpi-v8', '#1 SMP PREEMPT Debian 1:6.6.20-1+rpt1 (2024-03-07)'),
      '6.6.20',
    ],
    ['Ubuntu', ubuntu, '5.15.131'],
    ['Ubuntu without its signature', plainUbuntu, null],
    ['Fedora', line('6.8.5-301.fc40.x86_64', '#1 SMP PREEMPT_DYNAMIC Thu Apr 11 20:00:10 UTC 2024'), '6.8.5'],
    ['Fedora, first of a series', line('6.8.0-63.fc40.x86_64', '#1 SMP'), '6.8.0'],
    ['openSUSE', line('5.15.12-1-default', '#1 SMP Wed Dec 29 14:50:16 UTC 2021 (375fcb8)'), '5.15.12'],
    ['SLE', line('6.4.0-150600.23.25-default', '#1 SMP Tue Oct  1 10:54:01 UTC 2024 (ea7c56d)'), null],
    ['RHEL', line('5.14.0-427.13.1.el9_4.x86_64', '#1 SMP PREEMPT_DYNAMIC'), null],
    ['vanilla', line('6.1.0', '#1 SMP'), '6.1.0'],
    ['a release of Debian alone', line('6.1.0-9-x', '#1 SMP Debian 12.5 (2024-02-10)'), null],
    ['a compiler of Debian alone', line('6.1.0-9-x', '#1 SMP (gcc (Debian) 6.3.0)'), null],
  ])('takes it from the banner: %s', (_, text, version) => {
    expect(kernelVersion({ ...none, banner: text }).version).toBe(version)
  })

  it('prefers the config, and reports a banner that says otherwise', () => {
    expect(kernelVersion({ ...none, configVersion: '6.1.192', banner, release: '6.1.0-56-test' })).toEqual({
      version: '6.1.192',
      problems: [],
    })
    const { version, problems } = kernelVersion({ ...none, configVersion: '6.1.191', banner })
    expect(version).toBe('6.1.191')
    expect(problems).toMatchObject([{ code: 'version-contradicts', file: 'f' }])
    expect(problems[0]!.message).toMatch(/^the config says 6\.1\.191, the banner says 6\.1\.192\. /)
  })

  it('uses a version signature', () => {
    const signature = 'Ubuntu 5.15.0-91.101-generic 5.15.131'
    expect(kernelVersion({ ...none, banner: plainUbuntu, signature })).toEqual({
      version: '5.15.131',
      problems: [],
    })
  })

  it('compares a release that hides its patch level by its series', () => {
    const contradicting = kernelVersion({ ...none, banner, release: '6.12.0-1-test' })
    expect(contradicting.version).toBe('6.1.192')
    expect(contradicting.problems.map(({ code }) => code)).toEqual(['name-contradicts'])
    const name = kernelVersion({ ...none, banner, release: '6.1.15-test' })
    expect(name.problems.map(({ code }) => code)).toEqual(['name-contradicts'])
  })

  it('tells apart what only the name of a file says that came alone', () => {
    const versions = (file: string) =>
      kernelVersion({ ...none, file, banner, release: '6.1.15-test' }).problems.map(({ code }) => code)
    expect(versions('vmlinux-6.1.15-test')).toEqual(['name-contradicts'])
    expect(versions('x.deb!boot/vmlinux-6.1.15-test')).toEqual(['version-contradicts'])
    const releases = (file: string) =>
      releaseContradictions(null, [{ file, source: 'banner', release: '6.1.0-56' }]).map(({ code }) => code)
    expect(releases('vmlinux-6.1.15')).toEqual(['name-contradicts'])
    expect(releases('x.deb!boot/vmlinux-6.1.15')).toEqual(['version-contradicts'])
  })

  it('has no version where sources name several series', () => {
    const told = kernelVersion({ ...none, configVersion: '5.10.0', banner, release: '6.1.192-1-test' })
    expect(told.version).toBeNull()
    expect(told.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^the config says 5\.10\.0, the banner says 6\.1\.192/),
      expect.stringMatching(/^the config says 5\.10\.0, the file name says 6\.1\.192/),
      expect.stringMatching(/^the config says 5\.10\.0, the release in the banner says 6\.1\./),
    ])
  })

  it('says when nothing tells', () => {
    const { version, problems } = kernelVersion({ ...none, release: '6.1.0-56-amd64' })
    expect(version).toBeNull()
    expect(problems).toMatchObject([{ code: 'version-unknown', file: 'f', at: null }])
  })
})

describe('versionFromRelease', () => {
  it.each([
    ['6.1.0-56-amd64', null],
    ['5.4.0-1103-aws', null],
    ['6.12.107+deb13-amd64', '6.12.107'],
    ['6.1.102-111.182.amzn2023.x86_64', '6.1.102'],
    ['6.13.0-rc3', '6.13.0'],
    ['6.13.0-0.rc3.29.fc42.x86_64', '6.13.0'],
    ['6.9-amd64', null],
    ['text', null],
  ])('%s → %s', (release, version) => expect(versionFromRelease(release)).toBe(version))
})

describe('releases', () => {
  it.each([
    ['pkg.deb!boot/vmlinuz-6.1.0-56-amd64', '6.1.0-56-amd64'],
    ['./boot/config-6.1.0-56-amd64', '6.1.0-56-amd64'],
    ['a.tar!b.rpm!./usr/lib/modules/6.8.5-301.fc40.x86_64/vmlinuz', '6.8.5-301.fc40.x86_64'],
    ['lib/modules/5.15.12-1-default/kernel/a.ko.zst', '5.15.12-1-default'],
    ['boot/vmlinux-5.15.12-1-default.xz', '5.15.12-1-default'],
    ['boot/Image-5.15.12-1-default', '5.15.12-1-default'],
    ['lib/modules/6.1!vmlinux', null],
    ['lib/modules/extra/a.ko', null],
    ['config-6.1.0/other', null],
    ['vmlinuz', null],
  ])('in the path %s: %s', (path, release) => expect(releaseFromPath(path)).toBe(release))

  it('in a banner, with and without its first words', () => {
    expect(releaseFromBanner(banner)).toBe('6.1.0-56-test')
    expect(releaseFromBanner('6.1.0-55-x (b@example.org) #1')).toBe('6.1.0-55-x')
    expect(releaseFromBanner('Linux version %s')).toBeNull()
    expect(releaseFromVermagic('6.1.0-56-amd64 SMP mod_unload ')).toBe('6.1.0-56-amd64')
  })
})

describe('releaseContradictions', () => {
  const claim = (file: string, release: string) => ({ file, source: 'vermagic', release })

  it('compares with the path, else with the kernel, and counts what is alike', () => {
    const problems = releaseContradictions('6.1.0-56', [
      claim('lib/modules/6.1.0-56/a.ko', '6.1.0-56'),
      claim('lib/modules/6.1.0-56/b.ko', '6.1.0-55'),
      claim('lib/modules/6.1.0-56/c.ko', '6.1.0-55'),
      claim('lib/modules/6.1.0-55/d.ko', '6.1.0-55'),
      claim('e.ko', '6.1.0-54'),
      claim('f.ko', '6.1.0-56'),
    ])
    expect(problems.map(({ code, file, at }) => [code, file, at])).toEqual([
      ['version-contradicts', 'lib/modules/6.1.0-56/b.ko', 'vermagic'],
      ['version-contradicts', 'e.ko', 'vermagic'],
    ])
    expect(problems[0]!.message).toContain(
      'the path says 6.1.0-56, the vermagic 6.1.0-55 (and 1 more like it)',
    )
    expect(problems[1]!.message).toContain('the kernel says 6.1.0-56, the vermagic 6.1.0-54.')
  })

  it('has nothing to compare a bare module with', () => {
    expect(releaseContradictions(null, [claim('e.ko', '6.1.0-54')])).toEqual([])
  })

  it('is bounded', () => {
    const claims = Array.from({ length: 5000 }, (_, index) => claim('e.ko', `6.1.${index}`))
    expect(releaseContradictions('6.2.0', claims)).toHaveLength(100)
  })
})
