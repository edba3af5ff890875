import { mkdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expiryOf } from '../src/commands/token.js'
import { CliError, cliErrorCodes, errorLine, reportOf } from '../src/errors.js'
import { basedrift } from './support/run.js'
import { tempDir } from './support/temp.js'
import { vector } from './support/vectors.js'

describe('usage', () => {
  it.each([
    [['--version'], 0],
    [['--help'], 0],
    [['help', 'dump'], 0],
    [['inspect', '--help'], 0],
    [[], 2],
    [['no-such-command'], 2],
    [['inspect'], 2],
    [['inspect', '--no-such-option', 'x'], 2],
    [['inspect', 'x', '--format', 'xml'], 2],
    [['matrix'], 2],
    [['matrix', '--stream', 's', '--server', 'ftp://x'], 2],
    [['matrix', '--stream', 's', '--server', 'not a url'], 2],
    [['builds', '--limit', '0'], 2],
    [['policy', 'set', '--stream', 's', '--reset', '--format', 'xml', '--server', 'http://127.0.0.1:1'], 2],
    [['token', 'list', '--help'], 0],
    [['token', 'create', '--name', 'x'], 2],
    [['token', 'create', '--name', 'x', '--scope', 'all'], 2],
    [['token', 'create', '--name', 'x', '--scope', 'read', '--expires', '2001-01-01'], 2],
    [['token', 'revoke'], 2],
    [['pair', 'a', 'b'], 2],
    [['pair', 'a', 'b', '--verdict', 'maybe'], 2],
    [['pair', 'a', 'b', '--verdict', 'misread', '--module', 'm'], 2],
    [['push', '--stream', 's', '--version', '1', '--release', '1', '--wait', '--no-seal', 'f'], 2],
    [['push', '--stream', 's', '--version', '1', '--release', '1'], 2],
  ])('%j ends with %i', async (args, code) => {
    const run = await basedrift(args)
    expect(run.code).toBe(code)
    if (code === 0) {
      expect(run.stdout.length).toBeGreaterThan(0)
      expect(run.stderr).toBe('')
    } else {
      expect(run.stdout.toString()).toBe('')
      if (args.length > 0) expect(run.stderr).toMatch(/^basedrift: usage: .+\n$/)
    }
  })

  it.each([[['--help']], [['verify', '--help']], [['waiver', 'add', '--help']]])(
    '%j fits 80 columns',
    async (args) => {
      const { code, stdout } = await basedrift(args)
      expect(code).toBe(0)
      for (const line of stdout.toString().split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    },
  )

  it('says how several scopes are given', async () => {
    const { stderr } = await basedrift(['token', 'create', '--name', 'x', '--scope', 'ingest,waive'])
    expect(stderr).toContain('"ingest,waive" is no scope; ')
    expect(stderr).toContain(' Of several, give --scope for each.')
  })

  it('takes the end of a token as that of a waiver', () => {
    const now = new Date('2026-01-15T09:30:00Z')
    expect(expiryOf('90d', now)).toBe('2026-04-15T09:30:00.000Z')
    expect(expiryOf('12h', now)).toBe('2026-01-15T21:30:00.000Z')
    expect(expiryOf('2026-02-01T00:00:00Z', now)).toBe('2026-02-01T00:00:00.000Z')
    for (const none of ['0d', '90', 'soon', '2026-01-01'])
      expect(() => expiryOf(none, now)).toThrow('is no time to come: give 90d, 12h, or ')
  })

  it('says all that is missing, what it is for, and which help shows it', async () => {
    expect((await basedrift(['diff', 'a'])).stderr).toBe(
      'basedrift: usage: Give b (the other kernel, the newer one as a rule). `basedrift diff --help` shows what it takes.\n',
    )
    expect((await basedrift(['token', 'create'])).stderr).toBe(
      'basedrift: usage: Give --name <name> and --scope <scope>. `basedrift token create --help` shows what it takes.\n',
    )
    expect((await basedrift(['matirx'])).stderr).toMatch(
      /^basedrift: usage: unknown command 'matirx' \(Did you mean matrix\?\) `basedrift --help` shows/,
    )
  })

  it('says why a file cannot be read or written, and names each', async () => {
    using temp = tempDir()
    const out = `${temp.path}/no/such/x.json`
    const written = await basedrift(['inspect', vector('base-1.1.btf'), '--format', `json=${out}`])
    expect(written.stderr).toBe(
      `basedrift: output-unwritable: The file cannot be written: There is no such file or directory; name another, or make its directory. (${out})\n`,
    )
    const read = await basedrift(['check', '--kernel', '/nope', vector('base-1.1.btf')])
    expect(read.stderr).toBe(
      'basedrift: kernel-unreadable: /nope: file-unreadable: There is no such file or directory. The file cannot be read; check that it exists and may be read.\n',
    )
    const named = [
      'push',
      '--stream',
      's',
      '--version',
      '1',
      '--release',
      '1',
      '/nope',
      '/nor',
      vector('base-1.1.btf'),
    ]
    expect((await basedrift(named)).stderr).toBe(
      'basedrift: file-unreadable: What is to be sent cannot be read: /nope: There is no such file or directory; /nor: There is no such file or directory. Nothing was sent.\n',
    )
  })

  it('says that output cannot be written before it does the work', async () => {
    using temp = tempDir()
    mkdirSync(`${temp.path}/folder`)
    const run = await basedrift(['dump', vector('base-1.1.btf'), '--format', `raw=${temp.path}/folder`])
    expect(run).toMatchObject({ code: 2 })
    expect(run.stderr).toMatch(/^basedrift: output-unwritable: /)
  })
})

describe('errorLine', () => {
  it('names code, sentence and place, in one line that cannot steer a terminal', () => {
    expect(errorLine(new CliError('base-required', 'Give it.', 'a\u001b[1mb\nc'))).toBe(
      'basedrift: base-required: Give it. (a\\x1b[1mb\\x0ac)',
    )
    expect(
      errorLine(Object.assign(new Error('It broke.'), { code: 'elf-truncated', file: 'f', at: 12 })),
    ).toBe('basedrift: elf-truncated: It broke. (f, 12)')
    expect(
      errorLine(Object.assign(new Error('In f.ko it broke.'), { code: 'elf-truncated', file: 'f.ko' })),
    ).toBe('basedrift: elf-truncated: In f.ko it broke.')
    expect(errorLine(Object.assign(new Error('x'), { code: 'ENOENT', path: '/a' }))).toBe(
      'basedrift: file-unreadable: There is no such file or directory. (/a)',
    )
    expect(errorLine(new TypeError('x is undefined'))).toBe('basedrift: internal: x is undefined')
    expect(reportOf('thrown')).toEqual({ code: 'internal', message: 'thrown', where: null })
  })

  it('has a sentence for every code', () => {
    for (const sentence of Object.values(cliErrorCodes)) expect(sentence).toMatch(/^[A-Z`].*\.$/)
  })
})
