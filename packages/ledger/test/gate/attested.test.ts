import { expect, it } from 'vitest'
import { openTestLedger } from '../support/ledger.js'
import { compare, fits, twoBuilds, unread } from './recorded.js'

it('of more environments than are looked at it is said that there are more', async () => {
  await using test = await openTestLedger()
  const { ledger } = test
  const { old, fresh } = await twoBuilds(ledger)
  await compare(ledger, old, fresh, fits)
  const live = () => ledger.lives.environments({ limit: 1000 })
  for (let nth = (await live()).items.length; nth < 64; nth++)
    await ledger.lives.enter({ environment: `env-${nth}`, buildId: old, by: 'hook' })
  const all = await ledger.attested.build(fresh, unread)
  expect([all.moreEnvironments, all.pairs.flatMap(({ environments }) => environments).length]).toEqual([
    false,
    64,
  ])
  await ledger.lives.enter({ environment: 'zz', buildId: old, by: 'hook' })
  const some = await ledger.attested.build(fresh, unread)
  expect([some.moreEnvironments, some.pairs.flatMap(({ environments }) => environments).length]).toEqual([
    true,
    64,
  ])
})
