import { isDecision, isNotice } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import type { DecisionRow, GateEngine } from '../../src/index.js'
import { found, ingesting, openTestLedger } from '../support/ledger.js'
import { asked, compare, environment, fits, stream, twoBuilds, unread } from './recorded.js'
import { byteOf } from './support.js'

describe('the gate', () => {
  it('decides by what is recorded, and records what it decided by once', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    const pending = await asked(ledger, question, unread)
    expect(pending).toMatchObject({
      answer: 'unknown',
      policyVersion: 0,
      reasons: [{ code: 'comparison-pending', kernelBuild: { id: old }, moduleBuild: { id: fresh } }],
      considered: [{ build: { id: old }, compared: true, because: 'same-release' }],
    })
    expect((await asked(ledger, question, unread)).id).toBe(pending.id)
    expect(await ledger.gate.askUntilKnown(question, unread)).toBeNull()

    await compare(ledger, old, fresh, Uint8Array.of(0, byteOf('misread')))
    const failed = await asked(ledger, question, unread)
    expect(failed).toMatchObject({
      answer: 'fail',
      reasons: [{ code: 'verdict', verdict: 'misread', count: 1, modules: [{ name: 'y' }] }],
      compared: { pairs: 2, modules: 4 },
    })
    expect((await asked(ledger, question, unread)).id).toBe(failed.id)
    expect(await ledger.gate.decision(pending.id)).toEqual(pending)
    const inputs = await ledger.gate.inputs(failed.id)
    expect(inputs).toMatchObject({ environment, pairs: [{ comparison: expect.any(String) }, {}] })
    const { items } = await ledger.gate.decisions({ build: fresh, limit: 10 })
    expect(items.map(({ answer }) => answer)).toEqual(['fail', 'unknown'])
    await expect(ledger.gate.decision(old)).rejects.toMatchObject({ code: 'decision-unknown' })
  })

  it('does not wait for what no waiting brings, asked once or again', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { question } = await twoBuilds(ledger)
    const misspelt = { ...question, environment: 'prodction' }
    for (const recorded of [true, false])
      expect(await ledger.gate.askUntilKnown(misspelt, unread)).toMatchObject({
        recorded,
        decision: {
          answer: 'unknown',
          reasons: expect.arrayContaining([expect.objectContaining({ code: 'environment-unknown' })]),
        },
      })
  })

  it('goes by the last decision also where the clock of who recorded it was ahead, and records one once', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    const first = await asked(ledger, question, unread)
    const ahead = `fffe${first.id.slice(4)}`
    await test.query('UPDATE "Decision" SET id = $1 WHERE id = $2', [ahead, first.id])
    await compare(ledger, old, fresh, Uint8Array.of(0, byteOf('misread')))
    const next = await asked(ledger, question, unread)
    expect(next.answer).toBe('fail')
    expect(await ledger.gate.ask(question, unread)).toEqual({ recorded: false, decision: next })
    const { items } = await ledger.gate.decisions({ build: fresh, limit: 10 })
    expect(items.map(({ id }) => id)).toEqual([next.id, ahead])
  })

  it('shows what a later version recorded, and passes no build for a reason that it does not know', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { question } = await twoBuilds(ledger)
    const before = await asked(ledger, question, unread)
    for (const code of ['of-tomorrow', 'constructor']) {
      await test.query(
        `UPDATE "Decision" SET result = jsonb_set(result, '{reasons,0,code}', to_jsonb($1::text)) WHERE id = $2`,
        [code, before.id],
      )
      const after = await ledger.gate.decision(before.id)
      const [reason] = before.reasons
      const message = expect.stringContaining('later version')
      expect(after).toEqual({
        ...before,
        reasons: [{ ...reason, code, message, remedy: expect.stringContaining('version') }],
      })
      expect(isDecision(after)).toBe(true)
      expect(await asked(ledger, question, unread)).toEqual(after)
    }
  })

  it('records a decision again where it turns back', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, Uint8Array.of(0, byteOf('misread')))
    const first = await asked(ledger, question, unread)
    await ledger.lives.leave({ environment, buildId: old, by: 'hook' })
    expect(await asked(ledger, question, unread)).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'environment-empty' }],
    })
    await ledger.lives.enter({ environment, buildId: old, by: 'hook' })
    const last = await asked(ledger, question, unread)
    expect(last).toMatchObject({ answer: 'fail', inputs: first.inputs })
    expect(last.id).not.toBe(first.id)
  })

  it('leaves word of a turn, with what to tell of it, and asks again what changed in its stream', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    const subject = `gate:${fresh}:${environment}`
    expect(await ledger.asked.streams()).toEqual([])
    await asked(ledger, question, unread)
    const [before] = await ledger.asked.streams()
    expect(before?.questions).toEqual([question])
    expect((await ledger.asked.streams())[0]?.mark).toBe(before?.mark)
    await compare(ledger, old, fresh, Uint8Array.of(0, byteOf('misread')))
    expect((await ledger.asked.streams())[0]?.mark).not.toBe(before?.mark)
    await asked(ledger, question, unread)
    const failed = await ledger.notices.waiting(subject)
    expect(failed?.draft).toMatchObject({
      kind: 'gate',
      severity: 'critical',
      stream,
      environment,
      before: 'unknown',
      outcome: 'fail',
      reasons: [
        { code: 'verdict', kernel: '5.15.12-1.1', modules: '5.15.12-1.3', total: 2, counts: { misread: 1 } },
      ],
      reasonsTotal: 1,
    })
    expect(isNotice(failed?.draft)).toBe(true)
    await asked(ledger, question, unread)
    expect((await ledger.notices.waiting(subject))?.touched, 'the same answer is no turn').toBe(
      failed?.touched,
    )

    const middle = (await ledger.asked.streams())[0]?.mark
    const waiver = {
      kernelBuildId: old,
      moduleBuildId: fresh,
      verdicts: ['misread' as const],
      modules: 'all' as const,
      reason: 'not on these machines',
      author: 'release-team',
      expiresAt: new Date('2026-01-05T00:00:00Z'),
    }
    const { waiver: made } = await ledger.waivers.add(waiver)
    expect((await ledger.asked.streams())[0]?.mark).not.toBe(middle)
    await asked(ledger, question, unread)
    expect((await ledger.notices.waiting(subject))?.draft).toMatchObject({
      before: 'fail',
      outcome: 'pass',
      severity: 'info',
    })

    const day = 24 * 3_600_000
    expect(await ledger.notices.expiring(3 * day), 'it ends in four days').toBe(0)
    test.clock.now = new Date('2026-01-03T00:00:00Z')
    expect(await ledger.notices.expiring(3 * day)).toBe(1)
    expect(await ledger.notices.expiring(3 * day), 'it is told of once').toBe(0)
    const ending = (await ledger.notices.waiting(`waiver:${made.id}`))?.draft
    expect(ending).toMatchObject({
      kind: 'waiver-expiring',
      build: { id: fresh },
      modules: null,
      author: 'release-team',
    })
    expect(isNotice(ending)).toBe(true)
    const valid = (await ledger.asked.streams())[0]?.mark
    test.clock.now = new Date('2026-01-05T00:00:00Z')
    expect((await ledger.asked.streams())[0]?.mark, 'its end is a change that nobody writes').not.toBe(valid)
    expect(await asked(ledger, question, unread)).toMatchObject({ answer: 'fail' })
  })

  it('is asked again after a pair that was decided before another, and recorded after it', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await asked(ledger, question, unread)
    const decidedAt = (kernel: string, modules: string, at: Date) =>
      test.query(
        `UPDATE "Pair" SET "updatedAt" = $3::timestamptz WHERE "kernelBuildId" = $1::uuid AND "moduleBuildId" = $2::uuid`,
        [kernel, modules, at],
      )
    const later = (ms: number) => new Date(clock.now.getTime() + ms)
    await decidedAt(fresh, old, later(2))
    const [before] = await ledger.asked.streams()
    await decidedAt(old, fresh, later(1))
    expect((await ledger.asked.streams())[0]?.mark).not.toBe(before?.mark)
  })

  it('is asked again once the base of modules was looked for again, also where nothing came of it', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh } = await twoBuilds(ledger)
    const kmp = await ingesting(ledger, '9.1')
    await ledger.builds.recordIngest(found(kmp, { modules: ['z'] }))
    for (const kernel of [old, fresh]) await compare(ledger, kernel, kmp, fits)
    await ledger.builds.withdraw(fresh, { reason: 'the wrong file', by: 'anna' })
    const question = { buildId: kmp, environment }
    expect((await asked(ledger, question, unread)).reasons).toMatchObject([
      { code: 'comparison-pending', kernelBuild: { id: old } },
    ])
    const [before] = await ledger.asked.streams()
    const task = `origin:${kmp}`
    expect(await ledger.tasks.take(task, 'worker', 60_000)).not.toBeNull()
    expect(await ledger.tasks.finish(task, 'worker')).toBe(true)
    expect((await ledger.asked.streams())[0]?.mark).not.toBe(before?.mark)
    expect(await asked(ledger, question, unread)).toMatchObject({ answer: 'pass' })
  })

  it('is asked again for a month after it was asked last', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const { question } = await twoBuilds(ledger)
    await asked(ledger, question, unread)
    const month = 30 * 24 * 3_600_000
    clock.now = new Date(clock.now.getTime() + month - 1000)
    expect((await ledger.asked.streams())[0]?.questions).toEqual([question])
    clock.now = new Date(clock.now.getTime() + 3_600_000)
    expect(await ledger.asked.streams()).toEqual([])
  })

  it('asked many times at once records one decision', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { question } = await twoBuilds(ledger)
    const answers = await Promise.all(Array.from({ length: 8 }, () => asked(ledger, question, unread)))
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
  })

  it('records nothing by evidence that is older than what another decided by meanwhile', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    const outcomes = async () => ({
      bytes: Uint8Array.of(byteOf('rejected'), byteOf('rejected')),
      missing: [],
    })
    await compare(ledger, old, fresh, null)
    let meanwhile: DecisionRow | null = null
    const slow: GateEngine = {
      version: '1',
      async outcomes() {
        // Its evidence has been read, and is not all that there is any more.
        await ledger.policies.set({ stream, settings: { blocking: ['changed'] }, by: 'anna' })
        meanwhile ??= await asked(ledger, question, { version: '1', outcomes })
        return outcomes()
      },
    }
    const answer = await ledger.gate.ask(question, slow)
    expect(meanwhile).toMatchObject({ answer: 'pass', policyVersion: 1 })
    expect(answer).toEqual({ recorded: false, decision: meanwhile })
    expect((await ledger.gate.decisions({ build: fresh, limit: 10 })).items).toHaveLength(1)
  })

  it('reads the outcomes of a comparison that has none recorded, once', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, null)
    let reads = 0
    const reader: GateEngine = {
      version: '1',
      async outcomes(rows) {
        reads++
        expect([...rows]).toEqual([1, 2, 3])
        return {
          bytes: Uint8Array.of(byteOf('changed'), byteOf('symbols-missing')),
          missing: [{ module: 'y', symbols: ['kfree'], total: 1 }],
        }
      },
    }
    expect(await asked(ledger, question, reader)).toMatchObject({
      answer: 'fail',
      reasons: [{ code: 'verdict' }, { code: 'symbols-missing', detail: 'Nothing known exports kfree.' }],
    })
    await ledger.policies.set({ stream, settings: { blocking: ['symbols-missing'] }, by: 'anna' })
    expect(await asked(ledger, question, reader)).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'symbols-missing', detail: 'Nothing known exports kfree.' }],
    })
    expect(reads).toBe(1)
  })

  it('counts who was given a decision, which changes nothing of it', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { question } = await twoBuilds(ledger)
    const first = await ledger.gate.ask(question, unread)
    const again = await ledger.gate.ask(question, unread)
    expect([first.recorded, again.recorded]).toEqual([true, false])
    const listed = async () => (await ledger.gate.decisions({ limit: 10 })).items
    expect(await listed()).toMatchObject([{ id: first.decision.id, asked: 0, lastAskedAt: null }])
    await Promise.all(Array.from({ length: 5 }, () => ledger.gate.countAsk(first.decision.id)))
    expect(await listed()).toMatchObject([{ asked: 5, lastAskedAt: '2026-01-01T00:00:00.000Z' }])
    expect(await ledger.gate.decision(first.decision.id)).toEqual(first.decision)
  })

  it('shows a decision as it was made, whatever became of verdicts, policy, waivers and what is live', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, Uint8Array.of(byteOf('rejected'), byteOf('misread')))
    await ledger.policies.set({ stream, settings: { rules: 'y PASS\nz PASS\n' }, by: 'anna' })
    const draft = {
      kernelBuildId: old,
      moduleBuildId: fresh,
      verdicts: ['rejected' as const],
      modules: ['x'],
      reason: 'the next rebuild has it',
      author: 'anna',
      expiresAt: new Date('2026-01-10T00:00:00Z'),
    }
    const { waiver } = await ledger.waivers.add(draft)
    const { id } = await asked(ledger, question, unread)
    const shown = async () => JSON.stringify([await ledger.gate.decision(id), await ledger.gate.inputs(id)])
    const before = await shown()
    expect(JSON.parse(before)[0]).toMatchObject({
      answer: 'pass',
      tolerated: 1,
      waived: [{ waiver: waiver.id }],
    })

    await ledger.waivers.withdraw(waiver.id, 'bert')
    await ledger.policies.set({ stream, settings: { discardedLoads: true }, by: 'bert' })
    await test.query(`UPDATE "Build" SET "exportsSha256" = 'other' WHERE id = '${old}'`)
    await test.query(`UPDATE "Pair" SET state = 'pending' WHERE "kernelBuildId" = '${old}'`)
    await compare(ledger, old, fresh, Uint8Array.of(0, byteOf('changed')))
    await ledger.lives.leave({ environment, buildId: old, by: 'bert' })
    await ledger.lives.enter({ environment, buildId: fresh, by: 'bert' })
    clock.now = new Date('2026-03-01T00:00:00Z')
    const now = await asked(ledger, question, unread)
    expect(now.id).not.toBe(id)
    expect(now.policyVersion).toBe(2)
    expect(await shown()).toBe(before)
  })
})
