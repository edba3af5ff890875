import { describe, expect, it } from 'vitest'
import { found, ingesting, openTestLedger } from '../support/ledger.js'
import { asked, compare, environment, fits, stream, twoBuilds, unread } from './recorded.js'
import { byteOf } from './support.js'

describe('the gate, by policy and waivers,', () => {
  it('goes by the policy of the stream, whose versions are kept', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, Uint8Array.of(0, byteOf('misread')))
    expect(await ledger.policies.get(stream)).toMatchObject({ version: 0, author: null, live: 'all' })
    const settings = { rules: 'y PASS\nz PASS\n' }
    expect(await ledger.policies.set({ stream, settings, by: 'anna' })).toMatchObject({
      outcome: 'changed',
      policy: { version: 1, author: 'anna', rules: settings.rules, live: 'all' },
    })
    expect((await ledger.policies.set({ stream, settings, by: 'bert' })).outcome).toBe('same')
    expect(await asked(ledger, question, unread)).toMatchObject({
      answer: 'pass',
      policyVersion: 1,
      tolerated: 1,
      unusedRules: [{ line: 2, pattern: 'z' }],
    })
    expect((await ledger.policies.set({ stream, settings: {}, by: 'bert' })).policy.version).toBe(2)
    expect(await asked(ledger, question, unread)).toMatchObject({ answer: 'fail', policyVersion: 2 })
    expect(await ledger.policies.get(stream, 1)).toMatchObject({ version: 1, author: 'anna' })
    await expect(ledger.policies.get(stream, 7)).rejects.toMatchObject({ code: 'policy-unknown' })
    await expect(ledger.policies.get('no such stream')).rejects.toMatchObject({ code: 'stream-unknown' })
    await expect(
      ledger.policies.set({ stream, settings: { rules: 'x MAYBE' }, by: 'anna' }),
    ).rejects.toMatchObject({ code: 'policy-invalid' })
  })

  it('counts waivers for as long as they last and nothing changes', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, Uint8Array.of(byteOf('refused'), byteOf('misread')))
    const draft = {
      kernelBuildId: old,
      moduleBuildId: fresh,
      verdicts: ['misread' as const],
      modules: ['y'],
      reason: 'nobody looks at it',
      author: 'anna',
      expiresAt: new Date('2026-01-10T00:00:00Z'),
    }
    const { outcome, waiver } = await ledger.waivers.add(draft)
    expect([outcome, waiver.state, waiver.modules]).toEqual([
      'created',
      'active',
      [{ name: 'y', sha256: expect.any(String) }],
    ])
    expect(await ledger.waivers.add(draft)).toMatchObject({ outcome: 'same', waiver: { id: waiver.id } })
    expect(await asked(ledger, question, unread)).toMatchObject({
      answer: 'fail',
      reasons: [{ code: 'load', verdict: 'refused' }],
      waived: [{ waiver: waiver.id, state: 'active', verdict: 'misread', modules: [{ name: 'y' }] }],
    })
    const all = { ...draft, verdicts: ['refused' as const], modules: 'all' as const }
    const second = await ledger.waivers.add(all)
    expect(await asked(ledger, question, unread)).toMatchObject({ answer: 'pass' })

    // Another build of the same kernel with other modules is not covered.
    const other = await ingesting(ledger, '1.4')
    await ledger.builds.recordIngest(found(other, { base: 'c', modules: ['x', 'y'] }))
    await compare(ledger, other, other, fits)
    await compare(ledger, old, other, Uint8Array.of(byteOf('refused'), byteOf('misread')))
    expect(await asked(ledger, { buildId: other, environment }, unread)).toMatchObject({
      answer: 'fail',
      reasons: [{ verdict: 'refused' }, { verdict: 'misread' }],
      waived: [],
    })

    expect(await ledger.waivers.withdraw(second.waiver.id, 'bert')).toMatchObject({
      state: 'withdrawn',
      withdrawnBy: 'bert',
    })
    expect((await ledger.waivers.withdraw(second.waiver.id, 'carl')).withdrawnBy).toBe('bert')
    expect(await asked(ledger, question, unread)).toMatchObject({
      answer: 'fail',
      waived: [{ state: 'active' }, { waiver: second.waiver.id, state: 'withdrawn' }],
    })
    clock.now = new Date('2026-01-11T00:00:00Z')
    const late = await asked(ledger, question, unread)
    expect(late.reasons.map(({ verdict }) => verdict)).toEqual(['refused', 'misread'])
    expect(late.waived.map(({ state }) => state)).toEqual(['expired', 'withdrawn'])
    const states = async (state?: 'active' | 'expired' | 'withdrawn') =>
      (await ledger.waivers.list({ stream, state, limit: 10 })).items.map((one) => one.state)
    expect(await states()).toEqual(['withdrawn', 'expired'])
    expect(await states('expired')).toEqual(['expired'])
    expect(await states('active')).toEqual([])
    await expect(ledger.waivers.add({ ...draft, modules: ['y', 'nowhere'] })).rejects.toMatchObject({
      code: 'module-unknown',
    })
    await expect(ledger.waivers.get(old)).rejects.toMatchObject({ code: 'waiver-unknown' })
  })

  it('does not count a waiver where the kernel exports, or loads by, something else', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, Uint8Array.of(byteOf('refused'), 0))
    const draft = {
      kernelBuildId: old,
      moduleBuildId: fresh,
      verdicts: ['refused' as const],
      modules: ['x'],
      reason: 'accepted',
      author: 'anna',
      expiresAt: new Date('2026-01-10T00:00:00Z'),
    }
    const first = await ledger.waivers.add(draft)
    expect((await asked(ledger, question, unread)).answer).toBe('pass')
    for (const change of [
      `"exportsSha256" = 'other'`,
      `"allowBtfMismatch" = true`,
      `"rulesVersion" = '6.1'`,
    ]) {
      await query(`UPDATE "Build" SET ${change} WHERE id = '${old}'`)
      await query(`UPDATE "Pair" SET state = 'pending' WHERE "kernelBuildId" = '${old}'`)
      await compare(ledger, old, fresh, Uint8Array.of(byteOf('refused'), 0))
      expect((await asked(ledger, question, unread)).answer).toBe('fail')
      const again = await ledger.waivers.add(draft)
      expect(again.outcome).toBe('created')
      expect(again.waiver.id).not.toBe(first.waiver.id)
      expect((await asked(ledger, question, unread)).answer).toBe('pass')
    }
  })

  it('says how many waivers it did not look at, and none that counts is among them for one that does no more', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, Uint8Array.of(byteOf('rejected'), 0))
    const draft = {
      kernelBuildId: old,
      moduleBuildId: fresh,
      verdicts: ['rejected'],
      modules: 'all',
      reason: 'accepted',
      author: 'anna',
      expiresAt: new Date('2026-02-01T00:00:00Z'),
    } as const
    const { waiver } = await ledger.waivers.add(draft)
    const copies = (count: number, verdict: string, withdrawnAt: string) =>
      query(`
        INSERT INTO "Waiver" (id, "streamId", "kernelBuildId", "moduleBuildId", "baseSha256", grounds, "moduleSetId", verdicts, modules,
          reason, author, "expiresAt", "createdAt", "withdrawnAt")
        SELECT gen_random_uuid(), "streamId", "kernelBuildId", "moduleBuildId", "baseSha256", grounds, "moduleSetId",
          ARRAY['${verdict}'], modules, reason, author, "expiresAt", "createdAt", ${withdrawnAt}
        FROM "Waiver", generate_series(1, ${count}) WHERE id = '${waiver.id}'`)
    await copies(2100, 'changed', 'now()')
    expect(await asked(ledger, question, unread)).toMatchObject({ answer: 'pass', moreWaivers: 101 })
    await copies(2100, 'misread', 'NULL')
    expect(await asked(ledger, question, unread)).toMatchObject({ answer: 'fail', moreWaivers: 2201 })
  })
})
