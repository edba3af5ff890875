import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Client, errorCodes } from '@basedrift/contract'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openClient } from '../src/client/server.js'
import { errorLine } from '../src/errors.js'
import { tempDir } from './support/temp.js'

let server: Server | undefined
afterEach(() => {
  vi.unstubAllEnvs()
  server?.closeAllConnections()
  server?.close()
  server = undefined
})

/** What is said of a call to a service that answers everything with this problem. */
async function refused(
  call: (client: Client) => Promise<unknown>,
  code: keyof typeof errorCodes,
  more: { detail?: string; errors?: { path: string; message: string }[] } = {},
  token?: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const { status, title, sentence } = errorCodes[code]
  const { detail, errors } = more
  const body = {
    type: `urn:basedrift:error:${code}`,
    ...{ title, status, code, instance: 'r-1' },
    detail: detail === undefined ? sentence : `${detail} ${sentence}`,
    ...(errors === undefined ? {} : { errors }),
  }
  server = createServer((_request, response) => {
    response
      .writeHead(status, { 'content-type': 'application/problem+json', ...headers })
      .end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const options = { server: `http://127.0.0.1:${port}`, ...(token === undefined ? {} : { token }) }
  return call(await openClient(options)).then(() => 'nothing', errorLine)
}

const builds = (client: Client) => client.listBuilds()

describe('what the service refuses', () => {
  it('is told part by part', async () => {
    const errors = [
      { path: 'body/release', message: 'must NOT have fewer than 1 characters' },
      { path: 'querystring/stream', message: 'does not fit: a name, as in a/b' },
    ]
    expect(await refused(builds, 'request-invalid', { errors }, 'bdt_a')).toBe(
      'basedrift: request-invalid: The service does not take release: must NOT have fewer than 1 characters; stream: does not fit: a name, as in a/b.',
    )
  })

  it('says when the same command may be given again, where no more bytes are taken today', async () => {
    const detail = 'The stream a/b has used 600 of 1000 bytes (0.0 GiB) today, and the file has 401.'
    expect(await refused(builds, 'quota-exceeded', { detail }, 'bdt_a', { 'retry-after': '40000' })).toBe(
      `basedrift: quota-exceeded: ${detail} Nothing of this file was kept. The same command sends what is missing once the next day (UTC) has begun; the operator of the service can raise BASEDRIFT_STREAM_DAILY_GIB or BASEDRIFT_TOKEN_DAILY_GIB.`,
    )
  })

  it('repeats the name, and says which command shows those there are', async () => {
    const matrix = (client: Client) => client.matrix({ stream: 'Debian:nope' })
    const detail = 'There is no stream Debian:nope.'
    expect(await refused(matrix, 'stream-unknown', { detail }, 'bdt_a')).toBe(
      'basedrift: stream-unknown: There is no stream Debian:nope. `basedrift streams` lists those there are.',
    )
  })

  it('says what went wrong also where the service has no more than its code, in commands and without them', async () => {
    const leave = (client: Client) => client.leaveLive('production', '019a0000-0000-7000-8000-000000000001')
    expect(await refused(leave, 'live-unknown', {}, 'bdt_a')).toBe(
      'basedrift: live-unknown: The build never was live in this environment. `basedrift live environments` and `basedrift live list --history` show what is and was live.',
    )
    const { title, sentence } = errorCodes['rate-limited']
    expect(await refused(leave, 'rate-limited', {}, 'bdt_a')).toBe(
      `basedrift: rate-limited: ${title}. ${sentence}`,
    )
    expect(await refused(leave, 'pair-unknown', {}, 'bdt_a')).toMatch(
      /: These two builds are not a pair\. Name a build with a kernel first, then one with modules/,
    )
  })

  it('says to who has no token where one is given', async () => {
    using temp = tempDir()
    vi.stubEnv('BASEDRIFT_DATA_DIR', temp.path)
    const said = await refused(builds, 'token-missing')
    expect(said).toMatch(/--token.*BASEDRIFT_TOKEN.*BASEDRIFT_DATA_DIR/)
    expect(said).not.toContain('Authorization')
  })

  it('says which file a token that is not valid came from', async () => {
    using temp = tempDir()
    vi.stubEnv('BASEDRIFT_DATA_DIR', `${temp.path}/data`)
    mkdirSync(`${temp.path}/data`)
    writeFileSync(`${temp.path}/data/admin-token`, 'bdt_other\n')
    expect(await refused(builds, 'token-invalid')).toContain(`taken from ${temp.path}/data/admin-token`)
    expect(await refused(builds, 'token-invalid', {}, 'bdt_other')).not.toContain('admin-token')
  })
})

describe('a token that is none', () => {
  it.each(['bdt_a\nb', 'bdt_€', 'two words', ' '])('%j is said to be none, and not sent', async (token) => {
    const said = await openClient({ server: 'http://127.0.0.1:9', token }).then(() => 'nothing', errorLine)
    expect(said).toMatch(/^basedrift: usage: The token that was given is .*BASEDRIFT_TOKEN\)$/)
    expect(said).not.toContain(token.trim() || 'nothing')
  })

  it('may end in a line break, as a file has it', async () => {
    expect(await refused(builds, 'token-invalid', {}, 'bdt_a\n')).toMatch(/^basedrift: token-invalid: /)
  })
})
