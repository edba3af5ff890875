import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { ApiError, createClient, digestHeader } from '../src/index.js'

type Handler = (request: IncomingMessage, response: ServerResponse, attempt: number) => void

const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** A server with one handler; gives its address. */
async function listen(handler: Handler): Promise<string> {
  let attempt = 0
  const server = createServer((request, response) => handler(request, response, ++attempt))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const problem = (status: number, code: string) => ({
  type: `urn:basedrift:error:${code}`,
  title: code,
  status,
  detail: `It is ${code}.`,
  code,
  instance: 'request-1',
})
const fast = { baseMs: 1, maxMs: 5 }
const name = { stream: 'openSUSE:Factory/x86_64/default', version: '5.15.12', release: '1.3' }
const bytes = Buffer.from('four blocks of bytes')
const sha256 = '0f'.repeat(32)

/** Bytes without end, each block when it is asked for. */
async function* blocks(onEnd = () => {}): AsyncGenerator<Buffer> {
  try {
    for (;;) yield Buffer.alloc(256 * 1024, 32)
  } finally {
    onEnd()
  }
}

function upload(progress: number[] = []) {
  return {
    sha256,
    size: bytes.length,
    async *open() {
      for (let at = 0; at < bytes.length; at += 5) yield bytes.subarray(at, at + 5)
    },
    onProgress: (sent: number) => progress.push(sent),
  }
}

describe('calls', () => {
  it('go to one percent-encoded segment a name, with the token', async () => {
    const seen: (string | undefined)[] = []
    const baseUrl = await listen((request, response) => {
      seen.push(request.method, request.url, request.headers.authorization)
      json(response, 201, { id: '1' })
    })
    const client = createClient({ baseUrl: `${baseUrl}/below/`, token: 'secret' })
    const { outcome } = await client.declareBuild(name)
    expect(outcome).toBe('created')
    expect(seen).toEqual([
      'PUT',
      '/below/v1/streams/openSUSE%3AFactory%2Fx86_64%2Fdefault/builds/5.15.12-1.3',
      'Bearer secret',
    ])
  })

  it('send the query that was given, and only that', async () => {
    let url = ''
    const baseUrl = await listen((request, response) => {
      url = request.url ?? ''
      json(response, 200, { cells: [], builds: [], next: null })
    })
    await createClient({ baseUrl }).matrix({ stream: 'a/b', cursor: undefined, limit: 5 })
    expect(url).toBe('/v1/matrix?stream=a%2Fb&limit=5')
  })

  it('are repeated while the service is busy, then succeed', async () => {
    let attempts = 0
    const baseUrl = await listen((_request, response, attempt) => {
      attempts = attempt
      if (attempt === 1) json(response, 503, problem(503, 'overloaded'))
      else if (attempt === 2) json(response, 429, problem(429, 'rate-limited'), { 'retry-after': '0' })
      else if (attempt === 3) response.destroy()
      else json(response, 200, { items: [], next: null })
    })
    expect(await createClient({ baseUrl, retry: fast }).listBuilds()).toEqual({ items: [], next: null })
    expect(attempts).toBe(4)
  })

  it('that insert say in each attempt which call it is, so that it inserts once', async () => {
    const keys: unknown[] = []
    const baseUrl = await listen((request, response, attempt) => {
      keys.push(request.headers['idempotency-key'])
      if (attempt === 1) json(response, 502, {})
      else if (attempt === 2) json(response, 409, problem(409, 'idempotency-running'))
      else json(response, 200, {})
    })
    const client = createClient({ baseUrl, retry: fast })
    await client.sealBuild(name)
    await client.sealBuild(name)
    await client.declareBuild(name)
    expect(keys).toEqual([keys[0], keys[0], keys[0], expect.any(String), undefined])
    expect(keys[3]).not.toBe(keys[0])
  })

  it('are not repeated when the service refuses them', async () => {
    let attempts = 0
    const baseUrl = await listen((_request, response, attempt) => {
      attempts = attempt
      json(response, 409, { ...problem(409, 'build-differs'), errors: [{ path: 'body', message: 'no' }] })
    })
    const error = await createClient({ baseUrl, retry: fast })
      .declareBuild(name)
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({
      code: 'build-differs',
      status: 409,
      message: 'It is build-differs.',
      instance: 'request-1',
      errors: [{ path: 'body', message: 'no' }],
    })
    expect(attempts).toBe(1)
  })

  it('wait for what is refused for a while, but not where it is for longer than they would wait in all', async () => {
    let attempts = 0
    const seconds = ['0', '0', '3600', 'Fri, 01 Jan 2100 00:00:00 GMT', '0']
    const baseUrl = await listen((_request, response, attempt) => {
      attempts = attempt
      json(response, 429, problem(429, 'quota-exceeded'), { 'retry-after': seconds[attempt - 1] ?? '0' })
    })
    const client = createClient({ baseUrl, retry: fast })
    await expect(client.getBuild('1')).rejects.toMatchObject({
      code: 'quota-exceeded',
      message: 'It is quota-exceeded.',
      retryAfterMs: 3_600_000,
    })
    expect(attempts).toBe(3)
    await expect(client.getBuild('1')).rejects.toMatchObject({ code: 'quota-exceeded' })
    expect(attempts).toBe(4)
    await expect(client.getBuild('1')).rejects.toMatchObject({ retryAfterMs: 0 })
    expect(attempts).toBe(9)
  })

  it('give up after the given number of attempts, with what was said last', async () => {
    let attempts = 0
    const baseUrl = await listen((_request, response, attempt) => {
      attempts = attempt
      json(response, 503, problem(503, 'not-ready'), { 'retry-after': '7' })
    })
    const client = createClient({ baseUrl, retry: { ...fast, attempts: 3 } })
    await expect(client.getBuild('1')).rejects.toMatchObject({ code: 'not-ready', retryAfterMs: 7000 })
    expect(attempts).toBe(3)
  })

  it('say that nothing answers', async () => {
    const baseUrl = await listen(() => {})
    const [server] = servers.splice(0)
    await new Promise((resolve) => server?.close(resolve))
    const client = createClient({ baseUrl, retry: { ...fast, attempts: 2 } })
    await expect(client.getBuild('1')).rejects.toMatchObject({ code: 'server-unreachable', status: 0 })
  })

  it.each([
    ['text', 200, 'not JSON'],
    ['a list', 200, '[]'],
    ['a page of a proxy', 404, '<html></html>'],
  ])('refuse %s as an answer', async (_what, status, body) => {
    const baseUrl = await listen((_request, response) => response.writeHead(status).end(body))
    await expect(createClient({ baseUrl, retry: fast }).getBuild('1')).rejects.toMatchObject({
      code: 'answer-invalid',
      status,
    })
  })

  it('follow no redirect, which would carry the token elsewhere', async () => {
    const baseUrl = await listen((_request, response) => response.writeHead(302, { location: '/' }).end())
    await expect(createClient({ baseUrl, token: 't', retry: fast }).getBuild('1')).rejects.toMatchObject({
      code: 'answer-invalid',
    })
  })

  it('stop reading an answer without end', async () => {
    const baseUrl = await listen((_request, response) => {
      pipeline(Readable.from(blocks()), response.writeHead(200), () => {})
    })
    await expect(createClient({ baseUrl }).getBuild('1')).rejects.toMatchObject({ code: 'answer-too-large' })
  })

  it('end with the reason of the signal, without repeating', async () => {
    const controller = new AbortController()
    let attempts = 0
    const baseUrl = await listen((_request, _response, attempt) => {
      attempts = attempt
      controller.abort(new Error('enough'))
    })
    await expect(
      createClient({ baseUrl, retry: fast }).getBuild('1', { signal: controller.signal }),
    ).rejects.toThrow('enough')
    expect(attempts).toBe(1)
  })
})

describe('uploads', () => {
  it('write a digest as RFC 9530 has it', () => {
    expect(digestHeader('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')).toBe(
      'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:',
    )
  })

  it('stream the bytes with length and digest, and say how far they are', async () => {
    let got: Buffer | undefined
    let headers: IncomingMessage['headers'] = {}
    const baseUrl = await listen(async (request, response) => {
      if (request.method === 'HEAD') {
        response.writeHead(404).end()
        return
      }
      headers = request.headers
      got = await bodyOf(request)
      json(response, 201, { filename: 'a.rpm' })
    })
    const progress: number[] = []
    const result = await createClient({ baseUrl }).putArtifact(name, 'a.rpm', upload(progress))
    expect(result).toEqual({ outcome: 'created', artifact: { filename: 'a.rpm' }, skipped: false })
    expect(got).toEqual(bytes)
    expect(headers).toMatchObject({
      'content-length': String(bytes.length),
      'content-digest': digestHeader(sha256),
      'content-type': 'application/octet-stream',
    })
    expect(progress).toEqual([5, 10, 15, 20])
  })

  it('start again from the first byte', async () => {
    const bodies: string[] = []
    const baseUrl = await listen(async (request, response) => {
      if (request.method === 'HEAD') {
        response.writeHead(404).end()
        return
      }
      bodies.push((await bodyOf(request)).toString())
      if (bodies.length === 1) json(response, 503, problem(503, 'connections-exhausted'))
      else json(response, 200, {})
    })
    const { outcome } = await createClient({ baseUrl, retry: fast }).putArtifact(name, 'a.rpm', upload())
    expect(outcome).toBe('same')
    expect(bodies).toEqual([bytes.toString(), bytes.toString()])
  })

  it('send no byte of what the service has', async () => {
    const seen: string[] = []
    const baseUrl = await listen(async (request, response) => {
      if (request.method === 'HEAD') {
        response.writeHead(200, { 'content-length': String(bytes.length) }).end()
        return
      }
      seen.push(String(request.headers['repr-digest']), (await bodyOf(request)).toString())
      json(response, 201, {})
    })
    const result = await createClient({ baseUrl }).putArtifact(name, 'a.rpm', upload())
    expect(result).toMatchObject({ outcome: 'created', skipped: true })
    expect(seen).toEqual([digestHeader(sha256), ''])
  })

  it('send the bytes after all where they went away meanwhile', async () => {
    const baseUrl = await listen(async (request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { 'content-length': String(bytes.length) }).end()
      else if (request.headers['repr-digest'] !== undefined) json(response, 422, problem(422, 'blob-unknown'))
      else json(response, 201, { got: (await bodyOf(request)).length })
    })
    const result = await createClient({ baseUrl }).putArtifact(name, 'a.rpm', upload())
    expect(result).toMatchObject({ skipped: false, artifact: { got: bytes.length } })
  })

  it('close the source when they are aborted', async () => {
    const controller = new AbortController()
    let closed = false
    const baseUrl = await listen((request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end()
      else request.once('data', () => controller.abort(new Error('enough')))
    })
    const endless = {
      sha256,
      size: 1e9,
      open: () =>
        blocks(() => {
          closed = true
        }),
    }
    const sent = createClient({ baseUrl, retry: fast }).putArtifact(name, 'a.rpm', endless, {
      signal: controller.signal,
    })
    await expect(sent).rejects.toThrow('enough')
    await expect.poll(() => closed).toBe(true)
  })
})

