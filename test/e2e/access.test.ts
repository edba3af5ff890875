import { randomBytes, randomUUID } from 'node:crypto'
import { type ApiError, createClient, digestHeader, type TokenScope, tokenScopes } from '@basedrift/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleOf } from '../../scripts/lib/examples.mjs'
import { type Document, operationsOf, type Placed } from '../../scripts/lib/openapi.mjs'
import { newName, pathOf, sha256Of, startTestService, type TestService, uploadOf } from './support/service.js'

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service?.[Symbol.asyncDispose]())

const as = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } })
const clientOf = (of: TestService, token?: string) =>
  createClient({ baseUrl: of.url, token, retry: { attempts: 1 } })
const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { code: string }).code
const failure = (call: Promise<unknown>): Promise<Pick<ApiError, 'code' | 'status'> | null> =>
  call.then(
    () => null,
    ({ code, status }: ApiError) => ({ code, status }),
  )

describe('every operation', () => {
  it('needs a token, with its scope, for its stream', async () => {
    const name = newName()
    const { build } = await service.client.declareBuild(name)
    const bytes = randomBytes(40)
    await service.client.putArtifact(name, 'kernel.rpm', uploadOf(bytes))
    const values: Record<string, string> = {
      stream: name.stream,
      vr: `${name.version}-${name.release}`,
      filename: 'kernel.rpm',
      id: build.id,
      build: build.id,
      kernelBuild: build.id,
      moduleBuild: build.id,
      name: 'veth',
      sha256: sha256Of(bytes),
      environment: 'production',
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    }
    const document = (await (await fetch(`${service.url}/v1/openapi.json`)).json()) as Document
    /** A request that is right but for its token. */
    const ask = ({ path, method, operation }: Placed, token: string | null) => {
      const url = path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(values[key] ?? 'x'))
      const query = new URLSearchParams()
      for (const { name: key, in: where, required } of operation.parameters ?? []) {
        if (where === 'query' && required) query.set(key, values[key] ?? build.id)
      }
      const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
      const schema = operation.requestBody?.content['application/json']?.schema
      if (schema === undefined) return fetch(`${service.url}${url}?${query}`, { method, headers })
      headers['content-type'] = 'application/json'
      const example = exampleOf(document, schema) as Record<string, unknown>
      const named = Object.entries(example).map(([key, value]) => [key, values[key] ?? value])
      const body = JSON.stringify(Object.fromEntries(named))
      return fetch(`${service.url}${url}?${query}`, { method, headers, body })
    }
    const open: string[] = []
    for (const placed of operationsOf(document)) {
      const { method, operation } = placed
      const { operationId } = operation
      const scopes = (operation.security ?? []).flatMap(({ token = [] }) => token) as TokenScope[]
      const [scope] = scopes
      if (scope === undefined) {
        open.push(operationId)
        continue
      }
      const call = (token: string | null) => ask(placed, token)
      const none = await call(null)
      expect([operationId, none.status]).toEqual([operationId, 401])
      expect(none.headers.get('www-authenticate')).toBe('Bearer realm="basedrift"')
      const others = tokenScopes.filter((other) => !scopes.includes(other) && other !== 'admin')
      const wrong = await call(await service.newToken(others))
      expect([operationId, wrong.status]).toEqual([operationId, 403])
      if (method !== 'HEAD') expect(await codeOf(wrong)).toBe('token-forbidden')
      if (scope === 'admin') continue
      // Whoever is for other streams is refused, or told nothing of this one.
      const elsewhere = await call(await service.newToken(scopes, ['elsewhere/*', `${name.stream}x`]))
      const text = await elsewhere.text()
      if (elsewhere.status >= 400) {
        expect([403, 404], `${operationId}: ${text}`).toContain(elsewhere.status)
      } else if (operationId !== 'metrics') {
        for (const secret of [name.stream, build.id]) expect(text, operationId).not.toContain(secret)
      }
    }
    expect(open.sort()).toEqual(['health', 'listKeys', 'ready'])
    // Nothing of all that has come through.
    expect((await service.client.getBuild(build.id)).artifacts).toHaveLength(1)
  })
})

