import type { ArtifactRefusedNotice, DriftNotice, GateNotice, Notice } from '@basedrift/contract'
import { isNotice, noticeExamples } from '@basedrift/contract'
import { describe, expect, it } from 'vitest'
import type { Ledger, Route } from '../../src/index.js'
import { found, ingesting, openTestLedger, recordDrift, sha } from '../support/ledger.js'
import { newChannel } from './channel.js'

const stream = 'openSUSE:Factory/x86_64/default'
const [example] = noticeExamples as [DriftNotice]

/** Waits for nothing: tells what waits, as it stands. */
async function tell(ledger: Ledger, subject: string, notice?: Notice | null) {
  const waiting = await ledger.notices.waiting(subject)
  if (waiting === null) return 'nothing'
  const { touched, draft } = waiting
  return ledger.notices.announce({ subject, touched, notice: notice === undefined ? draft : notice })
}

async function subjects(query: <R extends object>(sql: string) => Promise<R[]>, kind: string) {
  const rows = await query<{ key: string }>(
    `SELECT key FROM "Subject" WHERE key LIKE '${kind}:%' ORDER BY key`,
  )
  return rows.map(({ key }) => key)
}

/** A build of that stream. */
const declaration = { stream, version: '1', release: '1', provenance: {}, builtFor: null }

describe('what is refused', () => {
  it('is told of once, however often and in however many requests at once it comes', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const { build } = await ledger.builds.declare(declaration)
    const filename = 'kernel.rpm'
    await ledger.artifacts.add({ buildId: build.id, filename, sha256: sha('one'), size: 1 })
    const again = () => ledger.artifacts.add({ buildId: build.id, filename, sha256: sha('two'), size: 1 })
    const outcomes = await Promise.all(Array.from({ length: 100 }, again))
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['differs']))
    const [subject = '', ...others] = await subjects(query, 'differs')
    expect(others).toEqual([])
    await ledger.channels.create(newChannel())
    expect(await tell(ledger, subject)).toBe('announced')
    expect(await tell(ledger, subject)).toBe('nothing')
    await again()
    expect(await tell(ledger, subject)).toBe('nothing')
    const { items } = await ledger.notices.events({ limit: 10 })
    expect(items).toMatchObject([
      {
        kind: 'build-differs',
        severity: 'critical',
        stream,
        content: { filename, recorded: sha('one'), given: sha('two') },
      },
    ])
    expect(items.every(({ content }) => isNotice(content))).toBe(true)
    expect((await ledger.deliveries.list({ limit: 10 })).items).toHaveLength(1)
  })

  it('is told of again with another content', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const { build } = await ledger.builds.declare(declaration)
    await ledger.artifacts.add({ buildId: build.id, filename: 'a', sha256: sha('one'), size: 1 })
    for (const content of ['two', 'three']) {
      await ledger.artifacts.add({ buildId: build.id, filename: 'a', sha256: sha(content), size: 1 })
      const [subject = ''] = await subjects(query, 'differs')
      expect(await tell(ledger, subject)).toBe('announced')
    }
  })

  it('is told of where a declaration differs, without a file', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const { build } = await ledger.builds.declare(declaration)
    await ledger.builds.declare({ ...declaration, provenance: { obs: { bcnt: 2 } } })
    const [subject = ''] = await subjects(query, 'differs')
    expect(subject).toBe(`differs:${build.id}:declaration`)
    expect((await ledger.notices.waiting(subject))?.draft).toMatchObject({ filename: null, recorded: null })
  })

  it('tells of artifacts that failed, with text of theirs in bounds and in one line, and of no others', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const { build } = await ledger.builds.declare(declaration)
    const ids: string[] = []
    for (const filename of ['a.rpm', 'b.rpm']) {
      const { artifact } = await ledger.artifacts.add({
        buildId: build.id,
        filename,
        sha256: sha(filename),
        size: 1,
      })
      ids.push(artifact?.id ?? '')
    }
    await ledger.builds.seal(build.id)
    await ledger.builds.startIngest(build.id)
    const problems = Array.from({ length: 9 }, () => ({
      code: 'xz-corrupt',
      file: `lib/${'x\n'.repeat(5_000)}`,
      message: `${'\u0000\ud800'.repeat(4)}${'😀'.repeat(600)}`,
    }))
    await ledger.builds.recordIngest({
      ...found(build.id, { base: 'a', modules: ['x'] }),
      artifacts: [
        { id: ids[0] ?? '', state: 'failed', problems },
        { id: ids[1] ?? '', state: 'ingested', problems: [] },
      ],
    })
    expect(await subjects(query, 'artifact')).toEqual([`artifact:${ids[0]}`])
    const waiting = await ledger.notices.waiting(`artifact:${ids[0]}`)
    expect(waiting?.draft).toMatchObject({ filename: 'a.rpm', problemsTotal: 9, build: { id: build.id } })
    expect(isNotice(waiting?.draft)).toBe(true)
  })

  it.each([0, 1, 9])(
    'tells of a build that failed as a whole as such, %i of its artifacts too',
    async (failed) => {
      await using test = await openTestLedger()
      const { ledger, query } = test
      const { id, artifacts } = await sealed(ledger, 9)
      const broken = artifacts.slice(0, failed).map((artifact) => ({
        id: artifact,
        state: 'failed' as const,
        problems: [{ code: 'xz-corrupt', message: 'It ends.' }],
      }))
      await ledger.builds.fail(id, { code: 'kernel-ambiguous', message: 'Two kernels.' }, broken)
      expect(await subjects(query, 'artifact')).toEqual([])
      const draft = (await ledger.notices.waiting(`build:${id}`))?.draft
      expect(draft).toMatchObject({ kind: 'artifact-refused', filename: null, artifacts: 9, failed })
      expect(draft).toMatchObject({ problemsTotal: failed + 1, severity: 'warning' })
      expect((draft as ArtifactRefusedNotice).problems.map(({ code, file }) => [code, file])).toEqual([
        ['kernel-ambiguous', null],
        ...Array.from({ length: Math.min(failed, 3) }, (_, nth) => ['xz-corrupt', `${nth}.rpm`]),
      ])
      expect(isNotice(draft)).toBe(true)
    },
  )

  it.each([8, 9])(
    'tells of %i broken artifacts of a build each by itself, of more at once',
    async (failed) => {
      await using test = await openTestLedger()
      const { ledger, query } = test
      const { id, artifacts } = await sealed(ledger, 12)
      await ledger.builds.recordIngest({
        ...found(id, { base: 'a', modules: ['x'] }),
        artifacts: artifacts.map((artifact, nth) => ({
          id: artifact,
          state: nth < failed ? ('failed' as const) : ('ingested' as const),
          problems: [],
        })),
      })
      const many = failed > 8
      expect(await subjects(query, 'artifact')).toHaveLength(many ? 0 : failed)
      expect(await subjects(query, 'build')).toEqual(many ? [`build:${id}`] : [])
      const subject = many ? `build:${id}` : `artifact:${artifacts[0]}`
      expect((await ledger.notices.waiting(subject))?.draft).toMatchObject({ artifacts: 12, failed })
    },
  )
})

