import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { digestHeader } from '@basedrift/contract'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { newName, pathOf, sha256Of, startTestService, type TestService, uploadOf } from './support/service.js'

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service?.[Symbol.asyncDispose]())

/** Sends one artifact as curl does. */
function put(
  name: ReturnType<typeof newName>,
  filename: string,
  bytes: Uint8Array,
  headers: HeadersInit = {},
) {
  return service.fetch(`${pathOf(name)}/artifacts/${encodeURIComponent(filename)}`, {
    method: 'PUT',
    body: bytes as Uint8Array<ArrayBuffer>,
    headers,
  })
}

const digest = (bytes: Uint8Array) => ({ 'content-digest': digestHeader(sha256Of(bytes)) })
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code

describe('declaring a build', () => {
  it('creates it, then finds it the same', async () => {
    const name = newName()
    const provenance = { obs: { project: 'kettle', bcnt: 3 }, labels: { run: '7' } }
    const first = await service.client.declareBuild(name, { provenance })
    expect(first).toMatchObject({ outcome: 'created', build: { ...name, state: 'declared', provenance } })
    const second = await service.client.declareBuild(name, {
      provenance: { labels: { run: '7' }, obs: { bcnt: 3, project: 'kettle' } },
    })
    expect(second).toMatchObject({ outcome: 'same', build: { id: first.build.id } })
  })

  it('is found by its name', async () => {
    const name = newName()
    await expect(service.client.findBuild(name)).rejects.toMatchObject({ code: 'build-unknown', status: 404 })
    const { build } = await service.client.declareBuild(name)
    expect(await service.client.findBuild(name)).toEqual(build)
    await expect(service.client.findBuild({ ...name, release: '9.9' })).rejects.toMatchObject({
      code: 'build-unknown',
    })
  })

  it('refuses other provenance under the name, and records that', async () => {
    const name = newName()
    const { build } = await service.client.declareBuild(name, { provenance: { url: 'https://a.example' } })
    await expect(
      service.client.declareBuild(name, { provenance: { url: 'https://b.example' } }),
    ).rejects.toMatchObject({ code: 'build-differs', status: 409 })
    const seen = await service.client.getBuild(build.id)
    expect(seen.provenance).toEqual({ url: 'https://a.example' })
    expect(seen.refusals).toMatchObject([{ code: 'build-differs', filename: null }])
    expect(JSON.stringify(seen.refusals[0]?.given)).toContain('https://b.example')
  })

  it('needs no body', async () => {
    const response = await service.fetch(pathOf(newName()), { method: 'PUT' })
    expect(response.status).toBe(201)
  })

  it('is one declaration however many come at once', async () => {
    const name = newName()
    const answers = await Promise.all(Array.from({ length: 20 }, () => service.client.declareBuild(name)))
    expect(answers.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
    expect(new Set(answers.map(({ build }) => build.id)).size).toBe(1)
  })
})

describe('uploading an artifact', () => {
  it('stores its bytes, once', async () => {
    const name = newName()
    const bytes = randomBytes(300_000)
    await service.client.declareBuild(name)
    const first = await put(name, 'a.rpm', bytes, digest(bytes))
    expect(first.status).toBe(201)
    expect(await first.json()).toMatchObject({
      filename: 'a.rpm',
      sha256: sha256Of(bytes),
      size: 300_000,
      state: 'stored',
    })
    expect((await put(name, 'a.rpm', bytes, digest(bytes))).status).toBe(200)
    expect(await service.client.headBlob(sha256Of(bytes))).toBe(300_000)
    expect((await buffer(await service.blobs.read(sha256Of(bytes)))).equals(bytes)).toBe(true)
  })

  it('needs a digest that can be read', async () => {
    const name = newName()
    await service.client.declareBuild(name)
    const bytes = Buffer.from('x')
    const bad: HeadersInit[] = [
      {},
      { 'content-digest': sha256Of(bytes) },
      { 'content-digest': 'sha-256=:AAAA:' },
      { 'content-digest': 'sha-512=:AAAA:' },
    ]
    for (const headers of bad) {
      const response = await put(name, 'a.rpm', bytes, headers)
      expect([response.status, await codeOf(response)]).toEqual([400, 'digest-required'])
    }
  })

  it('keeps nothing of bytes with another digest', async () => {
    const name = newName()
    const { build } = await service.client.declareBuild(name)
    const [sent, meant] = [randomBytes(1000), randomBytes(1000)]
    const response = await put(name, 'a.rpm', sent, digest(meant))
    expect([response.status, await codeOf(response)]).toEqual([422, 'digest-mismatch'])
    expect(await service.client.headBlob(sha256Of(sent))).toBeNull()
    expect(await service.staged()).toEqual([])
    expect((await service.client.getBuild(build.id)).artifacts).toEqual([])
  })

  it('refuses other content under the name, and records that', async () => {
    const name = newName()
    const { build } = await service.client.declareBuild(name)
    const [old, other] = [randomBytes(100), randomBytes(100)]
    await put(name, 'a.rpm', old, digest(old))
    const response = await put(name, 'a.rpm', other, digest(other))
    expect([response.status, await codeOf(response)]).toEqual([409, 'build-differs'])
    const seen = await service.client.getBuild(build.id)
    expect(seen.artifacts).toMatchObject([{ sha256: sha256Of(old) }])
    expect(seen.refusals).toMatchObject([
      { filename: 'a.rpm', given: { sha256: sha256Of(other), size: 100 } },
    ])
    expect(await service.client.headBlob(sha256Of(other))).toBeNull()
  })

  it('can skip bytes that are known', async () => {
    const [one, two] = [newName(), newName()]
    const bytes = randomBytes(70_000)
    await service.client.declareBuild(one)
    await service.client.declareBuild(two)
    expect(await service.client.putArtifact(one, 'a.rpm', uploadOf(bytes))).toMatchObject({ skipped: false })
    const again = await service.client.putArtifact(two, 'b.rpm', uploadOf(bytes))
    expect(again).toMatchObject({ skipped: true, outcome: 'created', artifact: { size: 70_000 } })
    const unknown = await put(two, 'c.rpm', new Uint8Array(), { 'repr-digest': digestHeader('0'.repeat(64)) })
    expect([unknown.status, await codeOf(unknown)]).toEqual([422, 'blob-unknown'])
  })

  it('is one artifact however many send it at once', async () => {
    const name = newName()
    const { build } = await service.client.declareBuild(name)
    const bytes = randomBytes(50_000)
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => service.client.putArtifact(name, 'a.rpm', uploadOf(bytes))),
    )
    expect(answers.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
    expect((await service.client.getBuild(build.id)).artifacts).toHaveLength(1)
    expect(await service.staged()).toEqual([])
  })

  it('leaves nothing of an upload that its client gave up', async () => {
    const name = newName()
    const { build } = await service.client.declareBuild(name)
    const { hostname, port } = new URL(service.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      `PUT ${pathOf(name)}/artifacts/a.rpm HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: 1000000\r\n` +
        `authorization: Bearer ${service.token}\r\n` +
        `content-digest: ${digestHeader('1'.repeat(64))}\r\n\r\n${'x'.repeat(1000)}`,
    )
    await vi.waitFor(async () => expect(await service.staged()).toHaveLength(1))
    socket.destroy()
    await vi.waitFor(async () => expect(await service.staged()).toEqual([]))
    expect((await service.client.getBuild(build.id)).artifacts).toEqual([])
    expect(service.log.filter((line) => line.includes('"level":"error"'))).toEqual([])
  })

  it.each([
    ['content-encoding', 'gzip', 415, 'media-type-refused'],
    ['content-type', 'multipart/form-data; boundary=x', 415, 'media-type-refused'],
    ['content-range', 'bytes 0-1/2', 400, 'request-malformed'],
  ])('takes the file itself, not %s: %s', async (header, value, status, code) => {
    const name = newName()
    await service.client.declareBuild(name)
    const bytes = Buffer.from('xx')
    const response = await put(name, 'a.rpm', bytes, { ...digest(bytes), [header]: value })
    expect([response.status, await codeOf(response)]).toEqual([status, code])
  })

  it('needs a build', async () => {
    const bytes = Buffer.from('x')
    const response = await put(newName(), 'a.rpm', bytes, digest(bytes))
    expect([response.status, await codeOf(response)]).toEqual([404, 'build-unknown'])
  })
})