describe('a token', () => {
  it('does what it is for, from when it is made until it is revoked', async () => {
    const name = newName()
    const made = await service.client.createToken({
      name: `hook-${randomUUID()}`,
      scopes: ['ingest'],
      streams: ['kettle:*'],
      expiresAt: '2090-01-01T00:00:00+02:00',
    })
    expect(made).toMatchObject({ createdBy: 'first-admin', expiresAt: '2089-12-31T22:00:00.000Z' })
    const hook = clientOf(service, made.token)
    const { build } = await hook.declareBuild(name)
    expect(await failure(hook.listBuilds())).toEqual({ code: 'token-forbidden', status: 403 })
    expect((await hook.getBuild(build.id)).id).toBe(build.id)
    expect(await failure(hook.declareBuild({ ...name, stream: 'other' }))).toMatchObject({ status: 403 })
    const listed = (await service.client.listTokens({ limit: 500 })).items.find(({ id }) => id === made.id)
    expect(listed?.lastUsedAt).not.toBeNull()
    expect(listed).not.toHaveProperty('token')
    await service.client.revokeToken(made.id)
    expect(await failure(hook.declareBuild(name))).toEqual({ code: 'token-invalid', status: 401 })
  })

  it('of a hook, which may only ingest, sees its own builds and asks the gate about them, and nothing else', async () => {
    const [mine, theirs] = [newName(), newName()]
    const { build: other } = await service.client.declareBuild(theirs)
    const hook = clientOf(service, await service.newToken(['ingest'], [mine.stream]))
    const { build } = await hook.declareBuild(mine)
    const environment = `env-${randomUUID()}`
    expect((await hook.findBuild(mine)).id).toBe(build.id)
    expect((await hook.getBuild(build.id)).state).toBe('declared')
    const question = { build: build.id, environment }
    expect(await hook.gate(question)).toMatchObject({ answer: 'unknown' })
    expect(await hook.gate({ ...question, dryRun: true, onBehalfOf: 'obs@build7' })).toMatchObject({
      answer: 'unknown',
    })
    const events = await fetch(`${service.url}/v1/builds/${build.id}/events`, {
      headers: { authorization: `Bearer ${await service.newToken(['ingest'], [mine.stream])}` },
    })
    expect(events.status).toBe(200)
    await events.body?.cancel()
    const refused = [
      hook.findBuild(theirs),
      hook.getBuild(other.id),
      hook.gate({ build: other.id, environment }),
      hook.listModules(build.id),
      hook.listDecisions(),
      hook.listGateUses(),
      hook.listLive(environment),
      hook.matrix({ stream: mine.stream }),
      hook.policy(mine.stream),
      hook.listWaivers(),
    ]
    for (const refusal of await Promise.all(refused.map(failure)))
      expect(refusal).toEqual({ code: 'token-forbidden', status: 403 })
  })

  it('is refused where it cannot be meant', async () => {
    const { client } = service
    const scopes: TokenScope[] = ['read']
    for (const expiresAt of ['2020-01-01T00:00:00Z', 'tomorrow', '2090-13-01T00:00:00Z']) {
      expect(await failure(client.createToken({ name: 'late', scopes, expiresAt }))).toMatchObject({
        code: 'request-invalid',
      })
    }
    expect(
      await failure(client.createToken({ name: 'part', scopes: ['admin'], streams: ['a/*'] })),
    ).toMatchObject({ code: 'request-invalid' })
    expect(await failure(client.createToken({ name: 'first-admin', scopes }))).toMatchObject({
      code: 'token-name-taken',
      status: 409,
    })
    expect(await failure(client.revokeToken(randomUUID()))).toMatchObject({ code: 'token-unknown' })
  })

  it('that is none is told from none at all, however it is wrong', async () => {
    const invalid = [
      'Bearer x',
      'Basic eDp5',
      `Bearer ${service.token}A`,
      `Bearer ${'x'.repeat(5000)}`,
      'Bearer',
    ]
    for (const authorization of invalid) {
      const answer = await fetch(`${service.url}/v1/streams`, { headers: { authorization } })
      expect([answer.status, await codeOf(answer)]).toEqual([401, 'token-invalid'])
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
    expect((await fetch(`${service.url}/v1/streams?token=${service.token}`)).status).toBe(401)
    expect((await fetch(`${service.url}/v1/nothing`)).status).toBe(404)
  })

  it('sees nothing of other streams in lists, and no file of theirs', async () => {
    const [mine, theirs] = [newName(), newName()]
    await service.client.declareBuild(mine)
    await service.client.declareBuild(theirs)
    const bytes = randomBytes(33)
    await service.client.putArtifact(theirs, 'a.rpm', uploadOf(bytes))
    const token = await service.newToken(['read', 'ingest'], [mine.stream])
    const client = clientOf(service, token)
    expect((await client.listStreams()).items.map(({ name }) => name)).toEqual([mine.stream])
    expect((await client.listBuilds()).items.map(({ stream }) => stream)).toEqual([mine.stream])
    expect(await failure(client.listBuilds({ stream: theirs.stream }))).toMatchObject({ status: 403 })
    expect(await failure(client.listBuilds({ stream: 'not-even-there' }))).toMatchObject({ status: 403 })
    expect(await client.headBlob(sha256Of(bytes))).toBeNull()
    const named = await service.fetch(`${pathOf(mine)}/artifacts/a.rpm`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'repr-digest': digestHeader(sha256Of(bytes)) },
    })
    expect([named.status, await codeOf(named)]).toEqual([422, 'blob-unknown'])
    // Nor is anything told of it by what is recorded of a refusal.
    await client.putArtifact(mine, 'b.rpm', uploadOf(randomBytes(3)))
    const refused = await service.fetch(`${pathOf(mine)}/artifacts/b.rpm`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'repr-digest': digestHeader(sha256Of(bytes)) },
    })
    expect(refused.status).toBe(409)
    expect((await client.findBuild(mine)).refusals).toMatchObject([
      { given: { sha256: sha256Of(bytes), size: 0 } },
    ])
    // Whoever has the bytes may send them; then it knows them.
    expect((await client.putArtifact(mine, 'a.rpm', uploadOf(bytes))).outcome).toBe('created')
    expect(await client.headBlob(sha256Of(bytes))).toBe(33)
  })

  it('sees nothing of gates of other streams, and adds nothing to theirs, however their ids are spelt', async () => {
    const [mine, theirs] = [newName(), newName()]
    const { build: own } = await service.client.declareBuild(mine)
    const { build: other } = await service.client.declareBuild(theirs)
    const environment = `env-${randomUUID()}`
    await service.client.enterLive(environment, other.id)
    const glass = { build: other.id, environment, reason: 'nobody else is to read this' }
    await service.client.breakGlass(glass)
    const { id: decision } = await service.client.gate({ build: other.id, environment })
    const client = clientOf(service, await service.newToken(['read', 'ingest'], [mine.stream]))
    const uses = await client.listGateUses({ environment })
    expect(uses.items).toEqual([])
    const environments = await client.listEnvironments({ limit: 500 })
    expect(environments.items.map(({ name }) => name)).not.toContain(environment)
    const named = `${theirs.stream} ${theirs.version}-${theirs.release}`
    for (const build of [other.id, other.id.toUpperCase(), other.id.replaceAll('-', ''), named]) {
      const call = client.breakGlass({ ...glass, build })
      expect(await failure(call)).toMatchObject({ code: 'token-forbidden' })
    }
    const foreign = client.breakGlass({ ...glass, build: own.id, decision })
    expect(await failure(foreign)).toMatchObject({ code: 'token-forbidden' })
    const mixed = service.client.breakGlass({ ...glass, build: own.id, decision })
    expect(await failure(mixed)).toMatchObject({ code: 'request-invalid' })
    for (const build of ['their build', `${named}.9`, randomUUID()])
      expect(await failure(client.breakGlass({ ...glass, build }))).toMatchObject({ code: 'build-unknown' })
    const { version, release } = mine
    const mineUse = await client.breakGlass({ ...glass, build: `${mine.stream} ${version}-${release}` })
    expect(mineUse.build).toBe(own.id)
    const seen = await service.client.listGateUses({ environment })
    expect(seen.items.map(({ build }) => build).sort()).toEqual([own.id, other.id].sort())
  })

  it('and a policy with characters that cannot be stored, or a time beyond all, are refused', async () => {
    const name = newName()
    await service.client.declareBuild(name)
    for (const rules of ['\u0000 PASS\n', '\ud800 PASS\n']) {
      const answer = await service.fetch(`/v1/streams/${encodeURIComponent(name.stream)}/policy`, {
        method: 'PUT',
        headers: { ...as(service.token).headers, 'content-type': 'application/json' },
        body: JSON.stringify({ rules }),
      })
      expect([answer.status, await codeOf(answer)]).toEqual([400, 'request-invalid'])
    }
    const beyond = { name: 'beyond', scopes: ['read' as const], expiresAt: '9999-12-31T23:59:59-23:59' }
    expect(await failure(service.client.createToken(beyond))).toMatchObject({ code: 'request-invalid' })
  })
})

