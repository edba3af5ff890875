import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareEngines,
  comparisonKey,
  type Ledger,
  type PairInputs,
  renews,
  unusedMs,
} from '../src/index.js'
import { comparisonOf, found, ingesting, openTestLedger, recordDrift, sha } from './support/ledger.js'

const comparisonBy = (engine: string, inputs: PairInputs, misread = 1) => ({
  ...comparisonOf(inputs, { misread }, engine),
  rows: Uint8Array.of(misread),
})

async function inputsOf(ledger: Ledger, kernelBuildId: string, moduleBuildId: string): Promise<PairInputs> {
  const inputs = await ledger.pairs.inputs(kernelBuildId, moduleBuildId)
  if (inputs === null) throw new Error('no such pair')
  return inputs
}

async function decide(
  ledger: Ledger,
  engine: string,
  kernelBuildId: string,
  moduleBuildId: string,
  misread = 1,
) {
  const comparison = comparisonBy(engine, await inputsOf(ledger, kernelBuildId, moduleBuildId), misread)
  return ledger.pairs.record({ kernelBuildId, moduleBuildId, comparison })
}

const bothOf = (builds: readonly string[]) => builds.flatMap((k) => builds.map((m) => [k, m] as const))

/** Ends every task that waits, as a worker that has nothing to do for it. */
async function endTasks(ledger: Ledger, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    if ((await ledger.tasks.take(id, 'a worker', 60_000)) !== null) await ledger.tasks.finish(id, 'a worker')
  }
}

/** Builds with kernel and modules, every pair decided by `engine` and every drift recorded by it. */
async function decided(ledger: Ledger, engine: string, releases: readonly string[]): Promise<string[]> {
  const builds: string[] = []
  for (const release of releases) {
    const build = await ingesting(ledger, release)
    builds.push(build)
    await ledger.builds.recordIngest(found(build, { base: `base ${release}`, modules: ['x'] }))
    await endTasks(ledger, [`ingest:${build}`, `fingerprint:${sha(`base ${release}`)}`])
  }
  for (const [kernel, modules] of bothOf(builds)) {
    await decide(ledger, engine, kernel, modules)
    await endTasks(ledger, [`compare:${kernel}:${modules}`])
  }
  for (const [nth, to] of builds.entries()) {
    const from = builds[nth - 1]
    if (from === undefined) continue
    await driftBy(engine, ledger, from, to)
    await endTasks(ledger, [`drift:${from}:${to}`])
    const { items } = await ledger.drifts.list({ stream: 'openSUSE:Factory/x86_64/default', limit: 100 })
    await endTasks(
      ledger,
      items.map(({ id }) => `announce:drift:${id}`),
    )
  }
  return builds
}

const driftBy = (engine: string, ledger: Ledger, from: string, to: string) =>
  recordDrift(ledger, from, to, {
    class: 'layout',
    headline: `by ${engine}`,
    counts: { added: 1 },
    engine,
    report: { sha256: sha(`report of ${engine}`), size: 10 },
  })

/** Ids of the tasks that wait. */
const waiting = async (query: (sql: string) => Promise<{ id: string }[]>) =>
  (await query(`SELECT id FROM "Task" WHERE state = 'pending' ORDER BY id`)).map(({ id }) => id)

describe('the order of engines', () => {
  const version = fc.array(fc.nat(20), { minLength: 1, maxLength: 4 })

  it('is that of their numbers', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const length = Math.max(a.length, b.length)
        const padded = [a, b].map((numbers) =>
          Array.from({ length }, (_, at) => String(numbers[at] ?? 0).padStart(2, '0')).join('.'),
        ) as [string, string]
        const expected = padded[0] < padded[1] ? -1 : padded[0] > padded[1] ? 1 : 0
        expect(Math.sign(compareEngines(a.join('.'), b.join('.')))).toBe(expected)
      }),
    )
  })

  it('has what is no version before all that are', () => {
    expect(compareEngines('next', '0.0.0')).toBeLessThan(0)
    expect(compareEngines('0.10.0', '0.9.9')).toBeGreaterThan(0)
    expect(compareEngines('', 'next')).toBe(0)
  })

  it('decides, with the key, what takes the place of what, and never both ways', () => {
    const of = (engine: string, symbolsSha256: string) => ({
      moduleSetId: 'm',
      runningSha256: 'r',
      originSha256: null,
      originStamped: false,
      originRelease: null,
      symbolsSha256,
      exportsSha256: null,
      rules: { version: '6.1', allowBtfMismatch: null },
      btfModules: true,
      engine,
    })
    const recorded = (engine: string, symbols: string) => ({
      key: comparisonKey(of(engine, symbols)),
      engine,
    })
    expect(renews(of('0.3.0', 'a'), recorded('0.2.0', 'a'))).toBe(true)
    expect(renews(of('0.2.0', 'a'), recorded('0.3.0', 'a'))).toBe(false)
    expect(renews(of('0.2.0', 'b'), recorded('0.3.0', 'a'))).toBe(false)
    expect(renews(of('0.2.0', 'a'), recorded('0.2.0', 'a'))).toBe(false)
    expect(renews(of('0.2.0', 'b'), recorded('0.2.0', 'a'))).toBe(true)
  })
})

