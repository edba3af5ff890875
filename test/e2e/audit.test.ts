import { randomUUID } from 'node:crypto'
import { createClient } from '@basedrift/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newName, pathOf, startTestService, type TestService } from './support/service.js'

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service?.[Symbol.asyncDispose]())

const clientOf = (token: string) => createClient({ baseUrl: service.url, token, retry: { attempts: 1 } })
const refused = (call: Promise<unknown>) => expect(call).rejects.toMatchObject({ status: expect.any(Number) })

describe('the audit log', () => {
  const entriesOf = async (by: string) =>
    (await service.client.listAudit({ by })).items
      .map(({ operation, target, status, code }) => [operation, target, status, code])
      .reverse()

  it('has every write, who asked for it and what became of it, and nothing of what it carried', async () => {
    const name = newName()
    const by = `hook-${randomUUID()}`
    const { id: tokenId, token } = await service.client.createToken({ name: by, scopes: ['ingest', 'read'] })
    const hook = clientOf(token)
    const url = 'https://build.example.org/very-private'
    const { build } = await hook.declareBuild(name, { provenance: { url } })
    await refused(hook.declareBuild(name, { provenance: { url: 'https://build.example.org/another' } }))
    await refused(hook.sealBuild(name))
    await refused(hook.createToken({ name: 'mine', scopes: ['admin'] }))
    await hook.getBuild(build.id)
    const path = pathOf(name)
    const { items } = await service.client.listAudit({ by })
    expect(
      items.map(({ operation, target, status, code }) => [operation, target, status, code]).reverse(),
    ).toEqual([
      ['declareBuild', path, 201, null],
      ['declareBuild', path, 409, 'build-differs'],
      ['sealBuild', `${path}/seal`, 409, 'build-empty'],
      ['createToken', '/v1/tokens', 403, 'token-forbidden'],
    ])
    expect(items.every((entry) => entry.tokenId === tokenId)).toBe(true)
    expect(service.log.join('')).toContain(items[0]?.requestId)
    const all = await service.client.listAudit({ limit: 500 })
    expect(all.items).toContainEqual(
      expect.objectContaining({
        by: 'first-admin',
        operation: 'createToken',
        target: `/v1/tokens/${tokenId}`,
      }),
    )
    expect(JSON.stringify(all)).not.toMatch(/very-private|bdt_/)
  })

  it('has writes that were refused before anybody looked at their token, where it is one of ours', async () => {
    const name = newName()
    const by = `hook-${randomUUID()}`
    const { id, token } = await service.client.createToken({ name: by, scopes: ['ingest'] })
    const put = (headers: Record<string, string>, path = pathOf(name)) =>
      fetch(`${service.url}${path}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, ...headers },
      })
    expect((await put({ origin: 'https://evil.example' })).status).toBe(403)
    expect((await put({}, '/v1/nothing')).status).toBe(404)
    expect(
      (await put({ authorization: `Bearer ${token.slice(0, -1)}x`, origin: 'https://evil.example' })).status,
    ).toBe(403)
    await service.client.revokeToken(id)
    expect((await put({})).status).toBe(401)
    expect(await entriesOf(by)).toEqual([
      ['declareBuild', pathOf(name), 403, 'origin-refused'],
      ['PUT', '/v1/nothing', 404, 'route-unknown'],
      ['declareBuild', pathOf(name), 401, 'token-invalid'],
    ])
  })

  it('has the questions that had something recorded: a decision, a dry run, and who broke the glass', async () => {
    const { build } = await service.client.declareBuild(newName())
    const by = `ci-${randomUUID()}`
    const { token } = await service.client.createToken({ name: by, scopes: ['ingest'] })
    const ci = clientOf(token)
    const question = { build: build.id, environment: `env-${randomUUID()}` }
    await ci.gate({ ...question, dryRun: true })
    expect(await entriesOf(by), 'nothing ever entered it').toEqual([])
    await service.client.enterLive(question.environment, build.id)
    const { id } = await ci.gate(question)
    for (let time = 0; time < 2; time++) await ci.gate(question)
    for (let time = 0; time < 2; time++) await ci.gate({ ...question, dryRun: true, onBehalfOf: 'anna' })
    const [use] = (await service.client.listGateUses({ decision: id })).items
    await ci.breakGlass({ ...question, reason: 'it burns', decision: id })
    expect(await entriesOf(by)).toEqual([
      ['gate', `/v1/decisions/${id}`, 200, null],
      ['gate', `/v1/gate/uses/${use?.id}`, 200, null],
      ['breakGlass', '/v1/gate/break-glass', 201, null],
    ])
    const [listed] = (await service.client.listDecisions({ build: build.id })).items
    expect(listed).toMatchObject({ id, asked: 5, lastAskedAt: expect.any(String) })
  })
})
