import type { FitResult, Misfit } from '@basedrift/check'
import type { BaseRow, ModuleRow, OriginEvidence } from '@basedrift/ledger'
import { describe, expect, it } from 'vitest'
import { decideOrigin } from '../src/origin/decide.js'
import { settleOrigin } from '../src/origin/settle.js'

const base = (name: string, strings: number): BaseRow => ({ sha256: name.repeat(64), types: 10, strings })

function module(name: string, originStrings: number | null, distilled = false): ModuleRow {
  return {
    name,
    file: `modules.tar!${name}.ko`,
    sha256: '0'.repeat(64),
    vermagic: '6.1.0 SMP mod_unload ',
    srcversion: null,
    buildId: null,
    btfSha256: '1'.repeat(64),
    distilledSha256: distilled ? '2'.repeat(64) : null,
    btfBytes: 100,
    types: 3,
    strings: 20,
    originStrings,
    stamp: null,
    inImage: false,
  }
}

const nothing: OriginEvidence = {
  stamped: null,
  stated: null,
  statedRelease: null,
  candidates: [],
  named: [],
}

/** What a thread says of modules whose references contradict nothing but a base with the letter that is in their name. */
function fitOf(manifest: ModuleRow[], { sha256, strings }: BaseRow): FitResult {
  const proof = { code: 'kind-nonsense', path: 'struct a.b', expected: 'a type with a size', actual: 'void' }
  const misfits = manifest.flatMap<Misfit>(({ name, originStrings, distilledSha256 }, ordinal) => {
    if (distilledSha256 !== null) return []
    if (originStrings !== null && originStrings !== strings) return [{ ordinal, proof: null }]
    return name === `not-${sha256[0]}` ? [{ ordinal, proof }] : []
  })
  const contradicting = misfits.filter((misfit) => misfit.proof !== null).length
  const silent = manifest.filter(
    ({ originStrings, distilledSha256 }, at) =>
      distilledSha256 !== null || (originStrings === null && misfits.every(({ ordinal }) => ordinal !== at)),
  )
  return {
    sha256,
    telling: manifest.length - silent.length,
    otherLength: misfits.length - contradicting,
    contradicting,
    listed: misfits.slice(0, 20),
  }
}

async function decide(
  manifest: ModuleRow[],
  { own = null, ...known }: { own?: BaseRow | null } & Partial<OriginEvidence> = {},
) {
  const evidence = { ...nothing, ...known }
  return decideOrigin(
    {
      stream: 's',
      declaredAt: '2026-01-01T00:00:00.000Z',
      builtFor: known.stated === undefined ? null : '6.1.0-1',
      own,
      ownRelease: '6.1.0',
      manifest,
    },
    async (bases) => bases.map((one) => fitOf(manifest, one)),
    { evidence: async () => evidence },
  )
}

const a = base('a', 100)
const b = base('b', 200)
const b2 = base('c', 200)

