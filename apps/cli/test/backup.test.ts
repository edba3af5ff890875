import { randomBytes } from 'node:crypto'
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { basedrift } from './support/run.js'
import { startService, type TestService } from './support/service.js'
import { tempDir } from './support/temp.js'
import { vector } from './support/vectors.js'

const temp = tempDir()
const data = path.join(temp.path, 'data')
const copy = path.join(temp.path, 'copy')
const keysOf = (directory: string) => path.join(directory, 'secret-keys')
let service: TestService

beforeAll(async () => {
  service = await startService(data)
})
afterAll(async () => {
  await service?.end('SIGKILL')
  temp[Symbol.dispose]()
})

const client = async (args: string, env: NodeJS.ProcessEnv = {}) => {
  const run = await basedrift(args.split(' '), {
    env: { BASEDRIFT_URL: service.url, BASEDRIFT_TOKEN: service.token, ...env },
  })
  return { code: run.code, stdout: run.stdout.toString(), stderr: run.stderr }
}
const hosts = async () => {
  const { items } = JSON.parse((await client('channel list --format json')).stdout)
  return items.map(({ host, sealedWith }: { host: string | null; sealedWith: string }) => [host, sealedWith])
}

it('a new pair in front of the file of keys seals all channels, without a restart', async () => {
  const url = { BASEDRIFT_CHANNEL_URL: 'https://hooks.slack.com/services/a/b/c' }
  expect((await client('channel add chat --kind slack', url)).code).toBe(0)
  expect(await client('secrets rotate')).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(
      /^Sealed with serve: 0 channels anew, 1 as they were\.\n.*no key newer than serve/,
    ),
  })
  const old = readFileSync(keysOf(data), 'utf8')
  writeFileSync(keysOf(data), `${old}nonsense\n`)
  expect(await client('secrets rotate')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^basedrift: channels-unavailable: Nothing was sealed anew/),
  })
  const pair = `2026:${randomBytes(32).toString('base64')}\n`
  writeFileSync(keysOf(data), pair + old)
  expect(await client('secrets rotate')).toEqual({
    code: 0,
    stdout: '',
    stderr: 'Sealed with 2026: 1 channels anew, 0 as they were.\n',
  })
  writeFileSync(keysOf(data), pair)
  expect(await hosts()).toEqual([['hooks.slack.com', '2026']])
})

it('a copy of the data directory of a service that was stopped is a backup', async () => {
  const push = `push --stream example/x86_64/default --version 5.15.12 --release 1.1 --wait`
  const files = ['vmlinux-1.1', 'teapot-1.1.ko'].map(vector).join(' ')
  expect((await client(`${push} ${files}`)).code).toBe(0)
  const shown = async () => (await client('matrix --stream example/x86_64/default --format json')).stdout
  const before = await shown()
  const { token } = service
  expect(await service.end('SIGTERM')).toBe(0)
  cpSync(data, copy, { recursive: true, verbatimSymlinks: true })
  renameSync(data, `${data}-lost`)
  service = await startService(copy)
  expect(service.token).toBe(token)
  expect(await shown()).toBe(before)
  expect(await hosts()).toEqual([['hooks.slack.com', '2026']])
  expect(readFileSync(`${copy}.log`, 'utf8')).not.toContain('cannot be opened')
})

it('without its keys, the service says of how many channels the secrets are lost', async () => {
  expect(await service.end('SIGTERM')).toBe(0)
  rmSync(keysOf(copy))
  service = await startService(copy)
  expect(await hosts()).toEqual([[null, '2026']])
  expect(readFileSync(`${copy}.log`, 'utf8')).toMatch(/"channels":1,.*secrets of channels cannot be opened/)
})
