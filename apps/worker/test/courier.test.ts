import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Notice, noticeExamples } from '@basedrift/contract'
import type { Log } from '@basedrift/jobs'
import { uuidv7 } from '@basedrift/ledger'
import { newSharedKey, openSending } from '@basedrift/notify'
import { expect, it, vi } from 'vitest'
import { openTestLedger } from '../../../packages/ledger/test/support/ledger.js'
import { type Received, startReceiver } from '../../../test/support/receiver.js'
import { startCourier } from '../src/notices/courier.js'

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }
const sending = openSending({
  secretKeys: `a:${randomBytes(32).toString('base64')}`,
  publicUrl: 'https://basedrift.example.org',
  allowHosts: ['127.0.0.1'],
  allowInsecure: true,
})
const notice = noticeExamples.find(({ kind }) => kind === 'test') as Notice
const drifted = noticeExamples.find(({ kind }) => kind === 'drift') as Notice
const wait = { timeout: 50_000, interval: 10 }

/** A ledger, a receiver, and channels that lead to paths of it. */
async function open(answer?: (request: Received, response: ServerResponse) => void) {
  const test = await openTestLedger()
  const receiver = await startReceiver(answer)
  const { ledger, clock } = test
  clock.now = new Date()
  return {
    ...test,
    receiver,
    async channel(path: string, of: { settings?: { [field: string]: string } } = {}): Promise<string> {
      const id = uuidv7(Date.now())
      const secrets = JSON.stringify({ url: `${receiver.url}/${path}`, signing: [newSharedKey()] })
      const { settings = { kind: 'webhook' } } = of
      const sealed = sending.keyring.seal(secrets, id)
      const routes = [{ stream: '*', kinds: [], minSeverity: 'info' as const }]
      await ledger.channels.create({
        ...{ id, name: path, kind: 'webhook', settings, sealed, routes, mode: 'immediate', by: 'test' },
      })
      return id
    },
    async tell(channel: string, count = 1, what: Notice = notice): Promise<string> {
      let last = ''
      for (let nth = 0; nth < count; nth++) last = (await ledger.deliveries.test(channel, () => what)).id
      if (what.kind !== 'test') await test.query('UPDATE "Delivery" SET ahead = false WHERE id = $1', [last])
      return last
    },
    paths: () => receiver.received.map(({ path }) => path),
    async [Symbol.asyncDispose]() {
      await receiver[Symbol.asyncDispose]()
      await test[Symbol.asyncDispose]()
    },
  }
}

it('a channel with a long line gives way to those that wait, and goes on', async () => {
  await using test = await open()
  const [long, short] = [await test.channel('long'), await test.channel('short')]
  await test.tell(long, 45)
  for (const channel of [short, null]) {
    test.clock.now = new Date(test.clock.now.getTime() + 1)
    if (channel !== null) await test.tell(channel)
  }
  const courier = startCourier({
    ...sending,
    ledger: test.ledger,
    log: quiet,
    channels: 1,
    intervalMs: 60_000,
  })
  try {
    await vi.waitFor(() => expect(test.paths()).toHaveLength(46), wait)
    // A turn ends after 20 messages; on a machine that is busy, after the time for one.
    expect(test.paths().indexOf('/short')).toBeLessThanOrEqual(20)
  } finally {
    await courier.stop()
  }
})

it('a message that cannot be made holds up those after it for three attempts, and is there to be sent again', async () => {
  await using test = await open()
  const channel = await test.channel('hook')
  const strange = { ...notice, kind: 'of-a-later-version' } as unknown as Notice
  const first = await test.tell(channel, 1, strange)
  await test.tell(channel, 1, drifted)
  // The clock goes on by hours: no lease may end during an attempt.
  const leaseMs = 365 * 86_400_000
  const courier = startCourier({ ...sending, ledger: test.ledger, log: quiet, intervalMs: 10, leaseMs })
  try {
    const state = async () => {
      test.clock.now = new Date(test.clock.now.getTime() + 3_600_000)
      return test.ledger.deliveries.get(first)
    }
    await vi.waitFor(async () => expect(await state()).toMatchObject({ state: 'dead' }), wait)
    expect(await state()).toMatchObject({ attempt: 3, lastCode: 'delivery-failed', lastStatus: null })
    await vi.waitFor(() => expect(test.paths()).toEqual(['/hook']), wait)
  } finally {
    await courier.stop()
  }
})

it('a test is tried once: what a drift waits for is said at once', async () => {
  await using test = await open((_, response) => response.writeHead(503).end())
  const channel = await test.channel('hook')
  const drift = await test.tell(channel, 1, drifted)
  const courier = startCourier({ ...sending, ledger: test.ledger, log: quiet, intervalMs: 10 })
  try {
    const tried = await test.tell(channel)
    const of = (id: string) => test.ledger.deliveries.get(id)
    await vi.waitFor(async () => expect(await of(tried)).toMatchObject({ state: 'dead' }), wait)
    expect(await of(tried)).toMatchObject({ attempt: 1, lastCode: 'answer-busy', lastStatus: 503 })
    expect(await of(drift)).toMatchObject({ state: 'pending' })
  } finally {
    await courier.stop()
  }
})

it('a secret whose key is away is waited for, and nothing of it is said', async () => {
  await using test = await open()
  const channel = await test.channel('hook')
  const id = await test.tell(channel, 1, drifted)
  const lines: unknown[] = []
  const log: Log = { ...quiet, info: (...said) => lines.push(said), error: (...said) => lines.push(said) }
  const { keyring } = openSending({
    secretKeys: `b:${randomBytes(32).toString('base64')}`,
    publicUrl: 'https://basedrift.example.org',
  })
  const courier = startCourier({ ...sending, keyring, ledger: test.ledger, log, intervalMs: 60_000 })
  try {
    await vi.waitFor(
      async () =>
        expect(await test.ledger.deliveries.get(id)).toMatchObject({
          state: 'pending',
          attempt: 1,
          lastCode: 'secret-key-unknown',
        }),
      wait,
    )
    expect(JSON.stringify(lines)).not.toContain(test.receiver.url)
    expect(test.paths()).toEqual([])
  } finally {
    await courier.stop()
  }
})
