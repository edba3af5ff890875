import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Live } from '@basedrift/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestService, type TestService } from '../e2e/support/service.js'
import { has } from './support/commands.js'

const run = promisify(execFile)
const hooks = path.resolve(import.meta.dirname, '../../scripts/hooks')
const python = process.env.BASEDRIFT_PYTHON ?? 'python3'
const missing = !(await has(python)) || !(await has('perl'))

describe.skipIf(missing)('the publish hook of OBS, and its sender, with the service', () => {
  let service: TestService
  let folder: string
  let repository: string
  let config: string
  const project = 'kettle:Factory'
  const prp = `${project}/standard`

  beforeAll(async () => {
    service = await startTestService()
    folder = await mkdtemp(path.join(tmpdir(), 'basedrift-obs-'))
    repository = path.join(folder, 'repos/kettle:/Factory/standard')
    config = path.join(folder, 'obs.conf')
    await mkdir(path.join(repository, 'x86_64'), { recursive: true })
    await writeFile(path.join(folder, 'token'), await service.newToken(['ingest'], ['kettle:*']), {
      mode: 0o600,
    })
    await writeFile(
      config,
      `[service]\nurl = ${service.url}\ntoken_file = ${folder}/token\n[spool]\ndir = ${folder}/spool\n` +
        '[stream default]\nprojects = kettle:*\nfiles = kernel-default-[0-9]* kernel-default-extra-[0-9]*\n' +
        'name = {project}/{arch}/default\nenvironment = production\n' +
        '[stream modules]\nprojects = kettle:*\nfiles = *-kmp-*\nrole = modules\nname = {project}/{arch}/default\n',
    )
  })
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const publish = async (...files: string[]) => {
    for (const file of files) await writeFile(path.join(repository, file), `content of ${file}`)
    const env = { PATH: process.env.PATH, BASEDRIFT_OBS_CONF: config }
    await run(path.join(hooks, 'obs/published'), [prp, repository, ...files], { env })
  }
  const send = () => run(python, ['-B', path.join(hooks, 'obs/basedrift-obs'), '--config', config, 'send'])
  const builds = async () => {
    const { items } = await service.client.listBuilds({ stream: `${project}/x86_64/default` })
    return Promise.all(items.map(({ id }) => service.client.getBuild(id)))
  }

  it('is told by the check that all of it works, or what does not', async () => {
    const command = path.join(hooks, 'obs/basedrift-obs')
    const { stdout } = await run(python, ['-B', command, '--config', config, 'check'])
    expect(stdout).toBe('works  spool\nworks  service\n')
    const other = path.join(folder, 'other.conf')
    await writeFile(path.join(folder, 'wrong'), 'bdt_wrong', { mode: 0o600 })
    await writeFile(other, (await readFile(config, 'utf8')).replace(`${folder}/token`, `${folder}/wrong`))
    const refused = (why: string) => ({
      code: 1,
      stdout: expect.stringMatching(`^works {2}spool\nfails {2}service {2}token-refused: ${why}`),
    })
    const check = () => run(python, ['-B', command, '--config', other, 'check'])
    await expect(check()).rejects.toMatchObject(refused(''))
    await writeFile(path.join(folder, 'wrong'), await service.newToken(['read'], ['kettle:*']))
    await expect(check()).rejects.toMatchObject(refused('The token lacks the scope ingest'))
    // What is live is listed by a token with `read` alone.
    await writeFile(path.join(folder, 'wrong'), await service.newToken(['ingest'], ['kettle:*']))
    expect((await check()).stdout).toBe('works  spool\nworks  service\n')
    await writeFile(
      other,
      (await readFile(other, 'utf8')).replace('environment = production', '$&\ngrace = 1'),
    )
    await expect(check()).rejects.toMatchObject(refused(''))
  })

  it('records each published build with its packages, and seals it', async () => {
    await publish(
      'x86_64/kernel-default-5.15.12-1.3.x86_64.rpm',
      'x86_64/kernel-default-extra-5.15.12-1.3.x86_64.rpm',
      'x86_64/kernel-default-debuginfo-5.15.12-1.3.x86_64.rpm',
      'x86_64/a-kmp-default-1_k5.15-2.x86_64.rpm',
    )
    await send()
    const found = await builds()
    expect(found.map(({ version, release }) => `${version}-${release}`).sort()).toEqual([
      '1_k5.15-2.a_kmp_default',
      '5.15.12-1.3',
    ])
    const kernel = found.find(({ release }) => release === '1.3')
    expect(kernel?.sealedAt).not.toBeNull()
    expect(kernel?.artifacts.map(({ filename }) => filename).sort()).toEqual([
      'kernel-default-5.15.12-1.3.x86_64.rpm',
      'kernel-default-extra-5.15.12-1.3.x86_64.rpm',
    ])
    expect(kernel?.provenance).toEqual({ obs: { project, repository: 'standard', arch: 'x86_64' } })
    expect(await readdir(path.join(folder, 'spool/queue'))).toEqual([])
    const live = await service.fetch('/v1/environments/production/live')
    expect(await live.json()).toMatchObject({ items: [{ build: { id: kernel?.id } }] })
  })

  it('changes nothing when the same is published again, and raises no alarm', async () => {
    const before = await builds()
    await publish('x86_64/kernel-default-5.15.12-1.3.x86_64.rpm')
    await send()
    expect(await builds()).toEqual(before)
  })

  it('sends what comes after the seal as modules made for the kernel', async () => {
    await writeFile(path.join(repository, 'x86_64/kernel-default-5.15.12-1.4.x86_64.rpm'), '')
    await publish('x86_64/kernel-default-5.15.12-1.4.x86_64.rpm')
    await send()
    const kernel = async () => (await builds()).find(({ release }) => release === '1.4')
    // As of a sender that learns of the seal by the refusal.
    const extra = 'kernel-default-extra-5.15.12-1.4.x86_64.rpm'
    const body = `content of x86_64/${extra}`
    const url = `/v1/streams/${encodeURIComponent(`${project}/x86_64/default`)}/builds/5.15.12-1.4/artifacts/${extra}`
    const headers = {
      'content-type': 'application/octet-stream',
      'content-digest': `sha-256=:${createHash('sha256').update(body).digest('base64')}:`,
    }
    expect((await service.fetch(url, { method: 'PUT', headers, body })).status).toBe(409)
    expect((await kernel())?.refusals).toMatchObject([
      { code: 'after-seal', filename: extra, heldBy: null, acknowledgement: null },
    ])
    await publish(`x86_64/${extra}`)
    await send()
    // No package at all: until one is read, nobody has looked at it.
    expect((await kernel())?.refusals).toMatchObject([{ heldBy: null }])
    const late = (await builds()).find(({ release }) => release === '1.4.kernel_default_extra')
    expect(late).toMatchObject({
      builtFor: '5.15.12-1.4',
      artifacts: [{ filename: 'kernel-default-extra-5.15.12-1.4.x86_64.rpm' }],
    })
    expect(late?.sealedAt).not.toBeNull()
  })

  it('lets a build leave what is live once enough others took its place, with a token that may', async () => {
    const names = ['2.1', '2.2', '2.3'].map(
      (release) => `x86_64/kernel-default-5.15.12-${release}.x86_64.rpm`,
    )
    const entered = async (query: string) => {
      const response = await service.fetch(
        `/v1/environments/staging/live?stream=${encodeURIComponent(`${project}/x86_64/default`)}${query}`,
      )
      const { items } = (await response.json()) as { items: Live[] }
      return items.map(({ build, leftBy }) => [build.release, leftBy])
    }
    const settings = await readFile(config, 'utf8')
    await writeFile(config, settings.replace('environment = production', 'environment = staging\nkeep = 1'))
    const said: string[] = []
    for (const [index, name] of names.entries()) {
      const before = names[index - 1]
      if (before !== undefined) await rm(path.join(repository, before))
      await publish(name)
      for (let pass = 0; pass < 2; pass++)
        await send().catch(({ code, stderr }: { code: number; stderr: string }) =>
          said.push(`${code} ${stderr}`),
        )
    }
    // Sending goes on without `read`, and fails aloud for what would leave.
    expect(said.length).toBeGreaterThan(0)
    for (const one of said) expect(one).toMatch(/^1 .*token-refused/s)
    expect(await entered('')).toEqual([
      ['2.3', null],
      ['2.2', null],
      ['2.1', null],
    ])
    const token = await service.newToken(['ingest', 'read', 'waive'], ['kettle:*'])
    await writeFile(path.join(folder, 'token'), token)
    await publish(names[2] ?? '')
    await send()
    const { stderr } = await send()
    expect(stderr).toContain(`${project}/x86_64/default 5.15.12-2.1 left staging`)
    expect(await entered('')).toEqual([
      ['2.3', null],
      ['2.2', null],
    ])
    expect(await entered('&history=true')).toEqual([
      ['2.3', null],
      ['2.2', null],
      ['2.1', expect.any(String)],
    ])
    await writeFile(config, settings)
  })

  it('keeps of a message of the bus where a build comes from, for all to see', async () => {
    const job = {
      package: 'kernel-default',
      versrel: '5.15.12-3',
      bcnt: '7',
      srcmd5: 'a'.repeat(32),
      verifymd5: 'b'.repeat(32),
      reason: 'meta change',
    }
    const file = 'kernel-default-5.15.12-3.7.x86_64.rpm'
    const server = createServer(({ url = '' }, reply) => {
      if (url.includes('_jobhistory'))
        reply.end(
          `<jobhistlist><jobhist ${Object.entries({ ...job, code: 'succeeded' })
            .map(([name, value]) => `${name}="${value}"`)
            .join(' ')}/></jobhistlist>`,
        )
      else if (url.endsWith('/kernel-default'))
        reply.end(`<binarylist><binary filename="${file}" size="6"/></binarylist>`)
      else if (url.endsWith(file)) reply.end('kernel')
      else reply.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const bus = path.join(folder, 'bus.conf')
    await writeFile(bus, `${await readFile(config, 'utf8')}[obs]\napi = http://127.0.0.1:${port}\n`)
    const data = { ...job, project, repository: 'standard', arch: 'x86_64' }
    // As the listener writes it.
    await writeFile(
      path.join(folder, 'spool/queue/message.json'),
      JSON.stringify({ kind: 'build_success', data, added: 0 }),
    )
    try {
      await run(python, ['-B', path.join(hooks, 'obs/basedrift-obs'), '--config', bus, 'send'])
    } finally {
      server.close()
    }
    const build = (await builds()).find(({ release }) => release === '3.7')
    expect(build?.provenance).toEqual({ obs: { ...data, bcnt: 7 } })
    expect(build?.sealedAt).not.toBeNull()
  })

  it('says which kernel a KMP was built for, as its build root tells', async () => {
    const srcmd5 = 'c'.repeat(32)
    const file = 'teapot-kmp-default-1.0_k5.15.12_1-7.2.x86_64.rpm'
    const job = { package: 'teapot', versrel: '1.0-7', bcnt: '2', srcmd5 }
    const place = `project="${project}" repository="standard"`
    const answers: [RegExp, string][] = [
      [
        /_jobhistory/,
        `<jobhistlist><jobhist ${Object.entries({ ...job, code: 'succeeded' })
          .map(([name, value]) => `${name}="${value}"`)
          .join(' ')}/></jobhistlist>`,
      ],
      [/teapot$/, `<binarylist><binary filename="${file}" size="3"/></binarylist>`],
      [
        /_buildenv$/,
        `<buildinfo ${place} package="teapot"><arch>x86_64</arch><srcmd5>${srcmd5}</srcmd5><versrel>1.0-7</versrel>` +
          '<bcnt>2</bcnt><release>7.2</release><bdep name="kernel-default-devel" version="5.15.12" release="1.3" ' +
          `arch="x86_64" ${place}/></buildinfo>`,
      ],
      [/rpm$/, 'kmp'],
    ]
    const server = createServer(({ url = '' }, reply) =>
      reply.end(answers.find(([pattern]) => pattern.test(url))?.[1]),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const bus = path.join(folder, 'kmp.conf')
    await writeFile(bus, `${await readFile(config, 'utf8')}[obs]\napi = http://127.0.0.1:${port}\n`)
    const data = { ...job, project, repository: 'standard', arch: 'x86_64' }
    await writeFile(
      path.join(folder, 'spool/queue/kmp.json'),
      JSON.stringify({ kind: 'build_success', data, added: 0 }),
    )
    try {
      await run(python, ['-B', path.join(hooks, 'obs/basedrift-obs'), '--config', bus, 'send'])
    } finally {
      server.close()
    }
    const kmp = (await builds()).find(({ release }) => release === '7.2.teapot_kmp_default')
    expect(kmp).toMatchObject({ builtFor: '5.15.12-1.3', artifacts: [{ filename: file }] })
    expect(kmp?.sealedAt).not.toBeNull()
  })

  it('puts other content under a recorded name aside, as the alarm that it is', async () => {
    await writeFile(path.join(folder, 'other'), 'other content')
    await run('cp', [
      path.join(folder, 'other'),
      path.join(repository, 'x86_64/kernel-default-5.15.12-1.3.x86_64.rpm'),
    ])
    const env = { PATH: process.env.PATH, BASEDRIFT_OBS_CONF: config }
    await run(
      path.join(hooks, 'obs/published'),
      [prp, repository, 'x86_64/kernel-default-5.15.12-1.3.x86_64.rpm'],
      { env },
    )
    await expect(send()).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('build-differs') })
    expect(await readdir(path.join(folder, 'spool/refused'))).toHaveLength(1)
    const kernel = (await builds()).find(({ release }) => release === '1.3')
    expect(kernel?.refusals).toMatchObject([{ code: 'build-differs' }])
  })
})
