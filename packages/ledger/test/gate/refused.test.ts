import { describe, expect, it } from 'vitest'
import type { Ledger } from '../../src/index.js'
import { found, ingesting, openTestLedger, sha } from '../support/ledger.js'
import { asked, compare, environment, fits, stream, twoBuilds, unread } from './recorded.js'

const filename = 'kernel-default.rpm'

/** Two builds that fit each other, the first of them live, each with a file. */
async function scene(ledger: Ledger) {
  const { old, fresh, question } = await twoBuilds(ledger)
  await compare(ledger, old, fresh, fits)
  return { old, fresh, question, ask: () => asked(ledger, question, unread) }
}

/** Gives a sealed build a file, as if it had come before. */
async function withFile(test: Awaited<ReturnType<typeof openTestLedger>>, buildId: string, name = filename) {
  await test.query(
    `INSERT INTO "Artifact" (id, "buildId", filename, sha256, size) VALUES (gen_random_uuid(), '${buildId}', '${name}', '${sha('rpm')}', 5)`,
  )
}

const send = (ledger: Ledger, buildId: string, content: string, by = 'obs', size = 5) =>
  ledger.artifacts.add({ buildId, filename, sha256: sha(content), size, by })

const acknowledgeAll = async (ledger: Ledger, id: string, by = 'anna') => {
  const refusals = (await ledger.builds.refusals(id)).map((one) => one.id)
  return ledger.builds.acknowledge(id, { refusals, reason: 'it was never published', by })
}