describe('renewal', () => {
  it('begins with live builds, then the newest, a few at a time, and keeps the old answers until there are new ones', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const [one, two, three] = (await decided(ledger, '0.2.0', ['1', '2', '3'])) as [string, string, string]
    await ledger.lives.enter({ environment: 'prod', buildId: one, by: 'someone' })
    expect(await ledger.renewals.begin({ engine: '0.2.0', limit: 100 })).toBe(0)

    expect(await ledger.renewals.begin({ engine: '0.10.0', limit: 3 })).toBe(3)
    const first = [`compare:${one}:${three}`, `compare:${three}:${one}`, `compare:${one}:${two}`]
    const compares = (await waiting(test.query)).filter((id) => id.startsWith('compare:'))
    expect(compares).toEqual([...first].sort())
    expect(await ledger.renewals.begin({ engine: '0.10.0', limit: 3 })).toBe(0)
    expect(await ledger.pairs.get(one, three)).toMatchObject({
      state: 'done',
      comparison: { engine: '0.2.0', counts: { misread: 1 } },
    })
    expect((await ledger.builds.get(one))?.state).toBe('done')
    const bells = (await ledger.outbox.batch(1000)).filter(
      ({ taskId }) => taskId === `compare:${one}:${three}`,
    )
    expect(bells.map(({ bell }) => bell)).toEqual([1, 2])

    expect(await decide(ledger, '0.10.0', one, three, 2)).toBe('recorded')
    expect(await decide(ledger, '0.10.0', one, three, 2)).toBe('already')
    expect(await decide(ledger, '0.9.0', one, three, 3)).toBe('already')
    expect(await ledger.pairs.get(one, three)).toMatchObject({
      state: 'done',
      comparison: { engine: '0.10.0', counts: { misread: 2 } },
    })
    expect((await ledger.builds.get(one))?.state).toBe('done')
  })

  it('ends: each pair once, then each drift, whichever of several workers begins', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const builds = (await decided(ledger, '0.2.0', ['1', '2', '3'])) as [string, string, string]
    const seen: string[] = []
    for (let round = 0; round < 20; round++) {
      const begun = await Promise.all(
        [1, 2, 3].map(() => ledger.renewals.begin({ engine: '0.3.0', limit: 4 })),
      )
      const ids = (await waiting(test.query)).filter((id) => /^(compare|drift):/.test(id))
      expect(begun.reduce((sum, count) => sum + count, 0)).toBe(ids.length)
      if (ids.length === 0) break
      for (const id of ids) {
        const [kind, a, b] = id.split(':') as [string, string, string]
        if (kind === 'compare') await decide(ledger, '0.3.0', a, b)
        else await driftBy('0.3.0', ledger, a, b)
        seen.push(kind)
      }
      await endTasks(ledger, await waiting(test.query))
    }
    expect(seen).toEqual([...Array(9).fill('compare'), 'drift', 'drift'])
    for (const [kernel, modules] of bothOf(builds))
      expect((await ledger.pairs.get(kernel, modules))?.comparison?.engine).toBe('0.3.0')
    const { items } = await ledger.drifts.list({ stream: 'openSUSE:Factory/x86_64/default', limit: 10 })
    expect(items.map(({ engine, headline }) => [engine, headline])).toEqual(
      Array(2).fill(['0.3.0', 'by 0.3.0']),
    )
    expect(await driftBy('0.2.0', ledger, builds[0], builds[1])).toBe('already')
    expect(await ledger.renewals.begin({ engine: '0.2.0', limit: 100 })).toBe(0)
  })

  it('waits while anything else is to be done', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    await decided(ledger, '0.2.0', ['1'])
    const build = await ingesting(ledger, '2')
    expect(await ledger.renewals.begin({ engine: '0.3.0', limit: 100 })).toBe(0)
    await ledger.tasks.take(`ingest:${build}`, 'a worker', 60_000)
    expect(await ledger.renewals.begin({ engine: '0.3.0', limit: 100 })).toBe(0)
    const later = new Date(clock.now.getTime() + 60_000)
    await ledger.tasks.retry(`ingest:${build}`, 'a worker', { code: 'x', message: 'later' }, later)
    expect(await ledger.renewals.begin({ engine: '0.3.0', limit: 100 })).toBe(1)
  })

  it('leaves the old answer where it fails, and tries again a day later', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const [build] = (await decided(ledger, '0.2.0', ['1'])) as [string]
    const task = `compare:${build}:${build}`
    expect(await ledger.renewals.begin({ engine: '0.3.0', limit: 100 })).toBe(1)
    await ledger.tasks.take(task, 'a worker', 60_000)
    expect(await ledger.tasks.fail(task, 'a worker', { code: 'time-limit', message: 'Too long' })).toBe(true)
    expect(await ledger.pairs.get(build, build)).toMatchObject({
      state: 'done',
      error: null,
      comparison: { engine: '0.2.0' },
    })
    expect(await ledger.renewals.begin({ engine: '0.3.0', limit: 100 })).toBe(0)
    clock.now = new Date(clock.now.getTime() + 25 * 3_600_000)
    expect(await ledger.renewals.begin({ engine: '0.3.0', limit: 100 })).toBe(1)
  })

  it('leaves no comparison that no pair has for long, and every one that a pair has', async () => {
    await using test = await openTestLedger()
    const { ledger, clock, query } = test
    const [one, two] = (await decided(ledger, '0.2.0', ['1', '2'])) as [string, string]
    const engines = async () =>
      (await query<{ engine: string }>('SELECT engine FROM "Comparison" ORDER BY 1')).map((row) => row.engine)
    expect(await engines()).toEqual(Array(4).fill('0.2.0'))
    await decide(ledger, '0.3.0', one, two)
    expect(await ledger.renewals.sweep(100)).toBe(0)
    expect(await engines()).toHaveLength(5)
    clock.now = new Date(clock.now.getTime() + unusedMs)
    expect(await ledger.renewals.sweep(100)).toBe(1)
    expect(await engines()).toEqual([...Array(3).fill('0.2.0'), '0.3.0'])
    for (const [kernel, modules] of bothOf([one, two]))
      expect((await ledger.pairs.get(kernel, modules))?.comparison).not.toBeNull()
  })

  it('keeps a comparison that a pair takes while it is being swept', async () => {
    await using test = await openTestLedger()
    const { ledger, clock, query } = test
    const [build] = (await decided(ledger, '0.2.0', ['1'])) as [string]
    await decide(ledger, '0.3.0', build, build)
    await ledger.renewals.sweep(100)
    clock.now = new Date(clock.now.getTime() + unusedMs)
    const again = await ingesting(ledger, '1.again')
    await ledger.builds.recordIngest(found(again, { base: 'base 1', modules: ['x'] }))
    const pairs = bothOf([build, again]).filter(([k, m]) => k !== build || m !== build)
    await Promise.all([
      ...pairs.map(([kernel, modules]) => decide(ledger, '0.2.0', kernel, modules)),
      ledger.renewals.sweep(100),
      ledger.renewals.sweep(100),
    ])
    for (const [kernel, modules] of pairs)
      expect((await ledger.pairs.get(kernel, modules))?.comparison?.engine).toBe('0.2.0')
    expect(await query('SELECT engine FROM "Comparison" ORDER BY 1')).toEqual([
      { engine: '0.2.0' },
      { engine: '0.3.0' },
    ])
  })
})

