import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Ledger, openLedger, uuidv7 } from '@basedrift/ledger'
import { createKeyring, newSharedKey, verifyMessage } from '@basedrift/notify'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { postgresBackend, quiet, redisBackend } from '../../packages/jobs/test/backends.js'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { type Receiver, startReceiver } from '../support/receiver.js'

const redisUrl = process.env.REDIS_URL
const channels = 5
const events = 20
const workers = 2
const mostKills = 4

let database: TestDatabase
let ledger: Ledger
let dataDir: string
let children: Set<ChildProcess>

beforeEach(async () => {
  database = await createTestDatabase()
  ledger = await openLedger({ databaseUrl: database.url, log: quiet })
  dataDir = await mkdtemp(path.join(tmpdir(), 'basedrift-deliveries-'))
  children = new Set()
})
afterEach(async () => {
  await Promise.all([...children].map(kill))
  await ledger.close()
  await database[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** Starts a worker of its own; resolves when it has said that it works. */
async function startDoomed(...args: string[]): Promise<ChildProcess> {
  const script = path.join(import.meta.dirname, 'doomed-courier.mjs')
  const child = spawn(process.execPath, [script, database.url, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.add(child)
  const [event] = await Promise.race([
    once(child.stdout, 'data').then(() => ['ready']),
    once(child, 'exit').then(() => ['exit']),
  ])
  if (event !== 'ready') throw new Error('the worker ended before it was ready')
  return child
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const streamOf = (nth: number) => `kettle:${nth}/x86_64/default`

/** What a receiver that drops what it has had has taken, by channel, in order; and how much came in all. */
function taken({ received }: Receiver, signing: string) {
  const ids = new Map<string, string[]>()
  const seen = new Set<string>()
  for (const { path: at, headers, body } of received) {
    verifyMessage([signing], headers, body, new Date())
    const id = String(headers['webhook-id'])
    if (seen.has(id)) continue
    seen.add(id)
    ids.set(at, [...(ids.get(at) ?? []), id])
  }
  return ids
}

/**
 * Lets nothing wait for the schedule of retries, until it is told to stop. Rows that a worker holds are passed over, and left for the
 * next time: a worker locks a channel first and what waits for it then.
 */
async function hurry(stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await database.query(`
      UPDATE "Delivery" SET "nextAt" = now() WHERE id IN (
        SELECT id FROM "Delivery" WHERE state = 'pending' AND "nextAt" > now() FOR NO KEY UPDATE SKIP LOCKED)`)
    await database.query(`
      UPDATE "Channel" SET "dueAt" = now() WHERE id IN (
        SELECT id FROM "Channel" WHERE "dueAt" > now() FOR NO KEY UPDATE SKIP LOCKED)`)
    await setTimeout(200)
  }
}

const backends = [
  { kind: 'postgres', backend: postgresBackend(() => database.url) },
  { kind: 'redis', backend: redisUrl === undefined ? null : redisBackend(redisUrl) },
]

it.for(backends)(
  'with the queue on $kind, workers that are killed at random lose no message, and send each in its order under one id',
  { timeout: 300_000 },
  async ({ kind, backend }, { skip }) => {
    if (backend === null) return skip('REDIS_URL names no Redis')
    const came = new Set<unknown>()
    let answered = 0
    /** While a worker is killed and another starts, nobody is answered: what was sent is not recorded as sent. */
    let held: ServerResponse[] | null = null
    const answer = (response: ServerResponse) => {
      // Now and then the other side is busy: what comes after waits.
      if (++answered % 40 === 0) response.writeHead(503, { 'retry-after': '0' }).end()
      else response.end('ok')
    }
    await using receiver = await startReceiver(({ headers }, response) => {
      came.add(headers['webhook-id'])
      if (held === null) answer(response)
      else held.push(response)
    })
    const name = `deliveries-${randomUUID()}`
    const secretKeys = `a:${randomBytes(32).toString('base64')}`
    const keyring = createKeyring(secretKeys)
    const signing = newSharedKey()
    for (let nth = 0; nth < channels; nth++) {
      const id = uuidv7(Date.now())
      const secrets = JSON.stringify({ url: `${receiver.url}/${nth}`, signing: [signing] })
      await ledger.channels.create({
        id,
        name: `channel ${nth}`,
        kind: 'webhook',
        settings: { kind: 'webhook' },
        sealed: keyring.seal(secrets, id),
        routes: [{ stream: streamOf(nth), kinds: [], minSeverity: 'info' }],
        mode: 'immediate',
        by: 'test',
      })
    }
    const args = [
      name,
      dataDir,
      secretKeys,
      ...(kind === 'redis' && redisUrl !== undefined ? [redisUrl] : []),
    ]
    const alive = await Promise.all(Array.from({ length: workers }, () => startDoomed(...args)))

    // Each refusal is one event, recorded while workers come and go.
    const record = async (nth: number) => {
      const declaration = {
        stream: streamOf(nth),
        version: '1',
        release: '1',
        provenance: {},
        builtFor: null,
      }
      const { build } = await ledger.builds.declare(declaration)
      for (let event = 0; event < events; event++) {
        const file = { buildId: build.id, filename: `file-${event}`, size: 1 }
        await ledger.artifacts.add({ ...file, sha256: sha256(`${event}`) })
        await ledger.artifacts.add({ ...file, sha256: sha256(`other ${event}`) })
      }
    }
    const recorded = Promise.all(Array.from({ length: channels }, (_, nth) => record(nth)))
    let kills = 0
    const total = channels * events
    const hurried = new AbortController()
    onTestFinished(() => hurried.abort())
    const hurrying = hurry(hurried.signal)
    // A worker is killed whenever some more messages have come: in the middle of sending others.
    while (came.size < total && kills < mostKills) {
      const goal = Math.min(total, came.size + 10 + Math.floor(Math.random() * 10))
      await vi.waitFor(() => expect(came.size).toBeGreaterThanOrEqual(goal), { timeout: 60_000, interval: 5 })
      if (came.size === total) break
      held = []
      await vi.waitFor(() => expect(held).not.toEqual([]), { timeout: 60_000, interval: 5 })
      const victim = alive.shift()
      if (victim !== undefined) await kill(victim)
      kills++
      alive.push(await startDoomed(...args))
      const waiting: ServerResponse[] = held
      held = null
      waiting.forEach(answer)
    }
    await recorded
    // What was sent and not recorded as sent before a worker was killed comes once more, under its id.
    await vi.waitFor(
      async () => {
        const { counts } = await ledger.deliveries.stats()
        expect(counts).toEqual({ collecting: 0, pending: 0, sending: 0, dead: 0 })
      },
      { timeout: 60_000, interval: 50 },
    )
    hurried.abort()
    await hurrying
    const rows = await database.query<{ id: string; name: string }>(
      `SELECT d.id, c.name FROM "Delivery" d JOIN "Channel" c ON c.id = d."channelId" ORDER BY c.name, d.sequence`,
    )
    expect(rows).toHaveLength(total)
    const ids = taken(receiver, signing)
    for (let nth = 0; nth < channels; nth++) {
      const line = rows.filter((row) => row.name === `channel ${nth}`).map(({ id }) => id)
      expect(ids.get(`/${nth}`), 'each is taken once, in the order of the line').toEqual(line)
    }
    expect(kills).toBeGreaterThanOrEqual(3)
    await Promise.all(alive.map(kill))
    await backend.wipe(name)
  },
)