describe('other content that was refused', () => {
  it('keeps the gate and the attestation from passing until somebody says what it was, and again when more comes', async () => {
    await using test = await openTestLedger()
    const { ledger, clock } = test
    const { fresh, ask } = await scene(ledger)
    await withFile(test, fresh)
    const passed = await ask()
    expect(passed).toMatchObject({ answer: 'pass', refused: 0 })
    expect((await send(ledger, fresh, 'rpm')).outcome, 'a retry is none').toBe('same')
    expect((await ask()).id).toBe(passed.id)

    const mark = async () => (await ledger.asked.streams())[0]?.mark
    const before = await mark()
    expect((await send(ledger, fresh, 'other')).outcome).toBe('differs')
    expect(await mark(), 'the gate is asked again').not.toBe(before)
    const refused = await ask()
    expect(refused).toMatchObject({ answer: 'unknown', refused: 1, reasons: [{ code: 'content-refused' }] })
    expect(refused.reasons[0]?.detail).toContain(
      `${filename} came with sha256 ${sha('other')}, and is recorded with ${sha('rpm')}; sent by obs on 2026-01-01 00:00 UTC`,
    )
    const { missing } = await ledger.attested.build(fresh, unread)
    expect(missing.map(({ environment: of, reason }) => [of, reason.code])).toEqual([
      [null, 'content-refused'],
    ])
    expect(await ledger.gate.askUntilKnown({ buildId: fresh, environment }, unread)).toMatchObject({
      decision: { id: refused.id },
    })

    clock.now = new Date('2026-01-02T00:00:00Z')
    const middle = await mark()
    await acknowledgeAll(ledger, fresh)
    expect(await mark()).not.toBe(middle)
    const after = await ask()
    expect(after).toMatchObject({ answer: 'pass', refused: 1 })
    expect(await ledger.gate.inputs(after.id)).toMatchObject({
      build: { refusals: [{ given: sha('other'), acknowledgedBy: 'anna' }] },
    })
    expect((await ledger.attested.build(fresh, unread)).missing).toEqual([])
    expect(await ledger.gate.decision(refused.id), 'what was decided stays').toEqual(refused)

    clock.now = new Date('2026-01-03T00:00:00Z')
    await send(ledger, fresh, 'other', 'ci', 7)
    expect((await ask()).id, 'the same once more says nothing new').toBe(after.id)
    await acknowledgeAll(ledger, fresh, 'bert')
    expect(await ledger.builds.refusals(fresh)).toMatchObject([
      {
        by: 'obs',
        createdAt: '2026-01-01T00:00:00.000Z',
        times: 2,
        lastAt: '2026-01-03T00:00:00.000Z',
        acknowledgement: { by: 'anna', at: '2026-01-02T00:00:00.000Z', reason: 'it was never published' },
      },
    ])
    await send(ledger, fresh, 'a third')
    expect(await ask()).toMatchObject({ answer: 'unknown', refused: 2, reasons: [{}] })
    expect((await ledger.builds.refusals(fresh))[0], 'what is to be looked at comes first').toMatchObject({
      given: { sha256: sha('a third') },
      acknowledgement: null,
    })
  })

  it('may be the declaration alone, of the build itself; of a live one it is the files that count', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, ask } = await scene(ledger)
    const declare = (release: string) =>
      ledger.builds.declare({
        stream,
        version: '5.15.12',
        release,
        provenance: { url: 'https://other.example' },
        builtFor: null,
        by: 'ci',
      })
    await declare('1.1')
    expect((await ask()).answer).toBe('pass')
    await declare('1.3')
    expect(await ask()).toMatchObject({
      answer: 'unknown',
      reasons: [
        { code: 'content-refused', detail: expect.stringMatching(/^Another declaration of it came by ci /) },
      ],
    })
    await acknowledgeAll(ledger, fresh)
    expect((await ask()).answer).toBe('pass')
    await withFile(test, old)
    for (const content of ['one', 'two']) await send(ledger, old, content)
    expect(await ask()).toMatchObject({
      answer: 'unknown',
      refused: 1,
      reasons: [{ code: 'content-refused', kernelBuild: { id: old } }],
    })
    const [latest] = await ledger.builds.refusals(old)
    await ledger.builds.acknowledge(old, { refusals: [latest?.id ?? ''], reason: 'known', by: 'anna' })
    expect((await ask()).reasons, 'the one before was not looked at').toMatchObject([
      { code: 'content-refused', detail: expect.stringContaining(sha('one')) },
    ])
    await acknowledgeAll(ledger, old)
    expect((await ask()).answer).toBe('pass')
  })

  it('is acknowledged as it was looked at: all that is named or nothing', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh } = await scene(ledger)
    await withFile(test, fresh)
    await withFile(test, old)
    await send(ledger, fresh, 'other')
    await send(ledger, old, 'other')
    const [mine] = await ledger.builds.refusals(fresh)
    const [foreign] = await ledger.builds.refusals(old)
    const acknowledge = (id: string, refusals: (string | undefined)[]) =>
      ledger.builds.acknowledge(id, { refusals: refusals.map(String), reason: 'known', by: 'anna' })
    for (const other of [foreign?.id, fresh, 'no id'])
      await expect(acknowledge(fresh, [mine?.id, other])).rejects.toMatchObject({ code: 'refusal-unknown' })
    expect(await ledger.builds.refusals(fresh)).toMatchObject([{ acknowledgement: null }])
    for (const nobody of ['no id', '00000000-0000-7000-8000-000000000000'])
      await expect(acknowledge(nobody, [mine?.id])).rejects.toMatchObject({ code: 'build-unknown' })
    expect(await acknowledge(fresh, [mine?.id, mine?.id])).toMatchObject({ id: fresh })
  })

  it('is bounded, and what comes beyond is never acknowledged before it came', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const { fresh, ask } = await scene(ledger)
    await withFile(test, fresh)
    for (let nth = 0; nth < 103; nth++) await send(ledger, fresh, `content ${nth}`)
    const rows = await ledger.builds.refusals(fresh)
    expect([rows.length, rows[0]?.code, rows[0]?.times]).toEqual([101, 'more-differs', 3])
    const told = async () => {
      const [found] = await query(`SELECT touched FROM "Subject" WHERE key LIKE 'differs:${fresh}:%'`)
      return Number(found?.touched)
    }
    const before = await told()
    expect(before).toBe(101)
    expect((await ask()).reasons).toHaveLength(10)
    const seen = rows.map(({ id }) => id)
    await send(ledger, fresh, 'content 103')
    await expect(
      ledger.builds.acknowledge(fresh, { refusals: seen, reason: 'all known', by: 'anna' }),
      'one came since it was looked at',
    ).rejects.toMatchObject({ code: 'refusal-unknown' })
    expect(await told()).toBe(before)
    await acknowledgeAll(ledger, fresh)
    expect(await ask()).toMatchObject({ answer: 'pass', refused: 101 })
    await send(ledger, fresh, 'content 50')
    expect((await ask()).answer, 'one of those that are kept').toBe('pass')
    await send(ledger, fresh, 'content 104')
    expect(await ask()).toMatchObject({
      answer: 'unknown',
      refused: 101,
      reasons: [{ detail: expect.stringMatching(/^More other content came than is listed/) }],
    })
    expect(await told(), 'channels are told of it again').toBe(before + 1)
    expect(await ledger.builds.refusals(fresh)).toHaveLength(101)
  })

  it('is one refusal however often it comes at once', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const id = await ingesting(ledger, '1.9')
    await withFile(test, id)
    await Promise.all(Array.from({ length: 20 }, () => send(ledger, id, 'other')))
    expect(await ledger.builds.refusals(id)).toMatchObject([{ times: 20 }])
  })
})