/** A build with so many artifacts, whose ingest has begun. */
async function sealed(ledger: Ledger, count: number): Promise<{ id: string; artifacts: string[] }> {
  const { id } = (await ledger.builds.declare(declaration)).build
  const artifacts: string[] = []
  for (let nth = 0; nth < count; nth++) {
    const file = { buildId: id, filename: `${nth}.rpm`, sha256: sha(`${nth}`), size: 1 }
    artifacts.push((await ledger.artifacts.add(file)).artifact?.id ?? '')
  }
  await ledger.builds.seal(id)
  await ledger.builds.startIngest(id)
  return { id, artifacts }
}

describe('a drift', () => {
  it('waits to be told of when it is computed, and again when a pair of its builds ends', async () => {
    await using test = await openTestLedger()
    const { ledger, query } = test
    const from = await ingesting(ledger, '1.1')
    await ledger.builds.recordIngest(found(from, { base: 'a', modules: ['x'] }))
    const to = await ingesting(ledger, '1.3')
    await ledger.builds.recordIngest(found(to, { base: 'b', modules: ['x'] }))
    expect(await subjects(query, 'drift')).toEqual([])
    await recordDrift(ledger, from, to)
    const [subject = ''] = await subjects(query, 'drift')
    const first = await ledger.notices.waiting(subject)
    expect(first).toMatchObject({ draft: null, touched: 1, told: null })
    const owner = 'test'
    const task = `compare:${to}:${from}`
    await ledger.tasks.take(task, owner, 1_000)
    await ledger.tasks.fail(task, owner, { code: 'bundle-malformed', message: 'no' })
    expect(await ledger.notices.waiting(subject)).toMatchObject({ touched: 2 })
    // Who saw the state before announces nothing.
    expect(await ledger.notices.announce({ subject, touched: 1, notice: example })).toBe('stale')
    expect(await ledger.notices.announce({ subject, touched: 2, notice: example })).toBe('announced')
    expect((await ledger.tasks.get(`announce:${subject}`))?.payload).toEqual({ kind: 'announce', subject })
  })
})

