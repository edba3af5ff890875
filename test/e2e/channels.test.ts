import { randomUUID } from 'node:crypto'
import type { AnnouncedEvent, Channel, Delivery, Resealed } from '@basedrift/contract'
import { newKeyPair, newSharedKey, openSending, verifyMessage } from '@basedrift/notify'
import { createLogger } from '@basedrift/runtime'
import { expect, it, vi } from 'vitest'
import type { Received } from '../support/receiver.js'
import { call, ended, newKey, soon, startChat } from './support/chat.js'
import { newName, pathOf, sha256Of, startTestService, type TestService, uploadOf } from './support/service.js'

const codeOf = async (service: TestService, method: string, at: string, body: unknown, status: number) =>
  (await call<{ code: string }>(service, method, at, body, status)).code

it('a hundred identical uploads of other content make one signed alert', async () => {
  await using chat = await startChat()
  const { service, receiver } = chat
  const signing = [newSharedKey()]
  const name = `kernel-team ${randomUUID()}`
  const target = { kind: 'webhook', url: `${receiver.url}/hook/secret-of-the-url`, signing }
  const routes = [{ stream: 'kettle:*', kinds: ['build-differs'] }]
  const channel = await call<Channel>(service, 'POST', '/v1/channels', { name, target, routes }, 201)
  expect(channel).toMatchObject({
    name,
    kind: 'webhook',
    mode: 'immediate',
    state: 'active',
    sealedWith: 'a',
    signingKeys: 1,
  })

  const build = newName()
  await service.client.declareBuild(build)
  await service.client.putArtifact(build, 'kernel.rpm', uploadOf(Buffer.from('one')))
  const other = Buffer.from('two')
  const digest = `sha-256=:${Buffer.from(sha256Of(other), 'hex').toString('base64')}:`
  const statuses = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const headers = { 'content-digest': digest, 'content-type': 'application/octet-stream' }
      const at = `${pathOf(build)}/artifacts/kernel.rpm`
      for (;;) {
        const { status } = await service.fetch(at, { method: 'PUT', body: other, headers })
        if (status !== 503) return status
      }
    }),
  )
  expect(new Set(statuses)).toEqual(new Set([409]))
  await vi.waitFor(() => expect(receiver.received).toHaveLength(1), soon)
  const [message] = receiver.received as [Received]
  verifyMessage(signing, message.headers, message.body, new Date())
  expect(message.body).toContain('kernel.rpm')
  expect(message.body).toContain('https://basedrift.example.org/v1/builds/')

  const { items } = await call<{ items: AnnouncedEvent[] }>(service, 'GET', '/v1/events')
  expect(items).toMatchObject([
    { kind: 'build-differs', stream: build.stream, notice: { given: sha256Of(other) } },
  ])
  const { items: deliveries } = await call<{ items: Delivery[] }>(service, 'GET', '/v1/deliveries')
  expect(deliveries).toMatchObject([{ channel: { name }, eventsTotal: 1, id: message.headers['webhook-id'] }])
  await ended(service, deliveries[0]?.id ?? '')
  const metrics = await chat.metrics.metrics()
  expect(metrics).toContain('basedrift_delivery_attempts_total{kind="webhook",outcome="sent"} 1')
  expect(metrics).toContain('basedrift_deliveries{state="dead"} 0')
  expect(metrics).toContain('basedrift_delivery_oldest_seconds 0')

  const told =
    service.log.join('\n') + JSON.stringify(await service.database.query('SELECT * FROM "Channel"'))
  for (const secret of ['secret-of-the-url', signing[0]?.slice(6) ?? '']) expect(told).not.toContain(secret)
})

