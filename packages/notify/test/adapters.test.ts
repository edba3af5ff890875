import { request } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type ChannelKind, channelKinds, type Notice, noticeExamples, type Target } from '@basedrift/contract'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Attempt, createNet, deliver, hostOf, type Outcome, renderFor } from '../src/index.js'
import { hostileNames, hostileNotice, withNames } from './support/hostile.js'
import { mailReceiver, type Receiver, receiverOf } from './support/receivers.js'
import { shown } from './support/shown.js'

const baseUrl = 'https://basedrift.example.org'
let serial = 0
const attempt = (): Attempt => ({ id: `dlv_${++serial}`, at: new Date(), attempt: 1 })
const drift = noticeExamples[0] as Notice
const secrets = /s3cr3t|T0123456|B0123456|whsec_|whsk_/

/** Sends a request of one's own, as a program that knows nothing of the service would. */
function raw(url: string, headers: { [name: string]: string }, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const given = new URL(url)
    const options = {
      host: '127.0.0.1',
      port: given.port,
      path: given.pathname + given.search,
      method: 'POST',
      headers,
    }
    request(options, (response) => resolve(response.resume().statusCode ?? 0))
      .once('error', reject)
      .end(body)
  })
}

describe.each([...channelKinds])('a channel of %s', (kind: ChannelKind) => {
  let receiver: Receiver

  beforeAll(async () => {
    receiver = await receiverOf(kind)
  })
  afterEach(() => {
    receiver.got.length = 0
    receiver.answers.length = 0
  })
  afterAll(() => receiver.stop())

  const send = (notices: Notice | readonly Notice[], of = attempt()): Promise<Outcome> =>
    deliver(receiver.target, renderFor(kind, notices, { baseUrl }), of, receiver.net)
  const last = () => shown(kind, receiver.got.at(-1)?.body ?? '')

  it.each(noticeExamples)('takes a message of $kind', async (notice) => {
    expect(await send(notice)).toMatchObject({ state: 'sent', code: null, notBefore: null })
    const { text, links, foreign } = last()
    expect(foreign).toEqual([])
    expect(links).toContain(`${baseUrl}${notice.link}`)
    const [what, todo] = renderFor('webhook', notice, { baseUrl }).text.split('\n')
    const bare = (line: string | undefined) => line?.replaceAll('\u200b', '') ?? ''
    expect(bare(text.replaceAll(/\s+/g, ' '))).toContain(bare(what))
    expect(bare(text)).toContain(bare(todo).slice(0, bare(todo).indexOf(':')))
  })

  it.each([2, 30, 400])('takes a digest of %i events: what has no place is counted', async (total) => {
    const notices = Array.from({ length: total }, (_, nth) => ({
      ...(noticeExamples[nth % noticeExamples.length] as Notice),
      link: `/v1/notices/${nth}`,
    }))
    expect(await send(notices)).toMatchObject({ state: 'sent' })
    const { text, links, foreign } = last()
    expect(foreign).toEqual([])
    const listed = new Set(links.filter((link) => link.startsWith(`${baseUrl}/v1/notices/`)))
    const [, more] = /([\d,]+) more events?/.exec(text) ?? []
    expect(listed.size).toBeGreaterThanOrEqual(Math.min(total, 12))
    expect(listed.size + Number((more ?? '0').replace(',', ''))).toBe(total)
    if (total === 400) expect(more).toBeDefined()
  })

  it('tells the worst of a digest first', async () => {
    const quiet = Array.from({ length: 300 }, () => ({ ...drift, severity: 'info' as const, link: '/quiet' }))
    await send([...quiet, { ...drift, severity: 'critical', link: '/loud' }])
    expect(last().links[kind === 'webhook' ? 1 : 0]).toBe(`${baseUrl}/loud`)
  })

  it('shows names as names, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostileNotice, { minLength: 1, maxLength: 3 }), async (notices) => {
        expect(await send(notices)).toMatchObject({ state: 'sent' })
        const { foreign, links } = last()
        expect(foreign).toEqual([])
        const ours = new Set([baseUrl, ...notices.map(({ link }) => `${baseUrl}${link}`)])
        expect(links.filter((link) => !ours.has(link))).toEqual([])
      }),
      { numRuns: kind === 'email' ? 20 : 60 },
    )
  })

  it('shows each of the worst names as a name', async () => {
    const sent = hostileNames.map((text) =>
      send(noticeExamples.map((example) => withNames(example, () => text))),
    )
    for (const [nth, { state }] of (await Promise.all(sent)).entries())
      expect(state, JSON.stringify(hostileNames[nth]).slice(0, 80)).toBe('sent')
    expect(receiver.got).toHaveLength(hostileNames.length)
    for (const { body } of receiver.got) expect(shown(kind, body).foreign, body.slice(0, 500)).toEqual([])
  })

  it('takes the longest names, alone and in a digest', async () => {
    for (const filler of ['x', '&', '<', '`', '"', '😀', '\\', '\u0301', '{{', '@a ', '://', '\u0000']) {
      const notices = noticeExamples.map((notice) => withNames(notice, () => filler.repeat(3000)))
      for (const { state } of await Promise.all(notices.map((notice) => send(notice))))
        expect(state).toBe('sent')
      const many = Array.from({ length: kind === 'email' ? 10 : 30 }, () => notices).flat()
      expect(await send(many)).toMatchObject({ state: 'sent' })
      expect(last().foreign).toEqual([])
    }
  })

  it('sends the same id again, for receivers that can tell', async () => {
    const again = attempt()
    await send(drift, again)
    await send(drift, { ...again, attempt: 2 })
    const ids = receiver.got.map(({ id }) => id)
    const expected = {
      email: `${again.id}@mail.test`,
      matrix: again.id,
      webhook: again.id,
      slack: null,
      mattermost: null,
      teams: null,
    }
    expect(ids).toEqual([expected[kind], expected[kind]])
  })

  it('is tried again later where it is too much', async () => {
    if (kind === 'email') {
      receiver.answers.push({ status: 451, body: 'Try again later' })
      expect(await send(drift)).toMatchObject({
        state: 'retry',
        code: 'answer-busy',
        status: 451,
        notBefore: null,
      })
      return
    }
    const now = attempt()
    const seconds = (outcome: Outcome) => ((outcome.notBefore?.getTime() ?? 0) - now.at.getTime()) / 1000
    receiver.answers.push(
      { status: 429, headers: { 'retry-after': '30' } },
      { status: 503, headers: { 'retry-after': new Date(now.at.getTime() + 60_000).toUTCString() } },
      { status: 429, headers: { 'retry-after': '1000000' } },
      { status: 429, body: '{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}' },
    )
    const outcomes = []
    for (let nth = 0; nth < 4; nth++) outcomes.push(await send(drift, now))
    expect(outcomes.map(({ state, code }) => `${state} ${code}`)).toEqual(Array(4).fill('retry answer-busy'))
    const [first, second, third, fourth] = outcomes as [Outcome, Outcome, Outcome, Outcome]
    expect(seconds(first)).toBe(30)
    expect(seconds(second)).toBeGreaterThan(58)
    expect(seconds(third)).toBe(24 * 3600)
    if (kind === 'matrix') expect(seconds(fourth)).toBe(2.5)
    else expect(fourth.notBefore).toBeNull()
  })

  it('means by its answers what they mean', async () => {
    const cases: [number, string][] =
      kind === 'email'
        ? [
            [421, 'retry answer-busy'],
            [452, 'retry answer-busy'],
            [550, 'refused answer-refused'],
            [552, 'refused answer-refused'],
          ]
        : [
            [200, 'sent null'],
            [202, 'sent null'],
            [204, 'sent null'],
            [301, 'refused redirected'],
            [307, 'refused redirected'],
            [408, 'retry answer-busy'],
            [410, 'gone channel-gone'],
            [500, 'retry answer-busy'],
            [502, 'retry answer-busy'],
            [504, 'retry answer-busy'],
            ...[400, 401, 403, 404, 413].map((status): [number, string] => [
              status,
              `${kind === 'webhook' ? 'retry' : 'refused'} answer-refused`,
            ]),
          ]
    for (const [status, meaning] of cases) {
      receiver.answers.push({ status, headers: { location: 'https://example.org/' } })
      const outcome = await send(drift)
      expect(`${outcome.state} ${outcome.code}`, String(status)).toBe(meaning)
      expect(outcome.status).toBe(status)
    }
  })

  it('keeps of an answer a KiB, and no secret or URL', async () => {
    const { target } = receiver
    const said =
      'url' in target ? new URL(target.url).pathname + new URL(target.url).search : JSON.stringify(target)
    const body = `no_service for ${JSON.stringify(target)} ${said} https://other.example/x ${'ä'.repeat(5000)}`
    receiver.answers.push({
      status: kind === 'email' ? 550 : 404,
      body: kind === 'email' ? body.slice(0, 230) : body,
    })
    const { answer } = await send(drift)
    expect(answer).toContain('no_service')
    expect(answer).not.toMatch(secrets)
    expect(answer).not.toContain('://')
    expect(Buffer.byteLength(answer)).toBeLessThanOrEqual(1024)
    expect(answer).toBe(answer.trim())
  })

  it('is refused where the operator does not want messages to go', async () => {
    const message = renderFor(kind, drift, { baseUrl })
    const inside = createNet({ allowInsecure: true, resolve: async () => ['127.0.0.1'] })
    const standard = kind === 'email' ? { ...receiver.target, port: 587 } : undefined
    const outcome = await deliver((standard ?? receiver.target) as Target, message, attempt(), inside)
    expect(outcome).toMatchObject({ state: 'refused', status: null, answer: '' })
    expect(['address-refused', 'url-invalid']).toContain(outcome.code)
    const nowhere = createNet({
      allowInsecure: true,
      allowHosts: ['hook.test', 'mail.test'],
      resolve: async () => [],
    })
    expect(await deliver(receiver.target, message, attempt(), nowhere)).toMatchObject({
      state: 'retry',
      code: 'host-unresolved',
    })
    expect(receiver.got).toEqual([])
  })

  it('refuses what the service refuses', async () => {
    if (kind === 'email') return
    const url =
      receiver.target.kind === 'matrix'
        ? `${receiver.target.server}x`
        : 'url' in receiver.target
          ? receiver.target.url
          : ''
    const json = { 'content-type': 'application/json' }
    expect(await raw(url, { 'content-type': 'text/plain' }, '{}')).toBe(415)
    expect(await raw(url, json, '{}')).toBeGreaterThanOrEqual(400)
    expect(await raw(url, json, '{')).toBeGreaterThanOrEqual(400)
    expect(await raw(url, json, JSON.stringify({ text: 'x'.repeat(70_000) }))).toBeGreaterThanOrEqual(400)
    expect(receiver.got).toEqual([])
  })

  it('sends nothing that was made for another kind, and no id that could be more', async () => {
    const other = renderFor(kind === 'slack' ? 'teams' : 'slack', drift, { baseUrl })
    await expect(deliver(receiver.target, other, attempt(), receiver.net)).rejects.toThrow(
      expect.objectContaining({ code: 'message-invalid' }),
    )
    for (const id of ['', 'a.b', 'a/b', 'a\r\nb', 'a@b', 'x'.repeat(65)])
      await expect(send(drift, { ...attempt(), id })).rejects.toThrow(
        expect.objectContaining({ code: 'message-invalid' }),
      )
    expect(hostOf(receiver.target)).toMatch(/^(hook|mail)\.test(:\d+)?$/)
  })
})

