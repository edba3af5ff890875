import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type ErrorCode, errorCodes, type Problem } from '@basedrift/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newName, pathOf, startTestService, type TestService } from './support/service.js'

let service: TestService
beforeAll(async () => {
  service = await startTestService({ hosts: ['builds.example.org'], origins: ['https://pages.example.org'] })
})
afterAll(() => service?.[Symbol.asyncDispose]())

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** A request with any headers, those that `fetch` does not let through among them. */
function send(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const authorization = `Bearer ${service.token}`
    const options = { method, headers: { authorization, ...headers } }
    const request = httpRequest(service.url + path, options, (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        reject,
      )
    })
    request.once('error', reject)
    request.end(body)
  })
}

/** Bytes on a socket, and all that comes back. */
function raw(bytes: string): Promise<string> {
  const { hostname, port } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  socket.end(bytes)
  return text(socket)
}

function expectProblem(answer: Answer, code: ErrorCode): Problem {
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  const problem = JSON.parse(answer.body) as Problem
  const { status, title } = errorCodes[code]
  expect(problem).toMatchObject({ type: `urn:basedrift:error:${code}`, title, status, code })
  expect(problem.detail).toContain(errorCodes[code].sentence)
  expect(answer.status).toBe(status)
  return problem
}

const json = { 'content-type': 'application/json' }
const none = '00000000-0000-0000-0000-000000000000'

describe('problem details', () => {
  const build = pathOf(newName())
  it.each<[ErrorCode, string, string, Record<string, string>?, string?]>([
    ['route-unknown', 'GET', '/v1/nothing'],
    ['route-unknown', 'GET', '/../../etc/passwd'],
    ['route-unknown', 'GET', '/docs/static/%2e%2e/%2e%2e/package.json'],
    ['method-refused', 'DELETE', '/v1/builds'],
    ['method-refused', 'POST', build],
    ['request-malformed', 'GET', '/v1/builds/%ff'],
    ['uri-too-long', 'GET', `/v1/builds/${'a'.repeat(2000)}`],
    ['request-invalid', 'GET', '/v1/builds/no-id'],
    ['request-invalid', 'GET', '/v1/builds?limit=0'],
    ['request-invalid', 'GET', '/v1/builds?limit=501'],
    ['request-invalid', 'GET', '/v1/builds?limmit=5'],
    ['request-invalid', 'GET', '/v1/matrix'],
    ['request-invalid', 'PUT', '/v1/streams/a%2F..%2Fb/builds/1-1'],
    ['request-invalid', 'PUT', '/v1/streams/a/builds/1'],
    ['request-invalid', 'PUT', build, json, '{"provenance":{"obs":{"projekt":"x"}}}'],
    ['request-invalid', 'PUT', build, json, '{"provenance":{"obs":{"bcnt":"3"}}}'],
    ['request-invalid', 'PUT', build, json, '{"provenance":{"url":"a\\u0000b"}}'],
    ['request-invalid', 'PUT', build, json, '{"provenance":{"url":"\\ud800"}}'],
    ['request-invalid', 'PUT', build, json, '[]'],
    ['body-malformed', 'PUT', build, json, '{"provenance":'],
    ['body-malformed', 'PUT', build, json, '{"__proto__":{}}'],
    ['body-too-large', 'PUT', build, json, `{"builtFor":"${'x'.repeat(40_000)}"}`],
    ['media-type-refused', 'PUT', build, { 'content-type': 'text/plain' }, '{}'],
    ['stream-unknown', 'GET', '/v1/matrix?stream=none'],
    ['stream-unknown', 'GET', '/v1/builds?stream=none'],
    ['build-unknown', 'GET', `/v1/builds/${none}`],
    ['build-unknown', 'GET', `/v1/builds/${none}/modules`],
    ['build-unknown', 'GET', `/v1/builds/${none}/events`],
    ['pair-unknown', 'GET', `/v1/pairs/${none}/${none}`],
    ['pair-unknown', 'GET', `/v1/pairs/${none}/${none}/modules/x`],
    ['cursor-invalid', 'GET', '/v1/builds?cursor=AAAA'],
    ['cursor-invalid', 'GET', '/v1/streams?cursor=AAAA'],
  ])('%s: %s %s', async (code, method, path, headers, body) => {
    const answer = await send(method, path, headers, body)
    const problem = expectProblem(answer, code)
    if (code !== 'request-malformed' && code !== 'uri-too-long') {
      expect(problem.instance).toBe(answer.headers['x-request-id'])
    }
  })

  it('name the part of a request that does not fit', async () => {
    const answer = await send('PUT', build, json, '{"provenance":{"obs":{"projekt":"x"}}}')
    expect(expectProblem(answer, 'request-invalid').errors).toMatchObject([
      { path: 'body/provenance/obs/projekt' },
    ])
  })

  it('name the methods that an address takes', async () => {
    expect((await send('DELETE', `/v1/builds/${none}`)).headers.allow).toBe('GET, HEAD')
    expect((await send('GET', `${build}/seal`)).headers.allow).toBe('POST')
  })

  it('answer what is no HTTP, and headers without end', async () => {
    const garbage = await raw('HELLO\r\n\r\n')
    expect(garbage).toMatch(/^HTTP\/1\.1 400 .*"code":"request-malformed"/s)
    const long = await raw(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)
    expect(long).toMatch(/^HTTP\/1\.1 431 .*"code":"headers-too-large"/s)
  })

  it('tell nothing of what broke inside', async () => {
    await using broken = await startTestService()
    await broken.database.query('DROP TABLE "Stream" CASCADE')
    const response = await broken.fetch(`/v1/streams`)
    const body = await response.text()
    expect(response.status).toBe(500)
    expect(JSON.parse(body)).toMatchObject({ code: 'internal', detail: errorCodes.internal.sentence })
    expect(body).not.toMatch(/Stream|prisma|SELECT|node_modules/i)
    expect(broken.log.join('')).toContain(JSON.parse(body).instance)
  })
})

