import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { basedrift } from './support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'start-up-'))
afterAll(() => rmSync(folder, { recursive: true }))
const put = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** The modules that a command loads, by their URLs. */
async function loadedBy(args: readonly string[]): Promise<string[]> {
  put(
    'hooks.mjs',
    `import { writeSync } from 'node:fs'
    export async function resolve(specifier, context, next) {
      const found = await next(specifier, context)
      writeSync(2, 'loaded ' + found.url + '\\n')
      return found
    }`,
  )
  const entry = put(
    'register.mjs',
    `import { register } from 'node:module'\nregister('./hooks.mjs', import.meta.url)\n`,
  )
  const env = { NODE_OPTIONS: `--import ${pathToFileURL(entry).href}`, BASEDRIFT_TOKEN: 'none' }
  const { stderr } = await basedrift(args, { env })
  return stderr.split('\n').flatMap((line) => (line.startsWith('loaded ') ? [line.slice(7)] : []))
}

test('commands that ask a service load no schemas: that takes longer than most of what they do', async () => {
  const server = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const of = ['--server', `http://127.0.0.1:${port}`, '--stream', 's']
    for (const args of [
      ['push', ...of, '--version', '1', '--release', '1', put('a.ko', 'none')],
      ['builds', ...of],
      ['gate', ...of, '--build', '1-1', '--environment', 'production'],
    ]) {
      const loaded = await loadedBy(args)
      expect(loaded.some((url) => url.endsWith('/contract/dist/client/client.js'))).toBe(true)
      expect(loaded.filter((url) => url.includes('/typebox/'))).toEqual([])
    }
  } finally {
    server.close()
  }
})
