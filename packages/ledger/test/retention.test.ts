import { noticeExamples } from '@basedrift/contract'
import { expect, it } from 'vitest'
import { asked } from './gate/recorded.js'
import { newChannel } from './notices/channel.js'
import { found, ingesting, openTestLedger } from './support/ledger.js'

const day = 24 * 3_600_000
const keepMs = 400 * day
const stream = 'openSUSE:Factory/x86_64/default'
const unread = { version: '1', outcomes: async () => ({ bytes: new Uint8Array(), missing: [] }) }
const nothing = { deliveries: 0, events: 0, gateUses: 0, decisions: 0, live: 0 }

it('what is settled and old goes in batches; what is not, or is the last word, stays', async () => {
  await using test = await openTestLedger()
  const { ledger, clock, query } = test
  const start = clock.now.getTime()
  const prune = (limit = 100) => ledger.retention.prune({ keepMs, limit })
  const count = async (table: string) =>
    Number((await query<{ n: string }>(`SELECT count(*) AS n FROM "${table}"`))[0]?.n)

  const { id: channel } = await ledger.channels.create(newChannel())
  const [notice] = noticeExamples
  if (notice === undefined) throw new Error('no example')
  for (let nth = 0; nth < 4; nth++) await ledger.deliveries.test(channel, () => notice)
  await ledger.courier.claim('a', 60_000, 1)
  for (const outcome of ['sent', 'sent', 'dead'] as const) {
    const delivery = await ledger.courier.begin(channel, 'a', 60_000)
    if (delivery === null) throw new Error('nothing is due')
    await ledger.courier.end(delivery, 'a', { outcome, code: null, status: 200, answer: '' })
  }
  const build = await ingesting(ledger, '1.1')
  await ledger.builds.recordIngest(found(build, { base: 'a' }))
  const environment = 'production'
  const by = 'operator'
  await ledger.lives.enter({ environment, buildId: build, by })
  await ledger.lives.leave({ environment, buildId: build, by })
  await ledger.lives.enter({ environment, buildId: build, by })
  await ledger.lives.leave({ environment, buildId: build, by })
  const question = { buildId: build, environment }
  const decisions = [(await asked(ledger, question, unread)).id]
  for (const discardedLoads of [true, false, true]) {
    await ledger.policies.set({ stream, settings: { discardedLoads }, by })
    decisions.push((await asked(ledger, question, unread)).id)
  }
  const use = { kind: 'dry-run' as const, build, environment, reason: null, by, onBehalfOf: null }
  await ledger.gateUses.record({ ...use, decision: decisions[0] ?? '' })
  expect(new Set(decisions).size).toBe(4)

  clock.now = new Date(start + keepMs)
  expect(await prune(), 'it is not older').toEqual(nothing)
  clock.now = new Date(start + keepMs + day)
  const used = { ...use, decision: decisions[1] ?? '' }
  await ledger.gateUses.record(used)
  expect(await prune(1)).toEqual({ deliveries: 1, events: 1, gateUses: 1, decisions: 1, live: 1 })
  expect(await prune(100)).toEqual({ deliveries: 2, events: 2, gateUses: 0, decisions: 1, live: 0 })
  expect(await prune()).toEqual(nothing)
  const { items } = await ledger.deliveries.list({ limit: 10 })
  expect(
    items.map(({ state }) => state),
    'what waits is not settled, however old',
  ).toEqual(['pending'])
  expect([await count('Event'), await count('DeliveryEvent'), await count('Live')]).toEqual([1, 1, 1])
  expect((await ledger.gate.decisions({ limit: 10 })).items.map(({ id }) => id)).toEqual([
    decisions[3],
    decisions[1],
  ])
})

it('names that no build ever entered leave one decision of a build, whatever is asked', async () => {
  await using test = await openTestLedger()
  const { ledger } = test
  const build = await ingesting(ledger, '1.1')
  await ledger.builds.recordIngest(found(build, { base: 'a' }))
  await ledger.lives.enter({ environment: 'production', buildId: build, by: 'operator' })
  const kept = await asked(ledger, { buildId: build, environment: 'production' }, unread)
  let last = ''
  const glass: string[] = []
  for (let nth = 0; nth < 5; nth++) {
    const environment = `prodution-${nth}`
    last = (await asked(ledger, { buildId: build, environment }, unread)).id
    const use = { build, environment, decision: last, reason: null, by: 'ci', onBehalfOf: null }
    await ledger.gateUses.record({ ...use, kind: 'dry-run' })
    if (nth === 2)
      glass.push((await ledger.gateUses.record({ ...use, kind: 'break-glass', reason: 'it burns' })).use.id)
  }
  const { items } = await ledger.gate.decisions({ build, limit: 100 })
  const broken = items.find(({ environment }) => environment === 'prodution-2')
  expect(items.map(({ id }) => id)).toEqual([last, broken?.id, kept.id])
  const uses = (await ledger.gateUses.list({ limit: 100 })).items
  expect(uses.filter(({ kind }) => kind === 'break-glass').map(({ id }) => id)).toEqual(glass)
  expect(uses.filter(({ kind }) => kind === 'dry-run').map(({ environment }) => environment)).toEqual([
    'prodution-4',
    'prodution-2',
  ])
})
