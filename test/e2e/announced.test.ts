import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Build, Channel, Notice } from '@basedrift/contract'
import { newSharedKey, verifyMessage } from '@basedrift/notify'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readBtf } from '../../packages/btf/src/index.js'
import { inOrder } from '../../packages/btf/test/permute.js'
import { call, publicUrl, soon, startChat, type TestChat } from './support/chat.js'
import { newName, pathOf, sha256Of, uploadOf } from './support/service.js'

const vectors = path.resolve(import.meta.dirname, '../../packages/btf/testdata')
const vector = (name: string) => readFile(path.join(vectors, name))
const environment = 'production'
const { stream } = newName()
const signing = newSharedKey()

/** An event as a webhook has it. */
type Told = Notice & { text: string; url: string }

let chat: TestChat
let daily: string
beforeAll(async () => {
  chat = await startChat({ worker: { log: quietLog, settling: { quietMs: 0 }, sweep: { intervalMs: 50 } } })
  const make = async (name: string, of: object) => {
    const target = { kind: 'webhook', url: `${chat.receiver.url}/${name}`, signing: [signing] }
    return call<Channel>(chat.service, 'POST', '/v1/channels', { name, target, ...of }, 201)
  }
  await make('all', {})
  await make('alarms', {
    routes: [{ stream: 'kettle:*/x86_64/*', kinds: ['gate', 'drift'], minSeverity: 'critical' }],
  })
  await make('others', { routes: [{ stream: 'kettle:*/aarch64/*', kinds: [], minSeverity: 'info' }] })
  daily = (await make('daily', { mode: 'daily' })).id
})
afterAll(() => chat?.[Symbol.asyncDispose]())

const quietLog = { debug() {}, info() {}, warn() {}, error() {} }

const receivedAt = (at: string) => chat.receiver.received.filter((request) => request.path === at)

/** What was told so far, in order; each is signed, and has two lines of which the second ends with its link. */
function told(): Told[] {
  return receivedAt('/all').map(({ headers, body }) => {
    verifyMessage([signing], headers, body, new Date())
    const { data } = JSON.parse(body) as { data: Told }
    const lines = data.text.split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatch(/^[A-Z][^:]*: https:/)
    expect(lines[1]?.endsWith(`: ${data.url}`)).toBe(true)
    expect(data.url).toBe(`${publicUrl}${data.link}`)
    return data
  })
}

/** What is told from here on, once nothing waits to be told, sent or done any more. */
async function toldBy(cause: () => Promise<unknown>, count: number): Promise<Told[]> {
  const before = told().length
  await cause()
  await vi.waitFor(async () => {
    const [found] = await chat.service.database.query<{ waiting: number }>(
      `SELECT (SELECT count(*) FROM "Subject" WHERE since IS NOT NULL)
         + (SELECT count(*) FROM "Task" WHERE state IN ('pending', 'leased'))
         + (SELECT count(*) FROM "Delivery" WHERE state NOT IN ('sent', 'collecting')) AS waiting`,
    )
    expect([Number(found?.waiting), told().length - before >= count]).toEqual([0, true])
  }, soon)
  return told().slice(before)
}

const nameOf = (release: string) => ({ stream, version: '5.15.12', release })

async function push(release: string, files: { [name: string]: Buffer }): Promise<Build> {
  const { client } = chat.service
  const name = nameOf(release)
  await client.declareBuild(name)
  for (const [file, bytes] of Object.entries(files)) await client.putArtifact(name, file, uploadOf(bytes))
  const { id } = await client.sealBuild(name)
  chat.worker.ring()
  return client.waitForBuild(id, { everyMs: 20, signal: AbortSignal.timeout(40_000) })
}

const filesOf = async (release: string) => ({
  vmlinux: await vector(`vmlinux-${release}`),
  'teapot.ko': await vector(`teapot-${release}.ko`),
  'saucer.ko': await vector(`saucer-${release}.ko`),
})

