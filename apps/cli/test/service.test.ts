import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tarOf } from '../../../packages/artifacts/test/support/archives.js'
import { buildFiles } from './support/build-files.js'
import { type Example, startExample, stream } from './support/example.js'
import { basedrift } from './support/run.js'
import { tempDir } from './support/temp.js'
import { vector } from './support/vectors.js'

const temp = tempDir()
let service: Example

beforeAll(async () => {
  service = await startExample(path.join(temp.path, 'data'))
})
afterAll(async () => {
  await service?.end('SIGTERM')
  temp[Symbol.dispose]()
})

const client = (...args: string[]) => service.client(...args)
const push = (release: string, ...args: string[]) => service.push(release, ...args)
const filesOf = (build: string) => buildFiles(temp.path, build)

describe('serve, push and what came of it', () => {
  it('takes two builds and says what fits', async () => {
    const first = await push('1.1', '--wait', '--provenance', 'obs.bcnt=1', ...filesOf('1.1'))
    expect(first.stdout.toString()).toContain(
      'Its modules on its own kernel: All 2 modules are compatible.\n',
    )
    expect(first.code).toBe(0)
    const second = await push('1.3', '--wait', ...filesOf('1.3'))
    expect(second.code).toBe(0)
    expect(second.stderr).toMatch(/^vmlinux: [\d.]+ kB sent\nteapot-1.3.ko: /)
    expect(second.stdout.toString()).toContain(
      'Its modules on the kernel of 5.15.12-1.1: 1 of 2 modules is rejected and 1 is misread.\n',
    )
    expect(second.stdout.toString()).toContain(
      'The modules of 5.15.12-1.1 on its kernel: 1 of 2 modules is rejected and 1 is misread.\n',
    )
  })

  it('shows the matrix', async () => {
    const table = await client('matrix', '--stream', stream)
    expect(table).toMatchObject({ code: 0, stderr: '' })
    await expect(table.stdout.toString()).toMatchFileSnapshot('golden/matrix-served.txt')
    const { stdout } = await client('matrix', '--stream', stream, '--format', 'json')
    const { cells, builds } = JSON.parse(stdout.toString())
    expect(cells).toHaveLength(4)
    expect(builds).toHaveLength(2)
    const counts = cells.map((cell: { counts: object }) => cell.counts)
    expect(counts).toEqual([
      { compatible: 2 },
      { misread: 1, rejected: 1 },
      { misread: 1, rejected: 1 },
      { compatible: 2 },
    ])
  })

  it('shows a pair, with the modules as check has them', async () => {
    const pair = ['pair', '--stream', stream, '5.15.12-1.3', '5.15.12-1.1']
    const { code, stdout } = await client(...pair, '--format', 'json')
    expect(code).toBe(0)
    const { rows, kernelBuild, moduleBuild } = JSON.parse(stdout.toString())
    const args = ['--kernel', vector('vmlinux-1.3'), '--origin', vector('vmlinux-1.1')]
    const offline = await basedrift(['check', ...args, ...filesOf('1.1').slice(1), '--format', 'json'])
    const withoutFolder = JSON.parse(offline.stdout.toString()).modules.map((row: { file: string }) => ({
      ...row,
      file: path.basename(row.file),
    }))
    // The service also knows the modules of the running kernel's build, and with them its vermagic.
    const withoutLoad = ({ load: _load, overall: _overall, ...row }: Record<string, unknown>) => row
    expect(rows.map(withoutLoad)).toEqual(withoutFolder.map(withoutLoad))
    expect(rows[0].load.vermagic).toBe('same')
    const misread = await client(
      'pair',
      kernelBuild,
      moduleBuild,
      '--verdict',
      'misread',
      '--format',
      'ndjson',
    )
    const lines = misread.stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ name, summary }) => name ?? summary)).toEqual([
      'saucer',
      { total: 2, misread: 1, rejected: 1 },
    ])
    const table = await client(...pair)
    expect(table.stdout.toString()).toMatch(
      /^The modules of 5.15.12-1.1 on the kernel of 5.15.12-1.3\n1 of 2 modules is rejected/,
    )
    const one = await client(...pair, '--module', 'teapot')
    expect(one).toMatchObject({ code: 0, stderr: '' })
    expect(one.stdout.toString()).toContain('failed to validate module [teapot] BTF: -22')
    const none = await client(...pair, '--module', 'kettle')
    expect(none.code).toBe(2)
    expect(none.stderr).toMatch(/^basedrift: module-unknown: /)
  })

  it('lists builds, and shows one', async () => {
    const { stdout } = await client('builds', '--format', 'json')
    const { items } = JSON.parse(stdout.toString())
    expect(items.map(({ release, state }: { release: string; state: string }) => [release, state])).toEqual([
      ['1.3', 'done'],
      ['1.1', 'done'],
    ])
    const table = await client('builds', '--stream', stream, '--limit', '1')
    expect(table.stdout.toString().split('\n')).toHaveLength(3)
    const one = await client('build', '5.15.12-1.1', '--stream', stream)
    expect(one.stdout.toString()).toContain('From      {"obs":{"bcnt":1}}')
    const same = await client('build', items[1].id, '--format', 'json')
    expect(JSON.parse(same.stdout.toString())).toMatchObject({
      version: '5.15.12',
      release: '1.1',
      state: 'done',
    })
    const none = await client('build', '5.15.12-9', '--stream', stream)
    expect(none).toMatchObject({ code: 2 })
    expect(none.stderr).toMatch(/^basedrift: build-unknown: /)
  })

  it('may be repeated, but not with other content', async () => {
    const again = await push('1.1', '--wait', '--provenance', 'obs.bcnt=1', ...filesOf('1.1'))
    expect(again.code).toBe(0)
    expect(again.stderr).toContain('teapot-1.1.ko: already part of the build\n')
    const other = path.join(temp.path, 'other')
    mkdirSync(other)
    copyFileSync(vector('teapot-1.3.ko'), path.join(other, 'teapot-1.1.ko'))
    const differs = await push('1.1', '--provenance', 'obs.bcnt=1', path.join(other, 'teapot-1.1.ko'))
    expect(differs.code).toBe(2)
    expect(differs.stderr).toMatch(/^basedrift: (?:build-differs|build-sealed): /)
    const provenance = await push('1.1', '--provenance', 'obs.bcnt=2', ...filesOf('1.1'))
    expect(provenance.code).toBe(2)
    expect(provenance.stderr).toMatch(/^basedrift: build-differs: /)

    const named = ['5.15.12-1.1', '--stream', stream]
    const ask = async () => (await client('gate', '--build', ...named, '--environment', 'production')).stdout
    expect((await ask()).toString()).toContain('(Another declaration of it came by first-admin on ')
    expect((await client('build', ...named)).stdout.toString()).toContain('nobody has looked at it: ')
    for (const args of [
      ['--reason', 'known'],
      ['--all', '--reason', ' '],
    ])
      expect(await client('build', 'acknowledge', ...named, ...args)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^basedrift: usage: /),
      })
    const said = await client('build', 'acknowledge', ...named, '--all', '--reason', 'the same sources')
    expect(said).toMatchObject({ code: 0, stderr: '' })
    expect(said.stdout.toString()).toMatch(/Refused .*first-admin .*: the same sources\n/s)
    expect((await ask()).toString()).not.toContain('came by first-admin')
  })

  it('takes out a build that was pushed by mistake, whose name is free then', async () => {
    const name = ['9.9-1', '--stream', stream]
    const mistaken = ['push', '--stream', stream, '--version', '9.9', '--release', '1', '--no-seal']
    expect((await client(...mistaken, vector('teapot-1.1.ko'))).code).toBe(0)
    const gone = await client('build', 'withdraw', ...name, '--reason', 'a mistyped version')
    expect(gone).toMatchObject({ code: 0, stderr: '' })
    expect(gone.stdout.toString()).toMatch(
      / 9.9-1 {2}withdrawn\n.*by first-admin: a mistyped version\n {10}state until then: open\n/s,
    )
    const [, id = ''] = /^Id +(\S+)$/m.exec(gone.stdout.toString()) ?? []
    const asked = await client('gate', '--build', ...name, '--environment', 'production')
    for (const { code, stderr } of [asked, await client('build', ...name)]) {
      expect(code).toBe(2)
      expect(stderr).toMatch(
        /^basedrift: build-withdrawn: 9\.9-1 of example\/x86_64\/default was withdrawn \(\S+ \S+ UTC by first-admin: a mistyped version\), /,
      )
      expect(stderr).toContain(` \`basedrift build ${id}\` shows `)
    }
    expect((await client('build', id)).stdout.toString()).toContain(' 9.9-1  withdrawn\n')
    const never = await client('build', '9.9-2', '--stream', stream)
    expect(never.stderr).toMatch(/^basedrift: build-unknown: The stream /)
    const listed = async (...args: string[]) =>
      (await client('builds', '--stream', stream, ...args)).stdout.toString()
    expect(await listed()).toMatch(/ 9.9-1 +withdrawn /)
    expect(await listed('--withdrawn')).not.toContain('5.15.12')
    expect(await listed('--no-withdrawn')).not.toContain('9.9-1')
    const live = await client('build', 'withdraw', ...name.slice(1), '--reason', 'no')
    expect(live).toMatchObject({ code: 2, stderr: expect.stringMatching(/^basedrift: usage: Give build /) })
  })

  it('leaves a build open where it is told to, and knows bytes that it has', async () => {
    const open = await push('1.4', '--no-seal', '--built-for', '5.15.12-1.1', vector('teapot-1.1.ko'))
    expect(open.code).toBe(0)
    expect(open.stderr).toBe('teapot-1.1.ko: known to the server already, not sent again\n')
    expect(open.stdout.toString()).toMatch(/^example\/x86_64\/default 5.15.12-1.4 {2}open\n/)
    const seal = (...named: string[]) => client('build', 'seal', ...named)
    const other = ['push', '--stream', stream, '--version', '9.8', '--release', '1', '--no-seal']
    await client(...other, vector('teapot-1.1.ko'))
    const found = await client('build', '9.8-1', '--stream', stream, '--format', 'json')
    const { id } = JSON.parse(found.stdout.toString())
    expect((await client('build', 'withdraw', id, '--reason', 'a mistyped version')).code).toBe(0)
    await client(...other, vector('teapot-1.1.ko'))
    expect(await seal(id)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^basedrift: build-withdrawn: .* as 9\.8-1 of example\/x86_64\/default/),
    })
    for (const _ of ['once', 'again']) expect((await seal('9.8-1', '--stream', stream)).code).toBe(0)
    expect((await client('build', '9.8-1', '--stream', stream)).stdout.toString()).not.toMatch(/ {2}open\n/)
    const sealed = await push(
      '1.4',
      '--wait',
      '--built-for',
      '5.15.12-1.1',
      vector('saucer-1.1.ko'),
      '--format',
      'json',
    )
    expect(sealed.code).toBe(0)
    expect(JSON.parse(sealed.stdout.toString())).toMatchObject({
      state: 'done',
      builtFor: '5.15.12-1.1',
      modules: { count: 2 },
    })
  })

  it('says that the kernel build is not there that modules are built for', async () => {
    const args = ['--no-seal', '--built-for', '5.15.12-9', vector('teapot-1.1.ko')]
    const open = await push('1.8', ...args)
    expect(open.code).toBe(0)
    expect(open.stderr).toMatch(/\nNote: example\/x86_64\/default has no build 5\.15\.12-9 yet: /)
  })

  it('lists streams, and names each mistake in a waiver at once', async () => {
    expect((await client('streams')).stdout.toString()).toBe(`${stream}\n`)
    const pair = ['--kernel', '5.15.12-1.1', '--modules', '5.15.12-1.3', '--stream', stream]
    const wrong = ['--verdict', 'odd', '--reason', 'x', '--expires', '400d']
    const run = await client('waive', 'add', ...pair, ...wrong)
    expect(run.code).toBe(2)
    expect(run.stderr).toMatch(
      /^basedrift: usage: .*--module, or give --all.*"odd" cannot be waived.*"400d" is longer than .*366d.*3 to 1,024/,
    )
    const none = await client('matrix', '--stream', 'no/such')
    expect(none.stderr).toBe(
      'basedrift: stream-unknown: There is no stream no/such. `basedrift streams` lists those there are.\n',
    )
    const odd = await client(
      'push',
      '--stream',
      stream,
      '--version',
      '1-2',
      '--release',
      '',
      vector('teapot-1.1.ko'),
    )
    expect(odd.stderr).toMatch(/^basedrift: request-invalid: The service does not take .*5\.15\.12-1\.3/)
  })

  it('ends with 2 where the build could not be used, or the files cannot be sent', async () => {
    const cut = path.join(temp.path, 'cut.tar')
    const whole = tarOf({
      'a/teapot.ko': readFileSync(vector('teapot-1.1.ko')),
      'a/more': Buffer.alloc(4096),
    })
    writeFileSync(cut, whole.subarray(0, 2048))
    const part = await push('1.7', '--wait', vector('saucer-1.1.ko'), cut)
    expect(part.code).toBe(2)
    expect(part.stderr).toMatch(
      /\nbasedrift: artifact-failed: What was sent could not all be read: cut\.tar \(archive-truncated\)\. /,
    )
    const bad = path.join(temp.path, 'bad.ko')
    writeFileSync(bad, 'no module')
    const failed = await push('1.5', '--wait', bad)
    expect(failed.code).toBe(2)
    expect(failed.stderr).toMatch(/\nbasedrift: build-failed: .*build-empty/)
    expect(failed.stdout.toString()).toContain('format-unknown')
    for (const [file, code] of [
      [temp.path, 'usage'],
      [path.join(temp.path, 'nothing'), 'file-unreadable'],
    ] as const) {
      const run = await push('1.6', file)
      expect(run.code).toBe(2)
      expect(run.stderr).toMatch(new RegExp(`^basedrift: ${code}: `))
    }
  })

  it('says that a server does not answer', async () => {
    const taken = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }
    const run = await basedrift(['builds', '--server', `http://127.0.0.1:${port}`])
    taken.close()
    expect(run.code).toBe(2)
    expect(run.stderr).toMatch(/^basedrift: server-unreachable: /)
  })
})

