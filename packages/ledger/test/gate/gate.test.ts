import { isNotice } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import type { GateEngine, Ledger, PairInputs } from '../../src/index.js'
import { found, ingesting, openTestLedger } from '../support/ledger.js'
import { byteOf } from './support.js'

const stream = 'openSUSE:Factory/x86_64/default'
const environment = 'production'
const unread: GateEngine = {
  version: '1',
  outcomes: () => Promise.reject(new Error('every comparison has its outcomes')),
}

/** Records a comparison in which the modules of a pair have these bytes. */
async function compare(
  ledger: Ledger,
  kernelBuildId: string,
  moduleBuildId: string,
  outcomes: Uint8Array | null,
  counts: { [verdict: string]: number } = { compatible: 2 },
) {
  const inputs = (await ledger.pairs.inputs(kernelBuildId, moduleBuildId)) as PairInputs
  const { moduleSet, running, rules, btfModules, originSha256, exportsSha256 } = inputs
  await ledger.pairs.record({
    kernelBuildId,
    moduleBuildId,
    comparison: {
      moduleSetId: moduleSet.id,
      runningSha256: running.sha256,
      originSha256,
      symbolsSha256: moduleSet.symbolsSha256,
      exportsSha256,
      rules: rules ?? { version: '5.15.12', allowBtfMismatch: null },
      btfModules,
      engine: '1',
      counts,
      rows: Uint8Array.of(1, 2, 3),
      outcomes,
    },
  })
}

const fits = new Uint8Array()

/** Two builds of a stream, the first of them live; both fit themselves. */
async function twoBuilds(ledger: Ledger) {
  const old = await ingesting(ledger, '1.1')
  await ledger.builds.recordIngest(found(old, { base: 'a', modules: ['x', 'y'] }))
  await compare(ledger, old, old, fits)
  await ledger.lives.enter({ environment, buildId: old, by: 'hook' })
  const fresh = await ingesting(ledger, '1.3')
  await ledger.builds.recordIngest(found(fresh, { base: 'b', modules: ['x', 'y'] }))
  await compare(ledger, fresh, fresh, fits)
  await compare(ledger, fresh, old, Uint8Array.of(byteOf('rejected'), byteOf('rejected')))
  return { old, fresh, question: { buildId: fresh, environment } }
}

