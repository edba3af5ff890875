import { expect, it } from 'vitest'
import { found, ingesting, openTestLedger } from '../support/ledger.js'

const hour = 3_600_000
const day = 24 * hour
const noticeMs = 3 * day

/** A stream with two builds, and waivers of the modules of the second on the kernel of the first. */
async function open() {
  const test = await openTestLedger()
  const { ledger, clock } = test
  const start = clock.now.getTime()
  const builds: string[] = []
  for (const release of ['1.1', '1.3']) {
    const build = await ingesting(ledger, release)
    await ledger.builds.recordIngest(found(build, { base: release, modules: ['x', 'y'] }))
    builds.push(build)
  }
  const [kernelBuildId = '', moduleBuildId = ''] = builds
  return {
    ...test,
    async waive(ends: number, of: { modules?: string[]; verdicts?: ('misread' | 'rejected')[] } = {}) {
      const { modules = 'all' as const, verdicts = ['misread' as const] } = of
      const terms = { kernelBuildId, moduleBuildId, verdicts, modules, author: 'anna' }
      const { waiver } = await ledger.waivers.add({
        ...terms,
        reason: 'not on these machines',
        expiresAt: new Date(start + ends),
      })
      return waiver.id
    },
    /** Ids of those that channels are to be told of, at a time. */
    async toldAt(ms: number) {
      clock.now = new Date(start + ms)
      await ledger.notices.expiring(noticeMs)
      const rows = await test.query<{ key: string }>(
        `SELECT key FROM "Subject" WHERE key LIKE 'waiver:%' ORDER BY key`,
      )
      return rows.map(({ key }) => key.slice('waiver:'.length))
    },
  }
}

it('a waiver that was made for a short while is told of when half of it is over, not when it is made', async () => {
  await using test = await open()
  const [short, long] = [await test.waive(day), await test.waive(10 * day, { modules: ['x'] })]
  expect(await test.toldAt(0)).toEqual([])
  expect(await test.toldAt(day / 2 - 1)).toEqual([])
  expect(await test.toldAt(day / 2)).toEqual([short])
  expect(await test.toldAt(7 * day - 1)).toEqual([short])
  expect(await test.toldAt(7 * day)).toEqual([short, long])
})

it('a waiver whose place another takes ends without a word', async () => {
  await using test = await open()
  const some = await test.waive(10 * day, { modules: ['x'] })
  const all = await test.waive(10 * day)
  const more = await test.waive(10 * day, { verdicts: ['misread', 'rejected'] })
  await test.waive(20 * day)
  expect(await test.toldAt(8 * day), 'it accepts less than this one').toEqual([more])
  expect([some, all]).not.toContain(more)
})

it('a waiver of which another covers a part is told of', async () => {
  await using test = await open()
  const all = await test.waive(10 * day)
  const withdrawn = await test.waive(20 * day)
  await test.ledger.waivers.withdraw(withdrawn, 'anna')
  await test.waive(20 * day, { modules: ['x'] })
  expect(await test.toldAt(8 * day)).toEqual([all])
})
