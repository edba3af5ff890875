import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { checkKernelAndModules } from '@basedrift/check'
import { type Build, createClient } from '@basedrift/contract'
import type { Worker } from '@basedrift/worker/main'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTar } from '../../packages/artifacts/test/support/archives.js'
import { newName, type TestService, uploadOf } from './support/service.js'
import { startWorkedService, type WorkedService } from './support/worked.js'

const version = '5.15.12'
const [own, other] = [`${version}-1-default`, `${version}-2-default`]

let worked: WorkedService
let service: TestService
let worker: Worker
let folder: string

beforeAll(async () => {
  worked = await startWorkedService()
  ;({ service, worker, folder } = worked)
})
afterAll(() => worked?.[Symbol.asyncDispose]())

const vector = (name: string) => readFile(path.resolve('packages/btf/testdata', name))

/** A file that names the release of another kernel, which is as long. */
async function renamed(name: string, release: string): Promise<Buffer> {
  return Buffer.from((await vector(name)).toString('latin1').replaceAll(own, release), 'latin1')
}

type Members = Record<string, Buffer | string>

const kernelOf = async (build: string, release = own): Promise<Members> => ({
  [`boot/config-${release}`]: `# Linux/x86 ${version} Kernel Configuration\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_DEBUG_INFO_BTF_MODULES=y\n`,
  [`boot/vmlinux-${release}`]: await renamed(`vmlinux-${build}`, release),
})

/** The modules of a build as they are installed below the folder of a release; `named` is what they name themselves. */
const modulesOf = async (
  build: string,
  names: readonly string[],
  release = own,
  named = release,
): Promise<Members> =>
  Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [
        `lib/modules/${release}/updates/${name}.ko`,
        await renamed(`${name}-${build}.ko`, named),
      ]),
    ),
  )

const packed = (members: Members) =>
  writeTar(Object.entries(members).map(([at, data]) => ({ path: at, data: Buffer.from(data) })))

interface Pushed {
  stream: string
  release: string
  builtFor?: string
}

async function push(
  { stream, release, builtFor }: Pushed,
  files: Record<string, Uint8Array>,
): Promise<Build> {
  const name = { stream, version, release }
  await service.client.declareBuild(name, builtFor === undefined ? {} : { builtFor })
  for (const [file, bytes] of Object.entries(files))
    await service.client.putArtifact(name, file, uploadOf(bytes))
  const { id } = await service.client.sealBuild(name)
  worker.dispatcher.ring()
  return service.client.waitForBuild(id, { everyMs: 20, signal: AbortSignal.timeout(40_000) })
}

/** What `basedrift check` says of the modules in the second file on the kernel in the first, by name. */
async function offline(kernel: Uint8Array, modules: Uint8Array) {
  const at = await mkdtemp(path.join(folder, 'check-'))
  await mkdir(at, { recursive: true })
  const [a, b] = [path.join(at, 'kernel.tar'), path.join(at, 'modules.tar')]
  await Promise.all([writeFile(a, kernel), writeFile(b, modules)])
  const same = Buffer.compare(kernel, modules) === 0
  const { modules: rows } = await checkKernelAndModules({ kernel: a, modules: [same ? a : b] })
  return Object.fromEntries(rows.map(({ name, verdict, basis }) => [name, [verdict, basis]]))
}

async function online(kernel: Build, modules: Build) {
  const { rows } = await service.client.pair(kernel.id, modules.id)
  return Object.fromEntries(rows.map(({ name, verdict, basis }) => [name, [verdict, basis]]))
}

