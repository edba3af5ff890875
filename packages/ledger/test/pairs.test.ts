import { describe, expect, it } from 'vitest'
import type { Ledger } from '../src/index.js'
import { comparisonOf, decision, found, ingesting, openTestLedger, sha } from './support/ledger.js'

async function decide(ledger: Ledger, kernelBuildId: string, moduleBuildId: string) {
  const inputs = await ledger.pairs.inputs(kernelBuildId, moduleBuildId)
  if (inputs === null) throw new Error('no such pair')
  return ledger.pairs.record({
    kernelBuildId,
    moduleBuildId,
    comparison: comparisonOf(inputs, { rejected: 2 }),
  })
}

const cells = async (ledger: Ledger) => {
  const { cells } = await ledger.pairs.matrix({ stream: 'openSUSE:Factory/x86_64/default', limit: 100 })
  return cells.map(({ kernelBuild, moduleBuild, state }) => [kernelBuild.release, moduleBuild.release, state])
}

describe('pairs', () => {
  it('of two builds: both directions and each with itself, none twice', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const one = await ingesting(ledger, '1.1')
    expect((await ledger.builds.recordIngest(found(one, { base: 'a', modules: ['x', 'y'] }))).pairs).toBe(1)
    const two = await ingesting(ledger, '1.3')
    const second = found(two, { base: 'b', modules: ['x', 'y'] })
    expect((await ledger.builds.recordIngest(second)).pairs).toBe(3)
    expect(await ledger.builds.recordIngest(second)).toMatchObject({ outcome: 'already' })
    expect(await cells(ledger)).toEqual([
      ['1.3', '1.3', 'pending'],
      ['1.3', '1.1', 'pending'],
      ['1.1', '1.3', 'pending'],
      ['1.1', '1.1', 'pending'],
    ])
    expect((await ledger.builds.get(two))?.state).toBe('comparing')
    for (const [kernel, modules] of [
      [one, one],
      [one, two],
      [two, one],
      [two, two],
    ] as const)
      expect(await decide(ledger, kernel, modules)).toBe('recorded')
    expect(await decide(ledger, two, two)).toBe('already')
    expect((await ledger.builds.get(one))?.state).toBe('done')
    expect((await ledger.builds.get(two))?.state).toBe('done')
    expect(await ledger.pairs.get(one, two)).toMatchObject({
      state: 'done',
      comparison: { counts: { rejected: 2 }, originSha256: sha('b'), runningSha256: sha('a') },
    })
  })

  it('are all there when many builds are ingested at once, and every build ends', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const releases = ['1', '2', '3', '4', '5', '6']
    const ids = await Promise.all(releases.map((release) => ingesting(ledger, release)))
    await Promise.all(
      ids.map((id, nth) => ledger.builds.recordIngest(found(id, { base: `base ${nth}`, modules: ['x'] }))),
    )
    expect(await cells(ledger)).toHaveLength(36)
    await Promise.all(ids.flatMap((kernel) => ids.map((modules) => decide(ledger, kernel, modules))))
    const states = await Promise.all(ids.map(async (id) => (await ledger.builds.get(id))?.state))
    expect(states).toEqual(ids.map(() => 'done'))
  })

  it('of the same modules on the same base share one comparison', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const ids = [await ingesting(ledger, '1'), await ingesting(ledger, '2')]
    for (const id of ids) await ledger.builds.recordIngest(found(id, { base: 'same', modules: ['x'] }))
    for (const kernel of ids) for (const modules of ids) await decide(ledger, kernel, modules)
    const [row] = await test.query<{ count: string }>('SELECT count(*) FROM "Comparison"')
    expect(row?.count).toBe('1')
  })

  it('of the same modules and base are compared apart for a kernel that looks at no module BTF', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const ids = [await ingesting(ledger, '1'), await ingesting(ledger, '2')] as const
    for (const [nth, id] of ids.entries()) {
      const result = found(id, { base: 'same', modules: ['x'] })
      if (result.kernel !== null) result.kernel.btfModules = nth === 0 ? null : false
      await ledger.builds.recordIngest(result)
    }
    expect((await ledger.pairs.inputs(ids[0], ids[0]))?.btfModules).toBe(true)
    expect((await ledger.pairs.inputs(ids[1], ids[0]))?.btfModules).toBe(false)
    for (const kernel of ids) for (const modules of ids) await decide(ledger, kernel, modules)
    const rows = await test.query('SELECT "btfModules" FROM "Comparison" ORDER BY 1')
    expect(rows).toEqual([{ btfModules: false }, { btfModules: true }])
    expect((await ledger.pairs.get(ids[1], ids[0]))?.comparison?.btfModules).toBe(false)
  })

  it('take the base of the kernel that modules name, also when it comes later', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const extra = await ingesting(ledger, '1.1.extra', '5.15.12-1.1')
    await ledger.builds.recordIngest(found(extra, { modules: ['x'] }))
    expect((await ledger.builds.get(extra))?.state).toBe('done')
    const other = await ingesting(ledger, '1.3')
    await ledger.builds.recordIngest(found(other, { base: 'b' }))
    const before = await ledger.pairs.inputs(other, extra)
    expect(before?.originSha256).toBeNull()
    expect(await decide(ledger, other, extra)).toBe('recorded')

    const own = await ingesting(ledger, '1.1')
    await ledger.builds.recordIngest(found(own, { base: 'a' }))
    expect(await ledger.tasks.get(`origin:${extra}`)).toMatchObject({ state: 'pending' })
    expect(await ledger.origins.record(extra, await decision(ledger, extra))).toBe('recorded')
    expect((await ledger.pairs.inputs(other, extra))?.originSha256).toBe(sha('a'))
    expect((await ledger.pairs.get(other, extra))?.state).toBe('pending')
    if (before === null) throw new Error('no such pair')
    const late = {
      kernelBuildId: other,
      moduleBuildId: extra,
      comparison: comparisonOf(before, { rejected: 2 }),
    }
    expect(await ledger.pairs.record(late)).toBe('stale')
    const bells = (await ledger.outbox.batch(100)).map(({ taskId }) => taskId)
    expect(bells.filter((id) => id.startsWith(`compare:${other}:${extra}`))).toHaveLength(2)
    expect(await decide(ledger, other, extra)).toBe('recorded')
  })

  it('that wait anew for their origin base are not failed by a run that was about the old inputs', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const extra = await ingesting(ledger, '1.1.extra', '5.15.12-1.1')
    await ledger.builds.recordIngest(found(extra, { modules: ['x'] }))
    const other = await ingesting(ledger, '1.3')
    await ledger.builds.recordIngest(found(other, { base: 'b' }))
    const task = `compare:${other}:${extra}`
    await ledger.tasks.take(task, 'early', 60_000)
    await ledger.builds.recordIngest(found(await ingesting(ledger, '1.1'), { base: 'a' }))
    await ledger.origins.record(extra, await decision(ledger, extra))
    const error = { code: 'time-limit', message: 'It took too long' }
    expect(await ledger.tasks.fail(task, 'early', error)).toBe(false)
    expect(await ledger.pairs.get(other, extra)).toMatchObject({ state: 'pending', error: null })
    expect(await ledger.tasks.get(task)).toMatchObject({ state: 'pending', attempt: 0 })
    expect(await decide(ledger, other, extra)).toBe('recorded')
  })

  it('that cannot be compared end with a reason, and so do their builds', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const id = await ingesting(ledger, '1')
    await ledger.builds.recordIngest(found(id, { base: 'a', modules: ['x'] }))
    const error = { code: 'rules-unknown', message: 'The version of the kernel is not known' }
    await ledger.tasks.take(`compare:${id}:${id}`, 'w', 1000)
    expect(await ledger.tasks.fail(`compare:${id}:${id}`, 'another', error)).toBe(false)
    expect(await ledger.pairs.get(id, id)).toMatchObject({ state: 'pending', error: null })
    expect(await ledger.tasks.fail(`compare:${id}:${id}`, 'w', error)).toBe(true)
    expect(await ledger.pairs.get(id, id)).toMatchObject({ state: 'failed', error, comparison: null })
    expect(await ledger.builds.progress(id)).toEqual({ pending: 0, done: 0, failed: 1 })
    expect((await ledger.builds.get(id))?.state).toBe('done')
  })

  it('page by key', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    for (const release of ['1', '2', '3'])
      await ledger.builds.recordIngest(
        found(await ingesting(ledger, release), { base: release, modules: ['x'] }),
      )
    const all = await cells(ledger)
    const stream = 'openSUSE:Factory/x86_64/default'
    const seen: unknown[] = []
    let cursor: string | undefined
    do {
      const page = await ledger.pairs.matrix({ stream, limit: 2, cursor })
      seen.push(...page.cells.map((cell) => [cell.kernelBuild.release, cell.moduleBuild.release, cell.state]))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    expect(seen).toEqual(all)
    expect(await ledger.pairs.matrix({ stream: 'no such stream', limit: 2 })).toEqual({
      cells: [],
      next: null,
    })
  })
})

describe('a build', () => {
  it('that fails keeps what is known of its artifacts', async () => {
    await using test = await openTestLedger()
    const { builds, artifacts } = test.ledger
    const { build } = await builds.declare({
      stream: 's',
      version: '1',
      release: '1',
      provenance: {},
      builtFor: null,
    })
    const { artifact } = await artifacts.add({ buildId: build.id, filename: 'x', sha256: sha('x'), size: 1 })
    await builds.seal(build.id)
    await builds.startIngest(build.id)
    const problems = [{ code: 'archive-truncated', message: 'It ends too early', file: 'x' }]
    const failure = { code: 'build-empty', message: 'Nothing in it can be used' }
    await builds.fail(build.id, failure, [{ id: artifact?.id ?? '', state: 'failed', problems }])
    expect(await builds.get(build.id)).toMatchObject({
      state: 'failed',
      failure,
      artifacts: [{ state: 'failed', problems }],
    })
    expect(await builds.startIngest(build.id)).toBeNull()
  })
})
