import { remedyOf } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import { found, ingesting, openTestLedger, type TestLedger } from '../support/ledger.js'
import { asked, compare, environment, fits, stream, twoBuilds, unread } from './recorded.js'
import { byteOf } from './support.js'

/** Artifacts that a build has besides, with the problems of each. */
async function addArtifacts(test: TestLedger, buildId: string, problems: Record<string, readonly object[]>) {
  await test.query(
    `INSERT INTO "Blob" (sha256, size, "createdAt") VALUES ('e', 1, now()) ON CONFLICT DO NOTHING`,
  )
  await test.query(
    `INSERT INTO "Artifact" (id, "buildId", filename, sha256, size, kind, state, problems, "createdAt")
      SELECT gen_random_uuid(), $1, key, 'e', 1, 'package', 'ingested', value, now() FROM jsonb_each($2)`,
    [buildId, JSON.stringify(problems)],
  )
}

describe('the gate, by its evidence,', () => {
  it('looks at packages of modules that were built for what is live, until they leave', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, fits)
    const kmp = await ingesting(ledger, '1.1.kmp', '5.15.12-1.1')
    await ledger.builds.recordIngest(found(kmp, { modules: ['z'] }))
    await compare(ledger, old, kmp, fits)
    await compare(ledger, fresh, kmp, Uint8Array.of(byteOf('rejected')))
    expect(await asked(ledger, question, unread)).toMatchObject({
      answer: 'fail',
      reasons: [
        {
          direction: 'kernel-with-modules',
          kernelBuild: { id: fresh },
          moduleBuild: { id: kmp },
          remedy: remedyOf('verdict', 'kernel-with-modules'),
        },
      ],
      considered: expect.arrayContaining([expect.objectContaining({ live: false, because: 'same-release' })]),
    })
    // And the package itself on the kernel that is live.
    expect(await asked(ledger, { buildId: kmp, environment }, unread)).toMatchObject({
      answer: 'pass',
      compared: { pairs: 1 },
    })
    await ledger.lives.enter({ environment, buildId: kmp, by: 'hook' })
    expect((await asked(ledger, question, unread)).answer).toBe('fail')
    await ledger.lives.leave({ environment, buildId: kmp, by: 'hook' })
    expect((await asked(ledger, question, unread)).answer).toBe('pass')
  })

  it('does not pass while a package of modules for a live kernel is on its way, or could not be read', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, fits)
    expect((await asked(ledger, question, unread)).answer).toBe('pass')
    const kmp = await ingesting(ledger, '1.1.kmp', '5.15.12-1.1')
    expect(await asked(ledger, question, unread)).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'package-pending', moduleBuild: { id: kmp } }],
    })
    await ledger.builds.fail(kmp, { code: 'package-damaged', message: 'It ends early' })
    expect(await asked(ledger, question, unread)).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'package-failed', detail: 'package-damaged: It ends early' }],
    })
    await ledger.lives.enter({ environment, buildId: kmp, by: 'hook' })
    await ledger.lives.leave({ environment, buildId: kmp, by: 'hook' })
    expect((await asked(ledger, question, unread)).answer).toBe('pass')
  })

  it('does not pass by live builds of which no kernel is known, nor for a name that nothing ever entered', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh } = await twoBuilds(ledger)
    await ledger.policies.set({ stream, settings: { emptyEnvironment: 'pass' }, by: 'anna' })
    const codes = async (of: string, buildId = fresh) =>
      (await asked(ledger, { buildId, environment: of }, unread)).reasons.map(({ code }) => code)
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

  it('does not pass a kernel build whose config has BTF made for modules, and of which none has any', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, question } = await twoBuilds(ledger)
    const built = async (release: string, btfModules: boolean | null, lost: readonly string[]) => {
      const buildId = await ingesting(ledger, release)
      const all = found(buildId, { base: release, modules: ['x', 'y'] })
      const kernel = all.kernel && { ...all.kernel, btfModules }
      const manifest = (all.manifest ?? []).map((one) =>
        lost.includes(one.name) ? { ...one, btfSha256: null, btfBytes: null } : one,
      )
      await ledger.builds.recordIngest({ ...all, kernel, manifest })
      await compare(ledger, old, buildId, fits)
      await compare(ledger, buildId, buildId, fits, { 'no-btf': lost.length, compatible: 2 - lost.length })
      const { answer, reasons, withoutBtf } = await asked(ledger, { ...question, buildId }, unread)
      return [answer, reasons.map(({ code }) => code), withoutBtf]
    }
    expect(await built('2.1', true, ['x', 'y'])).toEqual(['unknown', ['btf-missing'], 2])
    expect(await built('2.2', true, ['x'])).toEqual(['pass', [], 1])
    expect(await built('2.3', false, ['x', 'y'])).toEqual(['pass', [], 2])
    expect(await built('2.4', null, ['x', 'y'])).toEqual(['pass', [], 2])
  })

  it('does not pass a package of modules of which some lie in the folder of another release', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, question } = await twoBuilds(ledger)
    const built = async (release: string, folders: readonly string[]) => {
      const buildId = await ingesting(ledger, release, '5.15.12-1.1')
      const all = found(buildId, { modules: folders.map((_, nth) => `m${nth}`) })
      const manifest = (all.manifest ?? []).map((one, nth) => ({
        ...one,
        file: `kmp.rpm!${folders[nth]}/updates/${one.name}.ko`,
        sha256: `${release} ${nth}`,
      }))
      await ledger.builds.recordIngest({ ...all, manifest })
      await compare(ledger, old, buildId, fits)
      const { answer, reasons } = await asked(ledger, { ...question, buildId }, unread)
      return [answer, ...reasons.map(({ code, detail }) => `${code}: ${detail}`)]
    }
    const own = 'lib/modules/5.15.12-1-default'
    expect(await built('2.1', [own, 'usr/share/doc'])).toEqual(['pass'])
    expect(await built('2.2', [own, 'lib/modules/5.15.11-1-rt'])).toEqual([
      'unknown',
      'version-contradicts: There are modules of 5.15.12-1-default below 5.15.11-1-rt.',
    ])
  })

  it('does not pass a package of modules without any BTF where the kernel that it was built for has it made', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { question } = await twoBuilds(ledger)
    const built = async (nth: number, btfModules: boolean | null, lost: readonly string[], named = true) => {
      const kernelId = await ingesting(ledger, `${nth}`)
      const kernel = found(kernelId, { base: `${nth}`, modules: ['x'] })
      await ledger.builds.recordIngest({
        ...kernel,
        kernel: kernel.kernel && { ...kernel.kernel, btfModules },
      })
      const buildId = await ingesting(ledger, `${nth}.kmp`, ...(named ? [`5.15.12-${nth}`] : []))
      const all = found(buildId, { modules: ['y', 'z'] })
      const manifest = (all.manifest ?? []).map((one) =>
        lost.includes(one.name) ? { ...one, btfSha256: null, btfBytes: null } : one,
      )
      await ledger.builds.recordIngest({ ...all, manifest })
      const { answer, reasons } = await asked(ledger, { ...question, buildId }, unread)
      return [answer, reasons.map(({ code }) => code).includes('btf-missing')]
    }
    expect(await built(2, true, ['y', 'z'])).toEqual(['unknown', true])
    expect((await built(3, true, ['y']))[1]).toBe(false)
    expect((await built(4, null, ['y', 'z']))[1]).toBe(false)
    expect((await built(5, true, ['y', 'z'], false))[1]).toBe(false)
  })

  it('names the artifacts of the build that hold nothing', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, fits)
    await addArtifacts(test, fresh, {
      'extra.rpm': [{ code: 'artifact-empty', message: 'Nothing' }],
      'core.rpm': [],
    })
    expect(await asked(ledger, question, unread)).toMatchObject({
      answer: 'pass',
      emptyArtifacts: ['extra.rpm'],
    })
  })

  it('does not pass what its own artifacts contradict, and attests it with a warning', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, fits)
    await addArtifacts(test, fresh, {
      'provenance.json': [
        { code: 'provenance-contradicts', file: 'provenance.json', at: 'subject', message: 'Other.' },
      ],
      'core.rpm': [
        { code: 'exports-unknown', file: 'x', at: null, message: 'Stripped.' },
        { code: 'version-contradicts', at: 'file name', message: 'As it was recorded.' },
        { code: 'name-contradicts', message: 'Its name.' },
        { code: 'version-contradicts', message: 'Two.' },
      ],
      'extra.rpm': [{ code: 'modules-unread', file: 'x.ko.br', at: null, message: 'Unread.' }],
      'build.log': [{ code: 'log-contradicts', file: 'build.log', at: null, message: 'Other tools.' }],
    })
    expect(await asked(ledger, question, unread)).toMatchObject({
      answer: 'unknown',
      reasons: [
        { code: 'artifact-contradicts', detail: 'core.rpm: version-contradicts: Two.' },
        { code: 'artifact-contradicts', detail: 'provenance.json: provenance-contradicts: Other.' },
        { code: 'modules-unread', detail: 'extra.rpm: Unread.' },
      ],
    })
    const { missing } = await ledger.attested.build(fresh, unread)
    expect(missing.map(({ environment, reason }) => [environment, reason.code])).toEqual([
      [null, 'artifact-contradicts'],
      [null, 'modules-unread'],
      [null, 'artifact-contradicts'],
    ])
  })

  it('does not pass by a package of modules for a kernel concerned of which modules were not looked at', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, fits)
    const kmp = await ingesting(ledger, '1.1.kmp', '5.15.12-1.1')
    await ledger.builds.recordIngest(found(kmp, { modules: ['z'] }))
    for (const kernel of [old, fresh]) await compare(ledger, kernel, kmp, fits)
    const unlooked = (buildId: string) =>
      addArtifacts(test, buildId, {
        'kmp.rpm': [{ code: 'modules-unread', file: 'x.ko.br', at: null, message: 'Unread.' }],
      })
    await unlooked(old)
    expect((await asked(ledger, question, unread)).answer, 'a kernel’s own modules are not compared').toBe(
      'pass',
    )
    await unlooked(kmp)
    const told = async () =>
      (await asked(ledger, question, unread)).reasons.map(({ code, moduleBuild, kernelBuild, detail }) => [
        code,
        (moduleBuild ?? kernelBuild)?.id,
        detail,
      ])
    expect(await told()).toEqual([['package-unusable', kmp, 'kmp.rpm']])
    await ledger.lives.enter({ environment, buildId: kmp, by: 'hook' })
    expect(await told()).toEqual([['live-unusable', kmp, 'kmp.rpm']])
    expect(
      (await asked(ledger, { buildId: kmp, environment }, unread)).reasons.map(({ code }) => code),
      'of itself it is said once',
    ).toEqual(['modules-unread'])
  })

  it('takes for pending what an older engine decided, and what a new origin may change', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const { old, fresh, question } = await twoBuilds(ledger)
    await compare(ledger, old, fresh, fits)
    expect((await asked(ledger, question, unread)).answer).toBe('pass')
    expect(await asked(ledger, question, { ...unread, version: '2' })).toMatchObject({
      answer: 'unknown',
      reasons: [
        { code: 'comparison-pending', detail: 'It was decided by engine 1, and will be again by 2.' },
        { code: 'comparison-pending' },
      ],
    })
    expect((await asked(ledger, question, { ...unread, version: '0.9' })).answer).toBe('pass')
    const task = async (state: string, error: string | null) => {
      await query(`DELETE FROM "Task" WHERE id = 'origin:${fresh}'`)
      await query(
        `INSERT INTO "Task" (id, kind, payload, state, error) VALUES ('origin:${fresh}', 'origin', '{}', '${state}', ${error})`,
      )
    }
    for (const state of ['pending', 'leased']) {
      await task(state, null)
      const { answer, reasons } = await asked(ledger, question, unread)
      expect([answer, ...reasons.map(({ code }) => code)]).toEqual([
        'unknown',
        'comparison-pending',
        'comparison-pending',
      ])
    }
    await task('failed', `'{"code":"blob-unknown","message":"It is gone"}'`)
    expect((await asked(ledger, question, unread)).reasons).toMatchObject([
      { code: 'comparison-failed', detail: 'blob-unknown: It is gone' },
      { code: 'comparison-failed' },
    ])
    await task('done', null)
    expect((await asked(ledger, question, unread)).answer).toBe('pass')
  })
})
