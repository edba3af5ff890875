import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { tarOf } from '../../../packages/artifacts/test/support/archives.js'
import { basedrift } from './support/run.js'
import { tempDir } from './support/temp.js'
import { vector } from './support/vectors.js'

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')
const content = (name: string): Uint8Array => readFileSync(vector(name))

/** A package of the small kernel, with its config; names are what an attacker would choose. */
function smallPackage(): Uint8Array {
  return tarOf({
    'boot/vmlinux': content('vmlinux-1.1'),
    'boot/config-5.15.12-1-default': [
      '#',
      '# Automatically generated file; DO NOT EDIT.',
      '# Linux/x86 5.15.12 Kernel Configuration',
      '#',
      'CONFIG_DEBUG_INFO_BTF_MODULES=y',
      '# CONFIG_MODULE_ALLOW_BTF_MISMATCH is not set',
      '',
    ].join('\n'),
    'lib/\u001b[2Jteapot.ko': content('teapot-1.1.ko'),
    'lib/saucer.ko': content('saucer-1.1.ko'),
    'lib/broken.ko': content('saucer-1.1.ko').subarray(0, 200),
  })
}

describe('basedrift inspect', () => {
  it('says as JSON what is in a package', async () => {
    using temp = tempDir()
    writeFileSync(path.join(temp.path, 'p.tar'), smallPackage())
    const { code, stdout, stderr } = await basedrift(['inspect', 'p.tar', '--format', 'json'], {
      cwd: temp.path,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const shown = JSON.parse(stdout.toString())
    expect(Object.keys(shown)).toEqual(['file', 'sha256', 'size', 'kind', 'kernel', 'modules', 'problems'])
    expect(shown).toMatchObject({
      file: 'p.tar',
      sha256: sha256(smallPackage()),
      size: smallPackage().length,
      kind: 'tar',
    })
    expect(shown.kernel).toMatchObject({
      release: '5.15.12-1-default',
      version: '5.15.12',
      config: { btfModules: true, allowBtfMismatch: false },
      base: { sha256: sha256(content('base-1.1.btf')), types: 41, strings: 287 },
    })
    const known = JSON.parse(content('fingerprints.json').toString())
    const { bytes, layout, meaning, slices } = known.find(
      ({ name }: { name: string }) => name === 'base-1.1.btf',
    )
    expect(shown.kernel.base.fingerprints).toEqual({ bytes, layout, meaning })
    expect(shown.modules.map(({ btf }: { btf: { slice: string } }) => btf.slice)).toEqual([
      slices['teapot-1.1.btf'],
      slices['saucer-1.1.btf'],
    ])
    expect(shown.modules.map(({ file }: { file: string }) => file)).toEqual([
      'p.tar!lib/\u001b[2Jteapot.ko',
      'p.tar!lib/saucer.ko',
    ])
    expect(shown.modules[1]).toMatchObject({
      name: 'saucer',
      sha256: sha256(content('saucer-1.1.ko')),
      btf: { bytes: 352, originStrings: 287, stamp: null },
      distilled: null,
    })
    expect(Object.keys(shown.modules[1])).toEqual([
      'name',
      'file',
      'sha256',
      'vermagic',
      'srcversion',
      'buildId',
      'btf',
      'distilled',
      'imports',
      'exports',
    ])
    expect(shown.problems).toMatchObject([{ code: 'elf-truncated', file: 'p.tar!lib/broken.ko' }])
  })

  it('says it to people without letting names steer the terminal', async () => {
    using temp = tempDir()
    writeFileSync(path.join(temp.path, 'p.tar'), smallPackage())
    writeFileSync(path.join(temp.path, '\u001b]0;title\u0007.btf'), content('saucer-1.1.btf'))
    const { code, stdout } = await basedrift(['inspect', 'p.tar', '\u001b]0;title\u0007.btf'], {
      cwd: temp.path,
    })
    expect(code).toBe(0)
    const text = stdout.toString()
    expect(text).not.toContain('\u001b')
    expect(text).not.toContain('\u0007')
    await expect(text.replaceAll(sha256(smallPackage()).slice(0, 12), 'PACKAGE')).toMatchFileSnapshot(
      'golden/inspect.txt',
    )
  })

  it('has no slice of a base that a module was not built on, and none without a base', async () => {
    using temp = tempDir()
    writeFileSync(path.join(temp.path, 'vmlinux'), content('vmlinux-1.3'))
    writeFileSync(path.join(temp.path, 'saucer.ko'), content('saucer-1.1.ko'))
    for (const input of ['.', 'saucer.ko']) {
      const { stdout } = await basedrift(['inspect', input, '--format', 'json'], { cwd: temp.path })
      expect(JSON.parse(stdout.toString()).modules).toMatchObject([{ name: 'saucer', btf: { slice: null } }])
    }
  })

  it('tells formats of single files apart', async () => {
    const files = ['base-1.1.btf', 'teapot-1.1.ko', 'vmlinux-1.3'].map(vector)
    const { stdout } = await basedrift(['inspect', ...files, '--format', 'json'])
    const kinds = JSON.parse(stdout.toString()).map(({ kind }: { kind: string }) => kind)
    expect(kinds).toEqual(['raw-btf', 'module', 'vmlinux'])
  })

  it('takes the forms of one kernel for one', async () => {
    using temp = tempDir()
    const forms = {
      'boot/vmlinux': content('vmlinux-1.1'),
      'usr/lib/modules/1/vmlinux': content('vmlinux-1.1'),
    }
    writeFileSync(path.join(temp.path, 'p.tar'), tarOf(forms))
    const { code, stdout } = await basedrift(['inspect', 'p.tar', '--format', 'json'], { cwd: temp.path })
    const { kernel, problems } = JSON.parse(stdout.toString())
    expect(code).toBe(0)
    expect(kernel.base).toMatchObject({ sha256: sha256(content('base-1.1.btf')) })
    expect(problems).not.toContainEqual(expect.objectContaining({ code: 'kernel-ambiguous' }))
    const dumped = await basedrift(['dump', 'p.tar'], { cwd: temp.path })
    expect(dumped.code).toBe(0)
  })

  it('opens neither pipes nor devices', async () => {
    const { code, stderr } = await basedrift(['inspect', '/dev/null'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^basedrift: file-unreadable: .*neither a regular file nor a directory/)
  })

  it('ends with 2 where there is nothing to use, or several kernels', async () => {
    const none = await basedrift(['inspect', vector('README.md'), '--format', 'json'])
    expect(none.code).toBe(2)
    expect(JSON.parse(none.stdout.toString()).problems).toMatchObject([{ code: 'format-unknown' }])
    const several = await basedrift(['inspect', path.dirname(vector('README.md')), '--format', 'json'])
    expect(several.code).toBe(2)
    expect(JSON.parse(several.stdout.toString())).toMatchObject({
      sha256: null,
      size: null,
      kind: 'directory',
    })
    expect(several.stdout.toString()).toContain('kernel-ambiguous')
    const missing = await basedrift(['inspect', '/nonexistent'])
    expect(missing.code).toBe(2)
    expect(missing.stderr).toMatch(/^basedrift: file-unreadable: .*\/nonexistent/)
  })
})
