import { describe, expect, it } from 'vitest'
import { kernelAndModules, vector, workerScene } from './support/scene.js'

const on = workerScene()

describe('what a build is made of', () => {
  it('keeps what can be used of a build when one artifact cannot', async () => {
    const artifacts = await kernelAndModules('1.1')
    const whole = artifacts['kernel.deb'] as Uint8Array
    const build = await on.push({
      release: '1.1',
      artifacts: {
        ...artifacts,
        'broken.deb': whole.subarray(0, whole.length >> 1),
        'notes.txt': Buffer.from('hello'),
      },
    })
    expect(build.state).toBe('done')
    const states = Object.fromEntries(build.artifacts.map(({ filename, state }) => [filename, state]))
    expect(states).toEqual({
      'broken.deb': 'failed',
      'kernel.deb': 'ingested',
      'notes.txt': 'failed',
      'vmlinux-1.1': 'ingested',
    })
    const broken = build.artifacts.find(({ filename }) => filename === 'broken.deb')
    expect(broken?.problems.map(({ code }) => code)).toContain('archive-truncated')
    expect(build.modules?.count).toBeGreaterThanOrEqual(2)
  })

  it('fails a build in which there is nothing', async () => {
    const build = await on.push({ release: '1', artifacts: { 'notes.txt': Buffer.from('hello') } })
    expect(build).toMatchObject({ state: 'failed', failure: { code: 'build-empty' } })
    expect(build.artifacts[0]?.problems[0]).toMatchObject({ code: 'format-unknown', file: 'notes.txt' })
  })

  it('fails a build with two kernels', async () => {
    const artifacts = { a: await vector('vmlinux-1.1'), b: await vector('vmlinux-1.3') }
    const build = await on.push({ release: '1', artifacts })
    expect(build).toMatchObject({ state: 'failed', failure: { code: 'kernel-ambiguous' } })
    expect(await on.matrix()).toEqual({})
  })

  it('knows a kernel that does not look at the BTF of modules by its config, from another artifact than the kernel', async () => {
    await on.push({ release: '1.1', artifacts: await kernelAndModules('1.1') })
    const config =
      '# Linux/x86 5.15.12 Kernel Configuration\nCONFIG_MODULES=y\n# CONFIG_DEBUG_INFO_BTF_MODULES is not set\n'
    const artifacts = { ...(await kernelAndModules('1.3')), config: Buffer.from(config) }
    const build = await on.push({ release: '1.3', artifacts })
    expect(build.kernel).toMatchObject({ btfModules: false, rules: { version: '5.15.12' } })
    expect(await on.matrix()).toEqual({
      '1.1': { '1.1': { compatible: 2 }, '1.3': { rejected: 1, misread: 1 } },
      '1.3': { '1.1': { 'no-btf': 2 }, '1.3': { 'no-btf': 2 } },
    })
  })

  it('takes what a build log says of the tools, and tells what evidence contradicts', async () => {
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'kernel.deb', digest: { sha256: 'f'.repeat(64) } }],
    }
    const config =
      '# Linux/x86 5.15.12 Kernel Configuration\nCONFIG_DEBUG_INFO_BTF_MODULES=y\nCONFIG_PAHOLE_VERSION=125\n'
    const build = await on.push({
      release: '1.1',
      artifacts: {
        ...(await kernelAndModules('1.1')),
        config: Buffer.from(config),
        'build.log': Buffer.from(
          'CONFIG_CC_VERSION_TEXT="gcc (GCC) 13.2.0"\nSetting up pahole (1.24-1) ...\n',
        ),
        'provenance.json': Buffer.from(JSON.stringify(statement)),
      },
    })
    expect(build).toMatchObject({ state: 'done', kernel: { compiler: 'gcc (GCC) 13.2.0', pahole: '125' } })
    const evidence = build.artifacts.filter(({ kind }) => kind !== 'package')
    expect(evidence.map(({ kind, state, problems }) => [kind, state, problems[0]?.code])).toEqual([
      ['log', 'ingested', 'log-contradicts'],
      ['config', 'ingested', undefined],
      ['provenance', 'ingested', 'provenance-contradicts'],
    ])
  })

  it('guesses no rules for a kernel whose version it does not know', async () => {
    const build = await on.push({
      release: '1.1',
      artifacts: { 'vmlinux.btf': await vector('base-1.1.btf'), 'teapot.ko': await vector('teapot-1.1.ko') },
    })
    expect(build.kernel?.rules).toBeNull()
    expect(build.state).toBe('done')
    expect(await on.matrix()).toEqual({ '1.1': { '1.1': { state: 'failed', code: 'rules-unknown' } } })
  })
})
