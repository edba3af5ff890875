import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { cpioOf, tarOf } from '../../../packages/artifacts/test/support/archives.js'
import { basedrift } from './support/run.js'
import { tempDir } from './support/temp.js'
import { vector, withoutSection } from './support/vectors.js'

const folder = path.dirname(vector('README.md'))
const at = { cwd: folder }
const no = '--rules=5.18.1,no-allow-mismatch'
const allow = '--rules=5.18.1,allow-mismatch'

describe('basedrift check: exit codes', () => {
  it.each([
    // All fit: the origin base is the running base.
    [0, ['--kernel', 'base-1.1.btf', '--origin', 'vmlinux-1.1', no, 'teapot-1.1.btf', 'saucer-1.1.ko']],
    // Refused, discarded, misread.
    [1, ['--kernel', 'base-1.3.btf', no, 'teapot-1.1.btf']],
    [1, ['--kernel', 'base-1.3.btf', allow, 'teapot-1.1.btf']],
    [1, ['--kernel', 'vmlinux-1.3', 'saucer-1.1.ko']],
    // A refusal counts more than a file that cannot be read, and that more than what is not known.
    [1, ['--kernel', 'base-1.3.btf', no, 'teapot-1.1.btf', 'README.md']],
    [2, ['--kernel', 'base-1.1.btf', no, 'teapot-1.1.btf', 'README.md']],
    [2, ['--kernel', 'base-1.1.btf', no, 'no-such-file.ko']],
    // Nothing says what the module was built on but its length, which agrees.
    [3, ['--kernel', 'base-1.1.btf', no, 'teapot-1.1.btf']],
    // Bad usage, or a kernel that cannot be used.
    [2, ['--kernel', 'base-1.1.btf']],
    [2, ['teapot-1.1.btf']],
    [2, ['--kernel', 'base-1.1.btf', 'teapot-1.1.btf']],
    [2, ['--kernel', 'base-1.1.btf', '--rules', 'newest', 'teapot-1.1.btf']],
    [2, ['--kernel', 'base-1.1.btf', '--rules', '6.1,maybe', 'teapot-1.1.btf']],
    [2, ['--kernel', 'README.md', no, 'teapot-1.1.btf']],
    [2, ['--kernel', 'no-such-file', no, 'teapot-1.1.btf']],
    [2, ['--kernel', '.', no, 'teapot-1.1.btf']],
    [2, ['--kernel', 'base-1.1.btf', no, '--format', 'yaml', 'teapot-1.1.btf']],
    [2, ['--kernel', 'base-1.1.btf', no, '--max-findings', 'many', 'teapot-1.1.btf']],
    [2, ['--kernel', 'base-1.1.btf', no, '--format', 'json', '--format', 'ndjson', 'teapot-1.1.btf']],
  ])('%i: %j', async (code, args) => {
    const run = await basedrift(['check', ...args], at)
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code })
    const failed = run.stderr !== ''
    if (failed) expect(run.stderr).toMatch(/^basedrift: [a-z-]+: [^\n]+\n$/)
    expect(run.stdout.length > 0).toBe(!failed)
  })

  it.each([
    [['--kernel', 'base-1.1.btf', 'teapot-1.1.btf'], 'rules-unknown'],
    [['--kernel', '.', no, 'teapot-1.1.btf'], 'kernel-ambiguous'],
    [['--kernel', 'base-1.1.btf', '--rules', 'newest', 'teapot-1.1.btf'], 'rules-invalid'],
  ])('names why: %j', async (args, code) => {
    const { stderr } = await basedrift(['check', ...args], at)
    expect(stderr).toMatch(new RegExp(`^basedrift: ${code}: `))
  })
})

