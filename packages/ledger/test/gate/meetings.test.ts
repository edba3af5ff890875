import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Candidate, completeTerms, type Party, selectMeetings } from '../../src/index.js'
import { ref } from './support.js'

const party = (nth: number, more: Partial<Party> = {}): Party => ({
  ref: ref(nth),
  state: 'done',
  hasKernel: true,
  hasModules: true,
  kernelRelease: '5.15.12-1-default',
  moduleReleases: [],
  builtFor: null,
  ...more,
})
const live = (nth: number, more: Partial<Party> = {}): Candidate => ({ ...party(nth, more), live: true })
const kmp = (nth: number, more: Partial<Party> = {}): Candidate => ({
  ...party(nth, {
    hasKernel: false,
    kernelRelease: null,
    moduleReleases: ['5.15.12-1-default'],
    builtFor: '5.15.12-1.1',
    ...more,
  }),
  live: false,
})

function met(
  build: Party,
  candidates: Candidate[],
  settings: Parameters<typeof completeTerms>[0] = {},
  scheme: 'rpm' | null = 'rpm',
  own: Party | null = null,
) {
  const { considered, meetings } = selectMeetings(build, candidates, completeTerms(settings), scheme, own)
  return {
    pairs: meetings.map(
      ({ direction, kernelBuild, moduleBuild }) =>
        `${direction} ${kernelBuild.release} ${moduleBuild.release}`,
    ),
    because: Object.fromEntries(considered.map(({ build, because }) => [build.release, because])),
  }
}

