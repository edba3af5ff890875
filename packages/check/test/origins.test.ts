import { describe, expect, test } from 'vitest'
import { originsBeside, type RecordedModule, reachedBy, releaseNamed } from '../src/index.js'

const module = (
  file: string,
  release: string | null,
  more: Partial<RecordedModule> = {},
): RecordedModule => ({
  file,
  vermagic: release === null ? null : `${release} SMP mod_unload `,
  btfSha256: file,
  inImage: false,
  ...more,
})
const at = (release: string, name = 'm') => `a.deb!lib/modules/${release}/updates/${name}.ko`
const reach = (originRelease: string | null, originStamped = false) => ({ originRelease, originStamped })

describe('the release that a module names', () => {
  test.each([
    ['6.1.0-56', '6.1.0-56', '6.1.0-56'],
    // A module of one kernel in the folder of another was built with the first.
    ['6.1.0-56', '6.1.0-55', '6.1.0-55'],
    ['6.1.0-56', null, '6.1.0-56'],
  ])('in the folder of %s with vermagic %s is %s', (folder, vermagic, named) => {
    expect(releaseNamed(module(at(folder), vermagic))).toBe(named)
  })

  test('is that of nothing where it is installed nowhere', () => {
    expect(releaseNamed(module('veth.ko', null))).toBeNull()
    expect(releaseNamed({ file: at('6.1.0-56'), vermagic: '' })).toBe('6.1.0-56')
  })
})

describe('the origin of a build', () => {
  const own = module(at('6.1.0-56'), '6.1.0-56')
  const silent = module('veth.ko', null)
  const foreign = module(at('6.1.0-55'), '6.1.0-55')
  const moved = module(at('6.1.0-56', 'moved'), '6.1.0-55')
  const all = [own, silent, foreign, moved]

  test('is that of the modules which name its release or none', () => {
    expect(all.map(reachedBy(reach('6.1.0-56'), all))).toEqual([true, true, false, false])
  })

  test('is that of all where its release is not known', () => {
    expect(all.map(reachedBy(reach(null), all))).toEqual([true, true, true, true])
  })

  test('is that of none which does not name it itself where stamps alone do', () => {
    expect(all.map(reachedBy(reach('6.1.0-56', true), all))).toEqual([false, false, false, false])
  })

  test('is that of a module in an initramfs image if it is of the same one outside', () => {
    const image = { inImage: true }
    const same = module('initrd!lib/modules/6.1.0-56/m.ko', '6.1.0-56', {
      ...image,
      btfSha256: own.btfSha256,
    })
    const stale = module('initrd!lib/modules/6.1.0-56/n.ko', '6.1.0-56', image)
    const bare = module('initrd!lib/modules/6.1.0-56/o.ko', '6.1.0-56', { ...image, btfSha256: null })
    const linked = module('initrd!lib/modules/6.1.0-56/p.ko', '6.1.0-56', {
      ...image,
      btfSha256: foreign.btfSha256,
    })
    const set = [same, stale, bare, linked, ...all]
    expect(set.slice(0, 4).map(reachedBy(reach('6.1.0-56'), set))).toEqual([true, false, false, false])
  })

  test('is that of the kernel of its release where there are several', () => {
    const placing = { inImage: () => false, btfOf: () => null }
    const byRelease = new Map([['6.1.0-55', 'a base']])
    const origins = originsBeside({ only: null, byRelease }, all, placing)
    expect(all.map(origins)).toEqual([null, null, 'a base', 'a base'])
  })
})
