import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { readElf, readStamp, stampChange, writeSections } from '@basedrift/artifacts'
import { readBtf } from '@basedrift/btf'
import { sha256Of } from '@basedrift/check'
import { describe, expect, it } from 'vitest'
import { basedrift } from './support/run.js'
import { tempDir } from './support/temp.js'
import { vector } from './support/vectors.js'

const base = readFileSync(vector('base-1.1.btf'))
const { typeCount, stringsLength } = readBtf(base)
const stamp = { sha256: sha256Of(base), types: typeCount, strings: stringsLength }
const stampOf = (file: string) => readStamp(readElf(readFileSync(file)))

describe('basedrift stamp', () => {
  it('stamps modules in place, again and again, and leaves the rest as it was', async () => {
    using temp = tempDir()
    const [one, two] = ['teapot-1.1.ko', 'saucer-1.1.ko'].map((name) => path.join(temp.path, name))
    copyFileSync(vector('teapot-1.1.ko'), one!)
    copyFileSync(vector('saucer-1.1.ko'), two!)
    chmodSync(one!, 0o640)
    for (const kernel of ['vmlinux-1.1', 'base-1.1.btf']) {
      const run = await basedrift(['stamp', '--base', vector(kernel), one!, two!])
      expect(run).toMatchObject({ code: 0, stderr: '' })
      expect(run.stdout.toString()).toBe(
        `Stamped 2 modules with base ${stamp.sha256} (41 types, 287 bytes of strings)\n`,
      )
      expect([stampOf(one!), stampOf(two!)]).toEqual([stamp, stamp])
    }
    expect(statSync(one!).mode & 0o777).toBe(0o640)
    expect(readdirSync(temp.path).sort()).toEqual(['saucer-1.1.ko', 'teapot-1.1.ko'])
    const shown = await basedrift(['inspect', '--format', 'json', one!])
    expect(JSON.parse(shown.stdout.toString()).modules[0]).toMatchObject({ name: 'teapot', btf: { stamp } })
    const table = (await basedrift(['inspect', temp.path])).stdout.toString()
    expect(table).toContain(`\n         2 stamped with base ${stamp.sha256.slice(0, 12)}…\n`)
  })

  it('writes elsewhere, what was compressed uncompressed', async () => {
    using temp = tempDir()
    const packed = path.join(temp.path, 'teapot.ko.gz')
    writeFileSync(packed, gzipSync(readFileSync(vector('teapot-1.1.ko'))))
    const out = path.join(temp.path, 'out')
    mkdirSync(out)
    const kernel = ['--base', vector('base-1.1.btf')]
    expect(await basedrift(['stamp', ...kernel, packed, vector('saucer-1.1.ko'), '-o', out])).toMatchObject({
      code: 0,
    })
    expect(readdirSync(out).sort()).toEqual(['saucer-1.1.ko', 'teapot.ko'])
    expect(stampOf(path.join(out, 'teapot.ko'))).toEqual(stamp)
    const inPlace = await basedrift(['stamp', ...kernel, packed])
    expect(inPlace).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^basedrift: module-compressed: /),
    })
    const file = path.join(temp.path, 'one.ko')
    expect(await basedrift(['stamp', ...kernel, vector('saucer-1.1.ko'), '-o', file])).toMatchObject({
      code: 0,
    })
    expect(stampOf(file)).toEqual(stamp)
  })

  it('makes a check sure of the origin base', async () => {
    using temp = tempDir()
    const file = path.join(temp.path, 'saucer.ko')
    const check = async (kernel: string, ...more: string[]) => {
      const kernels = ['--kernel', vector(kernel), '--rules', '6.1.192', ...more]
      const { code, stdout } = await basedrift(['check', '--format', 'json', ...kernels, file])
      const { verdict, basis, reason } = JSON.parse(stdout.toString()).modules[0]
      return [code, verdict, basis, reason?.code]
    }
    copyFileSync(vector('saucer-1.1.ko'), file)
    expect(await check('base-1.1.btf')).toEqual([3, 'unknown', 'no-origin', undefined])
    await basedrift(['stamp', '--base', vector('base-1.1.btf'), file])
    expect(await check('base-1.1.btf')).toEqual([0, 'compatible', 'same-base', undefined])
    expect(await check('base-1.1.btf', '--origin', vector('base-1.3.btf'))).toEqual([
      0,
      'compatible',
      'same-base',
      undefined,
    ])
    const elf = readElf(readFileSync(file))
    const lie = { ...stamp, types: stamp.types - 1 }
    writeFileSync(file, writeSections(elf.bytes, [stampChange(lie, elf.little)]))
    expect(await check('base-1.1.btf')).toEqual([2, 'error', 'stamp-contradicts', 'stamp-contradicts'])
  })

  it('refuses what it cannot stamp, and leaves it as it was', async () => {
    using temp = tempDir()
    const at = (name: string) => path.join(temp.path, name)
    const module = readFileSync(vector('teapot-1.1.ko'))
    writeFileSync(at('signed.ko'), Buffer.concat([module, Buffer.from('sig~Module signature appended~\n')]))
    writeFileSync(at('other.ko'), readFileSync(vector('teapot-1.3.ko')))
    writeFileSync(at('cut.ko'), module.subarray(0, 100))
    writeFileSync(at('raw.btf'), readFileSync(vector('teapot-1.1.btf')))
    writeFileSync(at('text.ko'), 'text')
    for (const [name, code] of [
      ['signed.ko', 'module-signed'],
      ['other.ko', 'origin-contradicts'],
      ['cut.ko', 'elf-truncated'],
      ['raw.btf', 'module-form'],
      ['text.ko', 'module-form'],
      ['none.ko', 'file-unreadable'],
    ] as const) {
      const before = name === 'none.ko' ? null : readFileSync(at(name))
      const run = await basedrift(['stamp', '--base', vector('vmlinux-1.1'), at(name)])
      expect(run).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(new RegExp(`^basedrift: ${code}: `)),
      })
      expect(run.stderr).toContain(name)
      if (before !== null) expect(readFileSync(at(name)).equals(before)).toBe(true)
    }
    execFileSync('mkfifo', [at('pipe.ko')])
    for (const file of ['/dev/zero', at('pipe.ko'), temp.path]) {
      const run = await basedrift(['stamp', '--base', vector('vmlinux-1.1'), file])
      expect(run).toMatchObject({ code: 2, stderr: expect.stringMatching(/^basedrift: module-form: /) })
    }
    const usage = await basedrift(['stamp', '--base', vector('vmlinux-1.1'), at('a'), at('b'), '-o', at('c')])
    expect(usage.stderr).toMatch(/^basedrift: usage: /)
  })
})
