import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newName, startTestService, type TestService } from '../e2e/support/service.js'
import { hasCiCommands } from './support/commands.js'

const run = promisify(execFile)
const script = path.resolve(import.meta.dirname, '../../scripts/hooks/ci/basedrift-ci')
const there = await hasCiCommands()

describe.skipIf(!there)('the script for any CI, with the service', () => {
  const name = newName()
  let service: TestService
  let folder: string
  let token: string
  beforeAll(async () => {
    service = await startTestService()
    token = await service.newToken(['ingest'], [name.stream])
    folder = await mkdtemp(path.join(tmpdir(), 'basedrift-ci-'))
    for (const name of ['kernel-default-5.15.12-1.1.x86_64.rpm', 'kernel-extra+1~2-5.15.12-1.1.x86_64.rpm'])
      await writeFile(path.join(folder, name), `content of ${name}`)
  })
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const send = (env: Record<string, string>, files: string[]) => {
    const given = {
      PATH: process.env.PATH,
      BASEDRIFT_URL: service.url,
      BASEDRIFT_TOKEN: token,
      BASEDRIFT_STREAM: name.stream,
      BASEDRIFT_BUILD: `${name.version}-${name.release}`,
      ...env,
    }
    const sendOnly = 'BASEDRIFT_ENVIRONMENT' in env ? [] : ['--send-only']
    return run(script, [...sendOnly, ...files], { cwd: folder, env: given }).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    )
  }
  const both = ['./kernel-default-5.15.12-1.1.x86_64.rpm', 'kernel-extra+1~2-5.15.12-1.1.x86_64.rpm']

  it('sends the packages of a build and seals it, as often as it is asked', async () => {
    // The second run comes from another address, and that of the first stays.
    for (const run of [7, 8]) {
      const { code, stdout } = await send(
        { BASEDRIFT_PROVENANCE: `{"url": "https://ci.example.org/${run}"}` },
        both,
      )
      expect(code).toBe(0)
      const id = /builds\/([0-9a-f-]{36})/.exec(stdout)?.[1] ?? ''
      const build = await service.client.getBuild(id)
      expect(build).toMatchObject({ ...name, provenance: { url: 'https://ci.example.org/7' }, refusals: [] })
      expect(build.artifacts).toHaveLength(2)
      expect(build.sealedAt).not.toBeNull()
    }
  })

  it('asks no gate only where it is told to in so many words: a variable that a job is not given opens none', async () => {
    const release = { BASEDRIFT_BUILD: '5.15.12-1.8' }
    expect(await send({ ...release, BASEDRIFT_ENVIRONMENT: '' }, both)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^basedrift-ci: set BASEDRIFT_ENVIRONMENT .*--send-only/),
    })
    const { items } = await service.client.listBuilds({ stream: name.stream })
    expect(items.map(({ release }) => release)).not.toContain('1.8')
    expect(await send(release, both)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /\nno gate was asked \(--send-only\): nothing says that it may be published\n$/,
      ),
    })
  })

  it('says which kernel modules were built for, and does not let it change', async () => {
    const kmp = { BASEDRIFT_BUILD: '1.0_k5.15.12_1-7.2' }
    const files = [both[0] ?? '']
    const { code, stdout } = await send({ ...kmp, BASEDRIFT_BUILT_FOR: '5.15.12-1.1' }, files)
    expect(code).toBe(0)
    const id = /builds\/([0-9a-f-]{36})/.exec(stdout)?.[1] ?? ''
    expect(await service.client.getBuild(id)).toMatchObject({ builtFor: '5.15.12-1.1' })
    expect(await send(kmp, files)).toMatchObject({ code: 0 })
    expect(await send({ ...kmp, BASEDRIFT_BUILT_FOR: '5.15.12-1.2' }, files)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('was declared as built for 5.15.12-1.1, not 5.15.12-1.2'),
    })
    const one = { BASEDRIFT_BUILD: '2.0-1', BASEDRIFT_BUILT_FOR: 'a kernel' }
    expect(await send(one, files)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^basedrift-ci: the declaration: 400 request-invalid: .*\n {2}.*builtFor: /,
      ),
    })
  })

  it('takes an answer that is no pass for none: the evidence is missing', async () => {
    const env = { BASEDRIFT_ENVIRONMENT: 'production', BASEDRIFT_WAIT: '1s' }
    const provenance = { BASEDRIFT_PROVENANCE: '{"url": "https://ci.example.org/7"}' }
    expect(await send({ ...env, ...provenance }, both)).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('gate for production: unknown'),
    })
  })

  it('ends with 2 where the service refuses, is away, or the usage is wrong', async () => {
    const other = await mkdtemp(path.join(folder, 'other-'))
    const changed = path.join(other, 'kernel-default-5.15.12-1.1.x86_64.rpm')
    await writeFile(changed, 'other content')
    expect(await send({}, [changed])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`basedrift-ci: ${changed}: 409 build-differs: `),
    })
    expect(await send({ BASEDRIFT_URL: 'http://127.0.0.1:1', BASEDRIFT_RETRIES: '0' }, both)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^basedrift-ci: the build: no answer from http:\/\/127.0.0.1:1: .*connect/,
      ),
    })
    expect(await send({ BASEDRIFT_TOKEN: 'bdt_wrong' }, both)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the build: 401 token-invalid: '),
    })
    expect(await send({ BASEDRIFT_BUILD: 'nonsense' }, both)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^basedrift-ci: the build: 400 request-invalid: .*\n {2}\S+: /),
    })
    expect(await send({}, ['nothing'])).toMatchObject({ code: 2 })
    expect(await send({ BASEDRIFT_PROVENANCE: '{' }, both)).toMatchObject({ code: 2 })
    expect(await send({ BASEDRIFT_STREAM: '' }, both)).toMatchObject({ code: 2 })
    expect(await send({}, [])).toMatchObject({ code: 2 })
  })

  it('believes no answer without content', async () => {
    const server = createServer((request, reply) => {
      const known = { id: randomUUID() }
      request.resume().on('end', () => reply.end(request.method === 'GET' ? JSON.stringify(known) : ''))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      const ended = await send({ BASEDRIFT_URL: `http://127.0.0.1:${port}` }, both)
      expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('not one of the service') })
    } finally {
      server.close()
    }
  })

  it('does not wait where the service says to come back tomorrow, and says so', async () => {
    const server = createServer((request, reply) => {
      const isUpload = request.method === 'PUT'
      const problem = { code: 'quota-exceeded', detail: 'The stream has used 10 of 10 bytes.' }
      reply.writeHead(isUpload ? 429 : 200, isUpload ? { 'retry-after': '80000' } : {})
      request.resume().on('end', () => reply.end(JSON.stringify(isUpload ? problem : { id: randomUUID() })))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      expect(await send({ BASEDRIFT_URL: `http://127.0.0.1:${port}` }, both)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('429 quota-exceeded: The stream has used 10 of 10 bytes.'),
      })
    } finally {
      server.close()
    }
  })

  it('believes no answer about another build or environment, nor a pass that has reasons', async () => {
    const id = randomUUID()
    const pass = { answer: 'pass', build: { id }, environment: 'production', reasons: [] }
    const answers: [object, number][] = [
      [pass, 0],
      [{ answer: 'pass' }, 2],
      [{ ...pass, build: { id: randomUUID() } }, 2],
      [{ ...pass, environment: 'staging' }, 2],
      [{ ...pass, reasons: [{ code: 'verdict', outcome: 'fail', count: 0 }] }, 2],
      [{ ...pass, answer: 'fail' }, 2],
    ]
    let told: object = {}
    const server = createServer((request, reply) => {
      const known = request.url?.startsWith('/v1/gate') ? told : { id }
      request.resume().on('end', () => reply.end(JSON.stringify(known)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const env = { BASEDRIFT_URL: `http://127.0.0.1:${port}`, BASEDRIFT_ENVIRONMENT: 'production' }
    try {
      for (const [answer, code] of answers) {
        told = answer
        expect([answer, (await send(env, both)).code]).toEqual([answer, code])
      }
    } finally {
      server.close()
    }
  })

  it('is two lines of the docs that can be copied as they are', async () => {
    const page = await readFile(path.resolve(import.meta.dirname, '../../docs/hooks.md'), 'utf8')
    const [push = '', gate = '', ...others] = page
      .split('\n')
      .filter((line) => /^ {4}(b=\S+ f=\S+; )?curl /.test(line))
    expect(others).toEqual([])
    const stream = 'example/x86_64/default'
    const env = {
      PATH: process.env.PATH,
      BASEDRIFT_URL: service.url,
      BASEDRIFT_TOKEN: await service.newToken(['ingest'], [stream]),
    }
    const at = await mkdtemp(path.join(folder, 'copied-'))
    const file = 'kernel-default-5.15.12-1.3.x86_64.rpm'
    await writeFile(path.join(at, file), `content of ${file}`)
    const shell = (lines: string, more = {}) =>
      run('sh', ['-c', lines], { cwd: at, env: { ...env, ...more } }).then(
        ({ stdout }) => ({ code: 0, stdout }),
        ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
      )
    expect(await shell(push)).toMatchObject({ code: 0 })
    const { items } = await service.client.listBuilds({ stream })
    const [build] = await Promise.all(items.map(({ id }) => service.client.getBuild(id)))
    expect(build).toMatchObject({ version: '5.15.12', release: '1.3', artifacts: [{ filename: file }] })
    expect(build?.sealedAt).not.toBeNull()

    const asked = gate.replace('wait=10m', 'wait=1s')
    expect(asked).not.toBe(gate)
    expect(await shell(`${push} >/dev/null; ${asked}`)).toMatchObject({ code: 1, stdout: 'false\n' })
    const away = { BASEDRIFT_URL: 'http://127.0.0.1:1' }
    expect((await shell(push, away)).code).not.toBe(0)
    expect((await shell(`b=$BASEDRIFT_URL/v1; ${asked}`, away)).code).not.toBe(0)
    expect((await shell(push, { BASEDRIFT_TOKEN: 'bdt_wrong' })).code).not.toBe(0)
    await writeFile(path.join(at, file), 'other content')
    expect((await shell(push)).code).not.toBe(0)

    const decision = createServer((request, reply) => {
      request.resume().on('end', () => reply.end('{"id": "1", "answer": "pass"}'))
    })
    await new Promise<void>((resolve) => decision.listen(0, '127.0.0.1', resolve))
    const address = decision.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      const ended = await shell(`b=$BASEDRIFT_URL/v1; ${asked}`, {
        BASEDRIFT_URL: `http://127.0.0.1:${port}`,
      })
      expect(ended).toEqual({ code: 0, stdout: 'true\n' })
    } finally {
      decision.close()
    }
  })

  it('sends its token, and believes no page of a proxy', async () => {
    const tokens: (string | undefined)[] = []
    const server = createServer((request, reply) => {
      tokens.push(request.headers.authorization)
      request.resume().on('end', () => reply.end('<html>"answer":"pass"</html>'))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      const env = {
        BASEDRIFT_URL: `http://127.0.0.1:${port}`,
        BASEDRIFT_TOKEN: 't0ken',
        BASEDRIFT_ENVIRONMENT: 'production',
      }
      expect(await send(env, both)).toMatchObject({ code: 2 })
      expect(new Set(tokens)).toEqual(new Set(['Bearer t0ken']))
    } finally {
      server.close()
    }
  })
})
