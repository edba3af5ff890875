import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
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
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

describe('the API as a process of its own', () => {
  it('migrates an empty database, listens, and ends with its signal', async () => {
    await using database = await createTestDatabase({ empty: true })
    const dataDir = await mkdtemp(path.join(tmpdir(), 'basedrift-process-'))
    const child = start({ DATABASE_URL: database.url, BASEDRIFT_DATA_DIR: dataDir, BASEDRIFT_PORT: '0' })
    try {
      let url = ''
      for await (const line of createInterface({ input: child.stderr })) {
        url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? ''
        if (url !== '') break
      }
      expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ready' })
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
