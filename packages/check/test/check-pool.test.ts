import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CheckPool,
  checkKernelAndModules,
  decodeRows,
  type ModuleResult,
  openBundle,
  type ScanResult,
  sha256Of,
} from '@basedrift/check'
import { afterAll, describe, expect, test } from 'vitest'
import { tarOf } from '../../artifacts/test/support/archives.js'
import { vector, vectorBytes } from './support/vectors.js'

const folder = mkdtempSync(join(tmpdir(), 'check-pool-'))
const pool = new CheckPool({ threads: 2 })
afterAll(async () => {
  await pool.close()
  rmSync(folder, { recursive: true })
})

const at = (name: string) => ({
  basePath: join(folder, `${name}.base`),
  bundlePath: join(folder, `${name}.bundle`),
  symbolsPath: join(folder, `${name}.symbols`),
  exportsPath: join(folder, `${name}.exports`),
})
const put = (name: string, bytes: Uint8Array) => {
  writeFileSync(join(folder, name), bytes)
  return { path: join(folder, name), name }
}
const packageOf = (build: string, more: Record<string, Uint8Array> = {}) =>
  put(
    `linux-${build}.tar`,
    tarOf({
      'boot/vmlinux': vectorBytes(`vmlinux-${build}`),
      'lib/teapot.ko': vectorBytes(`teapot-${build}.ko`),
      'lib/saucer.ko': vectorBytes(`saucer-${build}.ko`),
      ...more,
    }),
  )
const rules = { version: '6.1.192', allowBtfMismatch: true }
/** A manifest as a comparison takes it: the origin of the set is that of its modules, unless `but` has them. */
const judged = (manifest: ScanResult['manifest'], but: readonly string[] = []) =>
  manifest.map((entry) => ({ ...entry, onOrigin: !but.includes(entry.name) }))
const compare = async (
  kernel: ScanResult,
  modules: ScanResult,
  paths: ReturnType<typeof at>,
  origin: string | null,
  btfModules = true,
  but: readonly string[] = [],
) => {
  const { manifest } = modules
  const runningSha256 = kernel.base!.sha256
  const bundleSha256 = modules.bundle!.sha256
  const job = {
    ...paths,
    bundleSha256,
    manifest: judged(manifest, but),
    rules,
    btfModules,
    runningSha256,
    originSha256: origin,
    originPath: null,
  }
  const { counts, rows } = await pool.compare(job)
  return { counts, verdicts: decodeRows(rows, manifest).map(({ name, verdict }) => `${name} ${verdict}`) }
}