describe('basedrift check: output', () => {
  it('is the documented JSON, keys in order', async () => {
    const args = [
      'check',
      '--kernel',
      'base-1.3.btf',
      allow,
      'teapot-1.1.ko',
      'saucer-1.1.btf',
      '--format',
      'json',
    ]
    const { stdout, stderr } = await basedrift(args, at)
    expect(stderr).toBe('')
    const shown = JSON.parse(stdout.toString())
    expect(Object.keys(shown)).toEqual(['engine', 'kernel', 'modules', 'summary'])
    expect(Object.keys(shown.kernel)).toEqual(['file', 'release', 'rules', 'base'])
    expect(shown.kernel).toMatchObject({
      file: 'base-1.3.btf',
      release: null,
      rules: { version: '5.18.1', allowBtfMismatch: true },
    })
    const [saucer, teapot] = shown.modules
    expect(Object.keys(teapot)).toEqual([
      'name',
      'file',
      'sha256',
      'verdict',
      'basis',
      'errno',
      'log',
      'reason',
      'load',
      'overall',
    ])
    expect(saucer).toMatchObject({
      name: 'saucer_1.1',
      file: 'saucer-1.1.btf',
      verdict: 'misread',
      basis: 'origin-length',
      errno: 0,
      log: [],
    })
    expect(teapot).toMatchObject({ name: 'teapot', verdict: 'discarded', basis: 'kernel-check', errno: 22 })
    expect(teapot.log.at(-1)).toBe('failed to validate module [teapot] BTF: -22')
    expect(shown.summary).toEqual({ total: 2, misread: 1, discarded: 1 })
  })

  it('is one module a line as ndjson, and the summary last', async () => {
    const args = ['check', '--kernel', 'vmlinux-1.3', 'teapot-1.1.ko', 'saucer-1.1.ko', '--format', 'ndjson']
    const { stdout } = await basedrift(args, at)
    const lines = stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ name, verdict, summary }) => summary ?? { name, verdict })).toEqual([
      { name: 'saucer', verdict: 'misread' },
      { name: 'teapot', verdict: 'rejected' },
      { total: 2, misread: 1, rejected: 1 },
    ])
  })

  it('goes to several files in one run, and a sentence is said all the same', async () => {
    using temp = tempDir()
    const [one, two, three] = ['a.json', 'b.json', 'c.ndjson'].map((name) => path.join(temp.path, name))
    const formats = [`json=${one}`, `json=${two}`, `ndjson=${three}`].flatMap((format) => [
      '--format',
      format,
    ])
    const run = await basedrift(['check', '--kernel', 'vmlinux-1.3', 'teapot-1.1.ko', ...formats], at)
    expect(run).toMatchObject({ code: 1, stdout: Buffer.alloc(0), stderr: 'The module is rejected.\n' })
    expect(readFileSync(one!, 'utf8')).toBe(readFileSync(two!, 'utf8'))
    expect(readFileSync(three!, 'utf8')).toContain('{"summary":{"total":1,"rejected":1}}\n')
    const table = await basedrift(
      ['check', '--kernel', 'vmlinux-1.3', 'teapot-1.1.ko', ...formats, '--format', 'table'],
      at,
    )
    expect(table.stderr).toBe('')
    expect(table.stdout.toString()).toMatch(/^The module is rejected\.\n/)
  })

  it('keeps its exit code when the reader of its output goes away', async () => {
    const run = await basedrift(['check', '--kernel', 'vmlinux-1.3', 'teapot-1.1.ko'], {
      ...at,
      closeOutput: true,
    })
    expect(run).toMatchObject({ code: 1, stderr: '' })
  })

  it('never lets a name steer a terminal', async () => {
    using temp = tempDir()
    const name = 'a\u001b[31m\n\u009b2J\u202e.btf'
    copyFileSync(vector('teapot-1.1.btf'), path.join(temp.path, name))
    const run = await basedrift(['check', '--kernel', vector('vmlinux-1.3'), name], { cwd: temp.path })
    expect(run.code).toBe(1)
    expect(run.stdout.toString()).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u)
    expect(run.stdout.toString()).toContain('a\\x1b[31m\\x0a\\x9b2J\\u{202e}')
    const missing = await basedrift(['check', '--kernel', 'no\u001b[2J', name], { cwd: temp.path })
    expect(missing.stderr).not.toContain('\u001b')
  })
})

