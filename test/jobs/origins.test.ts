import { describe, expect, it, vi } from 'vitest'
import { writeDeb, writeTar } from '../../packages/artifacts/test/support/archives.js'
import { kernelAndModules, vector, workerScene } from './support/scene.js'

const on = workerScene()

describe('the base that modules were built on', () => {
  it('finds the origin base of modules that come later through `builtFor`', async () => {
    const kernel = { 'vmlinux-1.1': await vector('vmlinux-1.1') }
    await on.push({ release: '1.1', artifacts: kernel })
    const modules = { 'teapot.ko': await vector('teapot-1.1.ko') }
    await on.push({ version: '0.1', release: 'kmp', builtFor: '6.1.0-1.1', artifacts: modules })
    const kmp = await on.ledger.builds.find(on.stream, '0.1', 'kmp')
    expect(kmp).toMatchObject({ origin: { source: 'stated' }, problems: [] })
    expect((await on.matrix())['1.1']).toEqual({ kmp: { compatible: 1 } })
  })

  it('finds the base that stray modules fit, also when its kernel comes later, and decides nothing by it', async () => {
    const modules = { 'teapot.ko': await vector('teapot-1.1.ko') }
    const stray = await on.push({ version: '0.2', release: 'stray', artifacts: modules })
    expect(stray.origin).toBeNull()
    const other = await on.push({ release: '1.3', artifacts: await kernelAndModules('1.3') })
    expect(await on.matrix()).toMatchObject({ '1.3': { stray: { rejected: 1 } } })

    const kernel = await on.push({
      release: '1.1',
      artifacts: { 'vmlinux-1.1': await vector('vmlinux-1.1') },
    })
    await vi.waitFor(
      async () => {
        const build = await on.ledger.builds.get(stray.id)
        expect(build?.origin).toMatchObject({ base: { sha256: kernel.kernel?.base.sha256 }, source: 'found' })
      },
      { timeout: 30_000, interval: 20 },
    )
    for (const { id } of [other, kernel])
      expect((await on.ledger.pairs.get(id, stray.id))?.comparison?.originSha256).toBeNull()
    expect(await on.matrix()).toMatchObject({
      '1.3': { stray: { rejected: 1 } },
      '1.1': { stray: { unknown: 1 } },
    })
  })

  it('takes no base for the origin that the modules contradict, and tells who says so', async () => {
    const at = './lib/modules/6.1.0/kernel'
    const deb = (build: string, name: string) =>
      vector(`${name}-${build}.ko`).then((data) => ({ path: `${at}/${name}.ko`, data }))
    const wrong = writeDeb(writeTar([await deb('1.1', 'saucer'), await deb('1.1', 'teapot')]))
    const build = await on.push({
      release: '1.3',
      artifacts: { 'kernel.deb': wrong, 'vmlinux-1.3': await vector('vmlinux-1.3') },
    })
    expect(build.origin).toBeNull()
    expect(build.problems).toMatchObject([
      { code: 'origin-contradicted', file: 'kernel.deb!lib/modules/6.1.0/kernel/saucer.ko' },
    ])
    expect(await on.matrix()).toEqual({ '1.3': { '1.3': { rejected: 1, misread: 1 } } })

    const kernel = await on.push({
      release: '1.1',
      artifacts: { 'vmlinux-1.1': await vector('vmlinux-1.1') },
    })
    await vi.waitFor(async () => expect((await on.matrix())['1.1']).toEqual({ '1.3': { unknown: 2 } }), {
      timeout: 30_000,
      interval: 20,
    })
    await vi.waitFor(
      async () =>
        expect(await on.ledger.builds.get(build.id)).toMatchObject({
          origin: { base: { sha256: kernel.kernel?.base.sha256 }, source: 'found' },
          problems: [{ code: 'origin-contradicted' }],
        }),
      { timeout: 30_000, interval: 20 },
    )
  })
})
