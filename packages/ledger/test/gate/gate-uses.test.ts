import { describe, expect, it } from 'vitest'
import { openTestLedger } from '../support/ledger.js'
import { asked, environment, twoBuilds, unread } from './recorded.js'

const dryRun = { kind: 'dry-run' as const, environment, reason: null, by: 'ci', onBehalfOf: null }

describe('uses of the gate', () => {
  it('are kept: dry runs once for each caller, with how often, and who published against it each time', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const { fresh, question } = await twoBuilds(ledger)
    const { id } = await asked(ledger, question, unread)
    const dry = { ...dryRun, build: fresh, decision: id }
    const runs = await Promise.all(Array.from({ length: 8 }, () => ledger.gateUses.record(dry)))
    expect(runs.filter(({ recorded }) => recorded)).toHaveLength(1)
    expect(new Set(runs.map(({ use }) => use.id)).size).toBe(1)
    clock.now = new Date('2026-01-02T00:00:00Z')
    expect(await ledger.gateUses.record(dry)).toMatchObject({
      recorded: false,
      use: { times: 9, at: '2026-01-01T00:00:00.000Z', lastAt: '2026-01-02T00:00:00.000Z' },
    })
    expect(await ledger.gateUses.record({ ...dry, onBehalfOf: 'anna' })).toMatchObject({
      recorded: true,
      use: { times: 1, onBehalfOf: 'anna' },
    })
    const broken = { ...dry, kind: 'break-glass' as const, reason: 'security', onBehalfOf: 'anna' }
    for (let time = 0; time < 2; time++) expect((await ledger.gateUses.record(broken)).recorded).toBe(true)
    await ledger.gateUses.record({ ...broken, build: 'a build that is not recorded', decision: null })
    const builds = async (query: { environment?: string; decision?: string }) =>
      (await ledger.gateUses.list({ ...query, limit: 10 })).items.map(({ kind, build }) => [kind, build])
    const of = [
      ['break-glass', fresh],
      ['break-glass', fresh],
      ['dry-run', fresh],
      ['dry-run', fresh],
    ]
    expect(await builds({ environment })).toEqual([['break-glass', 'a build that is not recorded'], ...of])
    expect(await builds({ decision: id })).toEqual(of)
    expect(await builds({ environment: 'staging' })).toEqual([])
    await expect(ledger.gateUses.record({ ...broken, decision: fresh })).rejects.toMatchObject({
      code: 'decision-unknown',
    })
  })

  it('are bounded for a decision, whatever name a caller gives each time', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const { fresh, question } = await twoBuilds(ledger)
    const { id } = await asked(ledger, question, unread)
    for (let nth = 0; nth < 105; nth++)
      await ledger.gateUses.record({ ...dryRun, build: fresh, decision: id, onBehalfOf: `runner-${nth}` })
    const rows = await query<{ rows: number; times: number; others: number }>(
      `SELECT count(*)::int AS rows, sum(times)::int AS times, sum(times) FILTER (WHERE "onBehalfOf" IS NULL)::int AS others
       FROM "GateUse"`,
    )
    expect(rows).toEqual([{ rows: 101, times: 105, others: 5 }])
  })
})
