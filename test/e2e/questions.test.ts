import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { defaultApiConfig } from '@basedrift/api/app'
import { startServer } from '@basedrift/api/server'
import type { CheckPool } from '@basedrift/check'
import { type Build, createClient, type Pair } from '@basedrift/contract'
import { createLogger, createMetrics } from '@basedrift/runtime'
import type { Worker } from '@basedrift/worker/main'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { smallBuilds } from '../../scripts/lib/small-builds.mjs'
import { newName, type TestService, uploadOf } from './support/service.js'
import { startWorkedService, type WorkedService } from './support/worked.js'

let worked: WorkedService
let service: TestService
let worker: Worker
let folder: string
const { stream } = newName()
let old: Build
let fresh: Build

async function push(release: string, files: string[]): Promise<Build> {
  const name = { stream, version: '5.15.12', release }
  await service.client.declareBuild(name)
  for (const file of files) {
    await service.client.putArtifact(name, path.basename(file), uploadOf(await readFile(file)))
  }
  const { id } = await service.client.sealBuild(name)
  worker.dispatcher.ring()
  return service.client.waitForBuild(id, { everyMs: 20, signal: AbortSignal.timeout(40_000) })
}

beforeAll(async () => {
  worked = await startWorkedService()
  ;({ service, worker, folder } = worked)
  const builds = await smallBuilds(path.join(folder, 'builds'))
  const [first, second] = builds as [(typeof builds)[0], (typeof builds)[0]]
  old = await push(first.release, first.files)
  fresh = await push(second.release, second.files)
})
afterAll(() => worked?.[Symbol.asyncDispose]())

describe('a build', () => {
  it('ends with its kernel, its modules and its pairs', () => {
    expect(fresh).toMatchObject({
      state: 'done',
      kernel: {
        rules: { version: '5.15.12' },
        base: { types: expect.any(Number), strings: expect.any(Number) },
      },
      modules: { count: 2 },
      artifacts: [{ state: 'ingested', problems: [] }],
      progress: { pairs: 3, done: 3, failed: 0 },
      failure: null,
    })
    expect(fresh.finishedAt).not.toBeNull()
    expect(fresh.kernel?.base.sha256).not.toBe(old.kernel?.base.sha256)
  })

  it('lists its modules by file, a page at a time', async () => {
    const first = await service.client.listModules(fresh.id, { limit: 1 })
    expect(first.items).toMatchObject([{ name: 'saucer', btf: { originStrings: expect.anything() } }])
    const second = await service.client.listModules(fresh.id, { limit: 1, cursor: first.next ?? '' })
    expect(second).toMatchObject({ items: [{ name: 'teapot' }], next: null })
    expect((await service.client.listModules(fresh.id, { name: 'tea' })).items).toHaveLength(1)
  })
})

describe('the matrix', () => {
  it('counts verdicts of every module build on every kernel build, and names the builds', async () => {
    const { cells, builds, next } = await service.client.matrix({ stream })
    const table = Object.fromEntries(
      cells.map((cell) => [`${cell.kernelBuild} ${cell.moduleBuild}`, cell.counts]),
    )
    expect(table).toEqual({
      [`${old.id} ${old.id}`]: { compatible: 2 },
      [`${old.id} ${fresh.id}`]: { misread: 1, rejected: 1 },
      [`${fresh.id} ${old.id}`]: { misread: 1, rejected: 1 },
      [`${fresh.id} ${fresh.id}`]: { compatible: 2 },
    })
    expect(builds.map(({ release }) => release).sort()).toEqual(['1.1', '1.3'])
    expect(next).toBeNull()
  })

  it('has every cell once, also when it is read in pages', async () => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await service.client.matrix({ stream, limit: 1, cursor })
      seen.push(...page.cells.map((cell) => `${cell.kernelBuild} ${cell.moduleBuild}`))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    expect(seen).toHaveLength(4)
    expect(new Set(seen).size).toBe(4)
  })
})