describe('tokens', () => {
  it('are made, used, listed and revoked', async () => {
    const narrow = ['--scope', 'read', '--scope', 'ingest', '--stream', 'other/*', '--expires', '90d']
    const made = await client('token', 'create', '--name', 'hook', ...narrow)
    expect(made).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^Token hook \(.+\) was made: [a-z, ]+ for streams other\/\*, until /),
    })
    const token = made.stdout.toString().trim()
    expect(token).toMatch(/^bdt_\S+$/)
    const env = { BASEDRIFT_URL: service.url, BASEDRIFT_TOKEN: token }
    const refused = await basedrift(['matrix', '--stream', stream], { env })
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^basedrift: token-forbidden: /) })
    expect((await basedrift(['builds'], { env })).stdout.toString()).toBe(
      'There are no builds that this token may see and that fit what was asked for.\n',
    )
    const table = (await client('token', 'list')).stdout.toString()
    expect(table).toMatch(/^hook +read,ingest +other\/\* +valid /m)
    expect(table).toMatch(/^first-admin +admin +\* +valid /m)
    expect(table).not.toContain(token.slice(37))
    expect((await client('token', 'revoke', 'hook')).code).toBe(0)
    expect((await basedrift(['builds'], { env })).stderr).toMatch(/^basedrift: token-invalid: /)
    expect((await client('token', 'revoke', 'nobody')).stderr).toMatch(/^basedrift: token-unknown: /)
  })

  it('are found in the data directory of a service on this machine, and sent to no other', async () => {
    const dataDir = path.join(temp.path, 'data')
    const env = { BASEDRIFT_URL: service.url, BASEDRIFT_DATA_DIR: dataDir }
    expect((await basedrift(['builds'], { env })).code).toBe(0)
    const without = await basedrift(['builds'], { env: { BASEDRIFT_URL: service.url }, cwd: temp.path })
    expect(without.stderr).toMatch(/^basedrift: token-missing: /)
    expect(readFileSync(`${dataDir}.log`, 'utf8')).not.toContain(service.token.slice(37))
    expect(statSync(path.join(dataDir, 'admin-token')).mode & 0o777).toBe(0o600)
  })
})