describe('an origin that nothing names', () => {
  const { stream } = newName()
  let kernel: Build
  let stray: Build

  it('is told, and decides nothing: the verdict is that of a check of two files', async () => {
    const [running, modules] = [packed(await kernelOf('1.1')), packed(await modulesOf('1.1', ['teapot']))]
    kernel = await push({ stream, release: '1.1' }, { 'kernel.tar': running })
    stray = await push({ stream, release: '1.1.kmp' }, { 'kmp.tar': modules })
    expect(stray).toMatchObject({ origin: { base: kernel.kernel?.base, source: 'found' }, problems: [] })
    const verdicts = await online(kernel, stray)
    expect(verdicts).toEqual({ teapot: ['unknown', 'no-origin'] })
    expect(verdicts).toEqual(await offline(running, modules))
  })

  it('lets no gate and no attestation pass, which say what it fits and what would prove it', async () => {
    const { client } = service
    await client.enterLive('found', kernel.id)
    const decision = await client.gate({ build: stray.id, environment: 'found' })
    expect(decision).toMatchObject({
      answer: 'unknown',
      reasons: [
        {
          code: 'verdict-unknown',
          verdict: 'unknown',
          count: 1,
          detail: expect.stringMatching(
            /fit the base of 5\.15\.12-1\.1 and no other .*nothing says that they were built on it/,
          ),
          remedy: expect.stringMatching(/`builtFor`.*stamp/),
        },
      ],
    })
    const told = await client.pairModule(kernel.id, stray.id, 'teapot')
    expect(told.result).toMatchObject({ verdict: 'unknown', basis: 'no-origin' })
    expect(told.origin).toMatchObject({
      build: { id: kernel.id },
      base: kernel.kernel?.base,
      source: 'found',
    })
    expect(told.happened.join(' ')).toMatch(/fit the base of 5\.15\.12-1\.1 .*nothing says/)
    expect(told.happened.join(' ')).not.toMatch(/built on this very base/)
    expect(told.remedy.join(' ')).toMatch(/`builtFor`: "5\.15\.12-1\.1".*stamp/)
    const envelope = (await (await service.fetch(`/v1/builds/${stray.id}/attestation`)).json()) as {
      payload: string
    }
    const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString())
    expect(statement.predicate.result).toBe('WARNED')
  })

  it('becomes a verdict where the build says for which kernel it was built', async () => {
    const modules = packed(await modulesOf('1.1', ['teapot']))
    const stated = await push(
      { stream, release: '1.1.kmp2', builtFor: '5.15.12-1.1' },
      { 'kmp.tar': modules },
    )
    expect(stated.origin?.source).toBe('stated')
    expect(await online(kernel, stated)).toEqual({ teapot: ['compatible', 'same-base'] })
  })

  it('is of the stream itself: bases of other streams are not looked at, and change nothing', async () => {
    const mine = newName().stream
    const running = await push(
      { stream: mine, release: '1.1' },
      { 'kernel.tar': packed(await kernelOf('1.1')) },
    )
    const modules = { 'kmp.tar': packed(await modulesOf('1.3', ['teapot', 'saucer'])) }
    const kmp = await push({ stream: mine, release: '1.1.kmp' }, modules)
    expect(kmp.origin).toBeNull()
    const before = await service.client.pair(running.id, kmp.id)
    const limited = createClient({
      baseUrl: service.url,
      token: await service.newToken(['ingest', 'read'], ['zz:*']),
    })
    const evil = { stream: `zz:${newName().stream}`, version, release: '1' }
    await limited.declareBuild(evil)
    await limited.putArtifact(evil, 'vmlinux.btf', uploadOf(await vector('base-1.3.btf')))
    const { id } = await limited.sealBuild(evil)
    worker.dispatcher.ring()
    await limited.waitForBuild(id, { everyMs: 20, signal: AbortSignal.timeout(40_000) })
    expect(await service.ledger.tasks.get(`origin:${kmp.id}`)).toBeNull()
    expect((await service.client.getBuild(kmp.id)).origin).toBeNull()
    expect(await service.client.pair(running.id, kmp.id)).toEqual(before)
  })
})

