import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ChannelKind, Target } from '@basedrift/contract'
import { SMTPServer } from 'smtp-server'
import { createNet, type Net, newKeyPair, newSharedKey, publicKeyOf, verifyMessage } from '../../src/index.js'
import { tlsFiles } from './tls.js'

/** One message that a receiver took. */
export interface Got {
  /** What the receiver tells repetitions by, where the service has such a thing. */
  id: string | null
  /** JSON of a request, or a mail as it came. */
  body: string
}

/** A stand-in for a service: it refuses what the real one refuses. */
export interface Receiver {
  target: Target
  net: Net
  got: Got[]
  /** Answers that come before any look at the message, each once. */
  answers: { status: number; headers?: { [name: string]: string }; body?: string }[]
  stop(): Promise<void>
}

/** A refusal, with its status and words. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

function must(holds: boolean, message: string, status = 400): asserts holds {
  if (!holds) throw new Refusal(status, message)
}

type Json = { [key: string]: unknown }
const objectOf = (value: unknown): Json => {
  must(typeof value === 'object' && value !== null && !Array.isArray(value), 'invalid_payload')
  return value as Json
}
const listOf = (value: unknown): unknown[] => {
  must(Array.isArray(value), 'invalid_payload')
  return value
}
const textOf = (value: unknown, max: number, message: string): string => {
  must(typeof value === 'string' && value.length > 0 && value.length <= max, message)
  return value
}
const only = (value: Json, keys: readonly string[]) =>
  must(
    Object.keys(value).every((key) => keys.includes(key)),
    'unknown field',
  )

/** Block Kit as its reference has it, and what bolt-js#2509 measured. */
function takeSlack(request: IncomingMessage, body: string): Got {
  must(request.method === 'POST', 'method', 405)
  const message = objectOf(JSON.parse(body))
  textOf(message.text, 40_000, 'no_text')
  const blocks = listOf(message.blocks)
  must(blocks.length >= 1 && blocks.length <= 50, 'invalid_blocks')
  must(JSON.stringify(blocks).length + blocks.length * 107 <= 13_300, 'msg_blocks_too_long')
  const text = (value: unknown, types: readonly string[], max: number) => {
    const object = objectOf(value)
    must(types.includes(String(object.type)), 'invalid_blocks')
    only(object, object.type === 'mrkdwn' ? ['type', 'text', 'verbatim'] : ['type', 'text', 'emoji'])
    textOf(object.text, max, `must be less than ${max + 1} characters`)
  }
  for (const value of blocks) {
    const block = objectOf(value)
    if (block.type === 'header') text(block.text, ['plain_text'], 150)
    else if (block.type === 'context') {
      const elements = listOf(block.elements)
      must(elements.length >= 1 && elements.length <= 10, 'invalid_blocks')
      for (const element of elements) text(element, ['mrkdwn', 'plain_text'], 3000)
    } else {
      must(block.type === 'section', 'invalid_blocks')
      only(block, ['type', 'text', 'fields'])
      text(block.text, ['mrkdwn', 'plain_text'], 3000)
      const fields = listOf(block.fields)
      must(fields.length >= 1 && fields.length <= 10, 'invalid_blocks')
      for (const field of fields) text(field, ['mrkdwn', 'plain_text'], 2000)
    }
  }
  return { id: null, body }
}

