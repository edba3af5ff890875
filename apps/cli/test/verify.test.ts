import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Example, startExample, stream } from './support/example.js'
import { basedrift } from './support/run.js'
import { tempDir } from './support/temp.js'
import { vector } from './support/vectors.js'

const of = ['--stream', stream]
const temp = tempDir()
let service: Example
let id: string
let attestation: string
let key: string

const client = (...args: string[]) => service.client(...args)
const filesOf = (build: string): string[] =>
  [`vmlinux-${build}`, `teapot-${build}.ko`, `saucer-${build}.ko`].map(vector)
const attest = async (build = id): Promise<string> => {
  const headers = { authorization: `Bearer ${service.token}` }
  const response = await fetch(`${service.url}/v1/builds/${build}/attestation`, { headers })
  expect(response.status).toBe(200)
  return response.text()
}

beforeAll(async () => {
  service = await startExample(path.join(temp.path, 'data'))
  for (const build of ['1.1', '1.3']) await service.push(build, '--wait', ...filesOf(build))
  const { stdout } = await client('builds', '--stream', stream, '--format', 'json')
  const [latest, first] = JSON.parse(stdout.toString()).items
  id = latest.id
  const live = await client('live', 'enter', '--environment', 'production', first.id)
  expect(live.code).toBe(0)
  attestation = path.join(temp.path, 'attestation.json')
  writeFileSync(attestation, await attest())
  key = path.join(temp.path, 'key.pem')
  const { keys } = (await (await fetch(`${service.url}/v1/keys`)).json()) as { keys: { publicKey: string }[] }
  writeFileSync(key, keys[0]?.publicKey ?? '')
})
afterAll(async () => {
  await service?.end('SIGTERM')
  temp[Symbol.dispose]()
})

