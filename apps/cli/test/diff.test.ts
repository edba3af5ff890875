import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { BtfBuilder, Kind } from '@basedrift/btf'
import type { DriftReport } from '@basedrift/check'
import { describe, expect, it } from 'vitest'
import { tarOf } from '../../../packages/artifacts/test/support/archives.js'
import { basedrift } from './support/run.js'
import { tempDir } from './support/temp.js'
import { vector } from './support/vectors.js'

const content = (name: string): Uint8Array => readFileSync(vector(name))
const [older, newer] = [vector('base-1.1.btf'), vector('base-1.3.btf')] as const

/** A package of a small kernel with its modules and config. */
const packageOf = (build: string, option: string): Uint8Array =>
  tarOf({
    'boot/vmlinux': content(`vmlinux-${build}`),
    'boot/config-5.15.12-1-default': [
      '# Linux/x86 5.15.12 Kernel Configuration',
      'CONFIG_DEBUG_INFO_BTF_MODULES=y',
      `CONFIG_CC_VERSION_TEXT="gcc (GCC) ${build}"`,
      'CONFIG_PAHOLE_VERSION=124',
      option,
      '',
    ].join('\n'),
    'lib/teapot.ko': content(`teapot-${build}.ko`),
    'lib/saucer.ko': content(`saucer-${build}.ko`),
  })

describe('basedrift diff', () => {
  it('says what differs between two builds, and what becomes of the modules in them', async () => {
    using temp = tempDir()
    writeFileSync(path.join(temp.path, 'a.tar'), packageOf('1.1', 'CONFIG_KETTLE=y'))
    writeFileSync(path.join(temp.path, 'b.tar'), packageOf('1.3', '# CONFIG_KETTLE is not set'))
    const args = ['diff', 'a.tar', 'b.tar', '--format', 'table', '--format', 'json=drift.json']
    const { code, stdout, stderr } = await basedrift(args, { cwd: temp.path })
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    await expect(stdout.toString()).toMatchFileSnapshot('golden/diff.txt')
    const report = JSON.parse(readFileSync(path.join(temp.path, 'drift.json'), 'utf8')) as DriftReport
    expect(report).toMatchObject({
      a: { file: 'a.tar!boot/vmlinux', compiler: 'gcc (GCC) 1.1', pahole: '124' },
      class: 'functions-only',
      blast: {
        ofAOnB: { summary: { total: 2, misread: 1, rejected: 1 }, broken: { total: 2 } },
        ofBOnA: { summary: { total: 2, misread: 1, rejected: 1 }, broken: { total: 2 } },
      },
      configDifferences: {
        listed: [
          { option: 'CONFIG_CC_VERSION_TEXT', a: '"gcc (GCC) 1.1"', b: '"gcc (GCC) 1.3"' },
          { option: 'CONFIG_KETTLE', a: 'y', b: null },
        ],
      },
    })
    expect(report.hints.map((hint) => hint.code)).toEqual([
      'compiler-differs',
      'config-differs',
      'function-set',
    ])
  })

  it('takes each module for the build on whose base it was built, or as it is told', async () => {
    const modules = ['teapot-1.1.btf', 'saucer-1.1.btf', 'saucer-1.3.btf'].map(vector)
    const rules = ['--rules', '5.15.12', '--format', 'json']
    const sorted = await basedrift(['diff', older, newer, ...modules, ...rules])
    const of = ({ stdout }: typeof sorted): DriftReport['blast'] => JSON.parse(stdout.toString()).blast
    expect(of(sorted)).toMatchObject({ ofAOnB: { summary: { total: 2 } }, ofBOnA: { summary: { total: 1 } } })
    const options = modules.flatMap((file, index) => [index < 2 ? '--modules-a' : '--modules-b', file])
    const told = await basedrift(['diff', older, newer, ...options, ...rules])
    expect(of(told)).toEqual(of(sorted))
    const neither = await basedrift(['diff', older, older, modules[2]!, ...rules])
    expect(neither).toMatchObject({ code: 0 })
    expect(neither.stderr).toMatch(/^Note: Not told on which .*saucer-1\.3\.btf/)
    expect(of(neither)).toEqual({ ofAOnB: null, ofBOnA: null })
  })

  it('ends with 0 where the bases are equal, and with 2 where something cannot be read', async () => {
    const same = await basedrift(['diff', older, vector('vmlinux-1.1')])
    expect(same).toMatchObject({ code: 0, stderr: '' })
    expect(same.stdout.toString()).toMatch(/^The bases are equal, byte for byte\./)
    const absent = await basedrift(['diff', older, vector('README.md')])
    expect(absent).toMatchObject({ code: 2 })
    expect(absent.stderr).toMatch(/^basedrift: kernel-unreadable: /)
    const noRules = await basedrift(['diff', older, newer, '--modules-a', vector('teapot-1.1.btf')])
    expect(noRules).toMatchObject({ code: 2 })
    expect(noRules.stderr).toMatch(/^basedrift: rules-unknown: /)
  })

  it('ends with 2 where the bases are equal and modules cannot be read', async () => {
    using temp = tempDir()
    const broken = path.join(temp.path, 'broken.ko')
    writeFileSync(broken, 'no module')
    const rules = ['--rules', '5.15.12']
    const sorted = await basedrift(['diff', older, older, broken, ...rules])
    expect(sorted).toMatchObject({ code: 2 })
    expect(sorted.stderr).toMatch(/^Note: Not read: .*broken\.ko \([a-z-]+\)\.$/m)
    const told = await basedrift(['diff', older, older, '--modules-a', broken, ...rules])
    expect(told).toMatchObject({ code: 2 })
    expect(await basedrift(['diff', older, newer, broken, ...rules])).toMatchObject({ code: 1 })
  })

  it('writes one HTML file without scripts, in which names are texts', async () => {
    using temp = tempDir()
    const hostile = `<script>alert("&'")</script>\u001b[2J`
    for (const [file, size] of [
      ['a', 4],
      ['b', 8],
    ] as const) {
      const btf = new BtfBuilder(true, null)
      btf.add(Kind.STRUCT, hostile, size)
      if (file === 'b') btf.add(Kind.STRUCT, `${hostile} more`, 4)
      writeFileSync(path.join(temp.path, `${file}.btf`), btf.encode())
    }
    const args = ['diff', 'a.btf', 'b.btf', '--format', 'html=drift.html']
    const { code, stdout, stderr } = await basedrift(args, { cwd: temp.path })
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe('layout: 1 type changed and 1 came; no other type has another id.\n')
    const text = readFileSync(path.join(temp.path, 'drift.html'), 'utf8')
    expect(text).toContain('&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;\\x1b[2J')
    expect(text).toMatch(/<del>-.*size: 4.*<\/del><ins>\+.*size: 8/)
    expect(text).not.toMatch(/<script|(?:src|href)=|url\(|@import/)
    expect(text).not.toContain('\u001b')
    expect(text).toMatch(
      /http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/,
    )
  })
})