describe('whom a build meets', () => {
  it('its modules the live kernels of the same uname -r, and itself', () => {
    const others = [live(1), live(2, { kernelRelease: '5.15.11-1-default' }), live(9)]
    expect(met(party(9), others)).toEqual({
      pairs: ['modules-on-live 1.1 1.9', 'self 1.9 1.9'],
      because: { 1.1: 'same-release', 1.2: 'other-release', 1.9: 'own' },
    })
  })

  it('the live kernels below whose uname -r its modules are installed, whatever its own kernel is called', () => {
    const others = [live(1), live(2, { kernelRelease: '5.15.11-1-default' }), live(3, { kernelRelease: '6' })]
    const moduleReleases = ['5.15.11-1-default']
    expect(met(party(9, { moduleReleases }), others).because).toEqual({
      1.1: 'same-release',
      1.2: 'same-release',
      1.3: 'other-release',
    })
    expect(met(party(9, { moduleReleases, kernelRelease: null }), others).because).toEqual({
      1.1: 'release-unknown',
      1.2: 'release-unknown',
      1.3: 'release-unknown',
    })
  })

  it('kernels of any release where the policy says so, and those that do not tell theirs', () => {
    const others = [live(1, { kernelRelease: null }), live(2, { kernelRelease: '5.15.11-1-default' })]
    expect(met(party(9), others).because).toEqual({ 1.1: 'release-unknown', 1.2: 'other-release' })
    expect(met(party(9), others, { kernels: 'all' }).because).toEqual({
      1.1: 'any-release',
      1.2: 'any-release',
    })
    expect(met(party(9, { kernelRelease: null }), [live(1)]).because).toEqual({ 1.1: 'release-unknown' })
  })

  it('the newest live kernel of each uname -r alone where the policy says so, by the order of versions', () => {
    const others = [live(9), live(2), live(10)]
    expect(met(party(11), others, { live: 'newest' })).toMatchObject({
      pairs: ['modules-on-live 1.10 1.11', 'self 1.11 1.11'],
      because: { 1.9: 'older', 1.2: 'older', '1.10': 'same-release' },
    })
    expect(met(party(11), others, { live: 'newest' }, null).pairs).toHaveLength(4)
  })

  it('the newest of those that find its modules: not a newer kernel that does not', () => {
    const kernelRelease = '6.1.0-55-amd64'
    const others = [
      live(1, { kernelRelease }),
      live(2, { kernelRelease }),
      live(12, { kernelRelease: '6.12' }),
    ]
    const newest = { live: 'newest' } as const
    expect(met(party(3, { kernelRelease }), others, newest)).toEqual({
      pairs: ['modules-on-live 1.2 1.3', 'self 1.3 1.3'],
      because: { 1.1: 'older', 1.2: 'same-release', 1.12: 'other-release' },
    })
    expect(met(kmp(13, { moduleReleases: [kernelRelease] }), others, newest).because, 'of each').toEqual({
      1.1: 'older',
      1.2: 'same-release',
      1.12: 'weak-updates',
    })
    const untold = [...others, live(4, { kernelRelease: null }), live(5, { kernelRelease: null })]
    expect(met(party(3, { kernelRelease }), untold, newest).because, 'may be two').toMatchObject({
      1.4: 'release-unknown',
      1.5: 'release-unknown',
    })
  })

  it('of the newest as of all: one of each uname -r at least, the newest of it, and nobody is left out unsaid', () => {
    const release = fc.constantFrom('6.1', '6.12', '6.13')
    const kernels = fc.uniqueArray(
      fc.record({ nth: fc.integer({ min: 1, max: 60 }), kernelRelease: fc.option(release) }),
      { selector: ({ nth }) => nth, maxLength: 12 },
    )
    const settings = fc.record({
      kernels: fc.constantFrom('same-release' as const, 'all' as const),
      weakUpdates: fc.boolean(),
    })
    const builds = fc.record({
      hasKernel: fc.boolean(),
      kernelRelease: fc.option(release),
      moduleReleases: fc.subarray(['6.1', '6.12', '6.13']),
    })
    fc.assert(
      fc.property(kernels, settings, builds, (found, terms, build) => {
        const others = found.map(({ nth, kernelRelease }) => live(nth, { kernelRelease }))
        const all = met(party(99, build), others, terms)
        const newest = met(party(99, build), others, { ...terms, live: 'newest' })
        const expected = found.map(({ nth, kernelRelease }) => {
          const because = all.because[`1.${nth}`]
          const isMet = all.pairs.includes(`modules-on-live 1.${nth} 1.99`)
          const isOlder =
            kernelRelease !== null &&
            found.some((one) => one.kernelRelease === kernelRelease && one.nth > nth)
          return [`1.${nth}`, isMet && isOlder ? 'older' : because]
        })
        expect(newest.because).toEqual(Object.fromEntries(expected))
        const isKept = (pair: string) => newest.because[pair.split(' ')[1] ?? ''] !== 'older'
        expect(newest.pairs).toEqual(all.pairs.filter(isKept))
      }),
    )
  })

  it('its kernel the packages of modules that are there', () => {
    const others = [live(1), kmp(5), kmp(6, { moduleReleases: ['5.15.11-1-default'] })]
    expect(met(party(9), others)).toEqual({
      pairs: [
        'kernel-with-modules 1.9 1.6',
        'kernel-with-modules 1.9 1.5',
        'modules-on-live 1.1 1.9',
        'self 1.9 1.9',
      ],
      because: { 1.1: 'same-release', 1.5: 'same-release', 1.6: 'weak-updates' },
    })
    expect(met(party(9), others, { weakUpdates: false }).because).toMatchObject({ 1.6: 'other-release' })
  })

  it('as a package of modules: live kernels, and that which it was built for', () => {
    const others = [live(1), live(2, { kernelRelease: '5.15.11-1-default' })]
    const own = party(3)
    expect(met(kmp(9), others, {}, 'rpm', own).pairs).toEqual([
      'modules-on-live 1.2 1.9',
      'modules-on-live 1.1 1.9',
      'self 1.3 1.9',
    ])
    expect(met(kmp(9), others, { weakUpdates: false }, 'rpm', party(1)).pairs).toEqual([
      'modules-on-live 1.1 1.9',
    ])
  })

  it('nobody that is not read yet, or has no part for it', () => {
    const others = [live(1, { state: 'ingesting', hasKernel: false, hasModules: false }), live(2)]
    expect(met(party(9, { hasModules: false }), others)).toEqual({
      pairs: [],
      because: { 1.1: 'not-ready', 1.2: 'no-part' },
    })
  })
})
