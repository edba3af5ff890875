import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CheckPool, sha256Of } from '@basedrift/check'
import type { BaseRow, OriginEvidence } from '@basedrift/ledger'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readBtf } from '../../../packages/btf/src/index.js'
import { inOrder } from '../../../packages/btf/test/permute.js'
import { decideOrigin, type OriginSubject } from '../src/origin/decide.js'
import { type FitAll, fitBy } from '../src/origin/fit.js'

const vector = (name: string): string =>
  new URL(`../../../packages/btf/testdata/${name}`, import.meta.url).pathname

const folder = mkdtempSync(path.join(tmpdir(), 'origin-rebuilt-'))
const pool = new CheckPool({ threads: 1 })
afterAll(async () => {
  await pool.close()
  rmSync(folder, { recursive: true })
})

const files = new Map<string, string>()
/** A base as it is recorded, with a local file of it. */
function recorded(name: string, bytes: Uint8Array): BaseRow {
  const sha256 = sha256Of(bytes)
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  files.set(sha256, file)
  const { typeCount, stringsLength } = readBtf(bytes)
  return { sha256, types: typeCount, strings: stringsLength }
}

const built = readFileSync(vector('base-1.1.btf'))
const types = readBtf(built)
const ids = Array.from({ length: types.lastId }, (_, index) => index + 1)
const origin = recorded('built', built)
// What parallel encoding makes of the same source: the same strings, and the types in another order.
const rebuilt = recorded('rebuilt', inOrder(types, ids.toReversed()))

/** The modules of that build, and what a thread says of them. */
let manifest: OriginSubject['manifest']
let fitAll: FitAll
beforeAll(async () => {
  const at = (name: string): string => path.join(folder, name)
  const inputs = ['saucer-1.1.ko', 'teapot-1.1.ko'].map((name) => ({ path: vector(name), name }))
  const paths = { basePath: at('none'), symbolsPath: at('symbols'), exportsPath: at('exports') }
  const scanned = await pool.scan({ inputs, ...paths, bundlePath: at('bundle') })
  manifest = scanned.manifest
  const set = { bundlePath: at('bundle'), bundleSha256: scanned.bundle!.sha256, manifest }
  const blobs = { withFile: () => Promise.reject(new Error('every base has a local file')) }
  fitAll = fitBy({ pool, blobs }, set, files, new AbortController().signal)
})

function decide({ own = null, ...known }: { own?: BaseRow | null } & Partial<OriginEvidence>) {
  const evidence = { stamped: null, stated: null, statedRelease: null, candidates: [], named: [], ...known }
  const subject = {
    stream: 's',
    builtFor: known.stated === undefined ? null : '1.1',
    declaredAt: '2026-01-01T00:00:00.000Z',
    own,
    ownRelease: null,
    manifest,
  }
  return decideOrigin(subject, fitAll, { evidence: async () => evidence })
}

describe('a base with the strings of the one that modules were built on, and other ids', () => {
  it('is not found', async () => {
    expect(rebuilt).toEqual({ ...origin, sha256: rebuilt.sha256 })
    expect((await decide({ candidates: [rebuilt] })).origin).toBeNull()
    const found = { baseSha256: origin.sha256, source: 'found', release: null }
    expect((await decide({ candidates: [rebuilt, origin] })).origin).toEqual(found)
  })

  it('is not taken for what is said of it, which is told', async () => {
    for (const said of [{ own: rebuilt }, { stated: rebuilt }]) {
      expect(await decide(said)).toMatchObject({
        origin: null,
        problems: [{ code: 'origin-contradicted', message: expect.stringContaining('on that base ') }],
      })
    }
    expect((await decide({ own: origin })).origin?.source).toBe('own')
    expect((await decide({ stated: origin })).origin?.source).toBe('stated')
  })
})