it('a channel is tried, and shows what came of it, with neither its URL nor its keys', async () => {
  const answers = [503, 204, 410]
  await using chat = await startChat({
    answer: (_, response) => {
      const status = answers.shift() ?? 200
      response.writeHead(status).end(status === 204 ? undefined : `said ${status}`)
    },
  })
  const { service, receiver } = chat
  const target = { kind: 'slack', url: `${receiver.url}/services/T0/B0/abcdefgh` }
  const body = { name: 'chat', target, mode: 'hourly' }
  const made = await call<Channel>(service, 'POST', '/v1/channels', body, 201)
  expect(await codeOf(service, 'POST', '/v1/channels', body, 409)).toBe('channel-exists')
  expect(JSON.stringify(made)).not.toContain('abcdefgh')
  const at = `/v1/channels/${made.id}`
  const busy = await call<Delivery>(service, 'POST', `${at}/test`, undefined, 202)
  expect(await ended(service, busy.id, 'dead')).toMatchObject({ attempt: 1, lastCode: 'answer-busy' })
  const first = await call<Delivery>(service, 'POST', `${at}/test`, undefined, 202)
  expect(await ended(service, first.id)).toMatchObject({
    attempt: 1,
    lastStatus: 204,
    lastCode: null,
    nextAt: null,
  })
  const second = await call<Delivery>(service, 'POST', `${at}/test`, undefined, 202)
  expect(await ended(service, second.id, 'dead')).toMatchObject({
    lastStatus: 410,
    lastCode: 'channel-gone',
    lastAnswer: 'said 410',
  })
  expect(await call<Channel>(service, 'GET', at)).toMatchObject({
    state: 'disabled',
    reason: { code: 'channel-gone' },
    dead: 2,
  })
  expect(await codeOf(service, 'POST', `${at}/test`, undefined, 409)).toBe('channel-disabled')
  expect(await codeOf(service, 'POST', `/v1/deliveries/${second.id}/redeliver`, undefined, 409)).toBe(
    'channel-disabled',
  )
  expect(await call<Channel>(service, 'PATCH', at, { state: 'active' })).toMatchObject({
    state: 'active',
    reason: null,
  })
  await call<Delivery>(service, 'POST', `/v1/deliveries/${second.id}/redeliver`, undefined, 202)
  expect(await ended(service, second.id)).toMatchObject({ attempt: 1, lastStatus: 200 })
  const dead = await call<{ items: Delivery[] }>(
    service,
    'GET',
    `/v1/deliveries?channel=${made.id}&state=dead`,
  )
  expect(dead.items.map(({ id }) => id)).toEqual([busy.id])
  await call(service, 'DELETE', at, undefined, 204)
  expect(await codeOf(service, 'DELETE', at, undefined, 404)).toBe('channel-unknown')
  expect(await codeOf(service, 'GET', `/v1/deliveries/${first.id}`, undefined, 404)).toBe('delivery-unknown')
})

it('a webhook changes its key without a message that its receiver cannot verify', async () => {
  await using chat = await startChat()
  const { service, receiver } = chat
  const [old, pair] = [newSharedKey(), newKeyPair()]
  const target = { kind: 'webhook', url: receiver.url, signing: [old] }
  const { id } = await call<Channel>(service, 'POST', '/v1/channels', { name: 'hook', target }, 201)
  const at = `/v1/channels/${id}`
  const message = async () => {
    const count = receiver.received.length
    await call<Delivery>(service, 'POST', `${at}/test`, undefined, 202)
    await vi.waitFor(() => expect(receiver.received).toHaveLength(count + 1), soon)
    return receiver.received[count] as Received
  }
  const verified = (by: string, { headers, body }: Received) => {
    try {
      verifyMessage([by], headers, body, new Date())
      return true
    } catch {
      return false
    }
  }
  const both = { addSigningKey: pair.secret, keepSigningKeys: 2 }
  expect(await call<Channel>(service, 'PATCH', at, both)).toMatchObject({ signingKeys: 2 })
  const during = await message()
  expect([verified(old, during), verified(pair.public, during)]).toEqual([true, true])
  expect(await call<Channel>(service, 'PATCH', at, { keepSigningKeys: 1 })).toMatchObject({ signingKeys: 1 })
  const after = await message()
  expect([verified(old, after), verified(pair.public, after)]).toEqual([false, true])
})

it('secrets are sealed anew with a new key, and then need the old one no more', async () => {
  const [first, second] = [newKey('first'), newKey('second')]
  const target = { kind: 'mattermost', url: 'https://chat.example.org/hooks/abcdefghijkl' }
  await using chat = await startChat({ secretKeys: `${second},${first}` })
  const { service } = chat
  const older = openSending({ secretKeys: first, publicUrl: 'https://basedrift.example.org' })
  const { id } = await call<Channel>(service, 'POST', '/v1/channels', { name: 'one', target }, 201)
  await service.database.query('UPDATE "Channel" SET sealed = $1', [
    older.keyring.seal(JSON.stringify({ url: target.url }), id),
  ])
  expect(await call<Channel>(service, 'GET', `/v1/channels/${id}`)).toMatchObject({
    sealedWith: 'first',
    host: 'chat.example.org',
  })
  const rotate = () => call<Resealed>(service, 'POST', '/v1/secrets/rotate')
  expect(await rotate()).toEqual({ key: 'second', resealed: 1, unchanged: 0, failed: [] })
  expect(await rotate()).toEqual({ key: 'second', resealed: 0, unchanged: 1, failed: [] })
  const [row] = await service.database.query<{ sealed: string }>('SELECT sealed FROM "Channel"')
  const newer = openSending({ secretKeys: second, publicUrl: 'https://basedrift.example.org' })
  expect(newer.keyring.open(row?.sealed ?? '', id)).toContain('abcdefghijkl')
  await service.database.query('UPDATE "Channel" SET sealed = $1', ['v1.lost.a.b.c'])
  expect(await rotate()).toMatchObject({ failed: [{ channel: id, code: expect.stringMatching(/^secret-/) }] })
  expect(await call<Channel>(service, 'GET', `/v1/channels/${id}`)).toMatchObject({
    host: null,
    sealedWith: 'lost',
  })
  const secrets = { secrets: { url: target.url } }
  expect(await codeOf(service, 'PATCH', `/v1/channels/${id}`, secrets, 422)).toBe('target-refused')
  expect(await call<Channel>(service, 'PATCH', `/v1/channels/${id}`, { target })).toMatchObject({
    sealedWith: 'second',
  })
  const other = { secrets: { url: 'https://chat.example.org/hooks/other' } }
  expect(await call<Channel>(service, 'PATCH', `/v1/channels/${id}`, other)).toMatchObject({
    host: 'chat.example.org',
  })
})