describe('the gate', () => {
  it('decides by what is recorded, and records what it decided by once', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    const pending = await ledger.gate.ask(question, unread)
    expect(pending).toMatchObject({
      answer: 'unknown',
      policyVersion: 0,
      reasons: [{ code: 'comparison-pending', kernelBuild: { id: old }, moduleBuild: { id: fresh } }],
      considered: [{ build: { id: old }, compared: true, because: 'same-release' }],
    })
    expect((await ledger.gate.ask(question, unread)).id).toBe(pending.id)
    expect(await ledger.gate.askUntilKnown(question, unread)).toBeNull()

    await compare(ledger, old, fresh, Uint8Array.of(0, byteOf('misread')))
    const failed = await ledger.gate.ask(question, unread)
    expect(failed).toMatchObject({
      answer: 'fail',
      reasons: [{ code: 'verdict', verdict: 'misread', count: 1, modules: [{ name: 'y' }] }],
      compared: { pairs: 2, modules: 4 },
    })
    expect((await ledger.gate.ask(question, unread)).id).toBe(failed.id)
    expect(await ledger.gate.decision(pending.id)).toEqual(pending)
    const inputs = await ledger.gate.inputs(failed.id)
    expect(inputs).toMatchObject({ environment, pairs: [{ comparison: expect.any(String) }, {}] })
    const { items } = await ledger.gate.decisions({ build: fresh, limit: 10 })
    expect(items.map(({ answer }) => answer)).toEqual(['fail', 'unknown'])
    await expect(ledger.gate.decision(old)).rejects.toMatchObject({ code: 'decision-unknown' })
  })

  it('records a decision again where it turns back', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, Uint8Array.of(0, byteOf('misread')))
    const first = await ledger.gate.ask(question, unread)
    await ledger.lives.leave({ environment, buildId: old, by: 'hook' })
    expect(await ledger.gate.ask(question, unread)).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'environment-empty' }],
    })
    await ledger.lives.enter({ environment, buildId: old, by: 'hook' })
    const last = await ledger.gate.ask(question, unread)
    expect(last).toMatchObject({ answer: 'fail', inputs: first.inputs })
    expect(last.id).not.toBe(first.id)
  })

  it('leaves word of a turn, with what to tell of it, and asks again what changed in its stream', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    const subject = `gate:${fresh}:${environment}`
    expect(await ledger.asked.streams()).toEqual([])
    await ledger.gate.ask(question, unread)
    const [before] = await ledger.asked.streams()
    expect(before?.questions).toEqual([question])
    expect((await ledger.asked.streams())[0]?.mark).toBe(before?.mark)
    await compare(ledger, old, fresh, Uint8Array.of(0, byteOf('misread')))
    expect((await ledger.asked.streams())[0]?.mark).not.toBe(before?.mark)
    await ledger.gate.ask(question, unread)
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
    await ledger.gate.ask(question, unread)
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
    await ledger.gate.ask(question, unread)
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
    expect(await ledger.gate.ask(question, unread)).toMatchObject({ answer: 'fail' })
  })

  it('asked many times at once records one decision', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { question } = await twoBuilds(ledger)
    const asked = await Promise.all(Array.from({ length: 8 }, () => ledger.gate.ask(question, unread)))
    expect(new Set(asked.map(({ id }) => id)).size).toBe(1)
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
        return Uint8Array.of(byteOf('changed'), 0)
      },
    }
    expect(await ledger.gate.ask(question, reader)).toMatchObject({ answer: 'fail' })
    await ledger.gate.ask(question, reader)
    expect(reads).toBe(1)
  })

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
    expect(await ledger.gate.ask(question, unread)).toMatchObject({
      answer: 'pass',
      policyVersion: 1,
      tolerated: 1,
      unusedRules: [{ line: 2, pattern: 'z' }],
    })
    expect((await ledger.policies.set({ stream, settings: {}, by: 'bert' })).policy.version).toBe(2)
    expect(await ledger.gate.ask(question, unread)).toMatchObject({ answer: 'fail', policyVersion: 2 })
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
    expect(await ledger.gate.ask(question, unread)).toMatchObject({
      answer: 'fail',
      reasons: [{ code: 'load', verdict: 'refused' }],
      waived: [{ waiver: waiver.id, state: 'active', verdict: 'misread', modules: [{ name: 'y' }] }],
    })
    const all = { ...draft, verdicts: ['refused' as const], modules: 'all' as const }
    const second = await ledger.waivers.add(all)
    expect(await ledger.gate.ask(question, unread)).toMatchObject({ answer: 'pass' })

    // Another build of the same kernel with other modules is not covered.
    const other = await ingesting(ledger, '1.4')
    await ledger.builds.recordIngest(found(other, { base: 'c', modules: ['x', 'y'] }))
    await compare(ledger, other, other, fits)
    await compare(ledger, old, other, Uint8Array.of(byteOf('refused'), byteOf('misread')))
    expect(await ledger.gate.ask({ buildId: other, environment }, unread)).toMatchObject({
      answer: 'fail',
      reasons: [{ verdict: 'refused' }, { verdict: 'misread' }],
      waived: [],
    })

    expect(await ledger.waivers.withdraw(second.waiver.id, 'bert')).toMatchObject({
      state: 'withdrawn',
      withdrawnBy: 'bert',
    })
    expect((await ledger.waivers.withdraw(second.waiver.id, 'carl')).withdrawnBy).toBe('bert')
    expect(await ledger.gate.ask(question, unread)).toMatchObject({
      answer: 'fail',
      waived: [{ state: 'active' }, { waiver: second.waiver.id, state: 'withdrawn' }],
    })
    clock.now = new Date('2026-01-11T00:00:00Z')
    const late = await ledger.gate.ask(question, unread)
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

  it('looks at packages of modules that were built for what is live, until they leave', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, fits)
    const kmp = await ingesting(ledger, '1.1.kmp', '5.15.12-1.1')
    await ledger.builds.recordIngest(found(kmp, { modules: ['z'] }))
    await compare(ledger, old, kmp, fits)
    await compare(ledger, fresh, kmp, Uint8Array.of(byteOf('rejected')))
    expect(await ledger.gate.ask(question, unread)).toMatchObject({
      answer: 'fail',
      reasons: [{ direction: 'kernel-with-modules', kernelBuild: { id: fresh }, moduleBuild: { id: kmp } }],
      considered: expect.arrayContaining([expect.objectContaining({ live: false, because: 'same-release' })]),
    })
    // And the package itself on the kernel that is live.
    expect(await ledger.gate.ask({ buildId: kmp, environment }, unread)).toMatchObject({
      answer: 'pass',
      compared: { pairs: 1 },
    })
    await ledger.lives.enter({ environment, buildId: kmp, by: 'hook' })
    expect((await ledger.gate.ask(question, unread)).answer).toBe('fail')
    await ledger.lives.leave({ environment, buildId: kmp, by: 'hook' })
    expect((await ledger.gate.ask(question, unread)).answer).toBe('pass')
  })

  it('does not pass while a package of modules for a live kernel is on its way, or could not be read', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, fits)
    expect((await ledger.gate.ask(question, unread)).answer).toBe('pass')
    const kmp = await ingesting(ledger, '1.1.kmp', '5.15.12-1.1')
    expect(await ledger.gate.ask(question, unread)).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'package-pending', moduleBuild: { id: kmp } }],
    })
    await ledger.builds.fail(kmp, { code: 'package-damaged', message: 'It ends early' })
    expect(await ledger.gate.ask(question, unread)).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'package-failed', detail: 'package-damaged: It ends early' }],
    })
    await ledger.lives.enter({ environment, buildId: kmp, by: 'hook' })
    await ledger.lives.leave({ environment, buildId: kmp, by: 'hook' })
    expect((await ledger.gate.ask(question, unread)).answer).toBe('pass')
  })

  it('does not pass by live builds of which no kernel is known, nor for a name that nothing ever entered', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh } = await twoBuilds(ledger)
    await ledger.policies.set({ stream, settings: { emptyEnvironment: 'pass' }, by: 'anna' })
    const codes = async (of: string, buildId = fresh) =>
      (await ledger.gate.ask({ buildId, environment: of }, unread)).reasons.map(({ code }) => code)
    expect(await codes('prodution')).toEqual(['environment-unknown'])
    const part = await ingesting(ledger, '1.2')
    await ledger.builds.recordIngest(found(part, { modules: ['x'] }))
    await compare(ledger, fresh, part, fits)
    await ledger.lives.enter({ environment: 'staging', buildId: part, by: 'hook' })
    expect(await codes('staging')).toEqual(['live-without-kernel'])
    await ledger.lives.leave({ environment: 'staging', buildId: part, by: 'hook' })
    expect(await codes('staging')).toEqual([])
    const orphan = await ingesting(ledger, '1.9.kmp', '5.15.12-1.9')
    await ledger.builds.recordIngest(found(orphan, { modules: ['z'] }))
    await compare(ledger, old, orphan, fits)
    expect(await codes(environment, orphan)).toEqual(['own-kernel-missing'])
  })

  it('takes for pending what an older engine decided, and what a new origin may change', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, fits)
    expect((await ledger.gate.ask(question, unread)).answer).toBe('pass')
    expect(await ledger.gate.ask(question, { ...unread, version: '2' })).toMatchObject({
      answer: 'unknown',
      reasons: [
        { code: 'comparison-pending', detail: 'It was decided by engine 1, and will be again by 2.' },
        { code: 'comparison-pending' },
      ],
    })
    expect((await ledger.gate.ask(question, { ...unread, version: '0.9' })).answer).toBe('pass')
    const task = async (state: string, error: string | null) => {
      await query(`DELETE FROM "Task" WHERE id = 'origin:${fresh}'`)
      await query(
        `INSERT INTO "Task" (id, kind, payload, state, error) VALUES ('origin:${fresh}', 'origin', '{}', '${state}', ${error})`,
      )
    }
    for (const state of ['pending', 'leased']) {
      await task(state, null)
      const { answer, reasons } = await ledger.gate.ask(question, unread)
      expect([answer, ...reasons.map(({ code }) => code)]).toEqual([
        'unknown',
        'comparison-pending',
        'comparison-pending',
      ])
    }
    await task('failed', `'{"code":"blob-unknown","message":"It is gone"}'`)
    expect((await ledger.gate.ask(question, unread)).reasons).toMatchObject([
      { code: 'comparison-failed', detail: 'blob-unknown: It is gone' },
      { code: 'comparison-failed' },
    ])
    await task('done', null)
    expect((await ledger.gate.ask(question, unread)).answer).toBe('pass')
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
    expect((await ledger.gate.ask(question, unread)).answer).toBe('pass')
    for (const change of [
      `"exportsSha256" = 'other'`,
      `"allowBtfMismatch" = true`,
      `"rulesVersion" = '6.1'`,
    ]) {
      await query(`UPDATE "Build" SET ${change} WHERE id = '${old}'`)
      await query(`UPDATE "Pair" SET state = 'pending' WHERE "kernelBuildId" = '${old}'`)
      await compare(ledger, old, fresh, Uint8Array.of(byteOf('refused'), 0))
      expect((await ledger.gate.ask(question, unread)).answer).toBe('fail')
      const again = await ledger.waivers.add(draft)
      expect(again.outcome).toBe('created')
      expect(again.waiver.id).not.toBe(first.waiver.id)
      expect((await ledger.gate.ask(question, unread)).answer).toBe('pass')
    }
  })

  it('keeps dry runs, once each, and who published against it, always', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { fresh, question } = await twoBuilds(ledger)
    const { id } = await ledger.gate.ask(question, unread)
    const dry = {
      kind: 'dry-run' as const,
      build: fresh,
      environment,
      decision: id,
      reason: null,
      by: 'ci',
      onBehalfOf: null,
    }
    const first = await ledger.gate.recordUse(dry)
    expect((await ledger.gate.recordUse(dry)).id).toBe(first.id)
    const broken = { ...dry, kind: 'break-glass' as const, reason: 'security', onBehalfOf: 'anna' }
    await ledger.gate.recordUse(broken)
    await ledger.gate.recordUse({ ...broken, build: 'a build that is not recorded', decision: null })
    expect((await ledger.gate.decision(id)).uses.map(({ kind }) => kind)).toEqual(['dry-run', 'break-glass'])
    const { items } = await ledger.gate.uses({ environment, limit: 10 })
    expect(items.map(({ build }) => build)).toEqual(['a build that is not recorded', fresh, fresh])
    await expect(ledger.gate.recordUse({ ...broken, decision: fresh })).rejects.toMatchObject({
      code: 'decision-unknown',
    })
  })
})
