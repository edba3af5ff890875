import { type Notice, noticeExamples } from '@basedrift/contract'
import { createPostgresQueue } from '@basedrift/jobs'
import { expect, it, vi } from 'vitest'
import { quiet } from '../../../packages/jobs/test/backends.js'
import { newChannel } from '../../../packages/ledger/test/notices/channel.js'
import { openTestLedger } from '../../../packages/ledger/test/support/ledger.js'
import { startReconcile } from '../src/reconcile.js'

it('a worker that has nothing to do lets be told what could not be, and deletes what is settled and old', async () => {
  await using test = await openTestLedger()
  const { ledger, clock, query } = test
  const { id: channel } = await ledger.channels.create(newChannel())
  const notice = noticeExamples.find(({ kind }) => kind === 'test') as Notice
  const old = await ledger.deliveries.test(channel, () => notice)
  await ledger.courier.claim('a', 60_000, 1)
  const delivery = await ledger.courier.begin(channel, 'a', 60_000)
  if (delivery === null) throw new Error('nothing is due')
  await ledger.courier.end(delivery, 'a', { outcome: 'sent', code: null, status: 200, answer: '' })

  const declaration = { stream: 'kettle', version: '1', release: '1', provenance: {}, builtFor: null }
  const { build } = await ledger.builds.declare(declaration)
  await ledger.builds.declare({ ...declaration, provenance: { obs: { bcnt: 2 } } })
  const [subject] = await query<{ key: string }>('SELECT key FROM "Subject"')
  const task = `announce:${subject?.key}`
  await ledger.tasks.take(task, 'a', 1_000)
  await ledger.tasks.fail(task, 'a', { code: 'notice-invalid', message: 'no' })

  const queue = await createPostgresQueue({ databaseUrl: test.url, log: quiet })
  const removed: string[] = []
  const blobs = { delete: async (sha256: string) => void removed.push(sha256) }
  let rung = 0
  const dispatcher = { ring: () => rung++ }
  clock.now = new Date(clock.now.getTime() + 24 * 3_600_000)
  const start = (keepMs: number) =>
    startReconcile({
      ledger,
      blobs,
      queue,
      dispatcher,
      log: quiet,
      keepMs,
      intervalMs: 60_000,
      quietMs: 3_600_000,
    })
  try {
    const early = start(2 * 24 * 3_600_000)
    await early.run()
    await early.stop()
    expect(await ledger.tasks.get(task)).toMatchObject({ state: 'pending', attempt: 0 })
    expect(rung).toBe(1)
    expect(await ledger.deliveries.get(old.id), 'it is not old yet').toMatchObject({ state: 'sent' })
    const late = start(3_600_000)
    await vi.waitFor(async () => expect(await ledger.deliveries.get(old.id)).toBeNull(), 20_000)
    await late.stop()
    expect((await ledger.notices.events({ limit: 10 })).items).toEqual([])

    await ledger.blobs.claim('ab'.repeat(32))
    for (const days of [8, 10, 32]) {
      clock.now = new Date(clock.now.getTime() + days * 24 * 3_600_000)
      const again = start(3_600_000)
      await again.run()
      await again.stop()
    }
    expect(removed).toEqual(['ab'.repeat(32)])
    expect(await ledger.builds.get(build.id)).toMatchObject({ withdrawal: { by: 'retention' } })
  } finally {
    await queue.close()
  }
})
