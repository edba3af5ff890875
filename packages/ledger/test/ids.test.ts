import fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparisonKey, moduleSetId, uuidv7, uuidv7After } from '../src/ids.js'
import type { ComparisonKey, ModuleRow } from '../src/index.js'

const parts: ComparisonKey = {
  moduleSetId: 'm',
  runningSha256: 'r',
  originSha256: 'o',
  originStamped: false,
  originRelease: null,
  symbolsSha256: 's',
  exportsSha256: 'e',
  rules: { version: '6.1.192', allowBtfMismatch: true },
  btfModules: true,
  engine: '1',
}

test('a comparison has a key of its own for each of its parts', () => {
  const others: ComparisonKey[] = [
    parts,
    { ...parts, moduleSetId: 'n' },
    { ...parts, runningSha256: 'o', originSha256: 'r' },
    { ...parts, originSha256: null },
    { ...parts, originStamped: true },
    { ...parts, originRelease: '5.15.12-1-default' },
    { ...parts, originRelease: '' },
    { ...parts, originSha256: 'null' },
    { ...parts, symbolsSha256: null },
    { ...parts, symbolsSha256: 'e', exportsSha256: 's' },
    { ...parts, exportsSha256: 'o', originSha256: 'e' },
    { ...parts, exportsSha256: null },
    { ...parts, rules: { ...parts.rules, version: '6.1.193' } },
    { ...parts, rules: { ...parts.rules, allowBtfMismatch: false } },
    { ...parts, rules: { ...parts.rules, allowBtfMismatch: null } },
    { ...parts, btfModules: false },
    { ...parts, engine: '2' },
  ]
  const keys = others.map(comparisonKey)
  expect(new Set(keys).size).toBe(others.length)
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}$/)
})

test('a comparison has the same key however its parts are written, today and later', () => {
  const { rules, ...rest } = parts
  const turned = { rules: { allowBtfMismatch: rules.allowBtfMismatch, version: rules.version }, ...rest }
  expect(comparisonKey(turned)).toBe(comparisonKey(parts))
  expect(comparisonKey({ ...parts, symbolsSha256: null })).toBe(
    'f815b903fb25e20b9b36b1f315a2440b39bdd06a04d2928951a001fd6f5f1444',
  )
})

const text = fc.option(fc.string())
const count = fc.option(fc.nat())
const entry: fc.Arbitrary<ModuleRow> = fc.record({
  name: fc.string(),
  file: fc.string(),
  sha256: fc.string(),
  vermagic: text,
  srcversion: text,
  buildId: text,
  btfSha256: text,
  distilledSha256: text,
  btfBytes: count,
  types: count,
  strings: count,
  originStrings: count,
  stamp: fc.option(fc.record({ sha256: fc.string(), types: fc.nat(), strings: fc.nat() })),
  inImage: fc.boolean(),
})

test('a module set has the id of its content, every field of it', () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1 }), entry, fc.nat(), (manifest, other, at) => {
      const id = moduleSetId(manifest)
      expect(moduleSetId(structuredClone(manifest))).toBe(id)
      const nth = at % manifest.length
      for (const key of Object.keys(other) as (keyof ModuleRow)[]) {
        if (Object.is(manifest[nth]![key], other[key])) continue
        const changed = manifest.with(nth, { ...manifest[nth]!, [key]: other[key] })
        expect(moduleSetId(changed)).not.toBe(id)
      }
    }),
  )
})

test('an id that is to follow another does, whatever the clock says that made that', () => {
  const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  const now = Date.now()
  const ahead = (ms: number) => {
    const hex = (now + ms).toString(16).padStart(12, '0')
    return `${hex.slice(0, 8)}-${hex.slice(8)}-7fff-bfff-ffffffffffff`
  }
  for (const last of [ahead(-1000), ahead(0), ahead(3_600_000)]) {
    const id = uuidv7After(last, now)
    expect(id).toMatch(pattern)
    expect(id > last).toBe(true)
  }
  expect(uuidv7(now) < ahead(1000), 'others stay of their time').toBe(true)
  expect(uuidv7After(null, now)).toMatch(pattern)
})
