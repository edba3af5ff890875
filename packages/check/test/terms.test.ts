import { describe, expect, test } from 'vitest'
import { symbolBits } from '../src/index.js'
import { type Entry, type KernelSpec, loadOf, type ModuleSpec, moduleLayout } from './support/load-sets.js'

describe('what a module may use', () => {
  const gpl = symbolBits.gplOnly
  const imports: Entry[] = [moduleLayout, ['kfree', 2], ['up', 3], ['down', 4]]
  const kernel: KernelSpec = {
    exports: [moduleLayout, ['kfree', 2, gpl], ['up', 3], ['down', 4, gpl, 'LOCKS']],
  }
  const by = (license: string | null, ...namespaces: string[]): ModuleSpec => ({
    imports,
    terms: { license, namespaces },
  })
  const locks = {
    code: 'namespace-not-imported',
    expected: 'down in the namespace LOCKS',
  }
  const said = (on: KernelSpec, ...set: readonly ModuleSpec[]) => {
    const { obstacles, doubts, modversions } = loadOf(on, ...set)
    return { obstacles, doubts, state: modversions.state }
  }
  const fits = { obstacles: undefined, doubts: undefined, state: 'match' }

  test.each(['GPL', 'GPL v2', 'GPL and additional rights', 'Dual BSD/GPL', 'Dual MIT/GPL', 'Dual MPL/GPL'])(
    'is all that a kernel exports, by the license %s, where it imports the namespaces',
    (license) => {
      expect(said(kernel, by(license, 'OTHER', 'LOCKS'))).toEqual(fits)
    },
  )

  test.each([
    [null, 'no license'],
    ['Proprietary', 'the license Proprietary'],
    ['GPL v3', 'the license GPL v3'],
    ['gpl', 'the license gpl'],
    ['GPL ', 'the license GPL '],
  ])('is nothing of what is for GPL-compatible licenses alone, by %s', (license, actual) => {
    const expected = 'down, kfree for licenses alone that are compatible with the GPL'
    expect(said(kernel, by(license, 'LOCKS')).obstacles).toEqual([
      { code: 'gpl-only-import', expected, actual },
    ])
    // What it is not shown it cannot lack a namespace of.
    expect(said(kernel, by(license)).obstacles).toHaveLength(1)
    // It may do without an import that is weak.
    const weak = imports.map(([name, crc]): Entry => [name, crc, symbolBits.weak])
    expect(said(kernel, { ...by(license), imports: weak })).toEqual(fits)
  })

  test('is of a namespace only where it is imported, weak or not, unless the config allows to leave that out', () => {
    expect(said(kernel, by('GPL'))).toEqual({ ...fits, obstacles: [locks] })
    expect(said(kernel, by('GPL', 'LOCK', 'LOCKSS'))).toEqual({ ...fits, obstacles: [locks] })
    const weak = imports.map(([name, crc]): Entry => [name, crc, symbolBits.weak])
    expect(said(kernel, { ...by('GPL'), imports: weak }).obstacles).toEqual([locks])
    expect(said({ ...kernel, missingNamespaces: true }, by('GPL'))).toEqual(fits)
    expect(said({ ...kernel, missingNamespaces: null }, by('GPL'))).toEqual({
      ...fits,
      doubts: ['namespace-not-imported'],
    })
    // Which modules may use it by their name is not looked at.
    const named: KernelSpec = { exports: [...imports.slice(0, 3), ['down', 4, 0, 'module:kettle']] }
    expect(said(named, by('GPL'))).toEqual(fits)
  })

  test('is looked for in what other modules export, too, and is open where any of them gives it to all', () => {
    const beside = (flags: number, space = ''): ModuleSpec => ({ exports: [['down', 4, flags, space]] })
    const own: KernelSpec = { exports: imports.slice(0, 3) }
    const [mine, strict, apart] = [by('Acme'), beside(gpl), beside(0, 'LOCKS')]
    expect(said(own, mine, strict).obstacles).toHaveLength(1)
    expect(said({ ...own, moduleExports: [['down', 4, gpl]] }, mine).obstacles).toHaveLength(1)
    expect(said({ ...own, moduleExports: [['down', 4]] }, mine, strict)).toEqual(fits)
    expect(said(own, mine, strict, beside(0))).toEqual(fits)
    expect(said(own, by('GPL'), apart).obstacles).toEqual([locks])
    expect(said({ ...own, moduleExports: [['down', 4, 0, 'LOCKS']] }, by('GPL')).obstacles).toEqual([locks])
    expect(said(own, by('GPL'), apart, beside(0))).toEqual(fits)
    expect(said({ ...own, moduleExports: [['down', 4]] }, by('GPL'), apart)).toEqual(fits)
    expect(said(own, { ...mine, folder: 'a' }, { ...strict, folder: 'b' }).obstacles).toBeUndefined()
  })

  test('is what the kernel says of its own exports, whatever modules export under the same name', () => {
    const beside: ModuleSpec = { exports: [['down', 4]] }
    expect(said(kernel, by('GPL'), beside).obstacles).toEqual([locks])
    expect(said({ ...kernel, moduleExports: [['down', 4]] }, by('GPL')).obstacles).toEqual([locks])
    expect(said(kernel, by('GPL', 'LOCKS'), beside)).toEqual(fits)
  })

  test('is told at once of a name that is exported ever so often, each time otherwise', () => {
    const often = Array.from({ length: 100_000 }, (_, nth): Entry => ['down', nth, 0, `N${nth}`])
    const own: KernelSpec = { exports: imports.slice(0, 3) }
    const beside: ModuleSpec = { exports: often }
    const mine = (...namespaces: string[]) => ({
      ...by('GPL', ...namespaces),
      imports: [...imports, ...Array.from({ length: 20_000 }, (): Entry => ['down', 4])],
    })
    const unsure = { ...fits, doubts: ['exporters-unsure'], state: 'unknown' }
    expect(said(own, mine('N99999'), beside)).toEqual(unsure)
    expect(said(own, mine(), beside).obstacles?.[0]?.code).toBe('namespace-not-imported')
    expect(said(own, { imports: [...imports.slice(0, 3), ['down', 100_000]] }, beside).state).toBe('mismatch')
  })

  test('is not known where its license, or what the kernel exports, is not', () => {
    expect(said(kernel, { imports }).obstacles).toBeUndefined()
    expect(said({ ...kernel, exports: null }, by('Acme')).obstacles).toBeUndefined()
    // What nothing exports is no export for others.
    expect(said({ exports: [moduleLayout] }, by('Acme')).obstacles).toBeUndefined()
  })

  test('is named as far as that is short', () => {
    const many = Array.from({ length: 9 }, (_, nth): Entry => [`s${nth}`, 1])
    const exports = [moduleLayout, ...many.map(([name], nth): Entry => [name, 1, 0, `N${nth % 6}`])]
    const { obstacles } = said({ exports }, { imports: [moduleLayout, ...many], terms: by('GPL').terms! })
    expect(obstacles?.[0]?.expected).toBe(
      's0, s6 in the namespace N0, s1, s7 in the namespace N1, s2, s8 in the namespace N2, s3 in the namespace N3 and 2 more namespaces',
    )
    const strict = [moduleLayout, ...many.map(([name]): Entry => [name, 1, gpl])]
    const refused = said({ exports: strict }, { imports: [moduleLayout, ...many], terms: by(null).terms! })
    expect(refused.obstacles?.[0]?.expected).toMatch(/^s0, s1, s2, s3 and 5 more for licenses alone/)
  })
})
