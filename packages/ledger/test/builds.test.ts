import { describe, expect, it } from 'vitest'
import { found, ingesting, openTestLedger, sha } from './support/ledger.js'

const declaration = {
  stream: 'openSUSE:Factory/x86_64/default',
  version: '5.15.12',
  release: '1.1',
  provenance: { obs: { project: 'openSUSE:Factory', bcnt: 1 } },
  builtFor: null,
}

describe('a declaration', () => {
  it('is the same build again, and other content is refused and recorded once', async () => {
    await using test = await openTestLedger()
    const { builds } = test.ledger
    const first = await builds.declare(declaration)
    expect(first.outcome).toBe('created')
    // Postgres reorders the keys of JSON; that is no other content.
    const again = await builds.declare({
      ...declaration,
      provenance: { obs: { bcnt: 1, project: 'openSUSE:Factory' } },
    })
    expect(again).toEqual({ outcome: 'same', build: first.build })
    const other = { ...declaration, provenance: { obs: { project: 'home:someone', bcnt: 1 } } }
    expect((await builds.declare(other)).outcome).toBe('differs')
    expect((await builds.declare(other)).build.provenance).toEqual(declaration.provenance)
    const refusals = await builds.refusals(first.build.id)
    expect(refusals).toHaveLength(1)
    expect(refusals[0]).toMatchObject({ filename: null, code: 'build-differs', given: { builtFor: null } })
  })

  it('that says nothing of what was declared contradicts nothing, and what was declared stays', async () => {
    await using test = await openTestLedger()
    const { builds } = test.ledger
    const said = { ...declaration, builtFor: '5.15.12-1' }
    const { build } = await builds.declare(said)
    for (const less of [
      { ...said, provenance: {} },
      { ...said, builtFor: null },
      { ...said, provenance: {}, builtFor: null },
    ])
      expect(await builds.declare(less)).toEqual({ outcome: 'same', build })
    expect(await builds.refusals(build.id)).toEqual([])
    const bare = { ...declaration, release: '1.2', provenance: {} }
    await builds.declare(bare)
    for (const more of [
      { ...bare, provenance: declaration.provenance },
      { ...bare, builtFor: '5.15.12-1' },
      { ...said, provenance: {}, builtFor: '5.15.12-2' },
    ])
      expect((await builds.declare(more)).outcome).toBe('differs')
  })

  it('is one build when twenty come at once', async () => {
    await using test = await openTestLedger()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => test.ledger.builds.declare(declaration)),
    )
    expect(answers.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
    expect(new Set(answers.map(({ build }) => build.id)).size).toBe(1)
  })
})

