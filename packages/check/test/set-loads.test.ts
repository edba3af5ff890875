import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noLinkFacts } from '@basedrift/artifacts'
import { prepareBase } from '@basedrift/btf'
import { afterAll, describe, expect, test } from 'vitest'
import {
  loadUnknown,
  type ModuleResult,
  NamePool,
  noPooledSymbols,
  openBundle,
  writeBundle,
} from '../src/index.js'
import { withStoredLoads } from '../src/pool/set-loads.js'
import { encodeModuleSymbols, encodeProvides } from '../src/symbols/writer.js'
import { vectorBytes } from './support/vectors.js'

const folder = mkdtempSync(join(tmpdir(), 'set-loads-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string) => join(folder, name)

const count = 700
const sha256Of = (nth: number) => nth.toString(16).padStart(64, '0')
/** Whether a module has ids, of which nothing is known. */
const hasIds = (nth: number) => nth % 2 === 0
const ids = { complete: false, sets: [], list: [] }
const vermagic = '6.1.0 SMP '

/** Rows of modules that share BTFs, so that their order in the bundle is not that of the manifest. */
async function setOf() {
  await writeBundle(
    at('bundle'),
    Array.from({ length: count }, (_, nth) => ({
      sha256: sha256Of(nth),
      btf: Uint8Array.of(nth % 100, 1),
      distilled: null,
    })),
  )
  const modules = Array.from({ length: count }, (_, nth) => ({
    ...noLinkFacts,
    btfIds: hasIds(nth) ? ids : null,
  }))
  writeFileSync(at('symbols'), encodeModuleSymbols(modules))
  const provides = {
    vermagic,
    modversions: false,
    forceLoad: null,
    missingNamespaces: null,
    machine: null,
    exports: null,
    moduleExports: noPooledSymbols,
    ownModules: null,
  }
  writeFileSync(at('exports'), encodeProvides(provides, new NamePool()))
  const results = Array.from(
    { length: count },
    (_, nth): ModuleResult => ({
      name: `m${nth}`,
      file: `m${nth}.ko`,
      sha256: sha256Of(nth),
      verdict: 'unknown',
      basis: 'no-origin',
      errno: 0,
      log: [],
      load: loadUnknown,
      overall: 'unknown',
    }),
  )
  const opened = openBundle(at('bundle'))
  const read: string[] = []
  const bundle = {
    modules: opened.modules,
    readingOrder: () => opened.readingOrder(),
    read(sha256: string) {
      read.push(sha256)
      return opened.read(sha256)
    },
  }
  const complete = (signal: AbortSignal) =>
    withStoredLoads(
      results,
      { symbolsPath: at('symbols'), exportsPath: at('exports') },
      {
        signal,
        manifest: results.map(({ file }) => ({ vermagic, file })),
        bundle,
        running: prepareBase(vectorBytes('base-1.1.btf')),
        rules: { version: '6.1.192', allowBtfMismatch: false },
        btfModules: true,
      },
    )
  return { opened, results, read, complete }
}

describe('what a load compares, of a recorded set', () => {
  test('is found in the order of the bundle, and of modules without ids without reading them', async () => {
    const { opened, results, read, complete } = await setOf()
    const rows = await complete(new AbortController().signal)
    expect(rows.map(({ name }) => name)).toEqual(results.map(({ name }) => name))
    rows.forEach(({ load }, nth) => {
      expect(load.vermagic).toBe('same')
      expect(load.btfIds).toEqual(hasIds(nth) ? { state: 'unknown' } : undefined)
    })
    const expected = [...opened.readingOrder()].filter(hasIds).map((nth) => opened.modules[nth]!.btfSha256)
    expect(read).toEqual(expected)
    expect(read).not.toEqual(
      Array.from({ length: count }, (_, nth) => nth)
        .filter(hasIds)
        .map((nth) => opened.modules[nth]!.btfSha256),
    )
    opened.close()
  })

  test('is not looked for further once that is stopped', async () => {
    const { opened, read, complete } = await setOf()
    await expect(complete(AbortSignal.abort())).rejects.toMatchObject({ code: 'check-aborted' })
    expect(read.length).toBeLessThan(count / 2)
    opened.close()
  })

  test('is left open where an older version stored it', async () => {
    const { opened, results, complete } = await setOf()
    for (const name of ['symbols', 'exports']) {
      writeFileSync(at(name), readFileSync(at(name)).fill(1, 7, 8))
      expect(await complete(new AbortController().signal)).toBe(results)
    }
    opened.close()
  })
})