describe('sealing a build', () => {
  it('records its task once, and answers where the build is', async () => {
    const name = newName()
    const bytes = randomBytes(10)
    const { build } = await service.client.declareBuild(name)
    await service.client.putArtifact(name, 'a.rpm', uploadOf(bytes))
    const rings = service.rings()
    for (let time = 0; time < 2; time++) {
      const response = await service.fetch(`${pathOf(name)}/seal`, { method: 'POST' })
      expect([response.status, response.headers.get('location')]).toEqual([202, `/v1/builds/${build.id}`])
      expect(await response.json()).toMatchObject({ id: build.id, state: 'sealed' })
    }
    expect(service.rings()).toBeGreaterThan(rings)
    const tasks = await service.database.query('SELECT id FROM "Task" WHERE id = $1', [`ingest:${build.id}`])
    expect(tasks).toHaveLength(1)
  })

  it('lets nothing more in but what is there already', async () => {
    const name = newName()
    const [bytes, more] = [randomBytes(10), randomBytes(10)]
    await service.client.declareBuild(name)
    await service.client.putArtifact(name, 'a.rpm', uploadOf(bytes))
    await service.client.sealBuild(name)
    const late = await put(name, 'late.rpm', more, digest(more))
    expect([late.status, await codeOf(late)]).toEqual([409, 'build-sealed'])
    const other = await put(name, 'a.rpm', more, digest(more))
    expect([other.status, await codeOf(other)]).toEqual([409, 'build-differs'])
    expect((await put(name, 'a.rpm', bytes, digest(bytes))).status).toBe(200)
  })

  it('needs an artifact', async () => {
    const name = newName()
    await expect(service.client.sealBuild(name)).rejects.toMatchObject({ code: 'build-unknown' })
    await service.client.declareBuild(name)
    await expect(service.client.sealBuild(name)).rejects.toMatchObject({ code: 'build-empty', status: 409 })
  })
})

