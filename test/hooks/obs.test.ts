import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestService, type TestService } from '../e2e/support/service.js'

const run = promisify(execFile)
const hooks = path.resolve(import.meta.dirname, '../../scripts/hooks')
const python = process.env.BASEDRIFT_PYTHON ?? 'python3'
const has = (command: string) =>
  run(command, ['--version']).then(
    () => true,
    () => false,
  )
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
    await writeFile(path.join(folder, 'token'), await service.newToken(['ingest', 'read'], ['kettle:*']), {
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
    await publish('x86_64/kernel-default-extra-5.15.12-1.4.x86_64.rpm')
    await send()
    const late = (await builds()).find(({ release }) => release === '1.4.kernel_default_extra')
    expect(late).toMatchObject({
      builtFor: '5.15.12-1.4',
      artifacts: [{ filename: 'kernel-default-extra-5.15.12-1.4.x86_64.rpm' }],
    })
    expect(late?.sealedAt).not.toBeNull()
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
