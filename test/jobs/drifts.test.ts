import { brotliDecompressSync } from 'node:zlib'
import { isNotice } from '@basedrift/contract'
import type { BuildRow } from '@basedrift/ledger'
import { describe, expect, it, vi } from 'vitest'
import { kernelAndModules, vector, workerScene } from './support/scene.js'

const on = workerScene()

describe('drifts', () => {
  it('says what drifted between neighbours in the order of declaration, also where one comes late', async () => {
    const kernel = async (build: '1.1' | '1.3') => ({
      [`vmlinux-${build}`]: await vector(`vmlinux-${build}`),
    })
    const declared = await on.ledger.builds.declare({
      stream: on.stream,
      version: '6.1.0',
      release: '1.2',
      provenance: {},
      builtFor: null,
    })
    expect(declared.outcome).toBe('created')
    const third = await on.push({ release: '1.3', artifacts: await kernel('1.3') })
    const fourth = await on.push({ release: '1.4', artifacts: await kernelAndModules('1.1') })
    const done = (count: number) =>
      vi.waitFor(
        async () => {
          const { items } = await on.ledger.drifts.list({ stream: on.stream, limit: 10 })
          expect(items.map(({ state }) => state)).toEqual(Array(count).fill('done'))
          return items
        },
        { timeout: 30_000, interval: 20 },
      )
    const [drift] = await done(1)
    expect(drift).toMatchObject({
      from: { id: third.id },
      to: { id: fourth.id },
      neighbours: true,
      class: expect.stringMatching(/^(layout|additive|functions-only)$/),
      counts: { added: expect.any(Number), moved: expect.any(Number) },
      oldOnNew: null,
      newOnOld: { state: 'done', counts: { misread: 1, rejected: 1 } },
    })
    const text: Buffer[] = []
    for await (const chunk of await on.blobs.read(drift?.reportSha256 as string)) text.push(chunk as Buffer)
    const report = JSON.parse(brotliDecompressSync(Buffer.concat(text)).toString())
    expect(report).toMatchObject({ class: drift?.class, headline: drift?.headline, a: { file: '6.1.0-1.3' } })
    const { kernel: facts } = (await on.ledger.builds.get(fourth.id)) as BuildRow
    expect(facts?.base).toMatchObject(
      Object.fromEntries(['layout', 'meaning'].map((of) => [of, report.b.base.fingerprints[of]])),
    )

    const second = await on.push({ release: '1.2', artifacts: await kernel('1.1') })
    const between = await done(2)
    expect(between.map(({ from, to }) => [from.id, to.id])).toEqual([
      [third.id, fourth.id],
      [second.id, third.id],
    ])
    const fifth = await on.push({ release: '1.5', artifacts: await kernel('1.1') })
    const [last] = await done(3)
    expect(last).toMatchObject({ from: { id: fourth.id }, to: { id: fifth.id }, class: 'none' })
  })

  it('tells of a drift once, when all is compared, with its blast radius both ways, and of none where nothing drifted', async () => {
    const first = await on.push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    const second = await on.push({ release: '1.3', artifacts: await kernelAndModules('1.3') })
    const third = await on.push({ release: '1.4', artifacts: await kernelAndModules('1.3') })
    const drifts = await vi.waitFor(
      async () => {
        const { items } = await on.ledger.drifts.list({ stream: on.stream, limit: 10 })
        expect(items.map(({ state }) => state)).toEqual(['done', 'done'])
        for (const { id } of items) {
          expect((await on.ledger.tasks.get(`announce:drift:${id}`))?.state).toBe('done')
          expect(await on.ledger.notices.waiting(`drift:${id}`)).toBeNull()
        }
        return items
      },
      { timeout: 30_000, interval: 20 },
    )
    expect(drifts[0]).toMatchObject({ class: 'none', from: { id: second.id }, to: { id: third.id } })
    const { items: events } = await on.ledger.notices.events({ stream: on.stream, limit: 10 })
    expect(events).toMatchObject([
      {
        kind: 'drift',
        severity: 'warning',
        subject: `drift:${drifts[1]?.id}`,
        content: {
          from: { id: first.id },
          to: { id: second.id },
          class: drifts[1]?.class,
          newOnOld: { total: 2, counts: drifts[1]?.newOnOld?.counts },
          oldOnNew: { total: 2, counts: drifts[1]?.oldOnNew?.counts },
          modversions: { match: 0, mismatch: 0, unknown: 4 },
          remedy: 'rebuild-or-hold',
        },
      },
    ])
    expect(events.every(({ content }) => isNotice(content))).toBe(true)
  })

  it.each(['before', 'after'])(
    'computes a drift once, though its worker was killed %s it recorded it',
    async (when) => {
      const first = await on.push({
        release: '1.1',
        artifacts: { 'vmlinux-1.1': await vector('vmlinux-1.1') },
      })
      if (when === 'before') on.heldDrifts = 1
      const second = await on.push({
        release: '1.3',
        artifacts: { 'vmlinux-1.3': await vector('vmlinux-1.3') },
      })
      const task = `drift:${first.id}:${second.id}`
      const state = (wanted: string) =>
        vi.waitFor(async () => expect((await on.ledger.tasks.get(task))?.state).toBe(wanted), {
          timeout: 30_000,
          interval: 20,
        })
      const drift = async () => (await on.ledger.drifts.list({ stream: on.stream, limit: 10 })).items[0]
      await state(when === 'before' ? 'leased' : 'done')
      const early = await drift()
      expect(early?.state).toBe(when === 'before' ? 'pending' : 'done')
      // What a on.worker that is killed leaves behind: a lease that nobody extends.
      await on.database.query(
        `UPDATE "Task" SET state = 'leased', "leaseOwner" = 'killed', "leaseUntil" = now() - interval '1 second' WHERE id = $1`,
        [task],
      )
      await on.ledger.tasks.ring([task])
      on.worker.dispatcher.ring()
      await state('done')
      const late = await drift()
      expect(late).toMatchObject({ state: 'done', class: expect.any(String) })
      if (when === 'after') expect(late).toEqual(early)
      expect(await on.database.query('SELECT id FROM "Drift"')).toHaveLength(1)
    },
  )
})