describe('a pair', () => {
  const names = ({ rows }: Pair) => rows.map(({ name }) => name)

  it('has the rows that `basedrift check` prints', async () => {
    const pair = await service.client.pair(old.id, fresh.id)
    expect(pair).toMatchObject({
      state: 'done',
      counts: { misread: 1, rejected: 1 },
      kernel: { base: { sha256: old.kernel?.base.sha256 } },
      error: null,
      next: null,
    })
    expect(pair.rows.find(({ name }) => name === 'teapot')).toMatchObject({
      file: expect.stringMatching(/!lib\/modules\/.*\/teapot\.ko$/),
      verdict: 'rejected',
      basis: 'kernel-check',
      errno: 22,
      log: expect.arrayContaining(['failed to validate module [teapot] BTF: -22']),
      load: { vermagic: 'same', modversions: { state: 'unknown', mismatched: [] } },
      overall: 'refused',
    })
  })

  it('shows only the verdicts and names that are asked for', async () => {
    const { client } = service
    expect(names(await client.pair(old.id, fresh.id, { verdict: 'misread' }))).toEqual(['saucer'])
    expect(names(await client.pair(old.id, fresh.id, { name: 'POT' }))).toEqual(['teapot'])
    expect(names(await client.pair(old.id, fresh.id, { name: 's*r' }))).toEqual(['saucer'])
    expect(names(await client.pair(old.id, fresh.id, { verdict: 'misread', name: 't*' }))).toEqual([])
    const two = await service.fetch(`/v1/pairs/${old.id}/${fresh.id}?verdict=misread&verdict=rejected`)
    expect(names((await two.json()) as Pair)).toEqual(['saucer', 'teapot'])
  })

  it('comes in pages', async () => {
    const first = await service.client.pair(old.id, fresh.id, { limit: 1 })
    expect(names(first)).toEqual(['saucer'])
    const second = await service.client.pair(old.id, fresh.id, { limit: 1, cursor: first.next ?? '' })
    expect([names(second), second.next]).toEqual([['teapot'], null])
    await expect(service.client.pair(old.id, fresh.id, { cursor: 'bm9uZQ' })).rejects.toMatchObject({
      code: 'cursor-invalid',
    })
  })

  it('is unknown where one of its builds is not there', async () => {
    await expect(service.client.pair(old.id, '00000000-0000-0000-0000-000000000000')).rejects.toMatchObject({
      code: 'pair-unknown',
      status: 404,
    })
  })
})

describe('the explanation of a module', () => {
  it('says what happens, why, and what would change it', async () => {
    const told = await service.client.pairModule(old.id, fresh.id, 'teapot')
    expect(told).toMatchObject({
      result: { verdict: 'rejected', errno: 22, reason: { code: expect.any(String) } },
      module: { name: 'teapot' },
      kernel: { base: old.kernel?.base },
      origin: { build: { id: fresh.id }, base: fresh.kernel?.base },
    })
    expect(told.happened.join(' ')).toMatch(
      /refuses to load teapot with errno 22.*5\.15\.12-1\.3 was built on its own base/,
    )
    expect(told.remedy[0]).toMatch(/against the vmlinux of 5\.15\.12-1\.1/)
  })

  it('says that a module is read wrongly without a word', async () => {
    const told = await service.client.pairModule(old.id, fresh.id, 'saucer')
    expect(told.result).toMatchObject({ verdict: 'misread', basis: 'misbound', errno: 0, log: [] })
    expect(told.happened.join(' ')).toMatch(/without a word/)
  })

  it('has nothing to mend where all is well', async () => {
    const told = await service.client.pairModule(fresh.id, fresh.id, 'saucer')
    expect(told.remedy).toEqual([])
    expect(told.builds).toHaveLength(1)
  })

  it('is there for modules of the build only, whatever their name', async () => {
    for (const name of ['kettle', '<script>alert(1)</script>', '../..', "'; DROP TABLE"]) {
      await expect(service.client.pairModule(old.id, fresh.id, name)).rejects.toMatchObject({
        code: 'module-unknown',
      })
    }
  })
})

