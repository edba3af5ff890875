import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byFile, type ComparisonParts, comparisonKey, type ManifestEntry, moduleSetId } from '../src/index.js'

const parts: ComparisonParts = {
  moduleSet: 'm',
  running: 'r',
  origin: 'o',
  rules: { version: '6.1.192', allowBtfMismatch: true },
  engine: '1',
}

test('a comparison has a key of its own for each of its parts', () => {
  const others: ComparisonParts[] = [
    parts,
    { ...parts, moduleSet: 'n' },
    { ...parts, running: 'o', origin: 'r' },
    { ...parts, origin: null },
    { ...parts, origin: 'null' },
    { ...parts, rules: { ...parts.rules, version: '6.1.193' } },
    { ...parts, rules: { ...parts.rules, allowBtfMismatch: false } },
    { ...parts, rules: { ...parts.rules, allowBtfMismatch: null } },
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
  expect(comparisonKey(parts)).toBe('14914188ea1be13cb5b94b35faeee3cd207b6ef43e299afa1f8c75dc99cbeb5d')
})

const text = fc.option(fc.string())
const count = fc.option(fc.nat())
const entry: fc.Arbitrary<ManifestEntry> = fc.record({
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
})

test('a module set has the id of its content, every field of it', () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1 }), entry, fc.nat(), (manifest, other, at) => {
      const id = moduleSetId(manifest)
      expect(moduleSetId(structuredClone(manifest))).toBe(id)
      const nth = at % manifest.length
      for (const key of Object.keys(other) as (keyof ManifestEntry)[]) {
        if (Object.is(manifest[nth]![key], other[key])) continue
        const changed = manifest.with(nth, { ...manifest[nth]!, [key]: other[key] })
        expect(moduleSetId(changed)).not.toBe(id)
      }
    }),
  )
})

test('modules are in one order on every machine', () => {
  const files = ['b', 'B', 'a-b', 'a_b', 'ä', 'a'].map((file) => ({ file, name: file }))
  expect(files.sort(byFile).map(({ file }) => file)).toEqual(['B', 'a', 'a-b', 'a_b', 'b', 'ä'])
})