describe('basedrift check: inputs', () => {
  it('takes kernel and modules from one package, and a directory without following links', async () => {
    using temp = tempDir()
    const files = {
      'boot/vmlinux': readFileSync(vector('vmlinux-1.1')),
      'lib/modules/teapot.ko': readFileSync(vector('teapot-1.1.ko')),
    }
    const archive = path.join(temp.path, 'build.tar')
    writeFileSync(archive, tarOf(files))
    const own = await basedrift(['check', '--kernel', archive, archive, '--format', 'ndjson'])
    expect(own.code).toBe(0)
    expect(own.stdout.toString()).toContain('"verdict":"compatible","basis":"same-base"')
    // Its BTF fits, and yet the kernel has modversions and the module none.
    const bare = path.join(temp.path, 'bare.ko')
    writeFileSync(bare, withoutSection(files['lib/modules/teapot.ko'], '__versions'))
    const doubtful = await basedrift(['check', '--kernel', archive, bare, '--format', 'ndjson'])
    expect(doubtful.code).toBe(3)
    expect(doubtful.stdout.toString()).toContain('"doubts":["versions-absent"]')
    const other = await basedrift(['check', '--kernel', vector('vmlinux-1.3'), archive, '--format', 'ndjson'])
    expect(other.code).toBe(1)
    expect(other.stdout.toString()).toContain(`"file":"${archive}!lib/modules/teapot.ko"`)
    const modules = path.join(temp.path, 'modules')
    mkdirSync(path.join(modules, 'deep'), { recursive: true })
    copyFileSync(vector('saucer-1.3.ko'), path.join(modules, 'deep/saucer.ko'))
    symlinkSync(vector('teapot-1.1.ko'), path.join(modules, 'linked.ko'))
    const directory = await basedrift([
      'check',
      '--kernel',
      vector('vmlinux-1.3'),
      modules,
      '--format',
      'ndjson',
    ])
    expect(directory.stdout.toString()).toContain('"name":"saucer"')
    expect(directory.stdout.toString()).toContain('"total":1')
    expect(directory.code).toBe(3)
  })

  it('takes no pipe in the place of a module for nothing, and does not wait for who writes to it', async () => {
    using temp = tempDir()
    const modules = path.join(temp.path, 'pipes')
    mkdirSync(modules)
    copyFileSync(vector('saucer-1.1.btf'), path.join(modules, 'saucer.btf'))
    const check = () =>
      basedrift(['check', '--kernel', vector('base-1.1.btf'), '--rules', '6.1', ...origin, modules])
    const origin = ['--origin', vector('base-1.1.btf')]
    expect(await check()).toMatchObject({ code: 0 })
    execFileSync('mkfifo', [path.join(modules, 'teapot.ko')])
    const { code, stdout } = await check()
    expect(code).toBe(2)
    expect(stdout.toString()).toMatch(/file-unreadable: It is a pipe, a socket or a device\. /)
  })
})

