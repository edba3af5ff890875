import { randomBytes, randomUUID } from 'node:crypto'
import { digestHeader } from '@basedrift/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newName, pathOf, sha256Of, startTestService, type TestService, uploadOf } from './support/service.js'

let service: TestService
beforeAll(async () => {
  service = await startTestService({ limits: { uploads: 200, tokenUploads: 200 } })
})
afterAll(() => service?.[Symbol.asyncDispose]())

const declare = (path: string, key: string, body: object = {}, token = service.token) =>
  service.fetch(path, {
    method: 'PUT',
    headers: {
      'content-type': 'application/json',
      'idempotency-key': key,
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify(body),
  })

const problemOf = async (response: Response) => [
  response.status,
  ((await response.json()) as { code: string }).code,
]

describe('a write with an Idempotency-Key', () => {
  it('is answered again as it was, and is not done again', async () => {
    const [path, key] = [pathOf(newName()), randomUUID()]
    const first = await declare(path, key, { provenance: { url: 'https://a.example', labels: { a: '1' } } })
    const again = await declare(path, key, { provenance: { labels: { a: '1' }, url: 'https://a.example' } })
    expect([first.status, again.status]).toEqual([201, 201])
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'))
    expect(await again.text()).toBe(await first.text())
    // Without the key it is what it is: the same again.
    expect(
      (await declare(path, randomUUID(), { provenance: { url: 'https://a.example', labels: { a: '1' } } }))
        .status,
    ).toBe(200)
  })

  it('is refused where the key was for another, of this token', async () => {
    const [path, key] = [pathOf(newName()), randomUUID()]
    await declare(path, key)
    expect(await problemOf(await declare(path, key, { builtFor: '1-1' }))).toEqual([
      422,
      'idempotency-key-reused',
    ])
    expect(await problemOf(await declare(pathOf(newName()), key))).toEqual([422, 'idempotency-key-reused'])
    const other = await service.newToken(['ingest'])
    expect((await declare(path, key, {}, other)).status).toBe(200)
    expect(await problemOf(await declare(path, 'x'.repeat(256)))).toEqual([400, 'request-invalid'])
  })

  it('is done anew where it was refused', async () => {
    const name = newName()
    const key = { 'idempotency-key': randomUUID() }
    const seal = () => service.fetch(`${pathOf(name)}/seal`, { method: 'POST', headers: key })
    expect((await seal()).status).toBe(404)
    await service.client.declareBuild(name)
    expect((await seal()).status).toBe(409)
    await service.client.putArtifact(name, 'a.rpm', uploadOf(randomBytes(9)))
    const sealed = await seal()
    expect(sealed.status).toBe(202)
    const again = await seal()
    expect(again.headers.get('location')).toBe(sealed.headers.get('location'))
    expect(await again.text()).toBe(await sealed.text())
  })

  it('is one upload, also while it is under way', async () => {
    const name = newName()
    await service.client.declareBuild(name)
    const bytes = randomBytes(100)
    const key = randomUUID()
    const put = (body: BodyInit, of = bytes) =>
      service.fetch(`${pathOf(name)}/artifacts/a.rpm`, {
        method: 'PUT',
        headers: { 'content-digest': digestHeader(sha256Of(of)), 'idempotency-key': key },
        body,
        duplex: 'half',
      })
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
    const first = put(slow)
    await expect.poll(() => service.staged()).toHaveLength(1)
    const second = await put(bytes)
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await problemOf(second)).toEqual([409, 'idempotency-running'])
    finish()
    const done = await first
    expect(done.status).toBe(201)
    const again = await put(bytes)
    expect([again.status, await again.text()]).toEqual([201, await done.text()])
    expect(await problemOf(await put(randomBytes(5), randomBytes(5)))).toEqual([
      422,
      'idempotency-key-reused',
    ])
  })

  it('can be sent again after an upload was damaged', async () => {
    const name = newName()
    await service.client.declareBuild(name)
    const bytes = randomBytes(100)
    const headers = { 'content-digest': digestHeader(sha256Of(bytes)), 'idempotency-key': randomUUID() }
    const put = (body: BodyInit) =>
      service.fetch(`${pathOf(name)}/artifacts/a.rpm`, { method: 'PUT', headers, body })
    expect(await problemOf(await put(randomBytes(100)))).toEqual([422, 'digest-mismatch'])
    expect((await put(bytes)).status).toBe(201)
  })

  it('shows no secret again', async () => {
    const make = () =>
      service.fetch('/v1/tokens', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'make-one' },
        body: '{"name":"only-one","scopes":["read"]}',
      })
    expect((await make()).status).toBe(201)
    expect(await problemOf(await make())).toEqual([409, 'idempotency-answer-gone'])
    const { items } = await service.client.listTokens({ limit: 500 })
    expect(items.filter(({ name }) => name === 'only-one')).toHaveLength(1)
  })
})