describe('web pages elsewhere', () => {
  const path = pathOf(newName())

  it('cannot reach the service under a name of their own', async () => {
    for (const host of ['evil.example', 'evil.example:8080', '127.0.0.1.evil.example', 'a b', 'localhost.']) {
      expectProblem(await send('GET', '/v1/streams', { host }), 'host-refused')
    }
    for (const host of [
      'localhost',
      'localhost:9',
      '127.0.0.1',
      '[::1]:8080',
      '10.0.0.7',
      'builds.example.org',
    ]) {
      expect((await send('GET', '/v1/streams', { host })).status).toBe(200)
    }
  })

  it('cannot write', async () => {
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'http://127.0.0.1:1' },
    ]) {
      expectProblem(await send('PUT', path, headers as Record<string, string>), 'origin-refused')
    }
  })

  it('can write from the service itself and from where the configuration says', async () => {
    expect((await send('PUT', path, { origin: service.url })).status).toBe(201)
    expect((await send('PUT', path, { origin: 'https://pages.example.org' })).status).toBe(200)
  })
})

describe('answers', () => {
  it('allow no script, no frame and no guessing', async () => {
    for (const path of ['/v1/streams', '/v1/nothing', '/healthz']) {
      const { headers } = await send('GET', path)
      expect(headers['content-security-policy']).toContain("default-src 'none'")
      expect(headers['x-content-type-options']).toBe('nosniff')
    }
  })

  it('of the docs page allow the service’s own scripts only, and the page has no other', async () => {
    const page = await send('GET', '/docs')
    const policy = String(page.headers['content-security-policy'])
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toMatch(/unsafe|https?:/)
    expect(page.body).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\son[a-z]+=|https?:\/\//)
    const start = await send('GET', '/docs/static/swagger-initializer.js')
    expect(start.status).toBe(200)
    expect(start.body).toContain('/v1/openapi.json')
    expect((await send('GET', '/')).headers.location).toBe('/docs')
  })

  it('of health name nothing that the service depends on', async () => {
    expect((await send('GET', '/healthz')).body).toBe('{"status":"ok"}')
    expect((await send('GET', '/readyz')).body).toBe('{"status":"ready"}')
    await using lost = await startTestService()
    await lost.database.query(
      `WITH closed AS (UPDATE pg_database SET datallowconn = false WHERE datname = current_database())
       SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    const response = await lost.fetch(`/readyz`)
    const body = await response.text()
    expect(response.status).toBe(503)
    expect(body).not.toMatch(/postgres|database|sql|blob|redis/i)
    expect((await lost.fetch(`/healthz`)).status).toBe(200)
  })

  it('are measured by route, without names of builds', async () => {
    await send('PUT', pathOf(newName()))
    const { body, headers } = await send('GET', '/metrics')
    expect(headers['content-type']).toContain('text/plain')
    expect(body).toContain('route="/v1/streams/:stream/builds/:vr"')
    expect(body).not.toContain('kettle')
  })
})