describe('without a token', () => {
  it('everybody reads where the operator says so, and nobody writes', async () => {
    await using open = await startTestService({ openRead: true, openMetrics: true })
    const name = newName()
    const { build } = await open.client.declareBuild(name)
    const nobody = clientOf(open)
    expect((await nobody.getBuild(build.id)).id).toBe(build.id)
    expect((await nobody.listBuilds()).items).toHaveLength(1)
    expect(await failure(nobody.declareBuild(name))).toEqual({ code: 'token-missing', status: 401 })
    const use = { build: build.id, environment: 'production', reason: 'it burns' }
    expect(await failure(nobody.breakGlass(use))).toMatchObject({ status: 401 })
    const question = { build: build.id, environment: 'production' }
    expect((await nobody.gate(question)).answer).toBe('unknown')
    const dry = nobody.gate({ ...question, dryRun: true, onBehalfOf: 'somebody' })
    expect(await failure(dry)).toEqual({ code: 'token-missing', status: 401 })
    expect((await open.client.listGateUses()).items).toEqual([])
    expect(await failure(nobody.listTokens())).toMatchObject({ status: 401 })
    expect(await failure(nobody.listAudit())).toMatchObject({ status: 401 })
    expect((await fetch(`${open.url}/metrics`)).status).toBe(200)
    // A token takes nothing away.
    const narrow = clientOf(open, await open.newToken(['ingest'], ['elsewhere']))
    expect((await narrow.getBuild(build.id)).id).toBe(build.id)
    expect(await failure(clientOf(open, 'wrong').getBuild(build.id))).toMatchObject({ code: 'token-invalid' })
  })
})

