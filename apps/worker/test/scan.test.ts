import { CheckError, type CheckErrorCode } from '@basedrift/check'
import { beforeEach, describe, expect, it } from 'vitest'
import { type ScanInput, scanArtifacts } from '../src/scan.js'

/** Artifacts that end a worker thread cannot be made on purpose: what the pool then says is said here by name. */
const deadly: Record<string, CheckErrorCode> = {
  'crash.deb': 'thread-crashed',
  'slow.deb': 'time-limit',
  'two.deb': 'kernel-ambiguous',
  'gone.deb': 'pool-closed',
}

let scans: string[][]
beforeEach(() => {
  scans = []
})

const pool = {
  async scan({ inputs }: { inputs: readonly ScanInput[] }) {
    const names = inputs.map(({ name }) => name)
    scans.push(names)
    for (const name of names) {
      const code = deadly[name]
      if (code !== undefined) throw new CheckError(code)
    }
    if (names.length > 3) throw new CheckError('memory-limit')
    const manifest = names.map((name) => ({
      name: 'm',
      file: `${name}!m.ko`,
      sha256: '0'.repeat(64),
      vermagic: null,
      srcversion: null,
      buildId: null,
      btfSha256: null,
      distilledSha256: null,
      btfBytes: null,
      types: null,
      strings: null,
      originStrings: null,
      stamp: null,
      inImage: false,
    }))
    const last = names.length - 1
    const problem = {
      code: 'elf-malformed',
      file: `${names[last]}!x.ko`,
      at: null,
      message: 'x',
      input: last,
    }
    return {
      kernel: null,
      base: null,
      manifest,
      bundle: { sha256: 'b', size: 1 },
      symbols: { sha256: 's', size: 1 },
      exports: null,
      problems: [problem],
      empty: names.flatMap((name, nth) => (name.startsWith('doc') ? [nth] : [])),
    }
  },
}

const files = {
  basePath: '/nowhere/base',
  bundlePath: '/nowhere/bundle',
  symbolsPath: '/nowhere/symbols',
  exportsPath: '/nowhere/exports',
}

const scan = (...names: string[]) =>
  scanArtifacts(
    pool,
    names.map((name) => ({ path: `/nowhere/${name}`, name })),
    files,
    new AbortController().signal,
  )

describe('the artifacts of a build', () => {
  it('that hold nothing are said, each on its own', async () => {
    const { problems } = await scan('slow.deb', 'doc.deb', 'b.deb')
    expect(problems.map((some) => some.map(({ code, file }) => [code, file]))).toEqual([
      [['time-limit', 'slow.deb']],
      [['artifact-empty', 'doc.deb']],
      [['elf-malformed', 'b.deb!x.ko']],
    ])
  })

  it('are scanned together, once, and problems come to the artifact they are of', async () => {
    const { manifest, problems, failure } = await scan('a.deb', 'b.deb')
    expect(scans).toEqual([['a.deb', 'b.deb']])
    expect(manifest).toHaveLength(2)
    expect(problems[0]).toEqual([])
    expect(problems[1]).toEqual([{ code: 'elf-malformed', file: 'b.deb!x.ko', at: null, message: 'x' }])
    expect(failure).toBeNull()
  })

  it('survive the one that ends its thread, and the one that takes too long', async () => {
    const { manifest, problems, failure } = await scan('crash.deb', 'a.deb', 'slow.deb', 'b.deb')
    expect(scans.at(-1)).toEqual(['a.deb', 'b.deb'])
    expect(manifest?.map(({ file }) => file)).toEqual(['a.deb!m.ko', 'b.deb!m.ko'])
    expect(problems.map((list) => list.map(({ code, file }) => [code, file]))).toEqual([
      [['thread-crashed', 'crash.deb']],
      [],
      [['time-limit', 'slow.deb']],
      [['elf-malformed', 'b.deb!x.ko']],
    ])
    expect(failure).toBeNull()
  })

  it('are not scanned twice where there is one alone', async () => {
    const { manifest, problems } = await scan('crash.deb')
    expect(scans).toHaveLength(1)
    expect(manifest).toBeNull()
    expect(problems[0]?.[0]).toMatchObject({ code: 'thread-crashed', file: 'crash.deb' })
  })

  it('fail together where only all of them are too much', async () => {
    const { manifest, problems, failure } = await scan('a.deb', 'b.deb', 'c.deb', 'd.deb')
    expect(failure?.code).toBe('memory-limit')
    expect(manifest).toBeNull()
    expect(problems).toEqual([[], [], [], []])
  })

  it('that hold several kernels are no build', async () => {
    const { failure } = await scan('a.deb', 'two.deb')
    expect(failure?.code).toBe('kernel-ambiguous')
    expect(scans).toHaveLength(1)
  })

  it('with a base BTF that cannot be read have no kernel, and say so', async () => {
    const kernel = {
      file: 'b.deb!boot/vmlinuz',
      release: '6.1.0',
      version: '6.1.1',
      banner: null,
      buildId: null,
    }
    const unreadable = {
      async scan(job: { inputs: readonly ScanInput[] }) {
        const base = { sha256: 'c', size: 3, types: null, strings: null }
        return { ...(await pool.scan(job)), kernel: { ...kernel, config: null } as never, base }
      },
    }
    const inputs = ['a.deb', 'b.deb'].map((name) => ({ path: name, name }))
    const outcome = await scanArtifacts(unreadable, inputs, files, new AbortController().signal)
    expect(outcome).toMatchObject({ kernel: null, base: null })
    expect(outcome.problems[1]?.map(({ code }) => code)).toEqual(['elf-malformed', 'base-unreadable'])
  })

  it('are not blamed for a pool that is being closed', async () => {
    await expect(scan('a.deb', 'gone.deb')).rejects.toMatchObject({ code: 'pool-closed' })
  })
})
