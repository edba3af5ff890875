import { describe, expect, it } from 'vitest'
import type { Ledger } from '../src/index.js'
import { asked, compare, environment, fits, stream, twoBuilds, unread } from './gate/recorded.js'
import { decision, found, ingesting, openTestLedger, sha } from './support/ledger.js'

const said = { reason: 'the wrong file', by: 'anna' }
const declaration = { stream, version: '5.15.12', provenance: {}, builtFor: null }

async function kernel(ledger: Ledger, release: string, base: string): Promise<string> {
  const id = await ingesting(ledger, release)
  await ledger.builds.recordIngest(found(id, { base, modules: ['x'] }))
  return id
}

const cellsOf = async (ledger: Ledger) =>
  (await ledger.pairs.matrix({ stream, limit: 100 })).cells.map(
    ({ kernelBuild, moduleBuild }) => `${moduleBuild.release} on ${kernelBuild.release}`,
  )
const driftsOf = async (ledger: Ledger) =>
  (await ledger.drifts.list({ stream, limit: 100 })).items.map(
    ({ from, to }) => `${from.release} to ${to.release}`,
  )

describe('a build that was withdrawn', () => {
  it('is no row, column or neighbour any more, meets nothing that comes, and is there by its id', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const first = await kernel(ledger, '1', 'a')
    const wrong = await kernel(ledger, '2', 'b')
    await kernel(ledger, '3', 'c')
    expect(await driftsOf(ledger)).toEqual(['2 to 3', '1 to 2'])
    expect(await cellsOf(ledger)).toHaveLength(9)
    clock.now = new Date('2026-01-02T00:00:00Z')
    expect(await ledger.builds.withdraw(wrong, said)).toMatchObject({
      state: 'comparing',
      withdrawal: { by: 'anna', at: '2026-01-02T00:00:00.000Z', reason: 'the wrong file' },
    })
    expect(await driftsOf(ledger)).toEqual(['1 to 3'])
    await kernel(ledger, '4', 'd')
    expect(await driftsOf(ledger)).toEqual(['3 to 4', '1 to 3'])
    const cells = await cellsOf(ledger)
    expect([cells.length, cells.filter((cell) => / 2$|^2 /.test(cell))]).toEqual([9, []])
    expect(await ledger.pairs.get(first, wrong)).not.toBeNull()
    expect((await ledger.builds.progress(wrong)).pending).toBe(5)

    clock.now = new Date('2026-01-03T00:00:00Z')
    const again = await ledger.builds.withdraw(wrong, { reason: 'another', by: 'bert' })
    expect(again.withdrawal, 'what was said first stays').toMatchObject({ by: 'anna' })
    for (const nobody of ['no id', '00000000-0000-7000-8000-000000000000'])
      await expect(ledger.builds.withdraw(nobody, said)).rejects.toMatchObject({ code: 'build-unknown' })
    await ledger.streams.order(stream, 'rpm')
    expect(await driftsOf(ledger), 'nor by another order').toEqual(['3 to 4', '1 to 3'])
  })

  it('is not live, and cannot enter', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const id = await kernel(ledger, '1', 'a')
    const at = (of: string) => ({ environment: of, buildId: id, by: 'hook' })
    for (const of of ['staging', 'production']) await ledger.lives.enter(at(of))
    await expect(ledger.builds.withdraw(id, said)).rejects.toMatchObject({
      code: 'build-live',
      message: 'The build is live in production, staging.',
    })
    for (const of of ['staging', 'production']) await ledger.lives.leave(at(of))
    await ledger.builds.withdraw(id, said)
    await expect(ledger.lives.enter(at('production'))).rejects.toMatchObject({ code: 'build-withdrawn' })
    expect((await ledger.lives.list({ environment: 'staging', history: true, limit: 9 })).items).toHaveLength(
      1,
    )
  })

  it('is live or withdrawn where both come at once, and never both', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const ids = await Promise.all(
      Array.from({ length: 8 }, async (_, nth) => {
        const { build } = await ledger.builds.declare({ ...declaration, release: `${nth}` })
        return build.id
      }),
    )
    await Promise.allSettled(
      ids.flatMap((buildId) => [
        ledger.lives.enter({ environment, buildId, by: 'hook' }),
        ledger.builds.withdraw(buildId, said),
      ]),
    )
    const { items } = await ledger.lives.list({ environment, limit: 100 })
    const live = new Set(items.map(({ build }) => build.id))
    for (const id of ids) expect((await ledger.builds.get(id))?.withdrawal !== null, id).toBe(!live.has(id))
  })

  it('gives its name to another build, takes nothing more, and is told apart in lists', async () => {
    await using test = await openTestLedger()
    const { builds, artifacts, tasks } = test.ledger
    const file = { filename: 'kernel.rpm', sha256: sha('wrong'), size: 5 }
    const wrong = (await builds.declare({ ...declaration, release: '1' })).build.id
    await artifacts.add({ buildId: wrong, ...file })
    await builds.withdraw(wrong, said)
    expect(await builds.find(stream, '5.15.12', '1')).toBeNull()
    await expect(builds.seal(wrong)).rejects.toMatchObject({ code: 'build-withdrawn' })
    for (const sha256 of [file.sha256, sha('right')])
      await expect(artifacts.add({ buildId: wrong, ...file, sha256 })).rejects.toMatchObject({
        code: 'build-withdrawn',
      })
    expect((await tasks.counts()).pending).toBe(0)

    const right = await builds.declare({ ...declaration, release: '1', provenance: { obs: { bcnt: 2 } } })
    expect(right.outcome).toBe('created')
    await artifacts.add({ buildId: right.build.id, ...file, sha256: sha('right') })
    expect((await builds.find(stream, '5.15.12', '1'))?.id).toBe(right.build.id)
    const other = { ...declaration, release: '1', provenance: { obs: { bcnt: 3 } } }
    expect((await builds.declare(other)).outcome).toBe('differs')
    expect(await builds.get(wrong)).toMatchObject({ artifacts: [{ sha256: sha('wrong') }] })
    expect(await builds.refusals(wrong)).toEqual([])
    for (const list of [builds.list, builds.listByVersion]) {
      const ids = async (withdrawn?: boolean) =>
        (await list({ stream, withdrawn, limit: 10 })).items.map(({ id }) => id)
      expect(await ids()).toEqual([right.build.id, wrong])
      expect(await ids(true)).toEqual([wrong])
      expect(await ids(false)).toEqual([right.build.id])
    }
  })

  it('leaves one build of its name, however many declare it while it is withdrawn', async () => {
    await using test = await openTestLedger()
    const { builds } = test.ledger
    const of = { ...declaration, release: '1' }
    const wrong = (await builds.declare(of)).build.id
    const declared = await Promise.all([
      ...Array.from({ length: 10 }, async () => (await builds.declare(of)).build.id),
      builds.withdraw(wrong, said).then(() => wrong),
      ...Array.from({ length: 10 }, async () => (await builds.declare(of)).build.id),
    ])
    const standing = (await builds.list({ stream, withdrawn: false, limit: 10 })).items
    expect(standing.length).toBeLessThanOrEqual(1)
    expect(new Set([...declared, wrong])).toEqual(new Set([wrong, ...standing.map(({ id }) => id)]))
  })

  it('has a gate that says so for good, and holds up that of no other', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, fits)
    const kmp = await ingesting(ledger, '1.1.kmp', '5.15.12-1.1')
    await ledger.builds.fail(kmp, { code: 'package-damaged', message: 'It ends early' })
    const before = await asked(ledger, question, unread)
    expect(before.reasons).toMatchObject([{ code: 'package-failed' }])
    const mark = async () => (await ledger.asked.streams())[0]?.mark
    const marked = await mark()
    await ledger.builds.withdraw(kmp, said)
    expect(await mark(), 'gates are asked again').not.toBe(marked)
    expect((await asked(ledger, question, unread)).answer).toBe('pass')
    expect(await ledger.gate.decision(before.id)).toEqual(before)

    await ledger.builds.withdraw(fresh, said)
    const { decision: made } = (await ledger.gate.askUntilKnown(question, unread)) ?? {}
    expect(made).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'build-withdrawn', detail: 'By anna on 2026-01-01 00:00 UTC: the wrong file' }],
      considered: [],
      compared: { pairs: 0 },
    })
    const { pairs, missing } = await ledger.attested.build(fresh, unread)
    expect([pairs, missing.map(({ reason }) => reason.code)]).toEqual([[], ['build-withdrawn']])
  })

  it('says nothing of what other modules were built on, as soon as it is withdrawn', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const wrong = await kernel(ledger, '1', 'a')
    const made = async (release: string, builtFor: string | null) => {
      const id = await ingesting(ledger, release, builtFor)
      const origin = await decision(ledger, id, { releases: ['5.15.12-1-default'] })
      await ledger.builds.recordIngest({ ...found(id, { modules: [release] }), origin })
      return { id, origin }
    }
    const stated = await made('1.kmp', '5.15.12-1')
    const hinted = await made('2.kmp', null)
    expect([stated, hinted].map(({ origin }) => origin.origin?.source)).toEqual(['stated', 'found'])
    await ledger.lives.enter({ environment, buildId: stated.id, by: 'hook' })
    await ledger.builds.withdraw(wrong, said)
    for (const { id, origin } of [stated, hinted]) {
      expect((await ledger.tasks.get(`origin:${id}`))?.state).toBe('pending')
      expect(await ledger.origins.record(id, origin), 'it was decided by what is gone').toBe('stale')
      const now = await decision(ledger, id, { releases: ['5.15.12-1-default'] })
      expect([now.origin, now.seen?.evidence.named]).toEqual([null, []])
      expect(await ledger.origins.record(id, now)).toBe('recorded')
    }
    const { reasons } = await asked(ledger, { buildId: stated.id, environment }, unread)
    expect(reasons).toContainEqual(
      expect.objectContaining({
        code: 'own-kernel-withdrawn',
        kernelBuild: expect.objectContaining({ id: wrong }),
      }),
    )
    await ledger.builds.withdraw(hinted.id, said)
    await test.query('DELETE FROM "Task"')
    const right = await kernel(ledger, '1', 'b')
    expect((await decision(ledger, stated.id)).origin, 'the claim was of the other').toMatchObject({
      source: 'found',
      baseSha256: sha('b'),
    })
    const tasks = [stated, hinted].map(({ id }) => ledger.tasks.get(`origin:${id}`))
    expect(
      (await Promise.all(tasks)).map((task) => task?.state),
      'nor is it looked for there',
    ).toEqual(['pending', undefined])
    const same = await kernel(ledger, '2', 'a')
    const [a, b] = ['a', 'b'].map((base) => ledger.builds.withBase(sha(base), { stream }))
    expect([(await a)?.id, (await b)?.id]).toEqual([same, right])
  })

  it('is decided by no newer engine', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const { old, fresh } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, fits)
    await ledger.builds.withdraw(fresh, said)
    await query('DELETE FROM "Task"')
    expect(await ledger.renewals.begin({ engine: '2', limit: 10 })).toBe(1)
    expect((await ledger.tasks.get(`compare:${old}:${old}`))?.state).toBe('pending')
  })

  it('is read to its end where that is under way, and is compared with nothing', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    await kernel(ledger, '1', 'a')
    const wrong = await ingesting(ledger, '2')
    await ledger.builds.withdraw(wrong, said)
    expect(await ledger.builds.recordIngest(found(wrong, { base: 'b', modules: ['x'] }))).toMatchObject({
      outcome: 'recorded',
      pairs: 0,
      build: { state: 'done', withdrawal: { by: 'anna' } },
    })
    expect(await driftsOf(ledger)).toEqual([])
  })
})
