import { mayBecomeKnown, type PolicySettings } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import {
  completeTerms,
  type DecideInputs,
  decide,
  type RefusedContent,
  readyPolicy,
  type Witness,
} from '../../src/index.js'
import { byteOf, inputs, meeting, ref, refusal, witness } from './support.js'

const policy = (settings: PolicySettings) => readyPolicy(1, completeTerms(settings))
const answer = (more: Partial<DecideInputs>) => decide(inputs(more)).answer
const codes = (more: Partial<DecideInputs>) => decide(inputs(more)).reasons.map(({ code }) => code)

describe('a decision, by its evidence,', () => {
  it('is unknown where other content came under names of the build, until somebody has looked at each', () => {
    const build = (...refusals: RefusedContent[]) =>
      decide(inputs({ build: witness(9, { refused: refusals.length, refusals }) }))
    expect(decide(inputs())).toMatchObject({ answer: 'pass', refused: 0 })
    const { answer, reasons } = build(
      refusal(2, { filename: null, recorded: null, given: null, by: null }),
      refusal(1),
      refusal(3, { code: 'more-differs', filename: null, recorded: null, given: null }),
      refusal(4, { acknowledgedBy: 'anna' }),
    )
    expect(answer).toBe('unknown')
    expect(reasons.map(({ code, detail }) => [code, detail])).toEqual([
      [
        'content-refused',
        `kernel-1.rpm came with sha256 ${'b'.repeat(64)}, and is recorded with ${'a'.repeat(64)}; ` +
          `sent by obs on 2026-01-01 12:34 UTC, refusal ${ref(1).id}`,
      ],
      ['content-refused', `Another declaration of it came on 2026-01-01 12:34 UTC, refusal ${ref(2).id}`],
      [
        'content-refused',
        `More other content came than is listed, last by obs on 2026-01-01 12:34 UTC, refusal ${ref(3).id}`,
      ],
    ])
    expect(reasons[0]?.remedy).toContain('basedrift build acknowledge')
    expect(mayBecomeKnown(answer, reasons), 'nobody waits for a person').toBe(false)
    expect(build(refusal(1, { acknowledgedBy: 'anna' }))).toMatchObject({ answer: 'pass', refused: 1 })
    const many = build(...Array.from({ length: 30 }, (_, nth) => refusal(nth))).reasons
    expect([many.length, many[9]?.detail]).toEqual([10, expect.stringMatching(/; and 20 more$/)])
  })

  it('is unknown where nobody has looked at other content of what it meets, and names whose', () => {
    const refused = { refused: 1, refusals: [refusal(1)] }
    const live = decide(inputs({ live: [witness(1, refused)] }))
    expect(live).toMatchObject({
      answer: 'unknown',
      refused: 0,
      reasons: [{ code: 'content-refused', kernelBuild: ref(1), href: `/v1/builds/${ref(1).id}` }],
    })
    expect(
      decide(inputs({ packages: [witness(3, { ...refused, hasKernel: false })] })).reasons,
    ).toMatchObject([{ code: 'content-refused', moduleBuild: ref(3) }])
    const ownKernel = { name: '5.15.12-1.3', build: witness(3, refused) }
    expect(codes({ ownKernel })).toEqual(['content-refused'])
  })

  it('says of a build that was withdrawn that it was, and nothing else', () => {
    const withdrawn = { by: 'anna', at: '2026-01-01T12:34:56.000Z', reason: 'the wrong file' }
    const build = witness(9, { withdrawn, unusable: ['x.rpm'], refused: 1, refusals: [refusal(1)] })
    const { answer, reasons } = decide(inputs({ build, meetings: [] }))
    expect([answer, reasons.map(({ code, detail }) => [code, detail])]).toEqual([
      'unknown',
      [['build-withdrawn', 'By anna on 2026-01-01 12:34 UTC: the wrong file']],
    ])
    expect(mayBecomeKnown(answer, reasons)).toBe(false)
  })

  it('is unknown while evidence is missing, and says which', () => {
    const build = (state: DecideInputs['build']['state']) => ({ ...inputs().build, state })
    expect(codes({ build: build('open') })).toEqual(['build-unsealed'])
    expect(codes({ build: build('ingesting') })).toEqual(['build-pending'])
    expect(codes({ build: build('failed') })).toEqual(['build-failed'])
    expect(codes({ build: { ...build('done'), unusable: ['x.rpm'] } })).toEqual(['artifact-unusable'])
    const problems = [{ code: 'origin-contradicted', message: 'no' }]
    expect(codes({ build: { ...build('done'), problems } })).toEqual(['build-contradicted'])
    expect(codes({ live: [] })).toEqual(['environment-empty'])
    expect(codes({ live: [], policy: policy({ emptyEnvironment: 'pass' }) })).toEqual([])
    expect(codes({ live: [witness(2, { state: 'sealed' })] })).toEqual(['live-pending'])
    expect(codes({ live: [witness(2, { state: 'failed' })] })).toEqual(['live-failed'])
    expect(codes({ meetings: [meeting(1, {}, { state: 'pending' })] })).toEqual(['comparison-pending'])
    const waiting = meeting(1, {}, { state: 'pending', waitsFor: 'The origin.' })
    expect(decide(inputs({ meetings: [waiting] })).reasons).toMatchObject([{ detail: 'The origin.' }])
    const error = { code: 'rules-unknown', message: 'The version is not known' }
    const failed = decide(inputs({ meetings: [meeting(1, {}, { state: 'failed', error })] }))
    expect(failed.reasons).toMatchObject([
      { code: 'comparison-failed', outcome: 'unknown', detail: 'rules-unknown: The version is not known' },
    ])
    expect(codes({ meetings: [] })).toEqual(['nothing-compared'])
  })

  it('is unknown where a kernel build lost the BTF of all its modules, unless the policy lets that pass', () => {
    const build = witness(9, { btfMissing: true })
    const meetings = [meeting(1, { a: byteOf('no-btf'), b: byteOf('no-btf') }, { counts: { 'no-btf': 2 } })]
    expect(decide(inputs({ build, meetings }))).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'btf-missing', href: `/v1/builds/${ref(9).id}` }],
      withoutBtf: 2,
    })
    expect(answer({ build, meetings, policy: policy({ modulesWithoutBtf: 'pass' }) })).toBe('pass')
    expect(codes({ live: [witness(1, { btfMissing: true })] })).toEqual([])
  })

  it('is unknown, for good, where an artifact contradicts what else is in the build, each by its name and code', () => {
    const remark = (filename: string, code: string, at: string | null = null) => ({
      filename,
      code,
      at,
      message: `Of ${filename}.`,
    })
    const remarks = [
      remark('provenance.json', 'provenance-contradicts'),
      remark('config-6.1', 'version-contradicts'),
    ]
    const decided = decide(inputs({ build: witness(9, { remarks }) }))
    expect(decided).toMatchObject({
      answer: 'unknown',
      reasons: [
        { code: 'artifact-contradicts', detail: 'config-6.1: version-contradicts: Of config-6.1.' },
        {
          code: 'artifact-contradicts',
          detail: 'provenance.json: provenance-contradicts: Of provenance.json.',
          href: `/v1/builds/${ref(9).id}`,
        },
      ],
    })
    expect(mayBecomeKnown(decided.answer, decided.reasons)).toBe(false)
    expect(decide(inputs({ build: witness(9, { remarks: remarks.toReversed() }) }))).toEqual(decided)
    // Of what else is live the packages are what they are, whatever came beside them.
    expect(codes({ live: [witness(1, { remarks })] })).toEqual([])
    const many = Array.from({ length: 12 }, (_, nth) => remark(`${10 + nth}.json`, 'provenance-contradicts'))
    const { reasons } = decide(inputs({ build: witness(9, { remarks: many }) }))
    expect(reasons).toHaveLength(10)
    expect(reasons.at(-1)?.detail).toBe('19.json: provenance-contradicts: Of 19.json.; and more')
    const unread = [remark('extra.rpm', 'modules-unread')]
    expect(decide(inputs({ build: witness(9, { remarks: unread }) }))).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'modules-unread', detail: 'extra.rpm: Of extra.rpm.' }],
    })
    // What the folders of the modules say already is not said twice.
    const folders = {
      otherReleases: ['5.15.11-1'],
      remarks: [remark('a.rpm', 'version-contradicts', 'vermagic')],
    }
    const below = { ...folders, otherReleases: [], misplaced: ['5.15.12-1 below 5.15.11-1'] }
    for (const build of [witness(9, folders), witness(9, below)])
      expect(codes({ build })).toEqual(['version-contradicts'])
  })

  it('says what it did not look at: artifacts that hold nothing, and waivers beyond those that it takes', () => {
    const empty = Array.from({ length: 12 }, (_, nth) => `${99 - nth}.rpm`)
    const decided = decide(inputs({ build: witness(9, { empty }), moreWaivers: 3 }))
    expect(decided).toMatchObject({ answer: 'pass', moreWaivers: 3, withoutBtf: 0 })
    expect(decided.emptyArtifacts).toEqual(empty.toReversed().slice(0, 10))
  })

  it('is unknown where what machines have could not be read', () => {
    const modules = { hasKernel: false }
    const live = (...more: Partial<Witness>[]) => [
      witness(1),
      ...more.map((one, nth) => witness(nth + 2, { ...modules, ...one })),
    ]
    expect(codes({ live: live({}) })).toEqual([])
    expect(codes({ live: live({ unusable: ['kmp.rpm'] }) })).toEqual(['live-unusable'])
    expect(codes({ live: [witness(1, { unusable: ['modules.rpm'] })] })).toEqual([])
    expect(codes({ live: [witness(1, modules)] })).toEqual(['live-without-kernel'])
    expect(codes({ live: [witness(1, { ...modules, unusable: ['kernel.rpm'] })] })).toEqual([
      'live-without-kernel',
      'live-unusable',
    ])
    const pass = policy({ emptyEnvironment: 'pass' })
    expect(codes({ live: [], policy: pass, environmentKnown: false })).toEqual(['environment-unknown'])
    expect(codes({ live: [witness(1, modules)], policy: pass })).toEqual(['live-without-kernel'])
  })

  it('is unknown where a package of modules for a kernel concerned could not be read, or too many are there', () => {
    const packages = (more: Partial<Witness>) => ({ packages: [witness(3, { hasKernel: false, ...more })] })
    expect(codes(packages({}))).toEqual([])
    for (const state of ['declared', 'open', 'sealed', 'ingesting'] as const) {
      const { reasons } = decide(inputs(packages({ state })))
      expect(reasons).toMatchObject([
        { code: 'package-pending', kernelBuild: null, moduleBuild: ref(3), detail: `It is ${state}.` },
      ])
    }
    expect(codes(packages({ state: 'failed' }))).toEqual(['package-failed'])
    expect(codes(packages({ unusable: ['kmp.rpm'] }))).toEqual(['package-unusable'])
    expect(codes({ morePackages: true })).toEqual(['too-many-packages'])
  })

  it('is unknown where the kernel that modules were built for is not there', () => {
    const own = (build: Witness | null) => ({ ownKernel: { name: '5.15.12-1.3', build } })
    expect(codes(own(witness(3)))).toEqual([])
    expect(codes(own(witness(3, { state: 'ingesting', hasKernel: false })))).toEqual(['own-kernel-pending'])
    expect(codes(own(witness(3, { hasKernel: false })))).toEqual(['own-kernel-missing'])
    expect(codes(own(witness(3, { state: 'failed', hasKernel: false })))).toEqual(['own-kernel-missing'])
    expect(decide(inputs(own(null))).reasons).toMatchObject([
      { code: 'own-kernel-missing', outcome: 'unknown', detail: '5.15.12-1.3 is not declared.' },
    ])
  })

  it('does not pass a build whose kernel and modules name different releases, and names both', () => {
    const build = witness(9, { otherReleases: ['5.15.11-1-default'] })
    expect(decide(inputs({ build }))).toMatchObject({
      answer: 'unknown',
      reasons: [
        {
          code: 'version-contradicts',
          detail: 'The kernel is 5.15.12-1-default, and there are modules of 5.15.11-1-default.',
        },
      ],
    })
  })

  it('does not pass a package of modules that lie in the folders of other releases, and names these', () => {
    const misplaced = ['1', '2', '3', '4', '5'].map((nth) => `5.15.${nth} below 5.14.0`)
    expect(decide(inputs({ build: witness(9, { misplaced }) }))).toMatchObject({
      answer: 'unknown',
      reasons: [
        {
          code: 'version-contradicts',
          detail:
            'There are modules of 5.15.1 below 5.14.0, 5.15.2 below 5.14.0, 5.15.3 below 5.14.0 and 2 more.',
        },
      ],
    })
  })

  it('says of what is unknown which base the modules fit, where one was found, and of nothing else', () => {
    const meetings = [meeting(1, { a: byteOf('unknown'), b: byteOf('rejected') }, { fits: '5.15.12-1.1' })]
    const { answer, reasons } = decide(inputs({ meetings }))
    expect(answer).toBe('fail')
    expect(reasons.map(({ code, detail }) => [code, detail])).toEqual([
      ['verdict', null],
      [
        'verdict-unknown',
        'The modules fit the base of 5.15.12-1.1 and no other that is recorded in the stream, but nothing says that they were built on it.',
      ],
    ])
  })
})
