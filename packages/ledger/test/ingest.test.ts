import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { found, ingesting, openTestLedger, sha } from './support/ledger.js'

const stream = 'openSUSE:Factory/x86_64/default'

describe('an ingest', () => {
  it('keeps names that Postgres cannot hold readable', async () => {
    await using test = await openTestLedger()
    const { builds } = test.ledger
    const id = await ingesting(test.ledger, '1.1')
    const result = found(id, { base: 'a', modules: ['veth'] })
    const [module] = result.manifest ?? []
    const odd = { ...module, name: 've\0th', vermagic: 'a\ud800b' }
    const { build } = await builds.recordIngest({ ...result, manifest: [odd as typeof module & object] })
    expect((await builds.modules(id, { limit: 10 })).items).toMatchObject([
      { name: 've\ufffdth', vermagic: 'a\ufffdb' },
    ])
    expect((await builds.modules(id, { limit: 10, name: '\ufffd' })).items).toHaveLength(1)
    const failed = await builds.fail(await ingesting(test.ledger, '1.2'), {
      code: 'x',
      message: 'in \0\ud800',
      file: 'a\0',
    })
    expect(failed.failure).toEqual({ code: 'x', message: 'in \ufffd\ufffd', file: 'a\ufffd' })
    expect(JSON.parse(JSON.stringify(build))).toEqual(build)
  })

  it('takes a module that claims a base with more strings than any can have', async () => {
    await using test = await openTestLedger()
    const { builds } = test.ledger
    const id = await ingesting(test.ledger, '1.1')
    const result = found(id, { modules: ['veth', 'ipheth'] })
    const manifest = (result.manifest ?? []).map((module) => ({ ...module, originStrings: 0xfff00000 }))
    expect(await builds.recordIngest({ ...result, manifest })).toMatchObject({ outcome: 'recorded' })
    const { items } = await builds.modules(id, { limit: 10 })
    expect(items.map(({ originStrings }) => originStrings)).toEqual([null, null])
  })

  it('gives the stamps of modules back, and none where there is none', async () => {
    await using test = await openTestLedger()
    const { builds, moduleSets } = test.ledger
    const id = await ingesting(test.ledger, '1.1')
    const result = found(id, { modules: ['veth', 'ipheth'] })
    const stamp = { sha256: sha('base'), types: 0xffffffff, strings: 1694074 }
    const manifest = (result.manifest ?? []).map((module, nth) => ({
      ...module,
      stamp: nth === 0 ? stamp : null,
    }))
    expect(await builds.recordIngest({ ...result, manifest })).toMatchObject({ outcome: 'recorded' })
    const { items } = await builds.modules(id, { limit: 10 })
    expect(items.map((module) => module.stamp)).toEqual([stamp, null])
    const { modules } = (await builds.get(id))!
    expect((await moduleSets.manifest(modules!.setId)).map((module) => module.stamp)).toEqual([stamp, null])
  })

  it('takes a module with as long a name as an archive can hold', async () => {
    await using test = await openTestLedger()
    const { builds } = test.ledger
    const id = await ingesting(test.ledger, '1.1')
    const result = found(id, { modules: ['veth'] })
    const name = Array.from({ length: 64 }, (_, i) => sha(String(i))).join('')
    const manifest = (result.manifest ?? []).map((module) => ({ ...module, name }))
    expect(await builds.recordIngest({ ...result, manifest })).toMatchObject({ outcome: 'recorded' })
    expect(await builds.modules(id, { limit: 10, name: name.slice(9) })).toMatchObject({ items: [{ name }] })
  })

  it('of modules that are recorded already keeps their bundle, and records no other', async () => {
    await using test = await openTestLedger()
    const { builds, pairs } = test.ledger
    const [one, two] = [await ingesting(test.ledger, '1.1'), await ingesting(test.ledger, '1.2')]
    const first = found(one, { base: 'a', modules: ['veth'] })
    await builds.recordIngest(first)
    await builds.recordIngest({
      ...found(two, { base: 'a', modules: ['veth'] }),
      bundle: { sha256: sha('the same modules, written by another release'), size: 4096 },
    })
    const inputs = await pairs.inputs(two, two)
    expect(inputs?.moduleSet).toMatchObject({ count: 1, bundleSha256: first.bundle?.sha256 })
    const blobs = await test.query<{ sha256: string }>('SELECT sha256 FROM "Blob" ORDER BY sha256')
    expect(blobs.map(({ sha256 }) => sha256)).toEqual([sha('a'), first.bundle?.sha256].sort())
  })

  it('of a kernel without known rules ends its pairs at once, without a task for them', async () => {
    await using test = await openTestLedger()
    const { builds, pairs, outbox } = test.ledger
    const id = await ingesting(test.ledger, '1.1')
    const result = found(id, { base: 'a', modules: ['veth'] })
    if (result.kernel !== null) result.kernel.rules = null
    await outbox.done((await outbox.batch(10)).map((bell) => bell.id))
    expect(await builds.recordIngest(result)).toMatchObject({ pairs: 1, build: { state: 'done' } })
    expect((await pairs.matrix({ stream, limit: 10 })).cells).toMatchObject([
      { state: 'failed', counts: {}, error: { code: 'rules-unknown' } },
    ])
    expect((await outbox.batch(10)).map(({ kind }) => kind)).toEqual(['fingerprint'])
  })

  it('records sizes beyond 32 bits as numbers', async () => {
    await using test = await openTestLedger()
    const { builds, artifacts } = test.ledger
    const { build } = await builds.declare({
      stream,
      version: '1',
      release: '1',
      provenance: {},
      builtFor: null,
    })
    const size = 5_000_000_000
    await artifacts.add({ buildId: build.id, filename: 'k.rpm', sha256: sha('k'), size })
    expect((await builds.get(build.id))?.artifacts).toMatchObject([{ size }])
  })

  it('of an artifact and a seal that come together knows which was first', async () => {
    await using test = await openTestLedger()
    const { builds, artifacts } = test.ledger
    for (let round = 0; round < 10; round++) {
      const { build } = await builds.declare({
        stream,
        version: '1',
        release: `${round}`,
        provenance: {},
        builtFor: null,
      })
      const [added] = await Promise.all([
        artifacts.add({ buildId: build.id, filename: 'k.rpm', sha256: sha('k'), size: 1 }),
        builds.seal(build.id),
      ])
      const after = await builds.get(build.id)
      expect(after?.state).toBe('sealed')
      expect(after?.artifacts.length).toBe(added.outcome === 'created' ? 1 : 0)
      expect(['created', 'sealed']).toContain(added.outcome)
    }
  })
})

describe('a cursor', () => {
  it('that no list gave is refused, whatever it is', async () => {
    await using test = await openTestLedger()
    const { builds, pairs, streams } = test.ledger
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const refused = async (cursor: string) => {
      const query = { stream, limit: 1, cursor }
      for (const run of [builds.list(query), pairs.matrix(query), streams.list(query)])
        await expect(run).rejects.toMatchObject({ code: 'cursor-invalid' })
    }
    await refused('')
    await refused('x'.repeat(5000))
    await refused(encode(['builds', "'; DROP TABLE"]))
    await refused(encode(['matrix', 1, 2]))
    await refused(encode(['streams', 'a\0']))
    await refused(encode(['streams', '\ud800']))
    await fc.assert(fc.asyncProperty(fc.string(), refused), { numRuns: 50 })
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), (value) => refused(encode(value))),
      { numRuns: 50 },
    )
  })
})
