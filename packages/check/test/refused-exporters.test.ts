import fc from 'fast-check'
import { expect, test } from 'vitest'
import { symbolBits } from '../src/index.js'
import {
  loadUnknown,
  type ModuleResult,
  type Verdict,
  withLoad,
  withRefusedExporters,
} from '../src/pure/index.js'
import { comparisonOf, type Entry } from './support/load-sets.js'

interface Spec {
  readonly imports?: readonly string[]
  readonly weakly?: readonly string[]
  readonly exports?: readonly string[]
  readonly verdict?: Verdict
  readonly folder?: string
}

/** What becomes of modules of a set: of each the symbols that it lacks the exporters of, `refused` or `loads`. */
function becomes(set: readonly Spec[], own: readonly string[] | null = ['kfree']) {
  const all = (symbols: readonly string[], flags = 0) => symbols.map((name): Entry => [name, 0, flags])
  const kernel = {
    modversions: false,
    exports: own?.map((name): Entry => [name, null]) ?? null,
    moduleExports: all(set.flatMap(({ exports = [] }) => exports)),
  }
  const { modules, comparison } = comparisonOf(
    kernel,
    set.map(({ imports = [], weakly = [], exports = [], folder = null }) => ({
      basicVersions: 'absent',
      folder,
      imports: [...all(['kfree', ...imports]), ...all(weakly, symbolBits.weak)],
      exports: all(exports),
    })),
  )
  const rows = set.map(({ verdict = 'compatible' }, nth) => {
    const row = { name: `m${nth}`, file: `m${nth}.ko`, sha256: null, verdict, basis: 'same-base', errno: 0 }
    const result: ModuleResult = { ...row, log: [], load: loadUnknown, overall: 'unknown' }
    return withLoad(result, comparison.load(modules[nth]!, null))
  })
  return withRefusedExporters(rows, modules, comparison).map(({ overall, load }) =>
    [overall, ...(load.obstacles ?? []).map(({ code, actual }) => `${code} ${actual}`)].join(' '),
  )
}

const rejected = { verdict: 'rejected' } as const

test('what imports from a refused module is refused, and what imports from that', () => {
  const set = [{ imports: ['b'] }, { imports: ['a'], exports: ['b'] }, { exports: ['a'], ...rejected }, {}]
  expect(becomes(set)).toEqual([
    'refused exporter-refused b',
    'refused exporter-refused a',
    'refused',
    'loads',
  ])
  expect(becomes([{ imports: ['b'] }, { imports: ['a'], exports: ['b'] }, { exports: ['a'] }])).toEqual([
    'loads',
    'loads',
    'loads',
  ])
})

test('is not refused for what it imports weakly, or another exports too, or the kernel itself', () => {
  const bad = { exports: ['a'], ...rejected }
  expect(becomes([{ weakly: ['a'] }, bad])[0]).toBe('loads')
  expect(becomes([{ imports: ['a'] }, bad, { exports: ['a'] }])[0]).toBe('loads')
  expect(becomes([{ imports: ['a'] }, bad, bad])[0]).toBe('refused exporter-refused a')
  expect(becomes([{ imports: ['a'] }, bad], ['kfree', 'a'])[0]).toBe('loads')
  expect(becomes([{ imports: ['a'] }, bad], null)[0]).toBe('unknown')
})

test('modules of another folder bring nothing', () => {
  const set = [
    { imports: ['a'], folder: 'x' },
    { exports: ['a'], folder: 'y', ...rejected },
  ]
  expect(becomes(set)[0]).toBe('loads')
})

test('an error or a crash stays one', () => {
  for (const verdict of ['error', 'crashes'] as const)
    expect(
      becomes([
        { imports: ['a', 'b'], verdict },
        { exports: ['a', 'b'], ...rejected },
      ])[0],
    ).toBe(verdict)
})

test('no module loads that imports from modules which are all refused, in any set', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd')
  const module = fc.record({
    imports: fc.uniqueArray(name, { maxLength: 2 }),
    exports: fc.uniqueArray(name, { maxLength: 2 }),
    verdict: fc.constantFrom<Verdict>('compatible', 'compatible', 'rejected'),
  })
  fc.assert(
    fc.property(fc.array(module, { maxLength: 12 }), (set) => {
      const found = becomes(set).map((text) => text.startsWith('refused'))
      set.forEach(({ imports, verdict }, nth) => {
        const stuck = imports.some((symbol) => {
          const exporters = [...set.keys()].filter((one) => set[one]!.exports.includes(symbol))
          return exporters.length > 0 && exporters.every((one) => found[one])
        })
        expect(found[nth]).toBe(verdict === 'rejected' || stuck)
      })
    }),
  )
})