describe('limits of a token', () => {
  it('hold the rate of its requests, and no other token’s', async () => {
    await using slow = await startTestService({ limits: { tokenRequestsPerMinute: 2 } })
    const [one, two] = [await slow.newToken(['read']), await slow.newToken(['read'])]
    const statuses = []
    for (let time = 0; time < 3; time++) statuses.push(await fetch(`${slow.url}/v1/streams`, as(one)))
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(Number(statuses[2]?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await fetch(`${slow.url}/v1/streams`, as(two))).status).toBe(200)
  })

  it('hold the rate of whoever tries tokens, before any is looked up', async () => {
    await using slow = await startTestService({ limits: { requestsPerMinute: 3 } })
    const statuses = []
    for (let time = 0; time < 5; time++)
      statuses.push((await fetch(`${slow.url}/v1/streams`, as('x'))).status)
    expect(statuses).toEqual([401, 401, 401, 429, 429])
  })

  it('hold its uploads at the same time, and no other token’s', async () => {
    await using narrow = await startTestService({ limits: { tokenUploads: 1 } })
    const name = newName()
    await narrow.client.declareBuild(name)
    const bytes = randomBytes(100)
    const put = (filename: string, token: string, body: BodyInit) =>
      fetch(`${narrow.url}${pathOf(name)}/artifacts/${filename}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'content-digest': digestHeader(sha256Of(bytes)) },
        body,
        duplex: 'half',
      } as RequestInit)
    const [one, two] = [await narrow.newToken(['ingest']), await narrow.newToken(['ingest'])]
    let finish = () => {}
    const slow = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.subarray(0, 50))
        finish = () => {
          controller.enqueue(bytes.subarray(50))
          controller.close()
        }
      },
    })
    const first = put('a.rpm', one, slow)
    await expect.poll(() => narrow.staged()).toHaveLength(1)
    const second = await put('b.rpm', one, bytes)
    expect([second.status, await codeOf(second)]).toEqual([429, 'uploads-limited'])
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await put('c.rpm', two, bytes)).status).toBe(201)
    finish()
    expect((await first).status).toBe(201)
    expect((await put('b.rpm', one, bytes)).status).toBe(201)
  })
})

describe('secrets', () => {
  it('are in no log and in no table, whatever happened to them', async () => {
    const { url, token } = service
    const made = await service.client.createToken({ name: `secret-${randomUUID()}`, scopes: ['admin'] })
    const secrets = [token, made.token]
    for (const secret of secrets) {
      const body = JSON.stringify({ name: secret, scopes: [secret], provenance: { url: secret } })
      const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }
      await fetch(`${url}/v1/tokens`, { method: 'POST', headers, body })
      await fetch(`${url}/v1/tokens`, {
        method: 'POST',
        headers: { ...headers, authorization: secret },
        body,
      })
      await fetch(`${url}/v1/streams?token=${secret}`, { headers })
      await fetch(`${url}/v1/tokens/${secret}`, { method: 'DELETE', headers })
      const answer = await fetch(`${url}/v1/tokens`, { method: 'POST', headers, body: `{"name": "${secret}` })
      expect(await answer.text()).not.toContain(secret)
    }
    await using broken = await startTestService()
    await broken.database.query('DROP TABLE "Token"')
    expect((await broken.fetch('/v1/streams')).status).toBe(500)
    const log = [...service.log, ...broken.log].join('')
    const tables = await service.database.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    )
    const rows = []
    for (const { name } of tables) rows.push(await service.database.query(`SELECT t::text FROM "${name}" t`))
    for (const secret of [...secrets, broken.token]) {
      expect(log.includes(secret.slice(37))).toBe(false)
      expect(JSON.stringify(rows).includes(secret.slice(37))).toBe(false)
    }
    expect(log).toContain('[redacted]')
  })
})