describe('artifacts', () => {
  it('are no more than a build may have, also when many come at once', async () => {
    await using test = await openTestLedger()
    const { artifacts, builds } = test.ledger
    const { id: buildId } = (await builds.declare(declaration)).build
    const file = (nth: number) => ({
      buildId,
      filename: `${nth}.rpm`,
      sha256: sha(`${nth}`),
      size: 1,
      most: 3,
    })
    const added = await Promise.all(Array.from({ length: 8 }, (_, nth) => artifacts.add(file(nth))))
    expect(added.map(({ outcome }) => outcome).sort()).toEqual([
      ...Array(3).fill('created'),
      ...Array(5).fill('full'),
    ])
    const [first] = (await builds.get(buildId))?.artifacts ?? []
    const nth = Number.parseInt(first?.filename ?? '', 10)
    expect((await artifacts.add(file(nth))).outcome, 'what is there may come again').toBe('same')
  })

  const kernel = { filename: 'kernel-default.rpm', sha256: sha('rpm'), size: 5_000_000_000 }

  it('join until the seal; the same again is the same, other content is refused and recorded', async () => {
    await using test = await openTestLedger()
    const { artifacts, builds } = test.ledger
    const { id: buildId } = (await builds.declare(declaration)).build
    const added = await Promise.all(Array.from({ length: 20 }, () => artifacts.add({ buildId, ...kernel })))
    expect(added.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
    expect(added.filter(({ outcome }) => outcome === 'same')).toHaveLength(19)
    expect((await builds.get(buildId))?.state).toBe('open')
    const other = await artifacts.add({ buildId, ...kernel, sha256: sha('other') })
    expect(other).toMatchObject({
      outcome: 'differs',
      artifact: { sha256: kernel.sha256, size: 5_000_000_000 },
    })
    expect(await builds.refusals(buildId)).toMatchObject([
      { filename: kernel.filename, given: { sha256: sha('other') } },
    ])
    await builds.seal(buildId)
    expect((await artifacts.add({ buildId, ...kernel })).outcome).toBe('same')
    expect(await artifacts.add({ buildId, ...kernel, filename: 'late.rpm' })).toEqual({
      outcome: 'sealed',
      artifact: null,
    })
    await expect(artifacts.add({ buildId: 'no id', ...kernel })).rejects.toMatchObject({
      code: 'build-unknown',
    })
  })
})

describe('a seal', () => {
  it('records one task and one bell, however often it comes', async () => {
    await using test = await openTestLedger()
    const { builds, outbox, tasks } = test.ledger
    const { id } = (await builds.declare(declaration)).build
    await Promise.all(Array.from({ length: 10 }, () => builds.seal(id)))
    expect(await outbox.batch(10)).toMatchObject([{ taskId: `ingest:${id}`, kind: 'ingest', bell: 1 }])
    expect(await tasks.counts()).toEqual({ pending: 1, leased: 0, done: 0, failed: 0 })
    expect((await builds.get(id))?.state).toBe('sealed')
    await expect(builds.seal('00000000-0000-7000-8000-000000000000')).rejects.toMatchObject({
      code: 'build-unknown',
    })
  })
})

describe('lists', () => {
  it('of builds are newest first and stay right while rows arrive', async () => {
    await using test = await openTestLedger()
    const { builds, streams } = test.ledger
    const declare = async (release: string) =>
      (await builds.declare({ ...declaration, release })).build.release
    for (let release = 1; release <= 5; release++) await declare(`${release}`)
    const one = await builds.list({ stream: declaration.stream, limit: 2 })
    await declare('6')
    const two = await builds.list({ stream: declaration.stream, limit: 2, cursor: one.next ?? '' })
    const three = await builds.list({ stream: declaration.stream, limit: 2, cursor: two.next ?? '' })
    const seen = [one, two, three].flatMap(({ items }) => items.map(({ release }) => release))
    expect(seen).toEqual(['5', '4', '3', '2', '1'])
    expect(three.next).toBeNull()
    expect((await builds.list({ limit: 100 })).items).toHaveLength(6)
    expect((await streams.list({ limit: 10 })).items.map(({ name }) => name)).toEqual([declaration.stream])
  })

  it.each(['', 'x', 'bm90IGpzb24', Buffer.from('["a"]').toString('base64url'), 'é'.repeat(4000)])(
    'refuse the cursor %j',
    async (cursor) => {
      await using test = await openTestLedger()
      await expect(test.ledger.builds.list({ limit: 10, cursor })).rejects.toMatchObject({
        code: 'cursor-invalid',
      })
    },
  )

  it('of modules are in the order of the manifest', async () => {
    await using test = await openTestLedger()
    const { builds, moduleSets } = test.ledger
    const id = await ingesting(test.ledger, '1.1')
    const names = Array.from({ length: 25 }, (_, nth) => `module_${String(nth).padStart(2, '0')}`)
    const result = found(id, { base: 'a', modules: names })
    const { build } = await builds.recordIngest(result)
    expect(build.modules?.count).toBe(25)
    const first = await builds.modules(id, { limit: 20 })
    const rest = await builds.modules(id, { limit: 20, cursor: first.next ?? '' })
    expect([...first.items, ...rest.items]).toEqual(result.manifest)
    expect((await builds.modules(id, { limit: 20, name: '_1' })).items).toHaveLength(10)
    expect(await moduleSets.manifest(build.modules?.setId ?? '')).toEqual(result.manifest)
  })
})
