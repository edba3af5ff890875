import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildFiles } from './support/build-files.js'
import { type Example, startExample, stream } from './support/example.js'
import { basedrift } from './support/run.js'
import { tempDir } from './support/temp.js'

const where = ['--stream', stream, '--environment', 'production']
const temp = tempDir()
let service: Example

beforeAll(async () => {
  service = await startExample(path.join(temp.path, 'data'))
  for (const build of ['1.1', '1.3'])
    expect((await service.push(build, '--wait', ...buildFiles(temp.path, build))).code).toBe(0)
})
afterAll(async () => {
  await service?.end('SIGTERM')
  temp[Symbol.dispose]()
})

const client = (...args: string[]) => service.client(...args)

describe('a gate and what is live', () => {
  it('decides whether a build may be published, by policy and waivers', async () => {
    const gate = (...args: string[]) => client('gate', '--build', '5.15.12-1.3', ...where, ...args)
    const empty = await gate()
    expect(empty).toMatchObject({ code: 3, stderr: '' })
    expect(empty.stdout.toString()).toMatch(
      /^UNKNOWN .*Nothing has ever been live in an environment of this name/s,
    )
    await client('live', 'enter', '5.15.12-1.1', ...where)
    const failed = await gate(
      '--wait',
      '20s',
      '--format',
      `junit=${path.join(temp.path, 'gate.xml')}`,
      '--format',
      'json',
    )
    expect(failed.code).toBe(1)
    const verdicts = ({ reasons }: { reasons: { verdict: string }[] }) =>
      reasons.map(({ verdict }) => verdict)
    expect(verdicts(JSON.parse(failed.stdout.toString()))).toEqual(['rejected', 'misread'])
    expect(readFileSync(path.join(temp.path, 'gate.xml'), 'utf8')).toContain('failures="2"')

    const rules = path.join(temp.path, 'severities')
    writeFileSync(rules, '# what is known\nsaucer PASS\n')
    const set = await client('policy', 'set', '--stream', stream, '--rules', rules, '--weak-updates', 'no')
    expect(set).toMatchObject({ code: 0, stderr: '' })
    const shown = await client('policy', 'show', '--stream', stream, '--format', 'json')
    expect(JSON.parse(shown.stdout.toString())).toMatchObject({ version: 1, weakUpdates: false, live: 'all' })
    const pair = ['--kernel', '5.15.12-1.1', '--modules', '5.15.12-1.3', '--stream', stream]
    const accept = ['--verdict', 'rejected', '--module', 'teapot', '--reason', 'goes with the next rebuild']
    const waived = await client('waive', 'add', ...pair, ...accept, '--expires', '30d', '--format', 'json')
    expect(waived.code).toBe(0)
    const passed = await gate()
    expect(passed.code).toBe(0)
    expect(passed.stdout.toString()).toMatch(/^PASS .*waived {2}1 module of 5.15.12-1.3 rejected/s)
    const { id } = JSON.parse(waived.stdout.toString())
    expect((await client('waive', 'withdraw', id)).code).toBe(0)
    expect((await client('waive', 'list', '--stream', stream)).stdout.toString()).toMatch(
      /^withdrawn {2}rejected of 5.15.12-1.3/,
    )
    expect((await gate()).code).toBe(1)
    expect((await gate('--dry-run')).code).toBe(0)
    const glass = await basedrift(['gate', '--build', '5.15.12-1.3', ...where], {
      env: {
        BASEDRIFT_URL: service.url,
        BASEDRIFT_TOKEN: service.token,
        BASEDRIFT_BREAK_GLASS: 'security fix',
      },
    })
    expect(glass).toMatchObject({ code: 0, stderr: expect.stringContaining('Recorded by the service as ') })
    const [, decided = ''] = /^Decision {2}(\S+), /m.exec(glass.stdout.toString()) ?? []
    const recorded = await client('decision', decided)
    expect(recorded).toMatchObject({ code: 0, stderr: '', stdout: glass.stdout })
    const asJson = JSON.parse((await client('decision', decided, '--format', 'json')).stdout.toString())
    expect(asJson).toMatchObject({ id: decided, answer: 'fail' })
    expect((await client('decision', id)).stderr).toMatch(/^basedrift: decision-unknown: /)
    const named = ['--build', '5.15.12-1.3', '--stream', stream]
    expect((await client('decision', 'list', ...named)).stdout.toString()).toMatch(
      new RegExp(`^answer .*\nfail .* production .*${decided}\n`),
    )
    const uses = await client('decision', 'uses', '--decision', decided)
    expect(uses.stdout.toString()).toMatch(/^break-glass {2}.* into production\n.*\n {2}security fix\n/)
    expect((await client('audit', '--by', 'first-admin', '--limit', '5')).stdout.toString()).toMatch(
      /^at \(UTC\) .*\n.* first-admin +breakGlass +201 /,
    )
    await client('policy', 'set', '--stream', stream, '--reset')
    await client('live', 'leave', '5.15.12-1.1', ...where)
  })

  it('keeps what is live', async () => {
    const entered = await client('live', 'enter', '5.15.12-1.1', ...where)
    expect(entered).toMatchObject({ code: 0, stderr: '' })
    const typo = ['--stream', stream, '--environment', 'prodction']
    const other = await client('live', 'enter', '5.15.12-1.1', ...typo)
    const [said = '', leave = '', ...rest] = other.stderr.split('\n')
    expect([said, rest]).toEqual([
      'prodction is a new environment. There was production. Mistyped? Let the build leave it, and enter the right one:',
      [''],
    ])
    expect((await client('live', 'environments')).stdout.toString()).toMatch(/^prodction +1$/m)
    expect(leave).toMatch(/^ {2}basedrift live leave \S+ --environment prodction$/)
    expect((await client(...leave.trim().split(' ').slice(1))).code).toBe(0)
    expect((await client('live', 'environments')).stdout.toString()).toMatch(/^prodction +0$/m)
    const list = await client('live', 'list', '--environment', 'production', '--format', 'json')
    expect(JSON.parse(list.stdout.toString()).items).toMatchObject([{ build: { release: '1.1' } }])
    expect((await client('live', 'leave', '5.15.12-1.1', ...where)).code).toBe(0)
    const none = await client('live', 'list', '--environment', 'production')
    expect(none.stdout.toString()).toBe(
      'Nothing that this token may see is live in production; `basedrift live environments` lists those there are.\n',
    )
    const history = await client('live', 'list', '--environment', 'production', '--history')
    expect(history.stdout.toString()).toContain('5.15.12-1.1')
    expect((await client('live', 'leave', '5.15.12-1.3', ...where)).stderr).toMatch(
      /^basedrift: live-unknown: The build never was live in this environment\. /,
    )
  })
})
