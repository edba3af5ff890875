import { describe, expect, it } from 'vitest'
import { found, ingesting, openTestLedger, sha } from './support/ledger.js'

const day = 24 * 3_600_000

/** A ledger, and a store of which only the names are kept. */
async function openTest() {
  const test = await openTestLedger()
  const stored = new Set<string>()
  const start = test.clock.now.getTime()
  return {
    ...test,
    stored,
    remove: async (sha256: string) => void stored.delete(sha256),
    after: (ms: number) => {
      test.clock.now = new Date(start + ms)
    },
  }
}

async function newBuild({ ledger }: Awaited<ReturnType<typeof openTest>>, release: string) {
  const declaration = { stream: 'kettle', version: '1', release, provenance: {}, builtFor: null }
  return (await ledger.builds.declare(declaration)).build.id
}

describe('a file that was claimed and not recorded', () => {
  it('is removed where nobody else ever claimed it', async () => {
    await using test = await openTest()
    const { ledger, stored, remove } = test
    const claim = await ledger.blobs.claim(sha('a'))
    stored.add(sha('a'))
    expect(await ledger.blobs.release(claim, remove)).toBe('removed')
    expect([...stored]).toEqual([])
    expect(await test.query('SELECT * FROM "Blob"')).toEqual([])
  })

  it('stays while another may be about to record it, whichever of them ends first', async () => {
    await using test = await openTest()
    const { ledger, stored, remove } = test
    const build = await newBuild(test, '1')
    const [one, other] = [await ledger.blobs.claim(sha('a')), await ledger.blobs.claim(sha('a'))]
    stored.add(sha('a'))
    expect(await ledger.blobs.release(one, remove), 'of two').toBe('left')
    await ledger.artifacts.add({ buildId: build, filename: 'a.rpm', sha256: sha('a'), size: 1 })
    expect(await ledger.blobs.release(other, remove), 'recorded').toBe('left')
    expect([...stored]).toEqual([sha('a')])
  })

  it('stays where its row is that of a file which is recorded', async () => {
    await using test = await openTest()
    const { ledger, stored, remove } = test
    const build = await newBuild(test, '1')
    const claim = await ledger.blobs.claim(sha('a'))
    stored.add(sha('a'))
    await ledger.artifacts.add({ buildId: build, filename: 'a.rpm', sha256: sha('a'), size: 1 })
    expect(await ledger.blobs.release(claim, remove)).toBe('left')
    expect([...stored]).toEqual([sha('a')])
  })

  it('and is claimed while it is removed, is stored after that', async () => {
    await using test = await openTest()
    const { ledger } = test
    const claim = await ledger.blobs.claim(sha('a'))
    const order: string[] = []
    let again: Promise<unknown> = Promise.resolve()
    await ledger.blobs.release(claim, async () => {
      again = ledger.blobs.claim(sha('a')).then(({ first }) => order.push(`claimed ${first}`))
      // The claim waits for the row: it is seen waiting before the file goes.
      for (;;) {
        const [waiting] = await test.query<{ n: number }>(
          `SELECT count(*)::int AS n FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%"claimedAt"%'`,
        )
        if (waiting?.n === 1) break
      }
      order.push('removed')
    })
    await again
    expect(order).toEqual(['removed', 'claimed true'])
  })
})

describe('files that nothing refers to', () => {
  it('are collected once nobody claimed them for a week, and a day after that was seen', async () => {
    await using test = await openTest()
    const { ledger, stored, remove, after } = test
    const failed = (_sha256: string, error: unknown) => {
      throw error
    }
    const collect = (limit = 100) => ledger.blobs.collect({ limit, remove, failed })
    await ledger.blobs.claim(sha('lost'))
    await ledger.blobs.claim(sha('lost too'))
    const kernel = await ingesting(ledger, '1.1')
    await ledger.blobs.claim(sha('a'))
    await ledger.builds.recordIngest(found(kernel, { base: 'a', modules: ['x'] }))
    const build = await newBuild(test, '1')
    await ledger.artifacts.add({ buildId: build, filename: 'a.rpm', sha256: sha('package'), size: 1 })
    for (const { sha256 } of await test.query<{ sha256: string }>('SELECT sha256 FROM "Blob"'))
      stored.add(sha256)
    const kept = new Set([...stored].filter((sha256) => sha256 !== sha('lost')))
    after(7 * day)
    expect(await collect()).toBe(0)
    after(7 * day + 1)
    expect(await collect(), 'first it is seen').toBe(0)
    after(8 * day + 1)
    expect(await collect()).toBe(0)
    await ledger.blobs.claim(sha('lost too'))
    after(8 * day + 2)
    expect(await collect()).toBe(1)
    expect(stored).toEqual(kept)
    after(30 * day)
    await collect()
    await ledger.artifacts.add({ buildId: build, filename: 'b.rpm', sha256: sha('lost too'), size: 1 })
    after(60 * day)
    expect(await collect(), 'it is recorded since').toBe(0)
    expect(stored).toEqual(kept)
  })

  it('are collected behind one that cannot be removed, which is tried again a day later', async () => {
    await using test = await openTest()
    const { ledger, stored, after } = test
    for (const name of ['stuck', 'behind it']) {
      await ledger.blobs.claim(sha(name))
      stored.add(sha(name))
    }
    let denied = true
    const told: string[] = []
    const remove = async (sha256: string) => {
      if (denied && sha256 === sha('stuck')) throw new Error('access denied')
      await test.remove(sha256)
    }
    // One at a time: what fails must not be the first of each call for good.
    const collect = () =>
      ledger.blobs.collect({ limit: 1, remove, failed: (sha256, error) => told.push(`${sha256} ${error}`) })
    after(8 * day)
    await collect()
    after(8 * day + 1)
    await collect()
    after(10 * day)
    for (let round = 0; round < 3; round++) await collect()
    expect([...stored]).toEqual([sha('stuck')])
    expect(told).toEqual([`${sha('stuck')} Error: access denied`])
    denied = false
    after(11 * day + 1)
    expect(await collect()).toBe(1)
    expect([...stored]).toEqual([])
  })

  it('are those that no column names which holds the SHA-256 of a file', async () => {
    await using test = await openTest()
    const columns = await test.query<{ at: string }>(
      `SELECT table_name || '.' || column_name AS at FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name ILIKE '%sha256%' ORDER BY 1`,
    )
    // Of a base it is the digest of a `Base`, of a module that of what lies in a bundle.
    const named = new Set([
      'Blob.sha256',
      'Build.baseSha256',
      'Build.originSha256',
      'Comparison.originSha256',
    ])
    const more = ['Comparison.runningSha256', 'Waiver.baseSha256', 'ModuleSet.stampSha256']
    const inBundles = ['Module.sha256', 'Module.btfSha256', 'Module.distilledSha256']
    for (const at of [...more, ...inBundles]) named.add(at)
    expect(columns.map(({ at }) => at).filter((at) => !named.has(at))).toEqual([
      'Artifact.sha256',
      'Base.sha256',
      'Build.exportsSha256',
      'Comparison.exportsSha256',
      'Comparison.symbolsSha256',
      'Drift.reportSha256',
      'ModuleSet.bundleSha256',
      'ModuleSet.symbolsSha256',
    ])
  })
})