describe('waiting for a build', () => {
  it('tells every state until one is final', async () => {
    const states = ['sealed', 'ingesting', 'comparing', 'done']
    let asked = 0
    const baseUrl = await listen((request, response) => {
      if (request.url === '/v1/builds/1') json(response, 200, { state: states[asked++] })
      else json(response, 404, problem(404, 'route-unknown'))
    })
    const seen: string[] = []
    const build = await createClient({ baseUrl }).waitForBuild('1', {
      everyMs: 1,
      onProgress: ({ state }) => seen.push(state),
    })
    expect(build.state).toBe('done')
    expect(seen).toEqual(states)
  })

  it('listens, and asks again where the events break off or are none', async () => {
    const event = (state: string) =>
      `event: build\ndata: ${JSON.stringify({ id: '1', state, progress: {} })}\n\n`
    const streams = [
      `: alive\n\n${event('ingesting').slice(0, -5)}`,
      'data: {"state":7}\n\n',
      'data: [\n\n',
      `${event('ingesting')}: alive\n\n${event('comparing')}`,
      event('done'),
    ]
    let asked = 0
    const baseUrl = await listen((request, response) => {
      if (request.url === '/v1/builds/1') {
        json(response, 200, { state: ++asked > streams.length ? 'done' : 'sealed', progress: {} })
        return
      }
      expect(request.url).toBe('/v1/builds/1/events')
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      for (const char of streams[asked - 1] ?? '') response.write(char)
      // The last one is never closed: that the build is done is heard.
      if (asked < streams.length) response.end()
    })
    const seen: string[] = []
    const onProgress = ({ state }: { state: string }) => seen.push(state)
    const build = await createClient({ baseUrl }).waitForBuild('1', { everyMs: 1, onProgress })
    expect(build.state).toBe('done')
    const before = ['sealed', 'sealed', 'sealed', 'sealed', 'ingesting', 'comparing']
    expect(seen).toEqual([...before, 'sealed', 'done', 'done'])
  })

  it('ends with the signal', async () => {
    const baseUrl = await listen((_request, response) => json(response, 200, { state: 'comparing' }))
    const controller = new AbortController()
    const waiting = createClient({ baseUrl }).waitForBuild('1', {
      everyMs: 60_000,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    })
    await expect(waiting).rejects.toThrow('enough')
  })
})
