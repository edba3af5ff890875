import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newName, startTestService, type TestService } from './support/service.js'

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service?.[Symbol.asyncDispose]())

describe('what is live', () => {
  it('is said over HTTP, and may be said again', async () => {
    const { client } = service
    const name = newName()
    const { build } = await client.declareBuild(name)
    expect(await client.enterLive('production', build.id)).toMatchObject({
      outcome: 'created',
      live: { environment: 'production', stream: name.stream, build: { id: build.id }, leftAt: null },
    })
    expect((await client.enterLive('production', build.id)).outcome).toBe('same')
    const put = await service.fetch(`/v1/environments/production/live/${build.id}`, { method: 'PUT' })
    expect(put.status).toBe(200)
    expect((await client.listLive('production', { stream: name.stream })).items).toHaveLength(1)
    expect((await client.leaveLive('production', build.id)).leftAt).not.toBeNull()
    expect((await client.leaveLive('production', build.id)).leftAt).not.toBeNull()
    expect((await client.listLive('production', { stream: name.stream })).items).toEqual([])
    expect((await client.listLive('production', { stream: name.stream, history: true })).items).toHaveLength(
      1,
    )
    expect((await client.listEnvironments()).items).toEqual([{ name: 'production', live: 0 }])
  })

  it('is one entry, however many hooks say it at once', async () => {
    const { build } = await service.client.declareBuild(newName())
    const path = `/v1/environments/crowded/live/${build.id}`
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => service.fetch(path, { method: 'PUT' })),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([...Array.from({ length: 99 }, () => 200), 201])
    const entered = new Set(
      await Promise.all(answers.map(async (one) => ((await one.json()) as { enteredAt: string }).enteredAt)),
    )
    expect(entered.size).toBe(1)
    expect((await service.client.listLive('crowded', { history: true })).items).toHaveLength(1)
  })

  it('is bounded, and says what to do then', async () => {
    const { client, database } = service
    const name = newName('last')
    const { build } = await client.declareBuild(name)
    await database.query(
      `INSERT INTO "Build" (id, "streamId", version, release)
         SELECT gen_random_uuid(), "streamId", '5.15.12', '1.' || n FROM "Build", generate_series(1, 512) n WHERE id = $1`,
      [build.id],
    )
    await database.query(
      `INSERT INTO "Live" (id, environment, "buildId", "enteredAt", "enteredBy")
         SELECT gen_random_uuid(), 'full', b.id, '2026-01-01', 'hook' FROM "Build" b JOIN "Stream" s ON s.id = b."streamId"
         WHERE s.name = $1 AND b.release <> 'last'`,
      [name.stream],
    )
    await expect(client.enterLive('full', build.id)).rejects.toMatchObject({
      code: 'live-limit',
      status: 409,
      message: expect.stringMatching(
        /^512 builds of the stream are live in full, 5\.15\.12-1\.\d+ \([0-9a-f-]{36}\) for longest, since 2026-01-01\..*basedrift live leave/,
      ),
    })
  })

  it('is of builds and environments that can be named', async () => {
    const { client } = service
    const nobody = '00000000-0000-0000-0000-000000000000'
    await expect(client.enterLive('production', nobody)).rejects.toMatchObject({ code: 'build-unknown' })
    await expect(client.enterLive('a b', nobody)).rejects.toMatchObject({ code: 'request-invalid' })
    const { build } = await client.declareBuild(newName())
    await expect(client.leaveLive('nowhere', build.id)).rejects.toMatchObject({
      code: 'live-unknown',
      status: 404,
    })
  })
})
