import { expect, it } from 'vitest'
import { openTestLedger } from './support/ledger.js'

const day = 24 * 3_600_000

it('bytes are taken from all quotas or none, given back, and whole again the next day', async () => {
  await using test = await openTestLedger()
  const { quotas } = test.ledger
  const [stream, token] = [
    { subject: 'stream kettle', most: 100 },
    { subject: 'token a', most: 60 },
  ]
  const first = await quotas.take([token, stream], 50)
  expect(first.exhausted).toBeNull()
  expect(await quotas.take([stream, token], 20)).toEqual({
    taken: null,
    exhausted: { subject: 'token a', used: 50, leftMs: day },
  })
  expect((await quotas.take([stream], 50)).exhausted, 'nothing was taken for what was refused').toBeNull()
  expect((await quotas.take([stream], 1)).exhausted).toMatchObject({ used: 100 })
  if (first.taken === null) throw new Error('it was taken')
  await quotas.giveBack(first.taken, 30)
  const last = await quotas.take([token, stream], 30)
  expect([last.exhausted, (await quotas.take([stream], 1)).exhausted?.used]).toEqual([null, 100])
  test.clock.now = new Date(test.clock.now.getTime() + day)
  expect((await quotas.take([stream], 100)).exhausted).toBeNull()
  await quotas.giveBack(first.taken, 20)
  expect((await quotas.take([stream], 1)).exhausted, 'of the day before').toMatchObject({ used: 100 })
})

it('many who take at once take no more than there is', async () => {
  await using test = await openTestLedger()
  const { quotas } = test.ledger
  const both = [
    { subject: 'stream kettle', most: 100 },
    { subject: 'token a', most: 70 },
  ]
  const taken = await Promise.all(
    Array.from({ length: 16 }, (_, nth) => quotas.take(nth % 2 === 0 ? both : [...both].reverse(), 10)),
  )
  expect(taken.filter(({ exhausted }) => exhausted === null)).toHaveLength(7)
})
