import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CheckPool, type ScanResult } from '@basedrift/check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCompare } from '../src/pool/compare-job.js'
import { runFit } from '../src/pool/fit-job.js'
import { KeptInputs } from '../src/pool/kept.js'
import { vector } from './support/vectors.js'

const folder = mkdtempSync(join(tmpdir(), 'kept-proofs-'))
const pool = new CheckPool({ threads: 1 })
afterAll(async () => {
  await pool.close()
  rmSync(folder, { recursive: true })
})

const builds = ['1.1', '1.3'] as const
type Name = (typeof builds)[number]
const at = (name: string) => ({
  basePath: join(folder, `${name}.base`),
  bundlePath: join(folder, `${name}.bundle`),
  symbolsPath: join(folder, `${name}.symbols`),
  exportsPath: join(folder, `${name}.exports`),
})
const context = { signal: new AbortController().signal, progress: () => undefined }
const keepBytes = 2 ** 20

describe('what a fit finds out of the modules that a thread keeps', () => {
  const scans = {} as Record<Name, ScanResult>
  beforeAll(async () => {
    for (const name of builds) {
      const files = [`vmlinux-${name}`, `teapot-${name}.ko`, `saucer-${name}.ko`]
      const inputs = files.map((file) => ({ path: vector(file), name: file }))
      scans[name] = await pool.scan({ inputs, ...at(name) })
    }
  })
  /** Its modules with nothing that tells the length of their base's strings, so that their references have to. */
  const set = (name: Name) => ({
    bundlePath: at(name).bundlePath,
    bundleSha256: scans[name].bundle!.sha256,
    manifest: scans[name].manifest.map((entry) => ({ ...entry, originStrings: null, onOrigin: true })),
  })
  const base = (name: Name) => ({ sha256: scans[name].base!.sha256, path: at(name).basePath })
  const fit = (kept: KeptInputs, modules: Name, bases: readonly Name[]) =>
    runFit({ ...set(modules), bases: bases.map(base), mostListed: 9 }, kept, context)
  /** The modules of 1.1 on the kernel 1.3, said to have been built on one base or the other. */
  const compare = (kept: KeptInputs, origin: Name) =>
    runCompare(
      {
        ...set('1.1'),
        ...at('1.1'),
        basePath: base('1.3').path,
        runningSha256: base('1.3').sha256,
        originSha256: base(origin).sha256,
        originPath: base(origin).path,
        exportsPath: at('1.3').exportsPath,
        rules: { version: '6.1.192', allowBtfMismatch: true },
        btfModules: true,
      },
      kept,
      context,
    )

  test('is not looked for again, and changes no verdict, whichever base was looked at last', async () => {
    for (const origin of builds) {
      const fresh = await compare(new KeptInputs(keepBytes), origin)
      for (const bases of [['1.1'], ['1.3'], ['1.1', '1.3'], ['1.3', '1.1']] as const) {
        const kept = new KeptInputs(keepBytes)
        await fit(kept, '1.1', bases)
        expect(await compare(kept, origin)).toEqual(fresh)
      }
    }
    const kept = new KeptInputs(keepBytes)
    const [other] = await fit(kept, '1.1', ['1.3'])
    expect(other!.contradicting).toBeGreaterThan(0)
    const bundle = kept.bundle(set('1.1').bundleSha256, set('1.1').bundlePath)
    const known = kept.proofs(bundle, base('1.3').sha256)
    expect(known.flatMap((proof, ordinal) => (proof == null ? [] : [{ ordinal, proof }]))).toEqual(
      other!.listed,
    )
    expect(known).not.toContain(undefined)
  })

  test('is of that bundle and that base alone', async () => {
    const kept = new KeptInputs(keepBytes)
    await fit(kept, '1.1', ['1.3'])
    const { bundleSha256, bundlePath } = set('1.1')
    const bundle = kept.bundle(bundleSha256, bundlePath)
    expect([...kept.proofs(bundle, base('1.1').sha256)]).toEqual([undefined, undefined])
    await fit(kept, '1.1', ['1.3'])
    const another = kept.bundle(set('1.3').bundleSha256, set('1.3').bundlePath)
    expect([...kept.proofs(another, base('1.3').sha256)]).toEqual([undefined, undefined])
    const again = kept.bundle(bundleSha256, bundlePath)
    expect([...kept.proofs(again, base('1.3').sha256)]).toEqual([undefined, undefined])
  })

  test('is not kept of a bundle that is not', async () => {
    const kept = new KeptInputs(0)
    await fit(kept, '1.1', ['1.3'])
    const bundle = kept.bundle(set('1.1').bundleSha256, set('1.1').bundlePath)
    expect([...kept.proofs(bundle, base('1.3').sha256)]).toEqual([undefined, undefined])
    bundle.close()
  })
})