describe('basedrift check: an initramfs image', () => {
  const name = 'usr/lib/modules/5.15.12-1-default/kernel'
  const image = (build: string) =>
    Buffer.concat([
      cpioOf({ 'kernel/x86/microcode/GenuineIntel.bin': 'microcode' }),
      Buffer.alloc(512),
      gzipSync(
        cpioOf({
          [`${name}/teapot.ko`]: readFileSync(vector(`teapot-${build}.ko`)),
          [`${name}/saucer.ko.gz`]: gzipSync(readFileSync(vector(`saucer-${build}.ko`))),
        }),
      ),
    ])

  it('with stale modules does not pass, one made anew does', async () => {
    using temp = tempDir()
    const initrd = path.join(temp.path, 'initrd.img')
    writeFileSync(initrd, image('1.1'))
    const args = ['check', '--kernel', vector('vmlinux-1.3'), '--format', 'ndjson', initrd]
    const stale = await basedrift(args)
    const rows = stale.stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows).toMatchObject([
      { file: `${initrd}!${name}/saucer.ko.gz`, verdict: 'misread', basis: 'origin-length' },
      { file: `${initrd}!${name}/teapot.ko`, verdict: 'rejected' },
      { summary: { total: 2, misread: 1, rejected: 1 } },
    ])
    expect(stale.code).toBe(1)
    writeFileSync(initrd, image('1.3'))
    const fresh = await basedrift([...args, '--origin', vector('vmlinux-1.3')])
    expect([fresh.code, fresh.stdout.toString()]).toEqual([0, expect.stringContaining('"compatible":2')])
    const shown = await basedrift(['inspect', initrd, '--format', 'json'])
    expect(JSON.parse(shown.stdout.toString())).toMatchObject({ kind: 'initramfs', problems: [] })
  })
})

describe('basedrift check: several kernels', () => {
  const args = ['check', '--kernel', 'vmlinux-1.1', '--kernel', 'vmlinux-1.3', 'teapot-1.1.ko']
  const origin = ['--origin', 'vmlinux-1.1']

  it('is one document, with what one kernel alone gives for each', async () => {
    const run = await basedrift([...args, ...origin, '--format', 'json'], at)
    const shown = JSON.parse(run.stdout.toString())
    expect(Object.keys(shown)).toEqual(['engine', 'checks', 'summary'])
    expect([run.code, shown.summary]).toEqual([1, { total: 2, compatible: 1, rejected: 1 }])
    for (const [nth, kernel] of ['vmlinux-1.1', 'vmlinux-1.3'].entries()) {
      const alone = await basedrift(
        ['check', '--kernel', kernel, 'teapot-1.1.ko', ...origin, '--format', 'json'],
        at,
      )
      expect({ engine: shown.engine, ...shown.checks[nth] }).toEqual(JSON.parse(alone.stdout.toString()))
      expect(Object.keys(shown.checks[nth])[0]).toBe('kernel')
    }
  })

  it('is a line for each module on each kernel, and a table for each kernel', async () => {
    const run = await basedrift([...args, ...origin, '--format', 'ndjson'], at)
    const lines = run.stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toMatchObject([
      { kernel: 'vmlinux-1.1', name: 'teapot', verdict: 'compatible' },
      { kernel: 'vmlinux-1.1', summary: { total: 1, compatible: 1 } },
      { kernel: 'vmlinux-1.3', name: 'teapot', verdict: 'rejected' },
      { kernel: 'vmlinux-1.3', summary: { total: 1, rejected: 1 } },
      { summary: { total: 2, compatible: 1, rejected: 1 } },
    ])
    const table = (await basedrift([...args, ...origin], at)).stdout.toString()
    expect(table).toMatch(
      /^On vmlinux-1\.1\nThe module is compatible\.\n(?:.*\n)+On vmlinux-1\.3\nThe module is rejected\.\n/,
    )
  })

  it('ends with the worst of all, and in an error where one cannot be read', async () => {
    const one = await basedrift(['check', '--kernel', 'vmlinux-1.1', ...args.slice(3), ...origin], at)
    expect(one.code).toBe(1)
    const missing = await basedrift([...args, '--kernel', 'no-such-file'], at)
    expect([missing.code, missing.stdout.toString()]).toEqual([2, ''])
  })
})