it('a channel that leads inside is refused, and its URL is not repeated', async () => {
  await using chat = await startChat({ allowHosts: [] })
  for (const [url, detail] of [
    ['https://127.0.0.1/hook', /^Its host is or has an address that is not public; [^()]*$/],
    ['https://169.254.169.254/latest', /^Its host is or has an address that is not public; [^()]*$/],
    ['https://user:pass@example.org/hook', /^Give it without user, password and fragment\. [^()]*$/],
  ] as const) {
    const body = { name: 'no', target: { kind: 'slack', url } }
    const answer = await call<{ code: string; detail: string }>(
      chat.service,
      'POST',
      '/v1/channels',
      body,
      422,
    )
    expect(answer).toMatchObject({ code: 'target-refused', detail: expect.stringMatching(detail) })
    expect(answer.detail).not.toContain(url)
  }
})

it('no secret of a channel is in the database, its queue, a log, a metric or an answer', async () => {
  const lines: string[] = []
  const log = createLogger({ level: 'debug', stream: { write: (line) => lines.push(line) } })
  // A receiver that repeats all that it was told.
  await using chat = await startChat({
    answer: ({ path, headers, body }, response) =>
      response.writeHead(418).end(`${path} ${JSON.stringify(headers)} ${body}`),
    worker: { log, settling: { quietMs: 0 } },
  })
  const { service, receiver } = chat
  const secret = (of: string) => `s3cr3t-${of}-${randomUUID()}`
  const secrets = ['slack', 'mattermost', 'teams', 'hook', 'query', 'token', 'password'].map(secret)
  const [slack, mattermost, teams, hook, query, token, password] = secrets
  const [shared, pair] = [newSharedKey(), newKeyPair()]
  const closed = 'https://127.0.0.1:8443'
  const targets = [
    { kind: 'slack', url: `${receiver.url}/services/${slack}` },
    { kind: 'mattermost', url: `${closed}/hooks/${mattermost}` },
    { kind: 'teams', url: `${receiver.url}/workflows/${teams}?sig=${query}` },
    { kind: 'webhook', url: `${receiver.url}/${hook}`, signing: [shared, pair.secret] },
    { kind: 'matrix', server: receiver.url, room: '!room:example.org', token },
    {
      ...{ kind: 'email', host: '127.0.0.1', port: 2525, security: 'starttls', from: 'a@example.org' },
      ...{ to: ['b@example.org'], user: 'basedrift', password },
    },
  ]
  for (const target of targets) {
    const made = await call<Channel>(service, 'POST', '/v1/channels', { name: target.kind, target }, 201)
    const tried = await call<Delivery>(service, 'POST', `/v1/channels/${made.id}/test`, undefined, 202)
    await vi.waitFor(async () => {
      const { lastCode } = await call<Delivery>(service, 'GET', `/v1/deliveries/${tried.id}`)
      expect(lastCode).not.toBeNull()
    }, soon)
    const wrong = { name: 'wrong', target: { ...target, kind: 'other' } }
    lines.push(JSON.stringify(await call(service, 'POST', '/v1/channels', wrong, 400)))
  }
  const { database } = service
  const answers = await Promise.all(
    ['channels', 'deliveries', 'events', 'audit'].map((list) => call(service, 'GET', `/v1/${list}`)),
  )
  const tables = await database.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  )
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['public."Channel"', 'bullmq.job']))
  const rows = await Promise.all(tables.map(({ name }) => database.query(`SELECT t::text FROM ${name} t`)))
  expect(JSON.stringify(rows)).toContain(targets[4]?.room)
  expect(JSON.stringify(answers), 'what receivers repeated').toContain('[redacted]')
  const everything = [
    ...lines,
    ...service.log,
    JSON.stringify(rows),
    JSON.stringify(answers),
    await chat.metrics.metrics(),
    await (await service.fetch('/metrics')).text(),
  ].join('\n')
  for (const text of [...secrets, shared.slice(6), pair.secret.slice(5)])
    for (const spelt of [text, Buffer.from(`${text}`).toString('base64'), encodeURIComponent(`${text}`)])
      expect(everything).not.toContain(spelt)
})

it('without keys there are no channels', async () => {
  await using service = await startTestService()
  const body = { name: 'no', target: { kind: 'slack', url: 'https://hooks.slack.com/services/a/b/c' } }
  expect(await codeOf(service, 'POST', '/v1/channels', body, 409)).toBe('channels-unavailable')
  expect(await call<{ items: unknown[] }>(service, 'GET', '/v1/channels')).toEqual({ items: [], next: null })
  expect(await call<{ items: unknown[] }>(service, 'GET', '/v1/deliveries')).toEqual({
    items: [],
    next: null,
  })
})