describe('builds', () => {
  const first = at('1.1')
  const second = at('1.3')

  test('are scanned, and compared with each other and with themselves', async () => {
    const progress: number[] = []
    const inputs = [packageOf('1.1')]
    const size = readFileSync(inputs[0]!.path).length
    const [one, two] = await Promise.all([
      pool.scan({ inputs, ...first }, { onProgress: ({ bytes }) => progress.push(bytes) }),
      pool.scan({ inputs: [packageOf('1.3')], ...second }),
    ])
    expect(progress.at(-1)).toBe(size)
    expect([one.problems, one.empty]).toEqual([[], []])
    expect(one.kernel).toMatchObject({ kind: 'vmlinux', file: 'linux-1.1.tar!boot/vmlinux' })
    expect(one.kernel).not.toHaveProperty('btf')
    const base = readFileSync(first.basePath)
    expect(Buffer.compare(base, vectorBytes('base-1.1.btf'))).toBe(0)
    expect(one.base).toMatchObject({ sha256: sha256Of(base), size: base.length })
    expect(one.bundle).toEqual({
      sha256: sha256Of(readFileSync(first.bundlePath)),
      size: readFileSync(first.bundlePath).length,
    })
    expect(one.manifest.map(({ file }) => file)).toEqual([
      'linux-1.1.tar!lib/saucer.ko',
      'linux-1.1.tar!lib/teapot.ko',
    ])
    const teapot = vectorBytes('teapot-1.1.btf')
    expect(one.manifest[1]).toMatchObject({
      name: 'teapot',
      sha256: sha256Of(vectorBytes('teapot-1.1.ko')),
      btfSha256: sha256Of(teapot),
      btfBytes: teapot.length,
      distilledSha256: null,
      originStrings: one.base!.strings,
      stamp: null,
      inImage: false,
    })

    const crossed = { ...first, basePath: second.basePath, exportsPath: second.exportsPath }
    expect(await compare(one, one, first, one.base!.sha256)).toEqual({
      counts: { compatible: 2 },
      verdicts: ['saucer compatible', 'teapot compatible'],
    })
    expect(await compare(one, one, first, null)).toMatchObject({ counts: { unknown: 2 } })
    expect(await compare(one, one, first, one.base!.sha256, true, ['teapot'])).toEqual({
      counts: { compatible: 1, unknown: 1 },
      verdicts: ['saucer compatible', 'teapot unknown'],
    })
    expect(await compare(two, one, crossed, null, false)).toMatchObject({ counts: { 'no-btf': 2 } })
    // The origin's length is taken as it was recorded with the modules.
    const recorded = { ...one, manifest: one.manifest.map((entry) => ({ ...entry, originStrings: 1 })) }
    expect(await compare(one, recorded, first, one.base!.sha256)).toMatchObject({ counts: { misread: 2 } })
    // A stamp goes before what is said of the origin of them all.
    const { sha256, types, strings } = one.base!
    const stamp = { sha256, types: types!, strings: strings! }
    const stamped = { ...one, manifest: one.manifest.map((entry) => ({ ...entry, stamp })) }
    expect(await compare(one, stamped, first, null)).toMatchObject({ counts: { compatible: 2 } })
    const but = ['saucer', 'teapot']
    expect(await compare(one, stamped, first, sha256, true, but)).toMatchObject({ counts: { compatible: 2 } })
    for (const origin of [null, one.base!.sha256]) {
      expect(await compare(two, one, crossed, origin)).toEqual({
        counts: { misread: 1, discarded: 1 },
        verdicts: ['saucer misread', 'teapot discarded'],
      })
    }
  })

  test('may come in several files, with files among them that cannot be used', async () => {
    const paths = at('several')
    const inputs = [
      { path: vector('saucer-1.1.ko'), name: 'saucer.ko' },
      put('cut.ko', vectorBytes('teapot-1.1.ko').subarray(0, 300)),
      { path: join(folder, 'not-there'), name: 'not-there' },
      { path: vector('vmlinux-1.1'), name: 'vmlinux' },
    ]
    const found = await pool.scan({ inputs, ...paths })
    expect(found.manifest.map(({ name, file }) => [name, file])).toEqual([['saucer', 'saucer.ko']])
    expect(found.base?.sha256).toBe(sha256Of(vectorBytes('base-1.1.btf')))
    const problems = found.problems.filter(({ input }) => input === 1 || input === 2)
    expect(problems.map(({ input, file }) => [input, file])).toEqual([
      [1, 'cut.ko'],
      [2, 'not-there'],
    ])
  })

  test('may hold configs of other releases, which is told of the input they are in', async () => {
    const config = (version: string) =>
      Buffer.from(`#\n# Linux/x86 ${version} Kernel Configuration\n#\nCONFIG_SMP=y\n`)
    const inputs = [
      put('own.tar', tarOf({ 'boot/config-5.15.12-1-default': config('5.15.12') })),
      put('other.tar', tarOf({ 'boot/config-5.15.13-1-default': config('5.15.13') })),
      put('kernel.tar', tarOf({ 'boot/vmlinux-5.15.12-1-default': vectorBytes('vmlinux-1.1') })),
    ]
    const found = await pool.scan({ inputs, ...at('configs') })
    expect(found.kernel).toMatchObject({ release: '5.15.12-1-default', version: '5.15.12' })
    const told = found.problems.filter(({ code }) => code === 'version-contradicts')
    expect(told.map(({ input, file }) => [input, file])).toEqual([
      [1, 'other.tar!boot/config-5.15.13-1-default'],
    ])
  })

  test('may have nothing that can be used', async () => {
    const paths = at('nothing')
    const found = await pool.scan({ inputs: [put('text', Buffer.from('text'))], ...paths })
    expect(found).toMatchObject({ kernel: null, base: null, bundle: null, manifest: [] })
    expect(found.problems).toHaveLength(1)
    expect(Object.values(paths).some((path) => existsSync(path))).toBe(false)
  })

  test('have one kernel, and leave nothing behind where they have two', async () => {
    const paths = at('two')
    const two = packageOf('1.1', { 'boot/vmlinux-2': vectorBytes('vmlinux-1.3') })
    await expect(pool.scan({ inputs: [two], ...paths })).rejects.toMatchObject({ code: 'kernel-ambiguous' })
    expect(Object.values(paths).some((path) => existsSync(path))).toBe(false)
  })

  test('are not scanned further once that is stopped', async () => {
    const paths = at('stopped')
    const stop = new AbortController()
    const scan = pool.scan({ inputs: [packageOf('1.1')], ...paths }, { signal: stop.signal })
    stop.abort()
    await expect(scan).rejects.toMatchObject({ code: 'check-aborted' })
    expect(Object.values(paths).some((path) => existsSync(path))).toBe(false)
  })
})