describe('a kernel package that ends in the middle', () => {
  it('is said to, and no pass, though its kernel was read', async () => {
    using temp = tempDir()
    const whole = tarOf({
      'boot/vmlinux': readFileSync(vector('vmlinux-1.1')),
      'lib/saucer.ko': readFileSync(vector('saucer-1.1.ko')),
    })
    const cut = path.join(temp.path, 'cut.tar')
    writeFileSync(cut, whole.subarray(0, whole.length - 2000))
    const args = [
      'check',
      '--rules',
      '9.9,no-allow-mismatch',
      '--kernel',
      cut,
      '--origin',
      vector('vmlinux-1.1'),
    ]
    const junit = path.join(temp.path, 'check.xml')
    const run = await basedrift([
      ...args,
      vector('saucer-1.1.ko'),
      '--format',
      'table',
      '--format',
      `junit=${junit}`,
    ])
    expect(run.code).toBe(2)
    const text = run.stdout.toString()
    expect(text).toMatch(/^The module is compatible\.\n/)
    expect(text).toContain(`\nNot read whole: ${cut}: archive-truncated: `)
    expect(text).toContain('Note: What kernels after 7.3 do is not known: the rules are those of 7.3.\n')
    expect(readFileSync(junit, 'utf8')).toContain('tests="2" failures="0" errors="1"')
  })

  it('leaves a report that is none where the kernel cannot be read', async () => {
    using temp = tempDir()
    const [junit, sarif] = [path.join(temp.path, 'check.xml'), path.join(temp.path, 'check.sarif')]
    const formats = ['--format', `junit=${junit}`, '--format', `sarif=${sarif}`]
    const run = await basedrift(['check', '--kernel', '/nope', vector('saucer-1.1.ko'), ...formats])
    expect(run.code).toBe(2)
    expect(readFileSync(junit, 'utf8')).toContain('errors="1"')
    expect(JSON.parse(readFileSync(sarif, 'utf8')).runs[0].invocations[0].executionSuccessful).toBe(false)
  })
})

describe('basedrift check: this machine', () => {
  const release = '5.15.12-1-default'
  const put = (root: string, name: string, content: Uint8Array | string) => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
    writeFileSync(path.join(root, name), content)
  }

  it('is what is below a root directory', async () => {
    using temp = tempDir()
    put(temp.path, 'proc/sys/kernel/osrelease', `${release}\n`)
    put(temp.path, 'proc/version', `Linux version ${release} (b@k) (gcc) #1 SMP\n`)
    put(temp.path, 'sys/kernel/btf/vmlinux', readFileSync(vector('base-1.3.btf')))
    const teapot = readFileSync(vector('teapot-1.1.ko'))
    put(temp.path, `lib/modules/${release}/kernel/teapot.ko`, teapot)
    put(temp.path, `boot/initrd.img-${release}`, gzipSync(cpioOf({ 'lib/teapot.ko': teapot })))
    const run = await basedrift(['check', '--running', '--root', temp.path, '--format', 'json'])
    const shown = JSON.parse(run.stdout.toString())
    expect([run.code, run.stderr]).toEqual([1, ''])
    expect(shown.kernel).toMatchObject({
      file: `${temp.path}/sys/kernel/btf/vmlinux`,
      release,
      rules: { version: '5.15.12', allowBtfMismatch: null },
    })
    expect(shown.modules.map(({ file }: { file: string }) => file.slice(temp.path.length))).toEqual([
      `/boot/initrd.img-${release}!lib/teapot.ko`,
      `/lib/modules/${release}/kernel/teapot.ko`,
    ])
    const given = ['check', '--running', '--root', temp.path, '--kernel', vector('vmlinux-1.1')]
    expect((await basedrift([...given, vector('teapot-1.1.ko')])).code).toBe(3)
  })

  it.each([
    [['--running', '--kernel', 'a', '--kernel', 'b']],
    [['--root', '.', '--kernel', 'vmlinux-1.1', 'teapot-1.1.ko']],
    [['--kernel', 'vmlinux-1.1']],
    [['teapot-1.1.ko']],
  ])('is bad usage with %j', async (args) => {
    const { code, stderr } = await basedrift(['check', ...args], at)
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^basedrift: usage: /)])
  })
})