function takeMattermost(request: IncomingMessage, body: string): Got {
  must(request.method === 'POST', 'method', 405)
  const message = objectOf(JSON.parse(body))
  const attachments = listOf(message.attachments ?? [])
  must(attachments.length > 0 || typeof message.text === 'string', 'no text')
  const runes = (text: string) => [...text].length
  let sum = typeof message.text === 'string' ? runes(message.text) : 0
  for (const value of attachments) {
    const attachment = objectOf(value)
    only(attachment, ['fallback', 'color', 'text'])
    must(/^#[0-9a-f]{6}$/.test(String(attachment.color)), 'color')
    sum += runes(textOf(attachment.text, Number.POSITIVE_INFINITY, 'no text'))
    textOf(attachment.fallback, 1000, 'fallback')
  }
  must(sum <= 16_383, 'post is too long')
  return { id: null, body }
}

function takeMatrix(request: IncomingMessage, body: string, token: string): Got {
  must(request.method === 'PUT', 'M_UNRECOGNIZED', 405)
  must(request.headers.authorization === `Bearer ${token}`, 'M_UNKNOWN_TOKEN', 401)
  const [, room, id] =
    /^\/_matrix\/client\/v3\/rooms\/([^/]+)\/send\/m\.room\.message\/([^/]+)$/.exec(request.url ?? '') ?? []
  must(decodeURIComponent(room ?? '') === '!room/1:hook.test' && id !== undefined, 'M_FORBIDDEN', 403)
  const content = objectOf(JSON.parse(body))
  const event = {
    content,
    room_id: '!room/1:hook.test',
    sender: '@basedrift:hook.test',
    type: 'm.room.message',
  }
  must(Buffer.byteLength(JSON.stringify(event)) + 2048 <= 65_536, 'M_TOO_LARGE', 413)
  must(['m.text', 'm.notice'].includes(String(content.msgtype)), 'M_BAD_JSON')
  must(content.format === 'org.matrix.custom.html', 'M_BAD_JSON')
  textOf(content.body, 65_536, 'M_BAD_JSON')
  textOf(content.formatted_body, 65_536, 'M_BAD_JSON')
  must(JSON.stringify(content['m.mentions']) === '{}', 'M_BAD_JSON')
  return { id, body }
}

function takeTeams(request: IncomingMessage, body: string): Got {
  must(request.method === 'POST', 'method', 405)
  must(Buffer.byteLength(body) <= 28_000, 'Request Entity too large', 413)
  const message = objectOf(JSON.parse(body))
  must(message.type === 'message', 'type')
  const attachments = listOf(message.attachments)
  must(attachments.length === 1, 'attachments')
  const attachment = objectOf(attachments[0])
  must(attachment.contentType === 'application/vnd.microsoft.card.adaptive', 'contentType')
  const card = objectOf(attachment.content)
  must(card.type === 'AdaptiveCard' && card.version === '1.4', 'card')
  const waiting = [...listOf(card.body)]
  must(waiting.length > 0, 'card')
  while (waiting.length > 0) {
    const element = objectOf(waiting.pop())
    if (element.type === 'Container') waiting.push(...listOf(element.items))
    else if (element.type === 'ActionSet') {
      const actions = listOf(element.actions)
      must(actions.length >= 1 && actions.length <= 6, 'actions')
      for (const value of actions) {
        const action = objectOf(value)
        must(action.type === 'Action.OpenUrl' && URL.canParse(String(action.url)), 'action')
        textOf(action.title, 256, 'title')
      }
    } else {
      must(element.type === 'RichTextBlock', 'element')
      for (const value of listOf(element.inlines)) {
        const run = objectOf(value)
        must(run.type === 'TextRun', 'inline')
        textOf(run.text, 28_000, 'text')
      }
    }
  }
  return { id: null, body }
}

function takeWebhook(request: IncomingMessage, body: string, keys: readonly string[]): Got {
  must(request.method === 'POST', 'method', 405)
  must(Buffer.byteLength(body) <= 20_480, 'too large', 413)
  try {
    verifyMessage(keys, request.headers, body, new Date())
  } catch {
    throw new Refusal(401, 'no signature that holds')
  }
  const message = objectOf(JSON.parse(body))
  must(/^[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*$/.test(String(message.type)), 'type')
  must(new Date(String(message.timestamp)).toISOString() === message.timestamp, 'timestamp')
  only(message, ['type', 'timestamp', 'data'])
  objectOf(message.data)
  return { id: String(request.headers['webhook-id']), body }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

const secretPath = 'T0123456/B0123456/s3cr3t-p4th'

/** A real HTTP server that is strict as the service of this kind is. */
async function httpReceiver(kind: Exclude<ChannelKind, 'email'>): Promise<Receiver> {
  const got: Got[] = []
  const answers: Receiver['answers'] = []
  const shared = [newSharedKey(), newSharedKey()]
  const pair = newKeyPair()
  const known = [shared[1] as string, publicKeyOf(pair.secret)]
  const token = 'syt_s3cr3t-t0ken'

  const take = (request: IncomingMessage, body: string): Got => {
    must(request.headers['content-type']?.startsWith('application/json') ?? false, 'content type', 415)
    must(Number(request.headers['content-length']) === Buffer.byteLength(body), 'length', 411)
    if (kind !== 'matrix') must(request.url === `/hooks/${secretPath}?sig=s3cr3t-value`, 'no_service', 404)
    if (kind === 'slack') return takeSlack(request, body)
    if (kind === 'mattermost') return takeMattermost(request, body)
    if (kind === 'matrix') return takeMatrix(request, body, token)
    if (kind === 'teams') return takeTeams(request, body)
    return takeWebhook(request, body, known)
  }
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request)
    const answer = answers.shift()
    if (answer) {
      response.writeHead(answer.status, answer.headers).end(answer.body ?? '')
      return
    }
    try {
      got.push(take(request, body))
      response.writeHead(kind === 'teams' ? 202 : 200).end(kind === 'matrix' ? '{"event_id":"$1"}' : 'ok')
    } catch (error) {
      const status = error instanceof Refusal ? error.status : 400
      response.writeHead(status).end(error instanceof Error ? error.message : 'invalid')
    }
  }
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://hook.test:${(server.address() as AddressInfo).port}`
  const url = `${base}/hooks/${secretPath}?sig=s3cr3t-value`
  const targets: Record<typeof kind, Target> = {
    slack: { kind: 'slack', url },
    mattermost: { kind: 'mattermost', url },
    teams: { kind: 'teams', url },
    matrix: { kind: 'matrix', server: `${base}/`, room: '!room/1:hook.test', token },
    webhook: { kind: 'webhook', url, signing: [...shared, pair.secret] },
  }
  return {
    target: targets[kind],
    net: createNet({ allowInsecure: true, allowHosts: ['hook.test'], resolve: async () => ['127.0.0.1'] }),
    got,
    answers,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A real SMTP server with STARTTLS and a password; it refuses recipients by the status that is given of them. */
export async function mailReceiver(
  options: { starttls?: boolean; recipients?: { [address: string]: number } } = {},
): Promise<Receiver> {
  const got: Got[] = []
  const answers: Receiver['answers'] = []
  const refuse = (status: number, message: string) =>
    Object.assign(new Error(message), { responseCode: status })
  const server = new SMTPServer({
    cert: tlsFiles.cert,
    key: tlsFiles.key,
    size: 1_000_000,
    authOptional: false,
    disableReverseLookup: true,
    ...(options.starttls === false ? { disabledCommands: ['STARTTLS'], allowInsecureAuth: true } : {}),
    onAuth({ username, password }, session, done) {
      const safe = session.secure || options.starttls === false
      const right = username === 'basedrift' && password === 's3cr3t-password'
      done(safe && right ? null : refuse(535, 'Authentication failed'), { user: 'basedrift' })
    },
    onMailFrom(_address, _session, done) {
      const answer = answers.shift()
      done(answer ? refuse(answer.status, answer.body ?? 'no') : null)
    },
    onRcptTo({ address }, _session, done) {
      const status = options.recipients?.[address]
      done(status === undefined ? null : refuse(status, 'not now'))
    },
    onData(stream, _session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.once('end', () => {
        const body = Buffer.concat(chunks).toString('latin1')
        if (stream.sizeExceeded) return done(refuse(552, 'Message exceeds fixed maximum message size'))
        if (body.split('\r\n').some((line) => line.length > 998)) return done(refuse(500, 'Line too long'))
        const [, id] = /^Message-ID: <([^>\s]+)>\r?$/im.exec(body) ?? []
        if (id === undefined) return done(refuse(550, 'No Message-ID'))
        got.push({ id, body })
        done()
      })
    },
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return {
    target: {
      kind: 'email',
      host: 'mail.test',
      port,
      security: 'starttls',
      from: 'basedrift@mail.test',
      to: ['kernel@mail.test', 'release@mail.test'],
      user: 'basedrift',
      password: 's3cr3t-password',
    },
    net: createNet({ allowHosts: ['mail.test'], ca: tlsFiles.ca, resolve: async () => ['127.0.0.1'] }),
    got,
    answers,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** The receiver of a kind. */
export function receiverOf(kind: ChannelKind): Promise<Receiver> {
  return kind === 'email' ? mailReceiver() : httpReceiver(kind)
}