describe('a comparison', () => {
  test('wants the bundle of its manifest, whole, and rules that are some', async () => {
    const paths = at('whole')
    const found = await pool.scan({ inputs: [packageOf('1.1')], ...paths })
    const { manifest } = found
    const asked = {
      rules,
      btfModules: true,
      runningSha256: found.base!.sha256,
      originSha256: null,
      originPath: null,
    }
    const job = { ...paths, bundleSha256: found.bundle!.sha256, manifest: judged(manifest), ...asked }
    await expect(pool.compare({ ...job, manifest: judged(manifest).toReversed() })).rejects.toMatchObject({
      code: 'bundle-mismatch',
    })
    await expect(pool.compare({ ...job, rules: { ...rules, version: 'six' } })).rejects.toMatchObject({
      code: 'rules-invalid',
    })
    const absent = { runningSha256: sha256Of(Buffer.from('no base')), basePath: join(folder, 'not-there') }
    await expect(pool.compare({ ...job, ...absent })).rejects.toMatchObject({ code: 'ENOENT' })
    const whole = readFileSync(paths.bundlePath)
    expect(openBundle(whole).modules).toHaveLength(2)
    const cut = whole.subarray(0, whole.length - 1)
    writeFileSync(paths.bundlePath, cut)
    const damaged = { ...job, bundleSha256: sha256Of(cut) }
    await expect(pool.compare(damaged)).rejects.toMatchObject({ code: 'bundle-malformed' })
    writeFileSync(paths.bundlePath, whole)
    writeFileSync(paths.symbolsPath, readFileSync(paths.symbolsPath).subarray(0, -1))
    await expect(pool.compare(job)).rejects.toMatchObject({ code: 'symbols-malformed' })
  })

  test('reads nothing again that its thread keeps, and keeps no more than it may', async () => {
    const job = (name: string, { base, bundle, manifest }: ScanResult) => ({
      ...at(name),
      bundleSha256: bundle!.sha256,
      manifest: judged(manifest),
      rules,
      btfModules: true,
      runningSha256: base!.sha256,
      originSha256: base!.sha256,
      originPath: null,
    })
    for (const keepMb of [1, 0]) {
      const one = new CheckPool({ threads: 1, keepMb })
      try {
        const name = `kept-${keepMb}`
        const asked = job(name, await one.scan({ inputs: [packageOf('1.1')], ...at(name) }))
        const answer = await one.compare(asked)
        for (const path of [asked.bundlePath, asked.basePath]) {
          const bytes = readFileSync(path)
          rmSync(path)
          if (keepMb > 0) expect(await one.compare(asked)).toEqual(answer)
          else await expect(one.compare(asked)).rejects.toMatchObject({ code: 'ENOENT' })
          writeFileSync(path, bytes)
        }
      } finally {
        await one.close()
      }
    }
  })
})

