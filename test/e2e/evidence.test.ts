import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newName, pathOf, startTestService, type TestService } from './support/service.js'

let service: TestService
beforeAll(async () => {
  service = await startTestService({ limits: { artifactBytes: 20 * 2 ** 20 } })
})
afterAll(() => service?.[Symbol.asyncDispose]())

const digestOf = (bytes: Buffer) => `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`

async function put(name: ReturnType<typeof newName>, file: string, bytes: Buffer) {
  return service.fetch(`${pathOf(name)}/artifacts/${file}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'content-digest': digestOf(bytes) },
    body: new Uint8Array(bytes),
  })
}

describe('evidence beside packages', () => {
  it('is told by its name or by who sends it, and comes back as it was', async () => {
    const name = newName()
    const { build } = await service.client.declareBuild(name)
    const log = Buffer.from('gcc and pahole\n'.repeat(10_000))
    expect(await (await put(name, 'build.log', log)).json()).toMatchObject({ kind: 'log', size: log.length })
    expect(
      await (await put(name, 'what-was-built.txt?kind=provenance', Buffer.from('{}'))).json(),
    ).toMatchObject({
      kind: 'provenance',
    })
    expect((await put(name, 'a.txt?kind=novel', Buffer.from('x'))).status).toBe(400)
    const { artifacts } = await service.client.getBuild(build.id)
    expect(artifacts.map(({ filename, kind }) => [filename, kind])).toEqual([
      ['build.log', 'log'],
      ['what-was-built.txt', 'provenance'],
    ])
    const back = await service.fetch(`/v1/builds/${build.id}/artifacts/build.log`)
    const headers = ['content-type', 'content-length', 'content-disposition', 'repr-digest']
    expect(headers.map((header) => back.headers.get(header))).toEqual([
      'application/octet-stream',
      String(log.length),
      'attachment; filename="build.log"',
      digestOf(log),
    ])
    expect(Buffer.from(await back.arrayBuffer()).equals(log)).toBe(true)
    const none = await service.fetch(`/v1/builds/${build.id}/artifacts/other.log`)
    expect([none.status, await none.json()]).toMatchObject([404, { code: 'artifact-unknown' }])
  })

  it('is bounded by its kind, also where the service has the bytes already', async () => {
    const name = newName()
    await service.client.declareBuild(name)
    const large = Buffer.alloc(9 * 2 ** 20, '#')
    expect((await put(name, 'config-6.1.0', large)).status).toBe(413)
    expect((await put(name, 'large.rpm', large)).status).toBe(201)
    const named = await service.fetch(`${pathOf(name)}/artifacts/config-6.1.0`, {
      method: 'PUT',
      headers: { 'repr-digest': digestOf(large) },
    })
    expect(named.status).toBe(413)
  })
})
