import { randomBytes } from 'node:crypto'
import { createClient, digestHeader } from '@basedrift/contract'
import { describe, expect, it, vi } from 'vitest'
import { newName, pathOf, sha256Of, startTestService, type TestService, uploadOf } from './support/service.js'

type Name = ReturnType<typeof newName>

/** Sends one artifact, with its length or in chunks. */
function put(
  service: TestService,
  name: Name,
  filename: string,
  bytes: Uint8Array,
  { chunks, meant = bytes, token }: { chunks?: ReadableStream; meant?: Uint8Array; token?: string } = {},
) {
  return service.fetch(`${pathOf(name)}/artifacts/${filename}`, {
    method: 'PUT',
    body: chunks ?? (bytes as Uint8Array<ArrayBuffer>),
    headers: {
      'content-digest': digestHeader(sha256Of(meant)),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    duplex: 'half',
  })
}

const problemOf = async (response: Response) => (await response.json()) as { code: string; detail: string }

describe('the bytes of a day', () => {
  it('are bounded for a stream; what is not kept, or not sent, is none of them', async () => {
    await using service = await startTestService({ limits: { streamDailyBytes: 1000, artifactBytes: 900 } })
    const name = newName()
    await service.client.declareBuild(name)
    const first = uploadOf(randomBytes(600))
    await service.client.putArtifact(name, 'a.rpm', first)
    const refused = await put(service, name, 'b.rpm', randomBytes(401))
    expect(refused.status).toBe(429)
    const { code, detail } = await problemOf(refused)
    expect(code).toBe('quota-exceeded')
    expect(detail).toContain(`The stream ${name.stream} has used 600 of 1000 bytes`)
    expect(detail).toContain('the file has 401')
    const after = Number(refused.headers.get('retry-after'))
    expect(after).toBeGreaterThan(0)
    expect(after).toBeLessThanOrEqual(86_400)

    const bytes = randomBytes(400)
    expect((await put(service, name, 'b.rpm', bytes, { meant: randomBytes(400) })).status).toBe(422)
    expect((await put(service, name, 'a.rpm', randomBytes(400))).status, 'it differs').toBe(409)
    expect((await put(service, name, 'b.rpm', bytes)).status).toBe(201)
    expect((await put(service, name, 'c.rpm', randomBytes(1))).status).toBe(429)
    expect((await service.client.putArtifact(name, 'c.rpm', first)).skipped, 'no byte is sent').toBe(true)
  })

  it('are waited for by no client: it says at once what the service said, and has sent the file once', async () => {
    await using service = await startTestService({ limits: { streamDailyBytes: 1000, artifactBytes: 900 } })
    const name = newName()
    await service.client.declareBuild(name)
    await service.client.putArtifact(name, 'a.rpm', uploadOf(randomBytes(600)))
    const sent: string[] = []
    const client = createClient({
      baseUrl: service.url,
      token: service.token,
      retry: { baseMs: 1, maxMs: 1 },
      fetch: (input, init) => {
        sent.push(`${init?.method}`)
        return fetch(input, init)
      },
    })
    await expect(client.putArtifact(name, 'b.rpm', uploadOf(randomBytes(401)))).rejects.toMatchObject({
      code: 'quota-exceeded',
      message: expect.stringContaining('has used 600 of 1000 bytes'),
    })
    expect(sent).toEqual(['HEAD', 'PUT'])
  })

  it('are bounded for a token, whatever streams it names; of what announces no length as many as may come are reserved', async () => {
    await using service = await startTestService({ limits: { tokenDailyBytes: 1000, artifactBytes: 900 } })
    const token = await service.newToken(['ingest'])
    const names = [newName(), newName(), newName()] as const
    for (const name of names) await service.client.declareBuild(name)
    const chunked = (bytes: Uint8Array) => ({ chunks: new Blob([bytes as BlobPart]).stream(), token })
    const bytes = randomBytes(100)
    expect((await put(service, names[0], 'a.rpm', bytes, chunked(bytes))).status).toBe(201)
    expect((await put(service, names[1], 'a.rpm', bytes, { token })).status).toBe(201)
    const refused = await put(service, names[2], 'a.rpm', bytes, chunked(bytes))
    expect(refused.status).toBe(429)
    expect((await problemOf(refused)).detail).toContain(
      'This token has used 200 of 1000 bytes (0.0 GiB) today, and of a file without a Content-Length 900 are reserved.',
    )
    expect((await put(service, names[2], 'a.rpm', randomBytes(800), { token })).status).toBe(201)
    expect((await put(service, names[2], 'b.rpm', randomBytes(500))).status, 'another token').toBe(201)
  })
})

it('nothing stays of a file that came while its build was sealed, unless another has it', async () => {
  await using service = await startTestService()
  const { client, blobs, staged } = service
  const lateFor = async (bytes: Uint8Array) => {
    const name = newName()
    await client.declareBuild(name)
    await client.putArtifact(name, 'first.rpm', uploadOf(randomBytes(10)))
    const gate = new TransformStream<Uint8Array>()
    const writer = gate.writable.getWriter()
    const answer = put(service, name, 'late.rpm', bytes, { chunks: gate.readable })
    await writer.write(bytes.subarray(0, 50))
    await vi.waitFor(async () => expect(await staged()).toHaveLength(1))
    await client.sealBuild(name)
    return async () => {
      await writer.write(bytes.subarray(50))
      await writer.close()
      const response = await answer
      expect([response.status, (await problemOf(response)).code]).toEqual([409, 'build-sealed'])
    }
  }
  const bytes = randomBytes(100)
  await (await lateFor(bytes))()
  expect(await blobs.has(sha256Of(bytes))).toBe(false)

  const end = await lateFor(bytes)
  const other = newName()
  await client.declareBuild(other)
  await client.putArtifact(other, 'a.rpm', uploadOf(bytes))
  await end()
  expect(await blobs.has(sha256Of(bytes))).toBe(true)
})
