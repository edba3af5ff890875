import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { sha256Of, writeBundle } from '@basedrift/check'
import { afterAll, expect, test } from 'vitest'
import { KeptInputs } from '../src/pool/kept.js'
import { vector, vectorBytes } from './support/vectors.js'

const folder = mkdtempSync(join(tmpdir(), 'kept-memory-'))
afterAll(() => rmSync(folder, { recursive: true }))

const path = join(folder, 'modules.bundle')
const base = { sha256: sha256Of(vectorBytes('base-1.1.btf')), path: vector('base-1.1.btf') }

/** Lets `kept` keep that bundle and a base, and gives what tells whether they are in memory. */
async function keep(kept: KeptInputs, bundleSha256: string): Promise<WeakRef<object>[]> {
  const inputs = [kept.bundle(bundleSha256, path), await kept.base(base.sha256, base.path)]
  return inputs.map((input) => new WeakRef(input))
}

test('what is dropped before a scan is out of memory when it starts', async () => {
  const btf = vectorBytes('base-1.3.btf')
  const { sha256 } = await writeBundle(path, [{ sha256: sha256Of(btf), btf, distilled: null }])
  const kept = new KeptInputs(2 ** 20)
  const held = await keep(kept, sha256)
  // A WeakRef holds what it was made of until the turn is over.
  await setImmediate()
  kept.drop()
  expect(kept.bundleSha256).toBe(null)
  expect(held.map((input) => input.deref())).toEqual([undefined, undefined])
})

test('so are bases beside which no bundle is kept', async () => {
  const kept = new KeptInputs(2 ** 20)
  const held = new WeakRef(await kept.base(base.sha256, base.path))
  await setImmediate()
  kept.drop()
  expect(held.deref()).toBe(undefined)
})