describe('limits', () => {
  it('hold the size of an artifact, announced or not', async () => {
    await using small = await startTestService({ limits: { artifactBytes: 1000 } })
    const name = newName()
    await small.client.declareBuild(name)
    const bytes = randomBytes(1001)
    const path = `${pathOf(name)}/artifacts/a.rpm`
    const announced = await small.fetch(path, { method: 'PUT', body: bytes, headers: digest(bytes) })
    expect([announced.status, await codeOf(announced)]).toEqual([413, 'body-too-large'])
    const chunked = await small.fetch(path, {
      method: 'PUT',
      body: new Blob([bytes]).stream(),
      headers: digest(bytes),
      duplex: 'half',
    } as RequestInit)
    expect([chunked.status, await codeOf(chunked)]).toEqual([413, 'body-too-large'])
    expect(await small.staged()).toEqual([])
  })

  it('end an upload that stalls', async () => {
    await using hasty = await startTestService({ limits: { uploadIdleMs: 50 } })
    const name = newName()
    await hasty.client.declareBuild(name)
    const response = await hasty.fetch(`${pathOf(name)}/artifacts/a.rpm`, {
      method: 'PUT',
      body: new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('x')) }),
      headers: digest(Buffer.from('x')),
      duplex: 'half',
    } as RequestInit)
    expect([response.status, await codeOf(response)]).toEqual([408, 'upload-stalled'])
    expect(await hasty.staged()).toEqual([])
  })

  it('hold the number of artifacts', async () => {
    await using narrow = await startTestService({ limits: { artifactsPerBuild: 1 } })
    const name = newName()
    await narrow.client.declareBuild(name)
    await narrow.client.putArtifact(name, 'a.rpm', uploadOf(randomBytes(9)))
    await expect(narrow.client.putArtifact(name, 'b.rpm', uploadOf(randomBytes(9)))).rejects.toMatchObject({
      code: 'artifact-limit',
    })
  })

  it('hold the rate of requests', async () => {
    await using slow = await startTestService({ limits: { requestsPerMinute: 2 } })
    const statuses = []
    for (let time = 0; time < 3; time++) statuses.push(await slow.fetch(`/v1/streams`))
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(Number(statuses[2]?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await codeOf(statuses[2] as Response)).toBe('rate-limited')
    expect((await slow.fetch(`/healthz`)).status).toBe(200)
  })
})
