import { isNotice } from '@basedrift/contract'
import { expect, it } from 'vitest'
import type { Ledger } from '../../src/index.js'
import { openTestLedger } from '../support/ledger.js'
import { asked, compare, environment, fits, twoBuilds, unread } from './recorded.js'
import { byteOf } from './support.js'

type Test = Awaited<ReturnType<typeof openTestLedger>>

const subjectOf = (build: string) => `gate:${build}:${environment}`

/** Has the modules of a build compared with a kernel once more, by other exports of that, so that the answer may be another. */
async function again({ ledger, query }: Test, kernel: string, modules: string, outcomes: Uint8Array) {
  await query(
    `UPDATE "Build" SET "exportsSha256" = 'for ${modules}: ${outcomes.join()}' WHERE id = '${kernel}'`,
  )
  await query(
    `UPDATE "Pair" SET state = 'pending' WHERE "kernelBuildId" = '${kernel}' AND "moduleBuildId" = '${modules}'`,
  )
  await compare(ledger, kernel, modules, outcomes)
}

/** Tells what waits, as a worker does once it has settled. */
async function tell(ledger: Ledger, subject: string): Promise<void> {
  const { touched, draft } = (await ledger.notices.waiting(subject)) ?? { touched: 0, draft: null }
  expect(isNotice(draft)).toBe(true)
  expect(await ledger.notices.announce({ subject, touched, notice: draft })).toBe('announced')
}

it('nobody is told that a live build fails by what entered after it', async () => {
  await using test = await openTestLedger()
  const { ledger } = test
  const { old, fresh } = await twoBuilds(ledger)
  const ask = async () => (await asked(ledger, { buildId: old, environment }, unread)).answer
  await ledger.lives.leave({ environment, buildId: old, by: 'hook' })
  await ledger.lives.enter({ environment, buildId: old, by: 'hook' })
  expect(await ask()).toBe('pass')
  expect(await ledger.notices.waiting(subjectOf(old)), 'there was nothing to hold back').toBeNull()
  await ledger.lives.enter({ environment, buildId: fresh, by: 'hook' })
  expect(await ask()).toBe('fail')
  expect(await ledger.notices.waiting(subjectOf(old))).toBeNull()

  await again(test, old, old, Uint8Array.of(byteOf('crashes'), 0))
  expect(await ask()).toBe('fail')
  expect((await ledger.notices.waiting(subjectOf(old)))?.draft, 'it fails by itself now').toMatchObject({
    live: true,
    before: null,
    outcome: 'fail',
    reasons: [{ kernel: '5.15.12-1.1', counts: { crashes: 1 } }],
    reasonsTotal: 1,
  })
})

it('channels are told that a live build fails by what was there before it, and once that is over', async () => {
  await using test = await openTestLedger()
  const { ledger } = test
  const { old, fresh, question } = await twoBuilds(ledger)
  const subject = subjectOf(fresh)
  await compare(ledger, old, fresh, fits)
  await ledger.lives.enter({ environment, buildId: fresh, by: 'hook' })
  const later = async (outcomes: Uint8Array) => {
    await again(test, old, fresh, outcomes)
    return (await asked(ledger, question, unread)).answer
  }
  expect(await later(Uint8Array.of(0, byteOf('misread')))).toBe('fail')
  expect((await ledger.notices.waiting(subject))?.draft).toMatchObject({
    live: true,
    severity: 'critical',
    outcome: 'fail',
    reasons: [{ kernel: '5.15.12-1.1', modules: '5.15.12-1.3', counts: { misread: 1 } }],
  })
  await tell(ledger, subject)
  expect(await later(Uint8Array.of(byteOf('changed'), byteOf('misread')))).toBe('fail')
  expect(await ledger.notices.waiting(subject), 'that it fails was told').toBeNull()
  expect(await later(fits)).toBe('pass')
  expect((await ledger.notices.waiting(subject))?.draft).toMatchObject({
    live: true,
    before: 'fail',
    outcome: 'pass',
  })
})