describe('a fit', () => {
  test('tells which modules were not built on a base, by length or by references', async () => {
    const [first, second] = [at('fit-1.1'), at('fit-1.3')]
    const one = await pool.scan({ inputs: [packageOf('1.1')], ...first })
    const two = await pool.scan({ inputs: [packageOf('1.3')], ...second })
    const bases = [
      { sha256: one.base!.sha256, path: first.basePath },
      { sha256: two.base!.sha256, path: second.basePath },
    ]
    const job = { bundlePath: first.bundlePath, bundleSha256: one.bundle!.sha256, bases, mostListed: 1 }
    const fits = await pool.fit({ ...job, manifest: one.manifest })
    expect(fits).toEqual([
      { sha256: bases[0]!.sha256, telling: 2, otherLength: 0, contradicting: 0, listed: [] },
      {
        sha256: bases[1]!.sha256,
        telling: 2,
        otherLength: 2,
        contradicting: 0,
        listed: [{ ordinal: 0, proof: null }],
      },
    ])
    // Without the lengths their references alone tell, where they do.
    const silent = one.manifest.map((entry) => ({ ...entry, originStrings: null }))
    const [own, other] = await pool.fit({ ...job, manifest: silent })
    expect(own).toMatchObject({ telling: 0, otherLength: 0, contradicting: 0 })
    expect(other).toMatchObject({
      otherLength: 0,
      listed: [{ proof: { code: expect.any(String), path: expect.any(String) } }],
    })
    await expect(pool.fit({ ...job, manifest: silent.toReversed() })).rejects.toMatchObject({
      code: 'bundle-mismatch',
    })
  })
})

describe('an explanation', () => {
  test('has the rows of a check of the same files, with their findings', async () => {
    const [first, second] = [at('explained-1.1'), at('explained-1.3')]
    const one = await pool.scan({ inputs: [packageOf('1.1')], ...first })
    const two = await pool.scan({ inputs: [packageOf('1.3')], ...second })
    const set = {
      basePath: second.basePath,
      bundlePath: first.bundlePath,
      symbolsPath: null,
      exportsPath: null,
      bundleSha256: one.bundle!.sha256,
      rules,
      btfModules: true,
      runningSha256: two.base!.sha256,
      originSha256: one.base!.sha256,
      originPath: first.basePath,
    }
    const modules = judged(one.manifest).map((entry, ordinal) => ({ ...entry, ordinal }))
    const checked = await checkKernelAndModules({
      kernel: vector('vmlinux-1.3'),
      origin: vector('vmlinux-1.1'),
      modules: [vector('saucer-1.1.ko'), vector('teapot-1.1.ko')],
      rules,
      maxFindings: 3,
    })
    const explained = await pool.explain({ ...set, modules: modules.toReversed(), maxFindings: 3 })
    const withoutFile = ({ file: _, ...row }: ModuleResult) => row
    expect(explained.toReversed().map(withoutFile)).toEqual(checked.modules.map(withoutFile))
    const [saucer] = explained.slice(-1)
    expect(saucer!.misboundTotal).toBeGreaterThan(3)
    expect(saucer!.misbound).toHaveLength(3)

    const { rows } = await pool.compare({ ...set, manifest: judged(one.manifest) })
    const [stored] = decodeRows(rows, one.manifest)
    expect(stored).toMatchObject({ verdict: 'misread', misboundTotal: saucer!.misboundTotal, misbound: [] })
    await expect(
      pool.explain({ ...set, modules: [{ ...modules[0]!, ordinal: 1 }], maxFindings: 3 }),
    ).rejects.toMatchObject({ code: 'bundle-mismatch' })
  })
})