describe('symbols of modules', () => {
  const symbols = (codec: number) => ({ sha256: sha(`symbols of codec ${codec}`), size: 100, codec })

  it('that a newer codec wrote take the place of those of before, and verdicts follow', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const ingest = async (release: string, codec: number | null) => {
      const build = await ingesting(ledger, release)
      const result = found(build, { base: 'base', modules: ['x'] })
      await ledger.builds.recordIngest({ ...result, symbols: codec === null ? null : symbols(codec) })
      return build
    }
    const one = await ingest('1', 1)
    const before = await inputsOf(ledger, one, one)
    expect(before.moduleSet.symbolsSha256).toBe(symbols(1).sha256)
    await decide(ledger, '0.2.0', one, one)

    const two = await ingest('2', 2)
    const after = await inputsOf(ledger, one, one)
    expect(after.moduleSet.symbolsSha256).toBe(symbols(2).sha256)
    expect(comparisonKey(comparisonBy('0.2.0', after))).not.toBe(comparisonKey(comparisonBy('0.2.0', before)))
    expect(after).toMatchObject({
      state: 'done',
      recorded: { key: comparisonKey(comparisonBy('0.2.0', before)) },
    })
    const late = { kernelBuildId: two, moduleBuildId: two, comparison: comparisonBy('0.2.0', before) }
    expect(await ledger.pairs.record(late)).toBe('stale')
    for (const [kernel, modules] of bothOf([one, two])) {
      if (kernel === one && modules === one) continue
      expect(await decide(ledger, '0.2.0', kernel, modules)).toBe('recorded')
    }
    await test.query(`UPDATE "Task" SET state = 'done'`)
    expect(await ledger.renewals.begin({ engine: '0.2.0', limit: 100 })).toBe(1)
    expect(await waiting(test.query)).toEqual([`compare:${one}:${one}`])
    expect(await decide(ledger, '0.2.0', one, one, 2)).toBe('recorded')
    await endTasks(ledger, await waiting(test.query))
    expect(await ledger.renewals.begin({ engine: '0.2.0', limit: 100 })).toBe(0)

    await ingest('3', 1)
    await ingest('4', null)
    expect((await inputsOf(ledger, one, one)).moduleSet.symbolsSha256).toBe(symbols(2).sha256)
    const blobs = await test.query<{ sha256: string }>('SELECT sha256 FROM "Blob"')
    expect(blobs.map(({ sha256 }) => sha256)).toEqual(
      expect.arrayContaining([symbols(1).sha256, symbols(2).sha256]),
    )
  })
})
