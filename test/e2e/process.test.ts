import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createTestDatabase } from '../support/database.js'

const entry = path.resolve(import.meta.dirname, '../../apps/api/dist/main.js')

function start(env: Record<string, string>) {
  return spawn(process.execPath, [entry], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

describe('the API as a process of its own', () => {
  it('migrates an empty database, tells its first token, listens, and ends with its signal', async () => {
    await using database = await createTestDatabase({ empty: true })
    const dataDir = await mkdtemp(path.join(tmpdir(), 'basedrift-process-'))
    const child = start({ DATABASE_URL: database.url, BASEDRIFT_DATA_DIR: dataDir, BASEDRIFT_PORT: '0' })
    try {
      const [said] = await once(child.stdout, 'data')
      const token = /bdt_\S+/.exec(String(said))?.[0]
      const file = path.join(dataDir, 'admin-token')
      expect((await readFile(file, 'utf8')).trim()).toBe(token)
      expect((await stat(file)).mode & 0o777).toBe(0o600)
      let url = ''
      for await (const line of createInterface({ input: child.stderr })) {
        url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? ''
        if (url !== '') break
      }
      expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ready' })
      // A machine that is busy makes it refuse at first, for its event loop lags.
      const patience = { timeout: 20_000 }
      await expect.poll(async () => (await fetch(`${url}/v1/streams`)).status, patience).toBe(401)
      const headers = { authorization: `Bearer ${token}` }
      await expect.poll(async () => (await fetch(`${url}/v1/tokens`, { headers })).status, patience).toBe(200)
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
    } finally {
      child.kill('SIGKILL')
      await rm(dataDir, { recursive: true, force: true })
    }
  })

  it('says in a sentence what it misses', async () => {
    const child = start({})
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    expect(code).toBe(1)
    expect(said).toMatch(/^DATABASE_URL must be set: .*\.\n$/)
  })
})
