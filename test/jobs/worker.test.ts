import { readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { decodeRows } from '@basedrift/check'
import { describe, expect, it, vi } from 'vitest'
import { kernelAndModules, vector, workerScene } from './support/scene.js'

const on = workerScene()

describe('the worker', () => {
  it('compares two builds of a kernel in both directions, and says why a module is refused', async () => {
    const first = await on.push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    const second = await on.push({ release: '1.3', artifacts: await kernelAndModules('1.3') })
    expect([first.state, second.state]).toEqual(['done', 'done'])
    expect(second.artifacts.map(({ state }) => state)).toEqual(['ingested', 'ingested'])
    expect(second.modules?.count).toBe(2)
    expect(await on.matrix()).toEqual({
      '1.1': { '1.1': { compatible: 2 }, '1.3': { rejected: 1, misread: 1 } },
      '1.3': { '1.1': { rejected: 1, misread: 1 }, '1.3': { compatible: 2 } },
    })

    const pair = await on.ledger.pairs.get(first.id, second.id)
    const manifest = await on.ledger.moduleSets.manifest(second.modules?.setId as string)
    const rows = decodeRows(pair?.comparison?.rows as Uint8Array, manifest)
    expect(rows.find(({ name }) => name === 'teapot')).toMatchObject({
      verdict: 'rejected',
      errno: 22,
      log: expect.arrayContaining(['failed to validate module [teapot] BTF: -22']),
    })
  })

  it('does no work again for content that it knows', async () => {
    await on.push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    expect(on.asked).toEqual({ scan: 1, compare: 1 })
    await on.push({ release: '1.1.again', artifacts: await kernelAndModules('1.1') })
    expect(on.asked).toEqual({ scan: 2, compare: 1 })
    const counts = { compatible: 2 }
    expect(await on.matrix()).toEqual({
      '1.1': { '1.1': counts, '1.1.again': counts },
      '1.1.again': { '1.1': counts, '1.1.again': counts },
    })
  })

  it('fingerprints the first kernel of a stream, which has no neighbour yet', async () => {
    const { id } = await on.push({ release: '1.1', artifacts: { vmlinux: await vector('vmlinux-1.1') } })
    const recorded = await vi.waitFor(
      async () => {
        const base = (await on.ledger.builds.get(id))?.kernel?.base
        expect(base?.layout).toEqual(expect.any(String))
        return base
      },
      { timeout: 30_000, interval: 20 },
    )
    const basePath = path.join(on.dataDir, 'again.btf')
    await writeFile(basePath, await buffer(await on.blobs.read(recorded?.sha256 as string)))
    const baseSha256 = recorded?.sha256 ?? ''
    const { layout, meaning } = await on.pool.fingerprint({ name: 'again', baseSha256, basePath })
    expect(recorded).toMatchObject({ layout, meaning })
  })

  it('tries again when the disk is full, and ends with the same verdicts', async () => {
    on.broken.push(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }))
    const build = await on.push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    expect(build.state).toBe('done')
    expect(await on.matrix()).toEqual({ '1.1': { '1.1': { compatible: 2 } } })
    expect((await on.ledger.tasks.get(`ingest:${build.id}`))?.attempt).toBe(2)
  })

  it('leaves no temporary file', async () => {
    await on.push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    const [own, ...others] = await readdir(path.join(on.dataDir, 'tmp'))
    expect(others).toEqual([])
    const files = await readdir(path.join(on.dataDir, 'tmp', own as string))
    expect(files).toEqual([])
  })
})
