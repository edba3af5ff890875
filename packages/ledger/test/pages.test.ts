import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GateEngine, type Ledger, type Page, type PageRequest, uuidv7 } from '../src/index.js'
import { openTestLedger } from './support/ledger.js'

const [mine, theirs] = ['mine:a', 'theirs:a'] as const
const globs = ['mine:*']
/** An engine that has nothing to read. */
const engine: GateEngine = {
  version: '1',
  outcomes: () => Promise.reject(new Error('nothing is compared here')),
}

let test: Awaited<ReturnType<typeof openTestLedger>>
let ledger: Ledger
/** Three builds of one stream, each followed by two of another. */
const builds: { id: string; stream: string }[] = []

beforeAll(async () => {
  test = await openTestLedger()
  ledger = test.ledger
  for (const [nth, stream] of [mine, theirs, theirs, mine, theirs, theirs, mine, theirs, theirs].entries()) {
    const declared = { stream, version: '1', release: String(nth), provenance: {}, builtFor: null }
    const { id } = (await ledger.builds.declare(declared)).build
    builds.push({ id, stream })
  }
})
afterAll(() => test?.[Symbol.asyncDispose]())

/** The pages of a list, two rows each. */
async function pages<Row>(list: (page: PageRequest) => Promise<Page<Row>>): Promise<Row[][]> {
  const found: Row[][] = []
  let cursor: string | undefined
  do {
    const page = await list({ limit: 2, cursor })
    found.push(page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return found
}
const sizes = (found: readonly (readonly unknown[])[]) => found.map(({ length }) => length)

describe('a list for some streams alone has full pages of what is of these', () => {
  it('live builds, and environments', async () => {
    const environment = 'shared'
    for (const { id: buildId, stream } of builds) {
      await ledger.lives.enter({ environment, buildId, by: 'hook' })
      await ledger.lives.enter({ environment: `${stream} ${buildId}`, buildId, by: 'hook' })
    }
    const live = await pages((page) => ledger.lives.list({ environment, globs, ...page }))
    expect(sizes(live)).toEqual([2, 1])
    expect(new Set(live.flat().map(({ stream }) => stream))).toEqual(new Set([mine]))
    expect(sizes(await pages((page) => ledger.lives.list({ environment, ...page })))).toEqual([2, 2, 2, 2, 1])
    const environments = await pages((page) => ledger.lives.environments({ globs, ...page }))
    expect(sizes(environments)).toEqual([2, 2])
    expect(environments.flat().at(-1)).toEqual({ name: environment, live: 3 })
    expect((await ledger.lives.environments({ globs: ['*'], limit: 100 })).items).toHaveLength(10)
    expect((await ledger.lives.environments({ globs: [], limit: 100 })).items).toEqual([])
  })

  it('decisions, and uses of gates', async () => {
    const environment = 'shared'
    for (const { id: build } of builds) {
      const answer = await ledger.gate.ask({ buildId: build, environment }, engine)
      const use = {
        kind: 'break-glass' as const,
        build,
        environment,
        reason: 'it must',
        by: 'ci',
        onBehalfOf: null,
      }
      await ledger.gateUses.record({ ...use, decision: answer.decision.id })
    }
    const decisions = await pages((page) => ledger.gate.decisions({ globs, environment, ...page }))
    expect(sizes(decisions)).toEqual([2, 1])
    expect(new Set(decisions.flat().map(({ stream }) => stream))).toEqual(new Set([mine]))
    const uses = await pages((page) => ledger.gateUses.list({ globs, environment, ...page }))
    expect(sizes(uses)).toEqual([2, 1])
    const own = builds.filter(({ stream }) => stream === mine).map(({ id }) => id)
    expect(uses.flat().map(({ build }) => build)).toEqual(own.reverse())
    expect(sizes(await pages((page) => ledger.gateUses.list(page)))).toEqual([2, 2, 2, 2, 1])
  })

  it('waivers', async () => {
    for (const { id, stream } of builds)
      await test.query(
        `INSERT INTO "Waiver" (id, "streamId", "kernelBuildId", "moduleBuildId", "baseSha256", grounds, "moduleSetId", verdicts,
           reason, author, "expiresAt", "createdAt")
         SELECT $1::uuid, id, $2::uuid, $2::uuid, 'base', 'grounds', 'set', '{rejected}', 'known', 'anna', now(), now()
         FROM "Stream" WHERE name = $3`,
        [uuidv7(Date.now()), id, stream],
      )
    const waivers = await pages((page) => ledger.waivers.list({ globs, ...page }))
    expect(sizes(waivers)).toEqual([2, 1])
    expect(new Set(waivers.flat().map(({ stream }) => stream))).toEqual(new Set([mine]))
  })

  it('events, and deliveries that tell of nothing else', async () => {
    const channel = uuidv7(Date.now())
    await test.query(
      `INSERT INTO "Channel" (id, name, kind, settings, sealed, routes, "createdBy") VALUES ($1::uuid, 'c', 'slack', '{}', '', '[]', 'a')`,
      [channel],
    )
    const event = async (stream: string | null) => {
      const id = uuidv7(Date.now())
      await test.query(
        `INSERT INTO "Event" (id, kind, severity, stream, subject, content) VALUES ($1::uuid, 'test', 'info', $2, 's', '{"kind": "test"}')`,
        [id, stream],
      )
      return id
    }
    const deliver = async (events: readonly string[]) => {
      const id = uuidv7(Date.now())
      await test.query(
        `INSERT INTO "Delivery" (id, "channelId", state, "nextAt") VALUES ($1::uuid, $2::uuid, 'sent', now())`,
        [id, channel],
      )
      for (const one of events)
        await test.query(
          `INSERT INTO "DeliveryEvent" ("deliveryId", "eventId") VALUES ($1::uuid, $2::uuid)`,
          [id, one],
        )
    }
    const ofNone = await event(null)
    for (const { stream } of builds) {
      const about = await event(stream)
      await deliver([about])
      await deliver([about, ofNone])
    }
    // The last of these is beyond what is listed of a delivery.
    const many = await Promise.all(Array.from({ length: 25 }, () => event(mine)))
    await deliver([...many, await event(theirs)])
    const events = await pages((page) => ledger.notices.events({ globs, ...page }))
    expect(new Set(sizes(events.slice(0, -1)))).toEqual(new Set([2]))
    expect(events.flat()).toHaveLength(29)
    expect(new Set(events.flat().map(({ stream }) => stream))).toEqual(new Set([mine, null]))
    const deliveries = await pages((page) => ledger.deliveries.list({ globs, ...page }))
    expect(sizes(deliveries)).toEqual([2, 2, 2])
    expect(sizes(await pages((page) => ledger.deliveries.list(page)))).toHaveLength(10)
  })
})
