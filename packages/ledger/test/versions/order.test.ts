import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Ledger } from '../../src/index.js'
import { found, openTestLedger, recordDrift, sha } from '../support/ledger.js'

const stream = 'Debian:bookworm/amd64/cloud'

let test: Awaited<ReturnType<typeof openTestLedger>>
let ledger: Ledger
beforeEach(async () => {
  test = await openTestLedger()
  ledger = test.ledger
  onTestFinished(() => test[Symbol.asyncDispose]())
})

async function declare(vr: string, filename?: string): Promise<string> {
  const [version = '', release = ''] = vr.split('-')
  const { build } = await ledger.builds.declare({ stream, version, release, provenance: {}, builtFor: null })
  if (filename !== undefined)
    await ledger.artifacts.add({ buildId: build.id, filename, sha256: sha(filename), size: 1 })
  return build.id
}

/** Declares, seals and ingests a kernel build. */
async function ingest(vr: string, filename?: string): Promise<string> {
  const id = await declare(vr, filename)
  await ledger.builds.seal(id)
  await ledger.builds.startIngest(id)
  await ledger.builds.recordIngest(found(id, { base: vr }))
  return id
}

const name = ({ version, release }: { version: string; release: string }) => `${version}-${release}`

/** The builds by version, and the drifts between neighbours, both newest first, page by page. */
async function orders() {
  const builds: string[] = []
  for (let cursor: string | undefined | null; cursor !== null; ) {
    const page = await ledger.builds.listByVersion({ stream, cursor, limit: 2 })
    builds.push(...page.items.map(name))
    cursor = page.next
  }
  const drifts: string[] = []
  for (let cursor: string | undefined | null; cursor !== null; ) {
    const page = await ledger.drifts.list({ stream, cursor, limit: 2 })
    drifts.push(...page.items.map(({ from, to }) => `${name(from)} → ${name(to)}`))
    cursor = page.next
  }
  return { builds, drifts }
}

const scheme = async () => (await ledger.streams.find(stream))?.versionScheme

