import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { verifyMessage } from '@basedrift/notify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Receiver, startReceiver } from '../../../test/support/receiver.js'
import { basedrift, type Run } from './support/run.js'
import { startService, type TestService } from './support/service.js'
import { tempDir } from './support/temp.js'

const temp = tempDir()
const dataDir = path.join(temp.path, 'data')
const newKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
const [old, next] = [newKey('old'), newKey('next')]
/** Answers of the receiver; 200 where there is none. */
const answers: number[] = []
let receiver: Receiver
let service: TestService
let log = ''

const start = async (keys: string) => {
  service = await startService(dataDir, {
    BASEDRIFT_SECRET_KEYS: keys,
    BASEDRIFT_CHAT_ALLOW_HOSTS: '127.0.0.1',
    BASEDRIFT_CHAT_ALLOW_INSECURE: 'true',
    BASEDRIFT_PUBLIC_URL: 'https://basedrift.example.org/at',
  })
}
const stop = async () => {
  expect(await service.end('SIGTERM')).toBe(0)
  log += service.stdout() + service.stderr() + readFileSync(`${dataDir}.log`, 'utf8')
}

beforeAll(async () => {
  receiver = await startReceiver((_, response) => {
    const status = answers.shift() ?? 200
    response.writeHead(status).end(`said ${status}`)
  })
  await start(old)
})
afterAll(async () => {
  await service?.end('SIGKILL')
  await receiver?.[Symbol.asyncDispose]()
  temp[Symbol.dispose]()
})

const client = (args: string, env: NodeJS.ProcessEnv = {}): Promise<Run> =>
  basedrift(args.split(' '), {
    env: { BASEDRIFT_URL: service.url, BASEDRIFT_TOKEN: service.token, ...env },
  })
const said = ({ code, stdout, stderr }: Run) => ({ code, stdout: stdout.toString(), stderr })
const urlOf = (name: string) => `${receiver.url}/services/${name}-s3cr3t-of-the-path`
let key = ''

it('a channel is made with a secret of the environment, and shown without', async () => {
  const hook = said(
    await client('channel add hook --kind webhook --stream openSUSE:* --event drift --min-severity warning', {
      BASEDRIFT_CHANNEL_URL: urlOf('hook'),
    }),
  )
  expect(hook).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^Channel hook \([0-9a-f-]{36}\) was made\./),
  })
  key = hook.stdout.trim()
  expect(key).toMatch(/^whsec_/)
  const chat = said(
    await client('channel add chat --kind slack --mode daily', { BASEDRIFT_CHANNEL_URL: urlOf('chat') }),
  )
  expect(chat).toMatchObject({ code: 0, stdout: '' })
  const { stdout } = said(await client('channel list'))
  const host = new URL(receiver.url).host
  expect(stdout.split('\n')[1]).toMatch(
    new RegExp(`^hook +webhook +${host} +openSUSE:\\* drift ≥warning +immediate +active +0 +0 `),
  )
  expect(stdout.split('\n')[2]).toMatch(new RegExp(`^chat +slack +${host} +\\* +daily +active +0 +0 `))
  const json = said(await client('channel list --format json')).stdout
  expect(JSON.parse(json).items).toMatchObject([
    { name: 'hook', sealedWith: 'old', signingKeys: 1 },
    { name: 'chat', settings: { kind: 'slack' } },
  ])
  for (const text of [stdout, json]) expect(text).not.toMatch(/s3cr3t|whsec_/)
})

it.each([
  ['channel add hook --kind slack --url https://chat.example.org/hooks/x', /^basedrift: channel-exists: /],
  ['channel add other --kind slack', /^basedrift: usage: .*--url/],
  [
    'channel add other --kind slack --url https://10.0.0.1/hooks/x',
    /^basedrift: target-refused: Its host is or has an address that is not public; [^()]*$/,
  ],
  [
    'channel add other --kind slack --url https://chat.example.org/x --event drifts',
    /^basedrift: usage: .*"drifts"/,
  ],
  [
    'channel add other --kind email --smtp mail.example.org --from a@b --to c@d',
    /^basedrift: usage: .*HOST:PORT/,
  ],
  ['channel test nobody', /^basedrift: channel-unknown: .*channel list/],
  ['deliveries --channel nobody', /^basedrift: channel-unknown: /],
  ['redeliver 00000000-0000-7000-8000-000000000000', /^basedrift: delivery-unknown: /],
  ['redeliver', /^basedrift: usage: /],
])('`%s` is refused', async (args, expected) => {
  const { code, stderr } = said(await client(args))
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(expected) })
})

