import { describe, expect, it } from 'vitest'
import type { Ledger, OriginDecision } from '../src/index.js'
import { decision, found, ingesting, openTestLedger, sha } from './support/ledger.js'

/** A build of modules alone, ingested. */
async function modulesOnly(ledger: Ledger, release: string, builtFor: string | null = null): Promise<string> {
  const id = await ingesting(ledger, release, builtFor)
  await ledger.builds.recordIngest(found(id, { modules: ['x'] }))
  return id
}

async function kernel(ledger: Ledger, release: string, base: string): Promise<string> {
  const id = await ingesting(ledger, release)
  await ledger.builds.recordIngest(found(id, { base }))
  return id
}

const originOf = async (ledger: Ledger, id: string) => (await ledger.builds.get(id))?.origin ?? null
const tasks = async (ledger: Ledger) =>
  (await ledger.outbox.batch(1000)).map(({ taskId }) => taskId).filter((id) => id.startsWith('origin:'))

describe('the origin of modules', () => {
  it('is their own kernel’s base where nothing contradicts', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const id = await ingesting(ledger, '1.1')
    await ledger.builds.recordIngest(found(id, { base: 'a', modules: ['x'] }))
    expect(await originOf(ledger, id)).toEqual({
      base: { sha256: sha('a'), types: 1000, strings: 5000 },
      source: 'own',
    })
  })

  it('is looked for again when a kernel comes in that may be it, and not when none may', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const stray = await modulesOnly(ledger, 'stray')
    expect(await tasks(ledger)).toEqual([])
    await kernel(ledger, '1.1', 'a')
    expect(await tasks(ledger)).toEqual([`origin:${stray}`])
    expect(await ledger.origins.record(stray, await decision(ledger, stray))).toBe('recorded')
    expect(await originOf(ledger, stray)).toMatchObject({ base: { sha256: sha('a') }, source: 'found' })
    expect(await ledger.origins.record(stray, await decision(ledger, stray))).toBe('same')

    await kernel(ledger, '1.1.again', 'a')
    expect(await tasks(ledger)).toHaveLength(1)
    const longer = await ingesting(ledger, '1.2')
    const result = found(longer, { base: 'longer' })
    if (result.base !== null) result.base.strings = 6000
    await ledger.builds.recordIngest(result)
    expect(await tasks(ledger)).toHaveLength(1)
  })

  it('is looked for again when the base comes in that stamps name, whatever was taken for it before', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const id = await ingesting(ledger, '1.1')
    const result = found(id, { base: 'a', modules: ['x'] })
    const stamp = { sha256: sha('b'), types: 7, strings: 9000 }
    const manifest = result.manifest?.map((module) => ({ ...module, stamp })) ?? null
    await ledger.builds.recordIngest({ ...result, manifest })
    const other = await ingesting(ledger, '1.2')
    const late = found(other, { base: 'b' })
    if (late.base !== null) late.base.strings = 9000
    await ledger.builds.recordIngest(late)
    expect(await tasks(ledger)).toEqual([`origin:${id}`])
    const query = {
      stream: 's',
      builtFor: null,
      declaredAt: '2026-01-01T00:00:00.000Z',
      own: sha('a'),
      stamp: stamp.sha256,
      strings: null,
      releases: [],
    }
    expect((await ledger.origins.evidence(query)).stamped).toMatchObject({ sha256: sha('b'), strings: 9000 })
  })

  it('that was found is no origin of a comparison, and is given up when a second base may be it', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const one = await kernel(ledger, '1.1', 'a')
    const stray = await modulesOnly(ledger, 'stray')
    await ledger.origins.record(stray, await decision(ledger, stray))
    expect((await ledger.pairs.inputs(one, stray))?.originSha256).toBeNull()
    await ledger.tasks.take(`compare:${one}:${stray}`, 'w', 60_000)
    await kernel(ledger, '1.2', 'b')
    expect(await tasks(ledger)).toEqual([`origin:${stray}`])
    expect(await ledger.origins.record(stray, await decision(ledger, stray))).toBe('recorded')
    expect(await originOf(ledger, stray)).toBeNull()
    // Nothing was compared by it, so nothing is compared again.
    expect(await ledger.tasks.finish(`compare:${one}:${stray}`, 'w')).toBe(true)
  })

  it('that is known starts the comparison of its pairs anew', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const one = await kernel(ledger, '1.1', 'a')
    const kmp = await modulesOnly(ledger, 'kmp', '5.15.12-1.1')
    const before = await ledger.tasks.get(`compare:${one}:${kmp}`)
    await ledger.tasks.take(`compare:${one}:${kmp}`, 'w', 60_000)
    expect(await ledger.origins.record(kmp, await decision(ledger, kmp))).toBe('recorded')
    expect((await ledger.pairs.inputs(one, kmp))?.originSha256).toBe(sha('a'))
    expect(await ledger.tasks.finish(before?.id ?? '', 'w')).toBe(false)
    expect(await ledger.tasks.get(`compare:${one}:${kmp}`)).toMatchObject({ state: 'pending', attempt: 0 })
  })

  it('is looked for among the kernels of the stream alone, whose builds alone are looked at again', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const away = async (release: string, base: string) => {
      const { build } = await ledger.builds.declare({
        stream: 'elsewhere',
        version: '1',
        release,
        provenance: {},
        builtFor: null,
      })
      await ledger.builds.seal(build.id)
      await ledger.builds.startIngest(build.id)
      await ledger.builds.recordIngest(found(build.id, { base }))
    }
    await away('1', 'b')
    const stray = await modulesOnly(ledger, 'stray')
    expect((await decision(ledger, stray)).origin).toBeNull()
    await away('2', 'c')
    expect(await tasks(ledger)).toEqual([])
    await kernel(ledger, '1.1', 'a')
    await ledger.origins.record(stray, await decision(ledger, stray))
    expect(await originOf(ledger, stray)).toMatchObject({ base: { sha256: sha('a') }, source: 'found' })
    await away('3', 'd')
    expect(await tasks(ledger)).toEqual([`origin:${stray}`])
  })

  it('is not recorded by what is no longer all there is', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const stray = await ingesting(ledger, 'stray')
    const early = await decision(ledger, stray)
    expect(early.origin).toBeNull()
    await kernel(ledger, '1.1', 'a')
    const result = found(stray, { modules: ['x'] })
    expect(await ledger.builds.recordIngest({ ...result, origin: early })).toMatchObject({
      outcome: 'stale',
      pairs: 0,
      build: { state: 'ingesting', modules: null },
    })
    const late = await decision(ledger, stray)
    expect(await ledger.builds.recordIngest({ ...result, origin: late })).toMatchObject({
      outcome: 'recorded',
      build: { origin: { source: 'found' } },
    })
    await kernel(ledger, '1.2', 'b')
    expect(await ledger.origins.record(stray, late)).toBe('stale')
  })

  it('is recorded with what contradicts, in names that Postgres can hold', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const stray = await modulesOnly(ledger, 'stray')
    const problems = [{ code: 'origin-contradicted', message: 'no', file: 'x\0.ko' }]
    const none: OriginDecision = { origin: null, problems, seen: null }
    expect(await ledger.origins.record(stray, none)).toBe('recorded')
    expect(await ledger.origins.record(stray, none)).toBe('same')
    expect((await ledger.builds.get(stray))?.problems).toEqual([{ ...problems[0], file: 'x\ufffd.ko' }])
  })

  it('is never missed when kernel and modules come in at the same time', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    for (let nth = 0; nth < 12; nth++) {
      const stray = await ingesting(ledger, `stray.${nth}`)
      const own = await ingesting(ledger, `own.${nth}`)
      const strings = 9000 + nth
      const modules = found(stray, { modules: [`x${nth}`] })
      const manifest = (modules.manifest ?? []).map((module) => ({ ...module, originStrings: strings }))
      const kernelResult = found(own, { base: `base ${nth}` })
      if (kernelResult.base !== null) kernelResult.base.strings = strings
      const ingest = async () => {
        for (;;) {
          const origin = await decision(ledger, stray, { strings })
          const { outcome } = await ledger.builds.recordIngest({ ...modules, manifest, origin })
          if (outcome !== 'stale') return
        }
      }
      await Promise.all([ingest(), ledger.builds.recordIngest(kernelResult)])
      const waits = (await ledger.tasks.get(`origin:${stray}`)) !== null
      expect(waits || (await originOf(ledger, stray))?.base.strings === strings).toBe(true)
    }
  })

  it('knows the bases that the modules name, as builds or by release', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    await kernel(ledger, '1.1', 'a')
    await kernel(ledger, '1.2', 'b')
    const query = {
      stream: 'openSUSE:Factory/x86_64/default',
      builtFor: '5.15.12-1.2',
      declaredAt: '2026-01-01T00:00:00.000Z',
      own: null,
      stamp: null,
      strings: null,
      releases: ['5.15.12-1-default', 'x\0'],
    }
    const base = (name: string) => ({ sha256: sha(name), types: 1000, strings: 5000 })
    const both = [base('a'), base('b')].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))
    expect(await ledger.origins.evidence(query)).toEqual({
      stamped: null,
      stated: base('b'),
      statedRelease: '5.15.12-1-default',
      candidates: [],
      named: both,
    })
    expect(await ledger.origins.evidence({ ...query, strings: 5000, own: sha('a') })).toMatchObject({
      candidates: [base('b')],
    })
    expect(await ledger.origins.evidence({ ...query, stream: 'another', strings: 5000 })).toEqual({
      stamped: null,
      stated: null,
      statedRelease: null,
      candidates: [],
      named: [],
    })
  })
})