describe('what was found of a module', () => {
  it('is listed in the rows of a pair, and in full of one module, as far as it is asked for', async () => {
    const { client } = service
    const pair = await client.pair(old.id, fresh.id)
    const [saucer] = pair.rows
    expect([pair.findings, saucer?.basis]).toEqual(['listed', 'misbound'])
    const total = saucer?.misboundTotal ?? 0
    expect(saucer?.misbound).toHaveLength(Math.min(total, 20))
    const few = await client.pair(old.id, fresh.id, { maxFindings: 2 })
    expect(few.rows[0]).toMatchObject({ misboundTotal: total, misbound: saucer?.misbound?.slice(0, 2) })
    const told = await client.pairModule(old.id, fresh.id, 'saucer', { maxFindings: 1000 })
    expect(told.findings).toBe('listed')
    expect(told.result.misbound).toHaveLength(total)
    expect(told.happened.join(' ')).toContain(`${total} of its references bind to something else`)
    await expect(client.pair(old.id, fresh.id, { maxFindings: 1001 })).rejects.toMatchObject({
      code: 'request-invalid',
    })
  })

  it('is left out, and said to be, where it cannot be found in time', async () => {
    const slow: Pick<CheckPool, 'explain'> = {
      explain: () => new Promise(() => undefined),
    }
    const server = await startServer(
      {
        ledger: service.ledger,
        blobs: service.blobs,
        pool: slow,
        config: { ...defaultApiConfig, limits: { ...defaultApiConfig.limits, findings: 1, findingsMs: 100 } },
        log: createLogger({ level: 'silent' }),
        metrics: createMetrics(),
      },
      { host: '127.0.0.1', port: 0 },
    )
    try {
      const client = createClient({ baseUrl: server.url, token: service.token })
      const answers = await Promise.all([client.pair(old.id, fresh.id), client.pair(old.id, fresh.id)])
      for (const { findings, rows } of answers) {
        expect(findings).toBe('omitted')
        expect(rows[0]?.misboundTotal).toBeGreaterThan(0)
        expect(rows[0]).not.toHaveProperty('misbound')
      }
      // Where nothing was found there is nothing to leave out.
      expect((await client.pair(old.id, old.id)).findings).toBe('listed')
    } finally {
      await server.close()
    }
  })
})

describe('drifts', () => {
  it('tell what differs between neighbours, and what that does to the modules of either', async () => {
    const { client } = service
    const page = await vi.waitFor(
      async () => {
        const list = await client.listDrifts({ stream })
        expect(list.items).toMatchObject([{ state: 'done' }])
        return list
      },
      { timeout: 30_000, interval: 20 },
    )
    const broken = { state: 'done', counts: { misread: 1, rejected: 1 } }
    expect(page.next).toBeNull()
    expect(page.items).toMatchObject([
      {
        from: { id: old.id },
        to: { id: fresh.id },
        neighbours: true,
        headline: expect.any(String),
        oldOnNew: broken,
        newOnOld: broken,
      },
    ])
    const [summary] = page.items as [(typeof page.items)[0]]
    const { report, ...rest } = await client.drift(summary.id)
    expect(rest).toEqual(summary)
    expect(report).toMatchObject({
      class: summary.class,
      a: { file: '5.15.12-1.1', base: { sha256: old.kernel?.base.sha256 } },
      b: { file: '5.15.12-1.3', base: { sha256: fresh.kernel?.base.sha256 } },
      added: { total: summary.counts?.added },
      blast: {
        ofAOnB: { summary: { total: 2, misread: 1, rejected: 1 }, broken: { total: 2 }, undecided: 0 },
        ofBOnA: { broken: { total: 2, listed: [{ name: 'saucer' }, { name: 'teapot' }] } },
      },
      remedy: expect.stringContaining('Publish kernel and modules of one build together'),
    })
    const kernel = (await client.getBuild(fresh.id)).kernel
    const { layout, meaning } = report?.b.base.fingerprints ?? {}
    expect(kernel?.fingerprints).toEqual({ layout, meaning })
  })

  it('are unknown where there are none', async () => {
    const { client } = service
    await expect(client.listDrifts({ stream: 'no/such/stream' })).rejects.toMatchObject({
      code: 'stream-unknown',
    })
    await expect(client.drift('00000000-0000-0000-0000-000000000000')).rejects.toMatchObject({
      code: 'drift-unknown',
      status: 404,
    })
  })
})