describe('verify', () => {
  it('says what was attested, by whom, and that files are those, and exits by the result', async () => {
    const { code, stdout, stderr } = await client('verify', ...of, attestation, ...filesOf('1.3'))
    expect([code, stderr]).toEqual([1, ''])
    expect((await client('verify', ...of, '--accept', 'warned', attestation)).code).toBe(1)
    expect((await client('verify', ...of, '--accept', 'failed', attestation, ...filesOf('1.3'))).code).toBe(0)
    const lines = stdout.toString().split('\n')
    expect(lines[0]).toMatch(/^Signed by [0-9a-f]{64}$/)
    expect(lines.slice(1, 4)).toEqual([
      `${stream} 5.15.12-1.3: FAILED`,
      '  failed  modules of 5.15.12-1.3 on the kernel of 5.15.12-1.1',
      '  open    modules of 5.15.12-1.3 on the kernel of 5.15.12-1.3',
    ])
    expect(lines.filter((line) => line.endsWith(' is attested'))).toHaveLength(3)
  })

  it('exits 1 where it is to be of another stream, whatever else holds', async () => {
    const ofOne = (name: string) =>
      client('verify', '--accept', 'failed', '--stream', name, attestation, ...filesOf('1.3'))
    expect(await ofOne(stream)).toMatchObject({ code: 0, stderr: '' })
    for (const other of [`${stream}x`, stream.slice(1), '*', ''])
      expect(await ofOne(other)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`not of the stream ${other}`),
      })
  })

  it('wants to be told the stream, or that any will do: whoever has one of their own gets a pass there', async () => {
    const own = ['--stream', 'own/x86_64/default', '--version', '5.15.12', '--release', '1.3']
    expect((await client('push', ...own, '--wait', ...filesOf('1.3'))).code).toBe(0)
    const { stdout } = await client('builds', '--stream', 'own/x86_64/default', '--format', 'json')
    const file = path.join(temp.path, 'own.json')
    writeFileSync(file, await attest(JSON.parse(stdout.toString()).items[0].id))
    const verify = (...args: string[]) =>
      basedrift(['verify', '--key', key, '--accept', 'warned', ...args, file, ...filesOf('1.3')])
    const untold = await verify()
    expect(untold).toMatchObject({ code: 2, stdout: Buffer.alloc(0) })
    expect(untold.stderr).toMatch(/^basedrift: usage: Say .*--stream STREAM.*--any-stream/)
    expect(await verify(...of)).toMatchObject({ code: 1 })
    expect(await verify('--any-stream')).toMatchObject({ code: 0, stderr: '' })
    const both = await verify('--any-stream', ...of)
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('usage') })
  })

  it('needs no server where the key is given, and gives JSON', async () => {
    const copy = path.join(temp.path, 'renamed.ko')
    copyFileSync(vector('teapot-1.3.ko'), copy)
    const run = await basedrift([
      'verify',
      '--key',
      key,
      ...of,
      '--accept',
      'failed',
      '--format',
      'json',
      attestation,
      copy,
    ])
    expect(run).toMatchObject({ code: 0, stderr: '' })
    const { statement, files } = JSON.parse(run.stdout.toString())
    expect(files).toMatchObject([{ file: copy, state: 'attested' }])
    expect(statement.predicate.configuration[0].annotations).toMatchObject({
      environments: ['production'],
      verdicts: { misread: 1, rejected: 1 },
    })
  })

  it('exits 1 where a file is not what was attested', async () => {
    const other = path.join(temp.path, 'teapot-1.3.ko')
    writeFileSync(other, Buffer.concat([readFileSync(vector('teapot-1.3.ko')), Buffer.from('x')]))
    const run = await basedrift([
      'verify',
      '--key',
      key,
      ...of,
      '--accept',
      'failed',
      attestation,
      other,
      vector('vmlinux-1.1'),
    ])
    expect(run.code).toBe(1)
    expect(run.stdout.toString()).toContain(
      'teapot-1.3.ko DIFFERS from the file of this name that is attested\n',
    )
    expect(run.stdout.toString()).toContain('vmlinux-1.1 is NOT among the files that are attested\n')
  })

  it('exits 2 where the signature does not hold, or is by another key', async () => {
    const changed = path.join(temp.path, 'changed.json')
    const envelope = JSON.parse(readFileSync(attestation, 'utf8'))
    const text = Buffer.from(envelope.payload, 'base64').toString().replace('FAILED', 'PASSED')
    writeFileSync(changed, JSON.stringify({ ...envelope, payload: Buffer.from(text).toString('base64') }))
    const run = await basedrift(['verify', '--key', key, ...of, changed])
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('signature-invalid') })
    expect(
      (await basedrift(['verify', '--key', vector('teapot-1.3.ko'), ...of, attestation])).stderr,
    ).toContain('signing-key-invalid')
    expect((await basedrift(['verify', '--key', key, ...of, key])).stderr).toContain('envelope-malformed')
  })
})

describe('an attestation', () => {
  it('is no pass, and leaves out the package, where one could not be read', async () => {
    const [kernel = '', module = '', cut = ''] = ['vmlinux-1.3', 'teapot-1.3.ko', 'saucer-1.3.ko'].map(vector)
    const bad = path.join(temp.path, 'saucer-1.3.ko')
    writeFileSync(bad, readFileSync(cut).subarray(0, 200))
    const at = ['--stream', 'cut/x86_64/default', '--version', '5.15.12', '--release', '1.3']
    await client('push', ...at, '--wait', kernel, module, bad)
    const { stdout } = await client('builds', '--stream', 'cut/x86_64/default', '--format', 'json')
    const file = path.join(temp.path, 'cut.json')
    writeFileSync(file, await attest(JSON.parse(stdout.toString()).items[0].id))
    const verify = (...args: string[]) =>
      basedrift(['verify', '--key', key, '--stream', 'cut/x86_64/default', ...args])
    const run = await verify(file)
    expect(run).toMatchObject({ code: 3, stderr: '' })
    expect(run.stdout.toString()).toContain('5.15.12-1.3: WARNED\n')
    expect(run.stdout.toString()).toContain('  open    missing: artifact-unusable, saucer-1.3.ko\n')
    expect((await verify('--accept', 'warned', file, kernel)).code).toBe(0)
    expect((await verify('--accept', 'warned', file, bad)).code).toBe(1)
  })

  it('has the same bytes as long as the verdicts are the same', async () => {
    expect(await attest()).toBe(readFileSync(attestation, 'utf8'))
  })
})