it('a channel is tried, what came of it is shown, and dead letters are sent again', {
  timeout: 180_000,
}, async () => {
  expect(said(await client('channel test hook'))).toMatchObject({
    code: 0,
    stdout: 'hook: sent after 1 attempt: 200 said 200\n',
  })
  const [message] = receiver.received
  verifyMessage([key], message?.headers ?? {}, message?.body ?? '', new Date())
  expect(message?.body).toContain('"url":"https://basedrift.example.org/at/v1/deliveries"')
  answers.push(404, 404)
  for (const _ of answers.slice())
    expect(said(await client('channel test chat'))).toMatchObject({
      code: 1,
      stdout: 'chat: dead after 1 attempt: answer-refused 404 said 404\n',
    })
  const dead = said(await client('deliveries --state dead --channel chat')).stdout
  expect(dead.split('\n')).toHaveLength(4)
  expect(dead).toMatch(/ chat +test +dead +1 +- +answer-refused 404 said 404 /)
  const { items } = JSON.parse(said(await client('deliveries --state dead --format json')).stdout)
  expect(items).toHaveLength(2)
  const again = said(await client('redeliver --channel chat'))
  expect(again.code).toBe(0)
  expect(again.stderr.split('\n').map((line) => line.slice(0, 36))).toEqual([items[1].id, items[0].id, ''])
  expect(again.stderr).toMatch(/ goes to chat again, as number 4 of its line\.\n$/)
  await expect
    .poll(async () => JSON.parse(said(await client('deliveries --state sent --format json')).stdout).items)
    .toHaveLength(3)
  expect(said(await client(`redeliver ${items[0].id}`))).toMatchObject({ code: 0 })
})

it('a channel is disabled, enabled, given another key, and removed', { timeout: 180_000 }, async () => {
  expect(said(await client('channel disable hook')).stderr).toBe(
    'Channel hook is disabled; 0 messages wait for it.\n',
  )
  expect(said(await client('channel test hook'))).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^basedrift: channel-disabled: /),
  })
  await client('channel enable hook')
  const newer = said(await client('channel rotate hook')).stdout.trim()
  const verified = async () => {
    expect((await client('channel test hook')).code).toBe(0)
    const { headers, body } = receiver.received.at(-1) ?? { headers: {}, body: '' }
    return [key, newer].map((one) => {
      try {
        verifyMessage([one], headers, body, new Date())
        return true
      } catch {
        return false
      }
    })
  }
  expect(await verified()).toEqual([true, true])
  await client('channel rotate hook --finish')
  expect(await verified()).toEqual([false, true])
  expect(said(await client('channel rotate chat', { BASEDRIFT_CHANNEL_URL: urlOf('moved') })).stderr).toBe(
    'Channel chat has its new secret.\n',
  )
  await client('channel add gone --kind teams', { BASEDRIFT_CHANNEL_URL: urlOf('gone') })
  expect(said(await client('channel remove gone')).stderr).toBe('Channel gone is removed.\n')
})

it('the key of the service changes over restarts, and no secret is in a log of any', {
  timeout: 180_000,
}, async () => {
  await stop()
  await start(`${next},${old}`)
  expect(said(await client('secrets rotate'))).toMatchObject({
    code: 0,
    stderr: 'Sealed with next: 2 channels anew, 0 as they were.\n',
  })
  await stop()
  await start(next)
  expect((await client('channel test chat')).code).toBe(0)
  expect(receiver.received.at(-1)?.path).toContain('/moved-')
  await stop()
  await start(old)
  const { items } = JSON.parse(said(await client('channel list --format json')).stdout)
  expect(items).toMatchObject([{ host: null, sealedWith: 'next' }, { host: null }])
  expect(said(await client('channel test chat'))).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('secret-key-unknown'),
  })
  const failed = said(await client('secrets rotate'))
  expect(failed).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('keeps its seal (secret-key-unknown)'),
  })
  await stop()
  expect(log.length).toBeGreaterThan(1000)
  const keys = [old, next].map((pair) => pair.slice(pair.indexOf(':') + 1))
  for (const secret of ['s3cr3t', key.slice(6), ...keys]) expect(log).not.toContain(secret)
})
