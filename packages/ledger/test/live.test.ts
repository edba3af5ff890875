import { describe, expect, it } from 'vitest'
import { found, ingesting, openTestLedger } from './support/ledger.js'

describe('live builds', () => {
  it('enter and leave, each once however often it is said, and stay as history', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const id = await ingesting(ledger, '1.1')
    await ledger.builds.recordIngest(found(id, { base: 'a', modules: ['x'] }))
    const change = { environment: 'production', buildId: id, by: 'hook' }
    expect(await ledger.lives.enter(change)).toMatchObject({
      outcome: 'entered',
      entry: {
        environment: 'production',
        stream: 'openSUSE:Factory/x86_64/default',
        build: { id, version: '5.15.12', release: '1.1' },
        kernelRelease: '5.15.12-1-default',
        hasKernel: true,
        hasModules: true,
        enteredBy: 'hook',
        leftAt: null,
      },
    })
    expect(await ledger.lives.enter({ ...change, by: 'another' })).toMatchObject({
      outcome: 'already',
      entry: { enteredBy: 'hook' },
    })
    clock.now = new Date('2026-01-02T00:00:00Z')
    expect(await ledger.lives.leave({ ...change, by: 'person' })).toMatchObject({
      outcome: 'left',
      entry: { leftAt: '2026-01-02T00:00:00.000Z', leftBy: 'person' },
    })
    expect(await ledger.lives.leave({ ...change, by: 'hook' })).toMatchObject({
      outcome: 'already',
      entry: { leftBy: 'person' },
    })
    expect((await ledger.lives.list({ environment: 'production', limit: 10 })).items).toEqual([])
    expect((await ledger.lives.enter(change)).outcome).toBe('entered')
    const { items } = await ledger.lives.list({ environment: 'production', history: true, limit: 10 })
    expect(items.map(({ leftBy }) => leftBy)).toEqual([null, 'person'])
    expect((await ledger.lives.environments({ limit: 10 })).items).toEqual([{ name: 'production', live: 1 }])
  })

  it('said to enter many times at once enter once', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const id = await ingesting(ledger, '1.1')
    const change = { environment: 'production', buildId: id, by: 'hook' }
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => ledger.lives.enter(change)))
    expect(outcomes.filter(({ outcome }) => outcome === 'entered')).toHaveLength(1)
  })

  it('are so once, whoever enters and leaves meanwhile, and whatever writes to the database', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const buildId = await ingesting(test.ledger, '1.1')
    const change = { environment: 'production', buildId, by: 'hook' }
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, nth) =>
        nth % 2 === 0
          ? ledger.lives.enter(change).then(({ outcome }) => outcome)
          : ledger.lives.leave(change).then(
              ({ outcome }) => outcome,
              ({ code }: { code?: string }) => code,
            ),
      ),
    )
    const times = (what: string) => outcomes.filter((outcome) => outcome === what).length
    const { items } = await ledger.lives.list({ environment: 'production', history: true, limit: 100 })
    expect(items).toHaveLength(times('entered'))
    expect(items.filter(({ leftAt }) => leftAt === null)).toHaveLength(times('entered') - times('left'))
    await ledger.lives.enter(change)
    const again = `INSERT INTO "Live" (id, environment, "buildId", "enteredAt", "enteredBy")
      VALUES (gen_random_uuid(), 'production', $1, now(), 'nobody')`
    await expect(test.query(again, [buildId])).rejects.toMatchObject({
      code: '23505',
      constraint: 'Live_environment_buildId_live_key',
    })
  })

  it('are found by indexes that do not grow with history', async () => {
    await using test = await openTestLedger()
    const indexes = await test.query<{ indexdef: string }>(
      `SELECT indexdef FROM pg_indexes WHERE tablename = 'Live' AND indexdef LIKE '%"leftAt" IS NULL%' ORDER BY indexname`,
    )
    expect(indexes.map(({ indexdef }) => /\((.*?)\) WHERE/.exec(indexdef)?.[1])).toEqual([
      'environment, "buildId"',
      'environment, id DESC',
    ])
  })

  it('are listed by environment and stream, a page at a time', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const ids = [await ingesting(ledger, '1'), await ingesting(ledger, '2'), await ingesting(ledger, '3')]
    for (const buildId of ids) await ledger.lives.enter({ environment: 'a', buildId, by: 'hook' })
    await ledger.lives.enter({ environment: 'b', buildId: ids[0] ?? '', by: 'hook' })
    const first = await ledger.lives.list({ environment: 'a', limit: 2 })
    expect(first.items.map(({ build }) => build.release)).toEqual(['3', '2'])
    const second = await ledger.lives.list({ environment: 'a', limit: 2, cursor: first.next ?? '' })
    expect([second.items.map(({ build }) => build.release), second.next]).toEqual([['1'], null])
    expect((await ledger.lives.list({ environment: 'a', stream: 'other', limit: 9 })).items).toEqual([])
    const page = await ledger.lives.environments({ limit: 1 })
    expect(page.items).toEqual([{ name: 'a', live: 3 }])
    expect((await ledger.lives.environments({ limit: 1, cursor: page.next ?? '' })).items).toEqual([
      { name: 'b', live: 1 },
    ])
  })

  it('are builds that are there, and were live before they leave', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const change = { environment: 'a', buildId: '00000000-0000-0000-0000-000000000000', by: 'hook' }
    await expect(ledger.lives.enter(change)).rejects.toMatchObject({ code: 'build-unknown' })
    await expect(ledger.lives.leave(change)).rejects.toMatchObject({ code: 'build-unknown' })
    const buildId = await ingesting(ledger, '1')
    await expect(ledger.lives.leave({ ...change, buildId })).rejects.toMatchObject({ code: 'live-unknown' })
  })
})
