import { afterAll, beforeAll, expect, it } from 'vitest'
import { newName, startTestService, type TestService, uploadOf } from './support/service.js'

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service?.[Symbol.asyncDispose]())

it('a stream is ordered as its first package is, and otherwise when it is told so', async () => {
  const { client } = service
  const { stream } = newName()
  const declare = (version: string) => client.declareBuild({ stream, version, release: '1' })
  for (const version of ['1.0a', '1.0^a', '1.0']) await declare(version)
  const listed = async (order: 'version' | 'declared') =>
    (await client.listBuilds({ stream, order })).items.map(({ version }) => version)
  const change = (name: string, versionScheme: string) =>
    service.fetch(`/v1/streams/${encodeURIComponent(name)}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ versionScheme }),
    })
  expect(await listed('version')).toEqual(['1.0', '1.0^a', '1.0a'])
  const name = { stream, version: '1.0', release: '1' }
  await client.putArtifact(name, 'kernel.x86_64.rpm', uploadOf(Buffer.from('no package')))
  expect((await client.listStreams({ limit: 500 })).items).toContainEqual(
    expect.objectContaining({ name: stream, versionScheme: 'rpm' }),
  )
  expect(await listed('version')).toEqual(['1.0a', '1.0^a', '1.0'])
  expect(await listed('declared')).toEqual(['1.0', '1.0^a', '1.0a'])
  expect((await client.listBuilds({ stream })).items.map(({ version }) => version)).toEqual(
    await listed('version'),
  )
  const changed = await change(stream, 'dpkg')
  expect([changed.status, await changed.json()]).toMatchObject([200, { name: stream, versionScheme: 'dpkg' }])
  expect(await listed('version')).toEqual(['1.0^a', '1.0a', '1.0'])

  expect((await change('no/such/stream', 'rpm')).status).toBe(404)
  expect((await change(stream, 'alphabet')).status).toBe(400)
  await expect(client.listBuilds({ order: 'version' })).rejects.toMatchObject({ code: 'request-invalid' })
})