describe('a package that came after the seal', () => {
  const late = (ledger: Ledger, buildId: string, content: string, name = 'extra.rpm', kind?: 'log') =>
    ledger.artifacts.add({
      buildId,
      filename: name,
      sha256: sha(content),
      size: 5,
      by: 'obs',
      ...(kind && { kind }),
    })

  /** Seals a build with one artifact, of which this is found. */
  const read = async (ledger: Ledger, buildId: string, state: 'ingested' | 'failed' = 'ingested') => {
    await ledger.builds.seal(buildId)
    const started = await ledger.builds.startIngest(buildId)
    const artifacts = [{ id: started?.artifacts[0]?.id ?? '', state, problems: [] }]
    await ledger.builds.recordIngest({ ...found(buildId, {}), artifacts })
  }

  it('keeps gate and attestation from passing, once however often it comes, until somebody says what it was', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { fresh, question, ask } = await scene(ledger)
    for (let nth = 0; nth < 3; nth++) expect((await late(ledger, fresh, 'extra')).outcome).toBe('sealed')
    const refused = await ask()
    expect(refused).toMatchObject({ answer: 'unknown', refused: 1, reasons: [{ code: 'content-late' }] })
    expect(refused.reasons[0]?.detail).toContain(
      `extra.rpm came with sha256 ${sha('extra')}; sent by obs on `,
    )
    expect((await ledger.attested.build(fresh, unread)).missing).toMatchObject([
      { environment: null, reason: { code: 'content-late' } },
    ])
    expect(await ledger.builds.refusals(fresh)).toMatchObject([
      { code: 'after-seal', filename: 'extra.rpm', times: 3, recorded: {}, heldBy: null },
    ])
    await late(ledger, fresh, 'another')
    expect((await ask()).reasons).toHaveLength(2)
    await acknowledgeAll(ledger, fresh)
    expect(await asked(ledger, question, unread)).toMatchObject({ answer: 'pass', refused: 2 })
  })

  it('is nothing of that as soon as a build of modules for that kernel has it, and again when that is withdrawn', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, ask } = await scene(ledger)
    const own = async (builtFor: string, release: string) => {
      const declared = { stream, version: '5.15.12', release, provenance: {}, builtFor }
      return (await ledger.builds.declare(declared)).build.id
    }
    const sent: string[] = []
    // As the sender of the hooks does it: the refused package at once as a module build.
    for (const [kernel, name] of [
      [fresh, '1.3'],
      [old, '1.1'],
    ] as const) {
      await late(ledger, kernel, name)
      expect((await ask()).reasons.map(({ code }) => code)).toContain('content-late')
      const module = await own(`5.15.12-${name}`, `${name}.extra`)
      sent.push(module)
      expect((await late(ledger, module, name)).outcome).toBe('created')
      await read(ledger, module)
      expect(await ask()).toMatchObject({ answer: 'pass', refused: 0 })
      expect(await ledger.builds.refusals(kernel)).toMatchObject([{ heldBy: `5.15.12-${name}.extra` }])
    }
    expect((await ledger.attested.build(fresh, unread)).missing).toEqual([])
    for (const id of sent) await ledger.builds.withdraw(id, { reason: 'wrong', by: 'anna' })
    expect((await ask()).reasons.map(({ code, kernelBuild }) => [code, kernelBuild?.id])).toEqual([
      ['content-late', undefined],
      ['content-late', old],
    ])
  })

  it('is nobody’s business that no gate of the kernel looks at: a build for another, or for none, a file of another kind', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { fresh, ask } = await scene(ledger)
    const declared = async (release: string, builtFor: string | null) => {
      const { build } = await ledger.builds.declare({
        stream,
        version: '5.15.12',
        release,
        provenance: {},
        builtFor,
      })
      return build.id
    }
    const elsewhere = await declared('1.1.extra', '5.15.12-1.1')
    await late(ledger, elsewhere, 'extra')
    await late(ledger, fresh, 'extra')
    const codes = async () => (await ask()).reasons.map(({ code }) => code)
    expect(await codes(), 'it was there before').toContain('content-late')
    const without = await declared('1.3.extra', null)
    await late(ledger, without, 'extra')
    const asLog = await declared('1.3.log', '5.15.12-1.3')
    await late(ledger, asLog, 'extra', 'extra.log', 'log')
    const another = await declared('1.3.kernel', '5.15.12-1.3')
    await late(ledger, another, 'extra')
    for (const [id, parts] of [
      [without, { modules: ['z'] }],
      [another, { base: 'c', modules: ['z'] }],
    ] as const) {
      await ledger.builds.seal(id)
      await ledger.builds.startIngest(id)
      await ledger.builds.recordIngest(found(id, { ...parts, modules: [...parts.modules] }))
    }
    expect(await codes()).toContain('content-late')
    expect(await ledger.builds.refusals(fresh)).toMatchObject([{ code: 'after-seal', heldBy: null }])
  })

  it('of a package of modules is what has it for the same kernel', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    await scene(ledger)
    const kmp = await ingesting(ledger, '1.3.kmp', '5.15.12-1.3')
    await ledger.builds.recordIngest(found(kmp, { modules: ['z'] }))
    await late(ledger, kmp, 'other')
    for (const [release, builtFor, state, heldBy] of [
      ['1.3.a', '5.15.12-1.3.kmp', 'ingested', null],
      ['1.3.b', '5.15.12-1.3', 'failed', null],
      ['1.3.c', '5.15.12-1.3', 'ingested', '5.15.12-1.3.c'],
    ] as const) {
      const { build } = await ledger.builds.declare({
        stream,
        version: '5.15.12',
        release,
        provenance: {},
        builtFor,
      })
      await late(ledger, build.id, 'other')
      expect(await ledger.builds.refusals(kmp), 'nobody has read it').toMatchObject([{ heldBy: null }])
      await read(ledger, build.id, state)
      expect(await ledger.builds.refusals(kmp)).toMatchObject([{ heldBy }])
    }
  })

  it('is not what another stream has, and evidence beside packages holds nothing up', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { fresh, ask } = await scene(ledger)
    await late(ledger, fresh, 'log', 'build.log', 'log')
    await late(ledger, fresh, 'log', 'sources', 'log')
    expect(await ledger.builds.refusals(fresh)).toMatchObject([{ filename: 'sources' }])
    const elsewhere = { stream: 'another', version: '1', release: '1', provenance: {}, builtFor: null }
    const { build } = await ledger.builds.declare(elsewhere)
    await late(ledger, build.id, 'log', 'sources')
    expect(await ask()).toMatchObject({ answer: 'unknown', refused: 1 })
  })
})