describe('100 identical uploads at once', () => {
  it.each([
    ['with a key of their own', false],
    ['with one key', true],
  ])('make one build and one set of jobs, %s', async (_, shared) => {
    const name = newName()
    const path = pathOf(name)
    const bytes = randomBytes(50_000)
    const key = randomUUID()
    const keyOf = (step: string) => (shared ? { 'idempotency-key': `${key}-${step}` } : {})
    /** Whoever is told that the same is under way asks again. */
    const send = async (step: string, url: string, init: RequestInit): Promise<Response> => {
      for (;;) {
        const headers = { ...(init.headers as Record<string, string>), ...keyOf(step) }
        const response = await service.fetch(url, { ...init, headers })
        if (response.status !== 409) return response
        expect(await problemOf(response)).toEqual([409, 'idempotency-running'])
      }
    }
    const hook = async () => {
      const json = { 'content-type': 'application/json' }
      const declared = await send('declare', path, { method: 'PUT', headers: json, body: '{}' })
      const digest = { 'content-digest': digestHeader(sha256Of(bytes)) }
      const put = { method: 'PUT', headers: digest, body: bytes }
      const uploaded = await send('put', `${path}/artifacts/kernel.rpm`, put)
      const sealed = await send('seal', `${path}/seal`, { method: 'POST' })
      return [declared.status, uploaded.status, sealed.status, sealed.headers.get('location')] as const
    }
    const all = await Promise.all(Array.from({ length: 100 }, hook))
    const { items } = await service.client.listBuilds({ stream: name.stream })
    expect(items).toHaveLength(1)
    const id = items[0]?.id ?? ''
    expect(new Set(all.map(([, , , location]) => location))).toEqual(new Set([`/v1/builds/${id}`]))
    expect(all.every(([declared, put, sealed]) => declared < 202 && put < 202 && sealed === 202)).toBe(true)
    if (!shared) {
      expect(all.filter(([declared]) => declared === 201)).toHaveLength(1)
      expect(all.filter(([, put]) => put === 201)).toHaveLength(1)
    }
    expect((await service.client.getBuild(id)).artifacts).toHaveLength(1)
    const { database } = service
    const tasks = await database.query('SELECT id, bells FROM "Task" WHERE id LIKE $1', [`%${id}%`])
    expect(tasks).toEqual([{ id: `ingest:${id}`, bells: 1 }])
    expect(await database.query('SELECT 1 FROM "Outbox" WHERE "taskId" = $1', [`ingest:${id}`])).toHaveLength(
      1,
    )
    expect(await database.query('SELECT 1 FROM "Blob" WHERE sha256 = $1', [sha256Of(bytes)])).toHaveLength(1)
    expect(await database.query('SELECT 1 FROM "Refusal" WHERE "buildId" = $1::uuid', [id])).toHaveLength(0)
    expect(await service.staged()).toEqual([])
  })
})

describe('pages', () => {
  it('stay right while rows arrive', async () => {
    const { stream } = newName()
    const declared: string[] = []
    let release = 0
    const more = async () => {
      const name = { stream, version: '1', release: String(++release) }
      const { build } = await service.client.declareBuild(name)
      declared.push(build.id)
      await service.client.declareBuild({ ...name, stream: `${stream}/${String(release).padStart(3, '0')}` })
    }
    for (let time = 0; time < 12; time++) await more()
    const before = [...declared].reverse()

    const builds: string[] = []
    const streams: string[] = []
    let [cursor, streamCursor]: (string | undefined)[] = []
    do {
      const page = await service.client.listBuilds({ stream, limit: 5, cursor })
      builds.push(...page.items.map(({ id }) => id))
      cursor = page.next ?? undefined
      await more()
    } while (cursor !== undefined)
    do {
      const page = await service.client.listStreams({ limit: 5, cursor: streamCursor })
      streams.push(...page.items.map(({ name }) => name))
      streamCursor = page.next ?? undefined
      // One before all others, one behind.
      await service.client.declareBuild({ stream: `0/${randomUUID()}`, version: '1', release: '1' })
      if (streams.length < 20) await more()
    } while (streamCursor !== undefined)
    // Every row that was there is given once; what came since is newer than the first page.
    expect(builds).toEqual(before)
    expect(new Set(streams).size).toBe(streams.length)
    expect(streams.filter((name) => name.startsWith(`${stream}/`)).length).toBeGreaterThanOrEqual(15)
  })
})