describe('a module that names another kernel than the one it came with', () => {
  const { stream } = newName()
  let build: Build
  let members: Members

  it('was not built on that one: the verdict is that of a check of the package', async () => {
    members = {
      ...(await kernelOf('1.1')),
      ...(await modulesOf('1.1', ['saucer'])),
      ...(await modulesOf('1.1', ['teapot'], other)),
    }
    const file = packed(members)
    build = await push({ stream, release: '1.1' }, { 'kernel.tar': file })
    expect(build.origin?.source).toBe('own')
    const verdicts = await online(build, build)
    expect(verdicts).toEqual({ saucer: ['compatible', 'same-base'], teapot: ['unknown', 'no-origin'] })
    expect(verdicts).toEqual(await offline(file, file))
  })

  it('lets no gate pass, and its explanation says why', async () => {
    await service.client.enterLive('mixed', build.id)
    // With modversions the release in vermagic is not compared: nothing but BTF is left.
    const { answer, reasons } = await service.client.gate({ build: build.id, environment: 'mixed' })
    expect(answer).toBe('unknown')
    expect(reasons).toContainEqual(
      expect.objectContaining({
        code: 'verdict-unknown',
        count: 1,
        modules: [expect.objectContaining({ name: 'teapot' })],
      }),
    )
    const told = await service.client.pairModule(build.id, build.id, 'teapot')
    expect(told.origin).toMatchObject({ build: null, base: null, source: null })
    expect(told.happened.join(' ')).toContain(
      `It names the kernel release ${other}, and the kernel that it came with is ${own}`,
    )
  })

  it('whatever folder it lies in, and where builtFor names the kernel', async () => {
    const kmp = {
      ...(await modulesOf('1.1', ['saucer'])),
      ...(await modulesOf('1.1', ['teapot'], own, other)),
    }
    const stated = await push(
      { stream, release: '1.1.kmp', builtFor: `${version}-1.1` },
      { 'kmp.tar': packed(kmp) },
    )
    expect(stated.origin?.source).toBe('stated')
    expect(await online(build, stated)).toEqual({
      saucer: ['compatible', 'same-base'],
      teapot: ['unknown', 'no-origin'],
    })
  })

  it('is found again as it was decided, with what is misread of it', async () => {
    const later = await push({ stream, release: '1.3' }, { 'kernel.tar': packed(await kernelOf('1.3')) })
    const { rows } = await service.client.pair(later.id, build.id)
    const by = Object.fromEntries(rows.map((row) => [row.name, row]))
    expect(by.saucer).toMatchObject({ verdict: 'misread', basis: 'misbound' })
    expect(by.saucer?.misbound?.length).toBeGreaterThan(0)
    expect(by.teapot).toMatchObject({ verdict: 'rejected' })
  })
})

describe('modules that are installed in the folder of another kernel than the one they came with', () => {
  it('meet the live kernel that finds them there, and the gate says that the build contradicts itself', async () => {
    const { client } = service
    const { stream } = newName()
    const [live, wrong] = [
      packed({ ...(await kernelOf('1.1')), ...(await modulesOf('1.1', ['saucer'])) }),
      packed({
        ...(await kernelOf('1.3', other)),
        ...(await modulesOf('1.3', ['saucer', 'teapot'], own, other)),
      }),
    ]
    const running = await push({ stream, release: '1.1' }, { 'kernel.tar': live })
    const build = await push({ stream, release: '1.3' }, { 'kernel.tar': wrong })
    expect(await online(running, build)).toEqual(await offline(live, wrong))
    await client.enterLive('folders', running.id)
    const { answer, considered, reasons } = await client.gate({ build: build.id, environment: 'folders' })
    expect([answer, considered]).toMatchObject(['fail', [{ compared: true, because: 'same-release' }]])
    const found = reasons.map(({ code, direction, verdict, count }) => [code, direction, verdict, count])
    expect(found).toContainEqual(['verdict', 'modules-on-live', 'rejected', 1])
    expect(found).toContainEqual(['verdict', 'modules-on-live', 'misread', 1])
    expect(reasons.find(({ code }) => code === 'version-contradicts')?.detail).toBe(
      `The kernel is ${other}, and there are modules of ${own}.`,
    )

    // Nothing that finds them is live: it is no pass all the same.
    await client.enterLive('elsewhere', build.id)
    expect(await client.gate({ build: build.id, environment: 'elsewhere' })).toMatchObject({
      answer: 'unknown',
      reasons: [{ code: 'version-contradicts' }],
    })
  })
})