describe('the origin of modules', () => {
  it('is what is said of it, where nothing contradicts', async () => {
    expect(await decide([module('x', 100), module('y', null)], { own: a })).toEqual({
      origin: { baseSha256: a.sha256, source: 'own', release: '6.1.0' },
      problems: [],
      seen: null,
    })
    expect(await decide([module('x', 200)], { stated: b, statedRelease: '6.1.7' })).toMatchObject({
      origin: { baseSha256: b.sha256, source: 'stated', release: '6.1.7' },
      problems: [],
    })
    expect((await decide([module('x', null)], { own: a })).origin?.source).toBe('own')
  })

  it('is not what is said of it where most modules contradict, which is told once', async () => {
    const { origin, problems } = await decide([module('x', 200), module('y', 200), module('z', 100)], {
      own: a,
    })
    expect(origin).toBeNull()
    expect(problems).toEqual([
      {
        code: 'origin-contradicted',
        file: 'modules.tar!x.ko',
        message: expect.stringMatching(
          /^2 of the 3 modules .* 200 bytes of strings, and that one has 100\. /,
        ),
      },
    ])
  })

  it('is what is said of it in spite of a few modules, each of which is told', async () => {
    const manifest = [module('x', 100), module('y', 100), module('z', 200)]
    const { origin, problems } = await decide(manifest, { own: a })
    expect(origin?.source).toBe('own')
    expect(problems).toMatchObject([{ code: 'origin-contradicted', file: 'modules.tar!z.ko' }])
    const many = [...Array(60)].map((_, nth) => module(`m${nth}`, nth < 35 ? 100 : 200))
    const told = (await decide(many, { own: a })).problems
    expect(told).toHaveLength(20)
    expect(told.at(-1)?.message).toMatch(/\(and 5 more\)/)
  })

  it('is found where one base fits, and not where two do', async () => {
    const manifest = [module('x', 200), module('y', 200), module('z', 50), module('w', null)]
    expect((await decide(manifest, { candidates: [b] })).origin).toEqual({
      baseSha256: b.sha256,
      source: 'found',
      release: null,
    })
    expect((await decide(manifest, { candidates: [b, b2] })).origin).toBeNull()
    expect((await decide(manifest)).origin).toBeNull()
    expect((await decide([module('w', null)], { candidates: [b] })).origin).toBeNull()
    const crowd = [...Array(65)].map((_, nth) => ({ ...b, sha256: String(nth) }))
    expect((await decide(manifest, { candidates: crowd })).origin).toBeNull()
  })

  it('is told by references where lengths agree', async () => {
    const two = [module('x', 200), module('not-b', 200)]
    expect((await decide(two, { candidates: [b, b2] })).origin).toEqual({
      baseSha256: b2.sha256,
      source: 'found',
      release: null,
    })
    expect((await decide(two, { own: b })).origin).toBeNull()
    // One among many is odd for itself.
    const many = [...Array(19)].map((_, nth) => module(`m${nth}`, 200))
    const { origin, problems } = await decide([...many, module('not-b', 200)], { own: b })
    expect(origin?.source).toBe('own')
    expect(problems).toMatchObject([
      {
        file: 'modules.tar!not-b.ko',
        message: expect.stringContaining(
          'on that base struct a.b would have to be a type with a size and is void',
        ),
      },
    ])
    expect((await decide([module('not-b', null)], { own: b })).origin).toBeNull()
  })

  it('is found where what is said of it is refuted, and that is told', async () => {
    expect(await decide([module('x', 200)], { own: a, candidates: [b] })).toMatchObject({
      origin: { baseSha256: b.sha256, source: 'found' },
      problems: [{ code: 'origin-contradicted' }],
      seen: { query: { own: a.sha256, strings: 200 } },
    })
    expect(await decide([module('x', 200)], { stated: a, candidates: [b] })).toMatchObject({
      origin: { source: 'found' },
      problems: [{ message: expect.stringContaining('the kernel of 6.1.0-1') }],
    })
  })

  describe('of stamped modules', () => {
    const stamped = (name: string, { sha256, types, strings }: BaseRow): ModuleRow => ({
      ...module(name, strings),
      stamp: { sha256, types, strings },
    })

    it('is the base that most stamps name, before all that is said otherwise, which is told', async () => {
      const { origin, problems } = await decide([stamped('x', b), stamped('y', b), module('z', 100)], {
        own: a,
        stated: a,
        stamped: b,
      })
      expect(origin).toEqual({ baseSha256: b.sha256, source: 'stamp', release: null })
      expect(problems).toMatchObject([
        { file: 'modules.tar!x.ko', message: expect.stringContaining(`stamped with the base ${b.sha256}`) },
        { file: 'modules.tar!z.ko' },
      ])
    })

    it('is the kernel in the build where the stamps name that', async () => {
      expect(await decide([stamped('x', a)], { own: a })).toMatchObject({
        origin: { source: 'own' },
        problems: [],
      })
    })

    it('is not a base that is stamped on half of them, not recorded, or contradicted', async () => {
      const half = await decide([stamped('x', b), module('y', 100)], { own: a, stamped: b })
      expect(half.origin?.source).toBe('own')
      const away = await decide([stamped('x', b)])
      expect([away.origin, away.seen?.query.stamp]).toEqual([null, b.sha256])
      const wrong = await decide([{ ...stamped('x', b), originStrings: 100 }], { stamped: b })
      expect([wrong.origin, wrong.problems.length]).toEqual([null, 1])
    })
  })

  it('is not told by a module that was built on its own distilled base', async () => {
    const { origin, problems } = await decide([module('x', 60, true), module('y', 100)], { own: a })
    expect([origin?.source, problems]).toEqual(['own', []])
  })

  it('does not follow from the release that modules name, but that is told where it cannot be', async () => {
    const fits = await decide([module('x', 200)], { named: [a, b] })
    expect(fits).toMatchObject({ origin: null, problems: [], seen: { query: { releases: ['6.1.0'] } } })
    const none = await decide([module('x', 200)], { named: [a] })
    expect(none.problems).toEqual([
      {
        code: 'origin-contradicted',
        file: 'modules.tar!x.ko',
        message: expect.stringMatching(
          /^The modules name the kernel 6\.1\.0, and were not built on the one base /,
        ),
      },
    ])
  })
})

describe('what was decided by', () => {
  it('is looked at again while it changes, and not for ever', async () => {
    const outcomes = ['stale', 'stale', 'recorded']
    let decided = 0
    const settled = await settleOrigin(
      async () => ++decided,
      async (decision) => ({ outcome: outcomes.shift() ?? 'stale', decision }),
    )
    expect(settled).toEqual({ outcome: 'recorded', decision: 3 })
    const always = settleOrigin(
      async () => 0,
      async () => ({ outcome: 'stale' }),
    )
    await expect(always).rejects.toThrow('kept coming')
  })
})
