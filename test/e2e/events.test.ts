import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Build } from '@basedrift/contract'
import type { Worker } from '@basedrift/worker/main'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { smallBuilds } from '../../scripts/lib/small-builds.mjs'
import { newName, startTestService, type TestService, uploadOf } from './support/service.js'
import { startWorkedService, type WorkedService } from './support/worked.js'

let worked: WorkedService
let service: TestService
let worker: Worker
let folder: string
/** A build that has ended. */
let ended: Build

beforeAll(async () => {
  // What has been heard is answered with the first sign of life.
  worked = await startWorkedService()
  ;({ service, worker, folder } = worked)
  const name = newName()
  await service.client.declareBuild(name)
  await service.client.putArtifact(name, 'notes.txt', uploadOf(Buffer.from('no kernel')))
  const { id } = await service.client.sealBuild(name)
  worker.dispatcher.ring()
  ended = await service.client.waitForBuild(id, { everyMs: 20, signal: AbortSignal.timeout(40_000) })
})
afterAll(() => worked?.[Symbol.asyncDispose]())

describe('events', () => {
  it('tell every state of a build until it is done', async () => {
    const name = { stream: newName().stream, version: '1', release: '1' }
    const { build } = await service.client.declareBuild(name)
    const [small] = await smallBuilds(path.join(folder, 'events'))
    await service.client.putArtifact(name, 'a.tar', uploadOf(await readFile(small?.files[0] ?? '')))
    const response = await service.fetch(`/v1/builds/${build.id}/events`)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    await service.client.sealBuild(name)
    worker.dispatcher.ring()
    const states = (await response.text())
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)).state)
    expect(states[0]).toBe('open')
    expect(states.at(-1)).toBe('done')
  })

  it('are one when the build has ended already', async () => {
    const text = await (await service.fetch(`/v1/builds/${ended.id}/events`)).text()
    expect(text.match(/^event: build$/gm)).toHaveLength(1)
    expect(text).toContain('"state":"failed"')
  })

  it('are not told again to who has heard them', async () => {
    const address = `/v1/builds/${ended.id}/events`
    const id = /^id: (\S+)$/m.exec(await (await service.fetch(address)).text())?.[1] ?? ''
    const heard = await service.fetch(address, { headers: { 'last-event-id': id } })
    expect([heard.status, await heard.text()]).toEqual([204, ''])
    const name = { stream: newName().stream, version: '1', release: '1' }
    const { build } = await service.client.declareBuild(name)
    const own = `/v1/builds/${build.id}/events`
    const over = new AbortController()
    const first = await service.fetch(own, { signal: over.signal })
    const reader = first.body?.getReader()
    const said = new TextDecoder().decode((await reader?.read())?.value)
    over.abort()
    const last = /^id: (\S+)$/m.exec(said)?.[1] ?? ''
    const again = await service.fetch(own, { headers: { 'last-event-id': last } })
    const [small] = await smallBuilds(path.join(folder, 'resumed'))
    await service.client.putArtifact(name, 'a.tar', uploadOf(await readFile(small?.files[0] ?? '')))
    await service.client.sealBuild(name)
    worker.dispatcher.ring()
    const text = await again.text()
    expect(text).not.toContain('"state":"declared"')
    expect(text).toContain('"state":"done"')
    const ids = [...text.matchAll(/^id: (\S+)$/gm)].map(([, each]) => each)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('end when the service does, and are bounded in number', async () => {
    const other = await startTestService({ limits: { eventStreams: 1 } })
    const { build } = await other.client.declareBuild(newName())
    const open = await other.fetch(`/v1/builds/${build.id}/events`)
    const second = await other.fetch(`/v1/builds/${build.id}/events`)
    expect(second.status).toBe(503)
    expect(await second.json()).toMatchObject({ code: 'connections-exhausted' })
    await other[Symbol.asyncDispose]()
    expect(await open.text()).toContain('"state":"declared"')
  })

  it('have signs of life between them, so that nothing on the way takes them for dead', async () => {
    await using other = await startTestService({ limits: { eventBeatMs: 20 } })
    const { build } = await other.client.declareBuild(newName())
    const open = await other.fetch(`/v1/builds/${build.id}/events`)
    const reader = open.body?.getReader()
    const decoder = new TextDecoder()
    let text = ''
    while (text.split(': alive\n\n').length < 3) {
      const next = await reader?.read()
      if (next?.done !== false) throw new Error('The stream has ended.')
      text += decoder.decode(next.value, { stream: true })
    }
    await reader?.cancel()
    expect(text.match(/^event: /gm)).toHaveLength(1)
  })

  it('are bounded for each token, so that others have some', async () => {
    await using other = await startTestService({ limits: { tokenEventStreams: 1 } })
    const { build } = await other.client.declareBuild(newName())
    const ask = (token: string) =>
      fetch(`${other.url}/v1/builds/${build.id}/events`, { headers: { authorization: `Bearer ${token}` } })
    const [greedy, modest] = [await other.newToken(['read']), await other.newToken(['read'])]
    const open = await ask(greedy)
    const second = await ask(greedy)
    expect([open.status, second.status]).toEqual([200, 429])
    expect(await second.json()).toMatchObject({ code: 'streams-limited' })
    expect((await ask(modest)).status).toBe(200)
    await open.body?.cancel()
    await expect.poll(async () => (await ask(greedy)).status).toBe(200)
  })

  it('are bounded in number also when all come at once', async () => {
    await using other = await startTestService({ limits: { eventStreams: 2 } })
    const { build } = await other.client.declareBuild(newName())
    const path = `/v1/builds/${build.id}/events`
    const answers = await Promise.all(Array.from({ length: 12 }, () => other.fetch(path)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
  })
})
