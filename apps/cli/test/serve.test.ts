import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildFiles } from './support/build-files.js'
import { basedrift } from './support/run.js'
import { startService, type TestService } from './support/service.js'
import { tempDir } from './support/temp.js'

const stream = 'example/x86_64/default'
const temp = tempDir()
const dataDir = path.join(temp.path, 'data')
let service: TestService

beforeAll(async () => {
  service = await startService(dataDir)
})
afterAll(async () => {
  await service?.end('SIGTERM')
  temp[Symbol.dispose]()
})

describe('serve', () => {
  it.each([[['--port', '70000'], 'usage']])('refuses %j', async (args, code) => {
    const run = await basedrift(['serve', '--data-dir', path.join(temp.path, 'refused'), ...args])
    expect(run.code).toBe(2)
    expect(run.stderr).toMatch(new RegExp(`^basedrift: ${code}: `))
  })

  it('does not share a data directory, and says so', async () => {
    const run = await basedrift(['serve', '--port', '0', '--data-dir', dataDir])
    expect(run).toMatchObject({ code: 2, stdout: Buffer.alloc(0) })
    expect(run.stderr).toContain('basedrift: postgres-in-use: ')
  })

  it('says that a port is taken, and how to take another', async () => {
    const { port } = new URL(service.url)
    const second = path.join(temp.path, 'second')
    const run = await basedrift(['serve', '--port', port, '--data-dir', second])
    // Found before a database was made for it.
    expect(readdirSync(second)).toEqual([])
    expect(run.stderr).not.toContain('"stack"')
    expect(run).toMatchObject({ code: 2, stdout: Buffer.alloc(0) })
    expect(run.stderr).toMatch(
      new RegExp(`^basedrift: address-unavailable: .*--port.* \\(127\\.0\\.0\\.1:${port}\\)$`, 'm'),
    )
    expect(run.stderr).not.toContain('"stack"')
    expect(readdirSync(path.join(temp.path, 'second')), 'before a database is made').toEqual([])
  })

  it.each([
    ['/proc/none', /There is no such file or directory/],
    [path.join(temp.path, 'a-file'), /It is no directory/],
    [path.join(temp.path, 'a-file', 'below'), /A part of the path is not a directory/],
  ])('says that %s cannot be its data directory', async (directory, reason) => {
    writeFileSync(path.join(temp.path, 'a-file'), '')
    const run = await basedrift(['serve', '--port', '0', '--data-dir', directory])
    expect(run).toMatchObject({ code: 2, stdout: Buffer.alloc(0) })
    expect(run.stderr).toMatch(/^basedrift: output-unwritable: .*--data-dir/)
    expect(run.stderr).toMatch(reason)
  })

  it('ends with 2 when its database does', async () => {
    const orphaned = path.join(temp.path, 'orphaned')
    const orphan = await startService(orphaned)
    const log = readFileSync(`${orphaned}.log`, 'utf8').trimEnd().split('\n')
    const up = log.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'Postgres is up')
    const ended = new Promise((resolve) => orphan.child.once('close', resolve))
    process.kill(up.pid, 'SIGKILL')
    expect(await ended).toBe(2)
    expect(orphan.stderr()).toContain('basedrift: serve-failed: Postgres ended with SIGKILL')
  })

  it('keeps what it has when it is killed, and ends cleanly on a Ctrl-C of which it is told twice', async () => {
    const env = { BASEDRIFT_URL: service.url, BASEDRIFT_TOKEN: service.token }
    expect(service.stdout()).toContain(`: ${service.token}\n`)
    expect(service.stdout()).toContain(`BASEDRIFT_URL=${service.url} BASEDRIFT_DATA_DIR=${dataDir}\n`)
    const name = ['--stream', stream, '--version', '5.15.12', '--release', '1.1']
    const pushed = await basedrift(['push', ...name, '--wait', ...buildFiles(temp.path, '1.1')], { env })
    expect(pushed.code).toBe(0)
    expect(await service.end('SIGKILL')).toBeNull()
    const second = await startService(dataDir)
    expect(second.stdout()).not.toContain('bdt_')
    const { stdout } = await basedrift(['matrix', '--stream', stream, '--server', second.url], { env })
    expect(stdout.toString()).toContain('2 compatible')
    const ended = second.end('SIGINT')
    second.child.kill('SIGTERM')
    expect(await ended).toBe(0)
    const log = readFileSync(`${dataDir}.log`, 'utf8').trimEnd().split('\n')
    for (const line of log) expect(JSON.parse(line)).toHaveProperty('msg')
    expect(log.join('\n')).not.toContain(service.token.slice(37))
    expect(log.join('\n')).not.toMatch(/postgresql:\/\/[^"]*:[^"[*]{8,}@/)
  })
})
