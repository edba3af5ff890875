import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { tarOf } from '../../artifacts/test/support/archives.js'
import { checkKernelAndModules, checkOnKernels } from '../src/index.js'
import { vector, vectorBytes } from './support/vectors.js'

const folder = mkdtempSync(join(tmpdir(), 'several-'))
afterAll(() => rmSync(folder, { recursive: true }))
const kernels = ['vmlinux-1.1', 'vmlinux-1.3'].map(vector)
const modules = ['teapot-1.1.ko', 'saucer-1.3.btf'].map(vector)

describe('several kernels', () => {
  test('are each checked as alone', async () => {
    const results = await checkOnKernels({ kernels: [...kernels, kernels[0]!], modules })
    expect(results).toHaveLength(2)
    for (const [nth, kernel] of kernels.entries())
      expect(results[nth]).toEqual(await checkKernelAndModules({ kernel, modules }))
    expect(results.map(({ summary }) => summary)).toEqual([
      { total: 2, misread: 1, unknown: 1 },
      { total: 2, rejected: 1, unknown: 1 },
    ])
  })

  test('read what holds modules once', async () => {
    const path = join(folder, 'kmp.tar')
    writeFileSync(
      path,
      tarOf({ 'lib/modules/5.15.12-1-default/updates/teapot.ko': vectorBytes('teapot-1.1.ko') }),
    )
    const read = new Map<string, number>()
    const onProgress = (progress: { path: string; bytes: number; total: number | null }) => {
      if (progress.bytes === progress.total) read.set(progress.path, (read.get(progress.path) ?? 0) + 1)
    }
    await checkOnKernels({ kernels, modules: [path] }, { onProgress })
    expect(read.get(path)).toBe(1)
  })
})

describe('modules of several kernels in one input', () => {
  const release = (kernel: string) => `5.15.${kernel === '1.1' ? 11 : 13}-1-default`
  const rootfs = join(folder, 'rootfs')
  for (const build of ['1.1', '1.3']) {
    const tree = join(rootfs, 'lib/modules', release(build))
    mkdirSync(join(tree, 'kernel'), { recursive: true })
    const image = Buffer.from(vectorBytes(`vmlinux-${build}`))
    const at = image.indexOf('5.15.12-1-default')
    image.write(release(build), at)
    writeFileSync(join(tree, 'vmlinuz'), image)
    for (const name of ['teapot', 'saucer']) {
      const module = Buffer.from(vectorBytes(`${name}-${build}.ko`))
      module.write(release(build), module.indexOf('5.15.12-1-default'))
      writeFileSync(join(tree, 'kernel', `${name}.ko`), module)
    }
  }

  test('are taken as modules, each with the kernel of its release as its origin', async () => {
    const results = await checkOnKernels({ kernels, modules: [rootfs] })
    const rows = results.map((result) =>
      result.modules.map(({ file, verdict }) => `${file.slice(rootfs.length + 13)} ${verdict}`),
    )
    expect(rows).toEqual([
      [
        '5.15.11-1-default/kernel/saucer.ko compatible',
        '5.15.11-1-default/kernel/teapot.ko compatible',
        '5.15.13-1-default/kernel/saucer.ko misread',
        '5.15.13-1-default/kernel/teapot.ko rejected',
      ],
      [
        '5.15.11-1-default/kernel/saucer.ko misread',
        '5.15.11-1-default/kernel/teapot.ko rejected',
        '5.15.13-1-default/kernel/saucer.ko compatible',
        '5.15.13-1-default/kernel/teapot.ko compatible',
      ],
    ])
  })

  test('are still no kernel', async () => {
    await expect(checkKernelAndModules({ kernel: rootfs, modules })).rejects.toMatchObject({
      code: 'kernel-ambiguous',
    })
  })
})