describe('a change whose announcement failed', () => {
  it('is counted, and waits for another task an hour later', async () => {
    await using test = await openTestLedger()
    const { ledger, clock, query } = test
    await ledger.builds.declare(declaration)
    await ledger.builds.declare({ ...declaration, provenance: { obs: { bcnt: 2 } } })
    const [subject = ''] = await subjects(query, 'differs')
    const task = `announce:${subject}`
    expect([await ledger.notices.untold(), await ledger.notices.rearm(10)], 'its task waits').toEqual([0, 0])
    await ledger.tasks.take(task, 'a', 1_000)
    await ledger.tasks.fail(task, 'a', { code: 'notice-invalid', message: 'no' })
    expect([await ledger.notices.untold(), await ledger.notices.rearm(10)]).toEqual([1, 0])
    clock.now = new Date(clock.now.getTime() + 3_600_001)
    expect(await ledger.notices.rearm(10)).toBe(1)
    expect(await ledger.notices.rearm(10)).toBe(0)
    expect(await ledger.tasks.get(task)).toMatchObject({ state: 'pending', attempt: 0 })
    expect(await tell(ledger, subject)).toBe('announced')
  })
})

describe('an event', () => {
  const subject = 'drift:019a0000-0000-7000-8000-000000000003'
  const touched = async (test: Awaited<ReturnType<typeof openTestLedger>>) => {
    await test.query(
      `INSERT INTO "Subject" (key, since, "changedAt") VALUES ($1, now(), now())
       ON CONFLICT (key) DO UPDATE SET touched = "Subject".touched + 1, since = now(), "changedAt" = now()`,
      [subject],
    )
    return test.ledger
  }

  it('is told once, and again only when it says something else', async () => {
    await using test = await openTestLedger()
    const later = { ...example, at: '2026-02-01T00:00:00.000Z', link: '/elsewhere' }
    expect(await tell(await touched(test), subject, example)).toBe('announced')
    expect(await tell(await touched(test), subject, later)).toBe('silent')
    expect(await tell(await touched(test), subject, null)).toBe('silent')
    expect(await tell(await touched(test), subject, { ...later, remedy: 'nothing' })).toBe('announced')
    expect(await tell(await touched(test), subject, example)).toBe('announced')
    const { items } = await test.ledger.notices.events({ stream, kind: 'drift', limit: 2 })
    expect(items).toHaveLength(2)
    expect((await test.ledger.notices.events({ kind: 'gate', limit: 2 })).items).toEqual([])
  })

  it('goes to the channels that are told of it, each in the order of events', async () => {
    await using test = await openTestLedger()
    const { ledger } = test
    const gate = noticeExamples.find(({ kind }) => kind === 'gate') as GateNotice
    const routes: [string, Route[]][] = [
      ['all', [{ stream: '*', kinds: [], minSeverity: 'info' }]],
      ['gates', [{ stream: '*', kinds: ['gate'], minSeverity: 'info' }]],
      ['critical', [{ stream: 'openSUSE:*', kinds: [], minSeverity: 'critical' }]],
      ['others', [{ stream: 'debian/*', kinds: [], minSeverity: 'info' }]],
      [
        'two',
        [
          { stream: 'debian/*', kinds: [], minSeverity: 'info' },
          { stream: '*/x86_64/*', kinds: ['drift'], minSeverity: 'warning' },
        ],
      ],
    ]
    for (const [name, told] of routes) await ledger.channels.create(newChannel({ name, routes: told }))
    await tell(await touched(test), subject, example)
    await tell(await touched(test), subject, gate)
    const { items } = await ledger.deliveries.list({ limit: 100 })
    const heard = (name: string) =>
      items
        .filter(({ channel }) => channel.name === name)
        .sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0))
        .map(({ sequence, events }) => `${sequence} ${events.map(({ kind }) => kind)}`)
    expect(heard('all')).toEqual(['1 drift', '2 gate'])
    expect(heard('gates')).toEqual(['1 gate'])
    expect(heard('critical')).toEqual(['1 gate'])
    expect(heard('others')).toEqual([])
    expect(heard('two')).toEqual(['1 drift'])
  })
})