/** Another upload of a file; gives the status once the service has time for it. */
async function again(release: string, file: string, bytes: Buffer): Promise<number> {
  const digest = `sha-256=:${Buffer.from(sha256Of(bytes), 'hex').toString('base64')}:`
  const headers = { 'content-digest': digest, 'content-type': 'application/octet-stream' }
  for (;;) {
    const at = `${pathOf(nameOf(release))}/artifacts/${file}`
    const { status } = await chat.service.fetch(at, { method: 'PUT', body: new Uint8Array(bytes), headers })
    if (![429, 503].includes(status)) return status
  }
}

describe('a release team is told', () => {
  let old: Build
  let fresh: Build
  let waiver: string

  it('nothing of a first build', async () => {
    const cause = async () => {
      old = await push('1.1', await filesOf('1.1'))
      await chat.service.client.enterLive(environment, old.id)
    }
    expect(await toldBy(cause, 0)).toEqual([])
  })

  it('of a drift once, with both directions, though a hundred hooks send the build at the same time', async () => {
    const files = await filesOf('1.3')
    const cause = async () => {
      await chat.service.client.declareBuild(nameOf('1.3'))
      const uploads = Array.from({ length: 100 }, () => again('1.3', 'vmlinux', files.vmlinux))
      expect(new Set(await Promise.all(uploads))).toEqual(new Set([200, 201]))
      fresh = await push('1.3', files)
    }
    const [notice, ...others] = await toldBy(cause, 1)
    expect(others).toEqual([])
    const tasks = await chat.service.database.query(
      `SELECT id, attempt FROM "Task" WHERE id LIKE 'ingest:%' ORDER BY id`,
    )
    expect(tasks).toEqual([old, fresh].map(({ id }) => ({ id: `ingest:${id}`, attempt: 1 })))
    expect(notice).toMatchObject({
      kind: 'drift',
      severity: 'warning',
      stream,
      class: 'functions-only',
      from: { version: '5.15.12', release: '1.1' },
      to: { version: '5.15.12', release: '1.3' },
      newOnOld: { total: 2, counts: { rejected: 1, misread: 1 } },
      oldOnNew: { total: 2, counts: { rejected: 1, misread: 1 } },
      remedy: 'rebuild-or-hold',
    })
    expect(notice?.text).toBe(
      `${stream.replaceAll('/', ' ')} 5.15.12-1.3: base BTF drifted from 1.1 (functions-only: +2). ` +
        '1 of 2 modules of 1.3 is rejected on a running 1.1, 1 is misread. ' +
        '1 of 2 modules of 1.1 is rejected on a running 1.3, 1 is misread. modversions: not known.\n' +
        `Rebuild or hold: ${notice?.url}`,
    )
  })

  it('that a gate turned to fail, that it passes again with a waiver, and that it fails without', async () => {
    const { client } = chat.service
    const question = { build: fresh.id, environment }
    const asked = await toldBy(async () => {
      for (let nth = 0; nth < 3; nth++) expect((await client.gate(question)).answer).toBe('fail')
    }, 1)
    expect(asked).toMatchObject([
      { kind: 'gate', severity: 'critical', environment, before: null, outcome: 'fail', reasonsTotal: 1 },
    ])
    expect(asked[0]?.text).toContain(
      'says fail. 1 of 2 modules of 5.15.12-1.3 is rejected on a running 5.15.12-1.1, 1 is misread.\n',
    )
    const waived = await toldBy(async () => {
      const made = await client.waive({
        kernelBuild: old.id,
        moduleBuild: fresh.id,
        verdicts: ['rejected', 'misread'],
        modules: 'all',
        reason: 'goes with the next rebuild',
        expiresAt: new Date(Date.now() + 30 * 86_400_000).toISOString(),
      })
      waiver = made.waiver.id
    }, 1)
    expect(waived).toMatchObject([
      { kind: 'gate', severity: 'info', before: 'fail', outcome: 'pass', reasons: [], reasonsTotal: 0 },
    ])
    const withdrawn = await toldBy(() => client.withdrawWaiver(waiver), 1)
    expect(withdrawn).toMatchObject([{ kind: 'gate', severity: 'critical', before: 'pass', outcome: 'fail' }])
  })

  it('that a build is not reproducible', async () => {
    const files = await filesOf('1.3')
    const base = await vector('base-1.3.btf')
    const btf = readBtf(base)
    const order = Array.from({ length: btf.typeCount }, (_, nth) => nth + 1)
    const moved = inOrder(btf, [order[1] as number, order[0] as number, ...order.slice(2)])
    expect(moved).toHaveLength(base.length)
    files.vmlinux.set(moved, files.vmlinux.indexOf(base))
    const notices = await toldBy(() => push('1.4', files), 1)
    expect(notices).toMatchObject([{ kind: 'unreproducible', stream, to: { release: '1.4' }, moved: 2 }])
  })

  it('that a name came with other content, once for each content', async () => {
    const cause = (content: string) => async () => {
      const statuses = Array.from({ length: 10 }, () => again('1.1', 'vmlinux', Buffer.from(content)))
      expect(new Set(await Promise.all(statuses))).toEqual(new Set([409]))
    }
    for (const content of ['one', 'two'])
      expect(await toldBy(cause(content), 1)).toMatchObject([
        {
          kind: 'build-differs',
          severity: 'critical',
          filename: 'vmlinux',
          given: sha256Of(Buffer.from(content)),
        },
      ])
    expect(await toldBy(cause('one'), 0)).toEqual([])
  })

  it('that an artifact is refused, once though its build fails with it', async () => {
    const cut = (await vector('vmlinux-1.3')).subarray(0, 5000)
    const notices = await toldBy(() => push('1.5', { 'kernel.rpm': cut }), 1)
    expect(notices).toMatchObject([
      { kind: 'artifact-refused', severity: 'warning', stream, build: { release: '1.5' } },
    ])
  })

  it('that a waiver ends soon', async () => {
    const notices = await toldBy(async () => {
      const { client } = chat.service
      await client.waive({
        kernelBuild: old.id,
        moduleBuild: fresh.id,
        verdicts: ['misread'],
        modules: ['saucer'],
        reason: 'for the night',
        expiresAt: new Date(Date.now() + 10_000).toISOString(),
      })
    }, 1)
    expect(notices).toMatchObject([
      {
        kind: 'waiver-expiring',
        severity: 'warning',
        stream,
        author: 'first-admin',
        reason: 'for the night',
      },
    ])
  })

  it('nothing else, and where each leads there is something to read', async () => {
    for (const { link } of told()) await call(chat.service, 'GET', link)
    expect(told()).toHaveLength(9)
    const ids = chat.receiver.received.map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('by way of the channels that want to know, and in one message where they collect', async () => {
    const dataOf = (at: string) => receivedAt(at).map(({ body }) => JSON.parse(body).data)
    // Whoever was told that it fails is told that it passes again, whatever the least severity.
    expect(dataOf('/alarms')).toMatchObject([
      { kind: 'gate', outcome: 'fail' },
      { kind: 'gate', before: 'fail', outcome: 'pass' },
      { kind: 'gate', outcome: 'fail' },
    ])
    expect([dataOf('/others'), dataOf('/daily')]).toEqual([[], []])
    await call(chat.service, 'PATCH', `/v1/channels/${daily}`, { mode: 'immediate' })
    await vi.waitFor(() => expect(dataOf('/daily')).toHaveLength(1), soon)
    const [digest] = dataOf('/daily')
    expect(digest.total).toBe(9)
    expect(digest.notices.length + digest.omitted).toBe(9)
    const severities = digest.notices.map(({ severity }: Told) => severity)
    expect(severities.slice(0, 4)).toEqual(['critical', 'critical', 'critical', 'critical'])
  })
})