describe('a webhook', () => {
  it('that goes on refusing one message gives way to the next; what it says of all of them is waited for', async () => {
    const receiver = await receiverOf('webhook')
    const send = async (status: number, nth: number) => {
      receiver.answers.push({ status })
      const message = renderFor('webhook', drift, { baseUrl })
      const outcome = await deliver(receiver.target, message, { ...attempt(), attempt: nth }, receiver.net)
      return outcome.state
    }
    try {
      for (const status of [400, 409, 413, 422])
        expect([await send(status, 2), await send(status, 3)], String(status)).toEqual(['retry', 'refused'])
      for (const status of [401, 403, 404, 408, 425, 429, 500, 503])
        expect(await send(status, 9), String(status)).toBe('retry')
    } finally {
      await receiver.stop()
    }
  })
})

describe('mail', () => {
  it('goes nowhere without STARTTLS, and its password neither', async () => {
    const receiver = await mailReceiver({ starttls: false })
    const message = renderFor('email', drift, { baseUrl })
    try {
      expect(await deliver(receiver.target, message, attempt(), receiver.net)).toMatchObject({
        state: 'refused',
        code: 'smtp-insecure',
      })
      const open = { ...receiver.target, security: 'none' } as Target
      expect(await deliver(open, message, attempt(), receiver.net)).toMatchObject({
        state: 'refused',
        code: 'smtp-insecure',
      })
      expect(receiver.got).toEqual([])
      const allowed = createNet({
        allowInsecure: true,
        allowHosts: ['mail.test'],
        resolve: async () => ['127.0.0.1'],
      })
      expect(await deliver(open, message, attempt(), allowed)).toMatchObject({ state: 'sent', status: 250 })
    } finally {
      await receiver.stop()
    }
  })

  it('checks the certificate by name, and the password', async () => {
    const receiver = await mailReceiver()
    const message = renderFor('email', drift, { baseUrl })
    try {
      const unknown = createNet({ allowHosts: ['mail.test'], resolve: async () => ['127.0.0.1'] })
      expect(await deliver(receiver.target, message, attempt(), unknown)).toMatchObject({
        state: 'retry',
        code: 'connection-failed',
      })
      const wrong = { ...receiver.target, password: 'wrong-password' } as Target
      const outcome = await deliver(wrong, message, attempt(), receiver.net)
      expect(outcome).toMatchObject({ state: 'refused', code: 'answer-refused', status: 535 })
      expect(receiver.got).toEqual([])
    } finally {
      await receiver.stop()
    }
  })

  it('keeps no password of an answer that repeats what was said to it', async () => {
    const login = Buffer.from('\u0000basedrift\u0000s3cr3t-password').toString('base64')
    const receiver = await mailReceiver()
    try {
      receiver.answers.push({ status: 550, body: `no ${login} s3cr3t-password` })
      const message = renderFor('email', drift, { baseUrl })
      const { answer } = await deliver(receiver.target, message, attempt(), receiver.net)
      expect(answer).toBe('550 no [redacted] [redacted]')
    } finally {
      await receiver.stop()
    }
  })

  it.each([
    ['never greet', () => undefined],
    [
      'greet without end',
      (socket: Socket) => {
        const timer = setInterval(() => socket.write('220-wait\r\n'), 20)
        socket.once('close', () => clearInterval(timer))
      },
    ],
    [
      'greet and say no more',
      (socket: Socket) => void socket.write('220 hello\r\n250-mail.test\r\n250 STARTTLS\r\n'),
    ],
  ])('ends in time for servers that %s', async (_what, greet) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).resume()
      greet(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const target: Target = {
        kind: 'email',
        host: 'mail.test',
        port: (server.address() as AddressInfo).port,
        security: 'starttls',
        from: 'a@mail.test',
        to: ['b@mail.test'],
      }
      const net = createNet({ allowHosts: ['mail.test'], resolve: async () => ['127.0.0.1'], timeoutMs: 300 })
      const message = renderFor('email', drift, { baseUrl })
      expect(await deliver(target, message, attempt(), net)).toMatchObject({
        state: 'retry',
        code: 'timed-out',
        status: null,
      })
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })

  it.each([
    [451, 'retry answer-busy'],
    [550, 'sent null'],
  ])('that one of its recipients is refused with %i is %s', async (status, meaning) => {
    const receiver = await mailReceiver({ recipients: { 'release@mail.test': status } })
    try {
      const outcome = await deliver(
        receiver.target,
        renderFor('email', drift, { baseUrl }),
        attempt(),
        receiver.net,
      )
      expect(`${outcome.state} ${outcome.code}`).toBe(meaning)
      expect(outcome.answer).toContain('1 of 2 recipients refused.')
      expect(receiver.got).toHaveLength(1)
    } finally {
      await receiver.stop()
    }
  })
})