describe('a stream', () => {
  it('is ordered by declaration until a package tells how its versions are ordered', async () => {
    for (const vr of ['6.1.10-1', '6.1.9-1', '6.1.10~rc1-1']) await ingest(vr, `vmlinux-${vr}`)
    expect(await scheme()).toBeNull()
    expect(await orders()).toEqual({
      builds: ['6.1.10~rc1-1', '6.1.9-1', '6.1.10-1'],
      drifts: ['6.1.9-1 → 6.1.10~rc1-1', '6.1.10-1 → 6.1.9-1'],
    })
    await declare('6.1.11-1', 'linux-image.deb')
    expect(await scheme()).toBe('dpkg')
    expect(await orders()).toEqual({
      builds: ['6.1.11-1', '6.1.10-1', '6.1.10~rc1-1', '6.1.9-1'],
      drifts: ['6.1.10~rc1-1 → 6.1.10-1', '6.1.9-1 → 6.1.10~rc1-1'],
    })
  })

  it('has the right neighbours whatever order its builds come in', async () => {
    const ascending = ['6.1.9-1', '6.1.10~rc1-1', '6.1.10-1', '6.1.10-2', '6.1.10-10', '1:6.1.0-1']
    const coming = ['6.1.10-10', '6.1.9-1', '1:6.1.0-1', '6.1.10-1', '6.1.10~rc1-1', '6.1.10-2']
    for (const [n, vr] of coming.entries()) {
      await ingest(vr, `linux-image-${n}.deb`)
      const there = ascending.filter((one) => coming.slice(0, n + 1).includes(one)).reverse()
      expect(await orders()).toEqual({
        builds: there,
        drifts: there.slice(1).map((before, m) => `${before} → ${there[m]}`),
      })
    }
    // Each drift that was ever one of neighbours is computed, and none of the others.
    const bells = await ledger.outbox.batch(100)
    const drifts = await test.query<{ id: string }>('SELECT id FROM "Drift"')
    expect(bells.filter(({ kind }) => kind === 'drift')).toHaveLength(drifts.length)
  })

  it('takes equal versions in the order of their declaration', async () => {
    await declare('6.1.01-1', 'a.rpm')
    await declare('6.1.1-01')
    await declare('6.1.1-1')
    expect((await orders()).builds).toEqual(['6.1.1-1', '6.1.1-01', '6.1.01-1'])
  })

  it('keeps the order of its first package until somebody changes it', async () => {
    // A caret is newer to rpm; dpkg takes any other character so too, but above letters.
    for (const vr of ['1.0^a-1', '1.0a-1']) await declare(vr, `${vr}.rpm`)
    await declare('1.0-1', 'other.deb')
    expect(await scheme()).toBe('rpm')
    expect((await orders()).builds).toEqual(['1.0a-1', '1.0^a-1', '1.0-1'])
    expect(await ledger.streams.order(stream, 'dpkg')).toMatchObject({ name: stream, versionScheme: 'dpkg' })
    expect((await orders()).builds).toEqual(['1.0^a-1', '1.0a-1', '1.0-1'])
    expect(await ledger.streams.order('no/such/stream', 'dpkg')).toBeNull()
  })

  it('tells of a drift whose builds are neighbours again, though it was computed while they were none', async () => {
    // Between them only to rpm: to dpkg a caret is above letters.
    const [from, to] = [await ingest('1.0-1', 'a.rpm'), await ingest('1.0^a-1')]
    await ingest('1.0a-1')
    await ledger.streams.order(stream, 'dpkg')
    const waiting = async () =>
      (await test.query<{ key: string }>('SELECT key FROM "Subject" WHERE since IS NOT NULL')).map(
        ({ key }) => key,
      )
    await recordDrift(ledger, from, to)
    expect(await waiting()).toEqual([])
    await ledger.streams.order(stream, 'rpm')
    const [drift] = await test.query<{ id: string }>(
      `SELECT id FROM "Drift" WHERE "fromBuildId" = '${from}' AND "toBuildId" = '${to}'`,
    )
    expect(await waiting()).toContain(`drift:${drift?.id}`)
    expect((await ledger.tasks.get(`announce:drift:${drift?.id}`))?.state).toBe('pending')
  })

  it('orders builds right that are declared while the first package comes', async () => {
    const first = await declare('2-1')
    await Promise.all([
      ledger.artifacts.add({ buildId: first, filename: 'a.rpm', sha256: sha('a'), size: 1 }),
      ...Array.from({ length: 10 }, (_, n) => declare(`1.${10 - n}-1`, `${n}.rpm`)),
    ])
    expect((await orders()).builds).toEqual(['2-1', ...Array.from({ length: 10 }, (_, n) => `1.${10 - n}-1`)])
  })

  it('has a matrix that is ordered by version on both sides, read in pages while builds come', async () => {
    const both = async (vr: string) => {
      const id = await declare(vr, `${vr}.deb`)
      await ledger.builds.seal(id)
      await ledger.builds.startIngest(id)
      await ledger.builds.recordIngest(found(id, { base: vr, modules: ['x'] }))
    }
    for (const vr of ['6.1.10-1', '6.1.9-1', '6.1.10~rc1-1', '6.1.11-1']) await both(vr)
    const read = async (between: () => Promise<void>) => {
      const cells: string[] = []
      for (let cursor: string | undefined | null; cursor !== null; ) {
        const page = await ledger.pairs.matrix({ stream, cursor, limit: 3 })
        cells.push(...page.cells.map((cell) => `${name(cell.kernelBuild)} ${name(cell.moduleBuild)}`))
        cursor = page.next
        await between()
      }
      return cells
    }
    const newest = ['6.1.11-1', '6.1.10-1', '6.1.10~rc1-1', '6.1.9-1']
    const product = (of: string[]) => of.flatMap((kernel) => of.map((modules) => `${kernel} ${modules}`))
    expect(await read(async () => {})).toEqual(product(newest))
    const coming = ['6.1.12-1', '6.1.10-2', '6.1.8-1']
    const seen = await read(async () => {
      const next = coming.shift()
      if (next !== undefined) await both(next)
    })
    const all = product([
      '6.1.12-1',
      '6.1.11-1',
      '6.1.10-2',
      '6.1.10-1',
      '6.1.10~rc1-1',
      '6.1.9-1',
      '6.1.8-1',
    ])
    // What was there at first is there, once and in its place, whatever came.
    expect(seen).toEqual(all.filter((cell) => seen.includes(cell)))
    expect(seen).toEqual(expect.arrayContaining(product(newest)))
  })

  it('refuses a cursor that was given before it was ordered anew', async () => {
    for (const vr of ['1.0^a-1', '1.0a-1', '1.0-1']) await ingest(vr, `${vr}.rpm`)
    const { next } = await ledger.builds.listByVersion({ stream, limit: 1 })
    const drifts = await ledger.drifts.list({ stream, limit: 1 })
    await ledger.streams.order(stream, 'dpkg')
    for (const asked of [
      ledger.builds.listByVersion({ stream, limit: 1, cursor: next ?? '' }),
      ledger.drifts.list({ stream, limit: 1, cursor: drifts.next ?? '' }),
    ])
      await expect(asked).rejects.toMatchObject({ code: 'cursor-invalid' })
  })

  it('refuses the cursor of a build that is not there', async () => {
    await declare('1-1')
    for (const list of ['builds-by-version', 'drifts']) {
      const cursor = Buffer.from(
        JSON.stringify([list, 'none', '00000000-0000-7000-8000-000000000000']),
      ).toString('base64url')
      const asked =
        list === 'drifts'
          ? ledger.drifts.list({ stream, limit: 2, cursor })
          : ledger.builds.listByVersion({ stream, limit: 2, cursor })
      await expect(asked).rejects.toMatchObject({ code: 'cursor-invalid' })
    }
  })
})
