import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { tarOf } from '../../../packages/artifacts/test/support/archives.js'
import { basedrift } from './support/run.js'
import { tempDir } from './support/temp.js'
import { vector } from './support/vectors.js'

/** What bpftool 7.1 printed for a vector. */
function printed(name: string): string {
  return readFileSync(path.join(import.meta.dirname, 'golden', `bpftool-${name}.txt`), 'latin1')
}

describe('basedrift dump', () => {
  it.each([
    ['base-1.1', ['base-1.1.btf']],
    ['base-1.3', ['vmlinux-1.3']],
    ['teapot-1.1', ['teapot-1.1.btf', '--base', 'base-1.1.btf']],
    ['teapot-1.3', ['teapot-1.3.ko', '--base', 'vmlinux-1.3']],
    ['saucer-1.1', ['saucer-1.1.ko', '--base', 'base-1.1.btf', '--format', 'raw']],
    ['saucer-1.1-on-1.3', ['saucer-1.1.btf', '--base', 'base-1.3.btf']],
    ['base-1.1-c', ['base-1.1.btf', '--format', 'c']],
    ['teapot-1.1-c', ['teapot-1.1.ko', '--base', 'vmlinux-1.1', '--format', 'c']],
    ['teapot-1.1-on-1.3', ['teapot-1.1.btf', '--base', 'vmlinux-1.3']],
  ])('prints what bpftool printed: %s', async (golden, args) => {
    const { code, stdout, stderr } = await basedrift(['dump', ...args], {
      cwd: path.dirname(vector('base-1.1.btf')),
    })
    expect(stdout.toString('latin1')).toBe(printed(golden))
    const said = golden.includes('-on-')
      ? expect.stringMatching(
          /^Note: .+ was built on a base with 287 bytes of strings, and that of .+ has 338: .+\n$/,
        )
      : ''
    expect({ code, stderr }).toEqual({ code: 0, stderr: said })
  })

  it('finds a module in a package and reads it on the kernel beside it', async () => {
    using temp = tempDir()
    const archive = path.join(temp.path, 'kernel.tar')
    const files = {
      'boot/vmlinux': 'vmlinux-1.1',
      'lib/tea-pot.ko': 'teapot-1.1.ko',
      'lib/saucer.ko': 'saucer-1.1.ko',
    }
    writeFileSync(
      archive,
      tarOf(
        Object.fromEntries(Object.entries(files).map(([name, from]) => [name, readFileSync(vector(from))])),
      ),
    )
    for (const args of [
      [archive, '--module', 'teapot'],
      [`${archive}!lib/tea-pot.ko`],
      [`${archive}!lib/tea-pot.ko`, '--base', archive],
    ]) {
      const { stdout, stderr } = await basedrift(['dump', ...args])
      expect(stderr).toBe('')
      expect(stdout.toString('latin1')).toBe(printed('teapot-1.1'))
    }
    const kernel = await basedrift(['dump', archive, '--kernel-btf'])
    expect(kernel.stdout.toString('latin1')).toBe(printed('base-1.1'))
    const unclear = await basedrift(['dump', archive])
    expect(unclear).toMatchObject({ code: 2, stdout: Buffer.alloc(0) })
    expect(unclear.stderr).toMatch(/^basedrift: dump-ambiguous: .*a kernel and 2 modules/)
    const wrong = await basedrift(['dump', archive, '--module', 'kettle'])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toMatch(/^basedrift: btf-absent: The input holds no module kettle with BTF/)
  })

  it.each([
    [['teapot-1.1.btf'], 'base-required'],
    [['teapot-1.1.ko'], 'base-required'],
    [['nothing.ko'], 'file-unreadable'],
    [['base-1.1.btf!member'], 'btf-absent'],
    [['README.md'], 'btf-absent'],
    [['base-1.1.btf', '--format', 'h'], 'usage'],
    [['base-1.1.btf', '--module', 'a', '--kernel-btf'], 'usage'],
    [['teapot-1.1.btf', '--base', 'README.md'], 'btf-absent'],
  ])('ends with 2 and a code: %j', async (args, code) => {
    const run = await basedrift(['dump', ...args], { cwd: path.dirname(vector('base-1.1.btf')) })
    expect(run.stderr).toMatch(new RegExp(`^basedrift: ${code}: .+\n$`))
    expect(run.stdout.toString()).toBe('')
    expect(run.code).toBe(2)
  })

  it('writes to files, and survives a reader that goes away', async () => {
    using temp = tempDir()
    const [one, two] = [path.join(temp.path, 'one'), path.join(temp.path, 'two')]
    const args = ['dump', vector('base-1.1.btf'), '--format', `raw=${one}`, '--format', `raw=${two}`]
    expect(await basedrift(args)).toMatchObject({ code: 0, stdout: Buffer.alloc(0), stderr: '' })
    expect(readFileSync(one, 'latin1')).toBe(printed('base-1.1'))
    expect(readFileSync(two, 'latin1')).toBe(printed('base-1.1'))
    const gone = await basedrift(['dump', vector('base-1.1.btf')], { closeOutput: true })
    expect(gone).toMatchObject({ code: 0, stderr: '' })
  })
})
