import { mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { localToken } from '../src/client/local-token.js'
import { tempDir } from './support/temp.js'

let temp: ReturnType<typeof tempDir>
beforeEach(() => {
  temp = tempDir()
  vi.stubEnv('BASEDRIFT_DATA_DIR', `${temp.path}/data`)
})
afterEach(() => {
  vi.unstubAllEnvs()
  temp[Symbol.dispose]()
})

it('is for addresses of this machine alone', async () => {
  const own = ['http://127.0.0.1:8080', 'http://localhost', 'http://[::1]:9', 'http://127.1.2.3']
  const others = [
    'http://127.0.0.1.evil.example',
    'https://build.example.org',
    'http://10.0.0.1',
    'http://[::2]',
  ]
  for (const url of own) expect(await localToken(new URL(url))).toBeNull()
  mkdirSync(`${temp.path}/data`)
  writeFileSync(`${temp.path}/data/admin-token`, 'bdt_x\n')
  for (const url of own)
    expect(await localToken(new URL(url))).toEqual({ token: 'bdt_x', file: `${temp.path}/data/admin-token` })
  for (const url of others) expect(await localToken(new URL(url))).toBeNull()
})
