import { expect, it } from 'vitest'
import { asked, environment, unread } from './gate/recorded.js'
import { openTestLedger, sha } from './support/ledger.js'

const day = 24 * 3_600_000
const unsealedMs = 30 * day
const stream = 'kettle'

it('builds that nobody seals and nobody uses are withdrawn with their files; no others', async () => {
  await using test = await openTestLedger()
  const { ledger, clock } = test
  const start = clock.now.getTime()
  const expire = () => ledger.retention.expire({ unsealedMs, limit: 100 })
  const declare = async (release: string, builtFor: string | null = null) =>
    (await ledger.builds.declare({ stream, version: '1', release, provenance: {}, builtFor })).build.id
  const upload = (buildId: string, filename: string) =>
    ledger.artifacts.add({ buildId, filename, sha256: sha(filename), size: 10 })

  const empty = await declare('1')
  const forgotten = await declare('2')
  await upload(forgotten, 'a.rpm')
  const live = await declare('3')
  await ledger.lives.enter({ environment, buildId: live, by: 'hook' })
  const sealed = await declare('4')
  await upload(sealed, 'd.rpm')
  await ledger.builds.seal(sealed)
  const named = await declare('5')
  const growing = await declare('6')
  const gated = await declare('7')
  const late = await declare('8')
  expect((await upload(sealed, 'late.rpm')).outcome).toBe('sealed')
  await upload(late, 'late.rpm')
  // Gates of the kernels that they were built for wait for them.
  const ofLive = await declare('10', '1-3')
  const asking = await declare('11')
  const ofAsked = await declare('12', '1-11')
  const ofNone = await declare('13', '1-0')
  clock.now = new Date(start + 20 * day)
  const kmp = await declare('9', '1-5')
  await upload(growing, 'b.rpm')
  for (const buildId of [gated, asking]) await asked(ledger, { buildId, environment }, unread)

  clock.now = new Date(start + unsealedMs)
  expect(await expire(), 'not yet').toBe(0)
  clock.now = new Date(start + unsealedMs + 1)
  expect(await expire()).toBe(3)
  expect(await expire()).toBe(0)
  expect(await ledger.builds.get(empty)).toMatchObject({
    withdrawal: {
      by: 'retention',
      reason: 'Expired: it was not sealed, and nobody used it, for 30 days. It had no files.',
    },
  })
  const gone = await ledger.builds.get(forgotten)
  expect(gone?.artifacts).toEqual([])
  expect(gone?.withdrawal?.reason).toContain('Its files (1) were not read and are removed.')
  for (const id of [live, sealed, named, growing, gated, late, kmp, ofLive, asking, ofAsked])
    expect((await ledger.builds.get(id))?.withdrawal, id).toBeNull()
  expect((await ledger.audit.list({ by: 'retention', limit: 10 })).items).toMatchObject([
    { operation: 'withdrawBuild', target: `/v1/builds/${ofNone}/withdrawal`, tokenId: null },
    { target: `/v1/builds/${forgotten}/withdrawal` },
    { target: `/v1/builds/${empty}/withdrawal` },
  ])

  const again = await declare('2')
  expect(again, 'its name is free').not.toBe(forgotten)
  await expect(upload(forgotten, 'c.rpm')).rejects.toMatchObject({ code: 'build-withdrawn' })
  clock.now = new Date(start + 50 * day + 1)
  expect(await expire(), 'what came or was asked on the 20th day, and what was built for that').toBe(4)
  expect((await ledger.builds.get(ofLive))?.withdrawal).toBeNull()
})