describe('answers', () => {
  it('are what the document says, whole', async () => {
    const { client } = service
    const document = (await (await service.fetch('/v1/openapi.json')).json()) as {
      paths: Record<
        string,
        { get: { responses: Record<string, { content: Record<string, { schema: object }> }> } }
      >
      components: object
    }
    const ajv = new Ajv({ allowUnionTypes: true, strict: false, formats: { 'date-time': true } })
    ajv.addSchema({ $id: 'document', components: document.components })
    const [drift] = (await client.listDrifts({ stream })).items
    const pair = `/v1/pairs/${old.id}/${fresh.id}`
    const cases = [
      ['/v1/builds/{id}', `/v1/builds/${fresh.id}`],
      ['/v1/builds', '/v1/builds'],
      ['/v1/matrix', `/v1/matrix?stream=${encodeURIComponent(stream)}`],
      ['/v1/pairs/{kernelBuild}/{moduleBuild}', pair],
      ['/v1/pairs/{kernelBuild}/{moduleBuild}/modules/{name}', `${pair}/modules/saucer`],
      ['/v1/drifts', `/v1/drifts?stream=${encodeURIComponent(stream)}`],
      ['/v1/drifts/{id}', `/v1/drifts/${drift?.id}`],
    ] as const
    for (const [path, address] of cases) {
      const schema = document.paths[path]?.get.responses['200']?.content['application/json']?.schema
      const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components'))
      const answer = await (await service.fetch(address)).json()
      expect(ajv.validate(local, answer), `${path}: ${ajv.errorsText()}`).toBe(true)
    }
  })
})

describe('answers that a client has already', () => {
  const addresses = async () => {
    const [drift] = (await service.client.listDrifts({ stream })).items
    const pair = `/v1/pairs/${old.id}/${fresh.id}`
    return [
      `/v1/builds/${fresh.id}`,
      pair,
      `${pair}/modules/saucer`,
      `/v1/drifts/${drift?.id}`,
      '/v1/openapi.json',
    ]
  }

  it('are not sent again, and say so', async () => {
    for (const address of await addresses()) {
      const first = await service.fetch(address)
      const etag = first.headers.get('etag') ?? ''
      expect([address, etag]).toEqual([address, expect.stringMatching(/^W\/"[\w-]{27}"$/)])
      await first.text()
      for (const tags of [etag, `"x", ${etag}`, etag.slice(2), '*']) {
        const again = await service.fetch(address, { headers: { 'if-none-match': tags } })
        expect([address, again.status, await again.text()]).toEqual([address, 304, ''])
        expect(again.headers.get('etag')).toBe(etag)
      }
      const other = await service.fetch(address, { headers: { 'if-none-match': '"x"' } })
      expect([other.status, other.headers.get('etag')]).toEqual([200, etag])
    }
  })

  it('are others where other things are asked for, and when a build changes', async () => {
    const tagOf = async (address: string) => (await service.fetch(address)).headers.get('etag')
    const pair = `/v1/pairs/${old.id}/${fresh.id}`
    const queries = ['', '?limit=1', '?verdict=misread', '?name=saucer', '?maxFindings=1']
    const tags = await Promise.all(queries.map((query) => tagOf(pair + query)))
    expect(new Set(tags).size).toBe(queries.length)
    const { build } = await service.client.declareBuild({ ...newName(), stream: `${stream}/tags` })
    const before = await tagOf(`/v1/builds/${build.id}`)
    await service.client.putArtifact(build, 'a.rpm', uploadOf(Buffer.from('a')))
    expect(await tagOf(`/v1/builds/${build.id}`)).not.toBe(before)
  })
})

describe('lists', () => {
  it('miss nothing and repeat nothing while builds arrive', async () => {
    const names = Array.from({ length: 5 }, (_, at) => ({ ...newName(`${at}`), stream: `${stream}/list` }))
    for (const name of names) await service.client.declareBuild(name)
    const query = { stream: `${stream}/list`, limit: 2 }
    const first = await service.client.listBuilds(query)
    await service.client.declareBuild({ ...newName('late'), stream: `${stream}/list` })
    const releases = first.items.map(({ release }) => release)
    for (let cursor = first.next; cursor !== null; ) {
      const page = await service.client.listBuilds({ ...query, cursor })
      releases.push(...page.items.map(({ release }) => release))
      cursor = page.next
    }
    expect(releases).toEqual(['4', '3', '2', '1', '0'])
  })

  it('have the streams by name', async () => {
    const { items } = await service.client.listStreams({ limit: 500 })
    expect(items.map(({ name }) => name)).toContain(stream)
  })
})
