import { describe, expect, test } from 'vitest'
import { symbolBits } from '../src/index.js'
import {
  type Entry,
  type KernelSpec,
  loadOf,
  type ModuleSpec,
  moduleLayout,
  ownVermagic,
} from './support/load-sets.js'

describe('vermagic', () => {
  const other = ownVermagic.replace('-55', '-56')
  test.each<[string, KernelSpec, ModuleSpec, string]>([
    ['is the same without the release where the module has versions', {}, { vermagic: other }, 'same'],
    ['is compared in full without __versions', {}, { vermagic: other, basicVersions: 'absent' }, 'differs'],
    ['is the same in full', {}, { basicVersions: 'absent' }, 'same'],
    [
      'is compared in full by a kernel without modversions',
      { modversions: false, vermagic: '5 SMP ' },
      { vermagic: '6 SMP ' },
      'differs',
    ],
    ['differs in any word', {}, { vermagic: ownVermagic.replace('preempt ', '') }, 'differs'],
    ['differs from the release alone', {}, { vermagic: '6.1.0-55' }, 'differs'],
    ['is unknown where the kernel does not tell', { vermagic: null }, {}, 'unknown'],
    ['is unknown where the module does not tell', {}, { vermagic: null }, 'unknown'],
  ])('%s', (_, kernel, module, expected) => expect(loadOf(kernel, module).vermagic).toBe(expected))
})

describe('modversions', () => {
  const versions = (kernel: KernelSpec, ...set: ModuleSpec[]) => loadOf(kernel, ...set).modversions
  const match = { state: 'match', mismatched: [] }
  const unknown = { state: 'unknown', mismatched: [] }
  const imports: Entry[] = [moduleLayout, ['kfree', 2]]

  test('match where every import has the CRC of the kernel, module_layout among them', () => {
    expect(versions({ exports: [moduleLayout, ['kfree', 2]] }, { imports })).toEqual(match)
    expect(
      versions(
        {
          exports: [
            ['module_layout', 9],
            ['kfree', 2],
          ],
        },
        { imports },
      ),
    ).toEqual({
      state: 'mismatch',
      mismatched: ['module_layout'],
    })
  })

  test('name the first symbols that differ, and how many do', () => {
    const many = Array.from({ length: 20 }, (_, nth): Entry => [`s${String(nth).padStart(2, '0')}`, nth])
    const moved = many.map(([name]): Entry => [name, 99])
    const said = versions(
      { exports: [moduleLayout, ...moved] },
      { imports: [moduleLayout, ...many].reverse() },
    )
    expect(said).toMatchObject({ state: 'mismatch', mismatchedTotal: 20 })
    expect(said.mismatched).toEqual(many.slice(0, 4).map(([name]) => name))
  })

  test('take an import that the table leaves out, where the table has others', () => {
    const exports: Entry[] = [moduleLayout, ['kfree', 7]]
    expect(versions({ exports }, { imports: [moduleLayout, ['kfree', null]] })).toEqual(match)
    expect(versions({ exports }, { imports: [['kfree', null]] })).toEqual(unknown)
  })

  test('are unknown where exporters tell no CRC, which those of a kernel with modversions have', () => {
    const bare: Entry[] = [
      ['module_layout', null],
      ['kfree', null],
    ]
    expect(versions({ exports: bare }, { imports })).toEqual(unknown)
    expect(versions({ exports: bare, modversions: null, vermagic: null }, { imports })).toEqual(unknown)
    expect(versions({ exports: bare, modversions: false }, { imports })).toEqual(match)
    expect(versions({ exports: [moduleLayout, ['kfree', null]] }, { imports })).toEqual(unknown)
    expect(versions({ moduleExports: [['kfree', null]] }, { imports })).toEqual(unknown)
    expect(versions({}, { imports }, { exports: [['kfree', null]] })).toEqual(unknown)
    // What does differ is a mismatch whatever is missing.
    const differs: Entry[] = [
      ['module_layout', 9],
      ['kfree', null],
    ]
    expect(versions({ exports: differs }, { imports })).toMatchObject({ mismatched: ['module_layout'] })
  })

  test('are unknown of a module that exports without CRCs, which is taken by force alone', () => {
    const exports: Entry[] = [['f', null]]
    expect(versions({}, { imports: [moduleLayout], exports })).toEqual(unknown)
    expect(versions({ modversions: false }, { imports: [moduleLayout], exports })).toEqual(match)
    expect(versions({}, { imports: [moduleLayout], exports: [['f', 1]] })).toEqual(match)
    // From 7.1 on a GPL table is not looked at.
    const gpl: Entry[] = [['f', null, symbolBits.gplTable]]
    const on = (version: string) => versions({ version }, { imports: [moduleLayout], exports: gpl }).state
    expect([on('7.0'), on('7.1')]).toEqual(['unknown', 'match'])
  })

  test('are unknown where a table cannot be read', () => {
    const bare: Entry[] = [
      ['module_layout', null],
      ['kfree', null],
    ]
    const module: ModuleSpec = { basicVersions: 'unreadable', imports: bare }
    const exports: Entry[] = [moduleLayout, ['kfree', 2]]
    expect(versions({ exports }, module)).toEqual(unknown)
    expect(versions({ exports, modversions: false }, module)).toEqual(match)
    expect(loadOf({ exports }, { ...module, vermagic: ownVermagic.replace('-55', '-56') }).vermagic).toBe(
      'same',
    )
  })

  describe('of a module with extended ones', () => {
    const exports: Entry[] = [moduleLayout, ['kfree', 2]]
    const other: Entry[] = [moduleLayout, ['kfree', 3]]
    const on = (version: string, module: ModuleSpec) => versions({ version, exports }, module)
    const mismatch = { state: 'mismatch', mismatched: ['kfree'] }

    test('are those of the basic table until 6.13, of the extended one alone from 6.14 on', () => {
      const right: ModuleSpec = { extendedVersions: 'read', imports: other, extendedImports: imports }
      expect([on('6.13', right), on('6.14', right)]).toEqual([mismatch, match])
      const wrong: ModuleSpec = { extendedVersions: 'read', imports, extendedImports: other }
      expect([on('6.13', wrong), on('6.14', wrong)]).toEqual([match, mismatch])
    })

    test('are none until 6.13 where there is no basic table, and vermagic is compared in full', () => {
      const alone: ModuleSpec = {
        basicVersions: 'absent',
        extendedVersions: 'read',
        imports: [
          ['module_layout', null],
          ['kfree', null],
        ],
        extendedImports: imports,
      }
      expect([on('6.13', alone), on('6.14', alone)]).toEqual([unknown, match])
      const vermagic = ownVermagic.replace('-55', '-56')
      for (const version of ['6.13', '6.14'])
        expect(loadOf({ version, exports }, { ...alone, vermagic }).vermagic).toBe('differs')
    })

    test('are unknown from 6.14 on where these cannot be read', () => {
      for (const table of [imports, other]) {
        const broken: ModuleSpec = { extendedVersions: 'unreadable', imports: table }
        expect(on('6.14', broken)).toEqual(unknown)
        expect(on('6.13', broken)).toEqual(table === imports ? match : mismatch)
      }
    })
  })

  test('go by the kernel, then the modules of the set, then its own modules', () => {
    const module = { imports: [moduleLayout, ['f', 3]] as Entry[] }
    const exporter = (crc: number) => ({ imports: [moduleLayout], exports: [['f', crc]] as Entry[] })
    expect(versions({ moduleExports: [['f', 3]] }, module)).toEqual(match)
    expect(versions({ moduleExports: [['f', 4]] }, module)).toMatchObject({ mismatched: ['f'] })
    expect(versions({ moduleExports: [['f', 4]] }, module, exporter(3))).toEqual(match)
    expect(versions({ moduleExports: [['f', 3]] }, module, exporter(4))).toMatchObject({ mismatched: ['f'] })
    expect(versions({ exports: [moduleLayout, ['f', 3]] }, module, exporter(4))).toEqual(match)
  })

  test('go by modules of the set that lie in the same folder, or as well in none', () => {
    const at = (folder: string | null, exporterAt: string | null, kernel: KernelSpec = {}) =>
      versions(
        kernel,
        { folder, imports: [moduleLayout, ['f', 3]] },
        { folder: exporterAt, imports: [moduleLayout], exports: [['f', 3]] },
      )
    const missing = { ...unknown, unresolved: ['f'] }
    expect([at('6.1', '6.1'), at(null, null)]).toEqual([match, match])
    for (const [one, other] of [
      ['6.1', '6.2'],
      ['6.1', null],
      [null, '6.1'],
    ] as const) {
      expect(at(one, other)).toEqual(missing)
      expect(at(one, other, { moduleExports: [['f', 3]] })).toEqual(match)
    }
  })

  test('are unknown where exporters contradict each other, unless all differ', () => {
    const module = { imports: [moduleLayout, ['f', 3]] as Entry[] }
    const two = (a: number | null, b: number | null) =>
      versions(
        {
          moduleExports: [
            ['f', a],
            ['f', b],
            ['f', a],
          ],
        },
        module,
      )
    expect(two(3, 3)).toEqual(match)
    expect(two(3, 4)).toEqual(unknown)
    expect(two(null, 4)).toEqual(unknown)
    expect(two(null, null)).toEqual(unknown)
    expect(two(4, 5)).toMatchObject({ state: 'mismatch', mismatched: ['f'] })
    expect(versions({ exports: [moduleLayout, moduleLayout, ['f', 3], ['f', 4]] }, module)).toEqual(unknown)
  })

  test('are unknown where nothing known exports an import, which is named, unless it is weak', () => {
    expect(versions({}, { imports })).toEqual({ ...unknown, unresolved: ['kfree'] })
    expect(versions({}, { imports: [moduleLayout, ['kfree', null, symbolBits.weak]] })).toEqual(match)
    // A difference that is there is one whatever is missing, which is said beside it.
    expect(versions({ exports: [['module_layout', 5]] }, { imports })).toEqual({
      state: 'mismatch',
      mismatched: ['module_layout'],
      unresolved: ['kfree'],
    })
    expect(versions({}, { imports: [moduleLayout, ['', null]] })).toMatchObject({ unresolved: ['(no name)'] })
  })

  test('are unknown where the kernel’s exports are, but for what other modules export', () => {
    expect(versions({ exports: null }, { imports: [moduleLayout] })).toEqual(unknown)
    const said = versions({ exports: null, moduleExports: [['kfree', 3]] }, { imports })
    expect(said).toMatchObject({ state: 'mismatch', mismatched: ['kfree'] })
    expect(versions({}, {})).toEqual(unknown)
  })

  test('are not compared without CONFIG_MODVERSIONS', () => {
    const kernel = {
      modversions: false,
      vermagic: '6 SMP ',
      exports: [moduleLayout, ['kfree', 99]] as Entry[],
    }
    expect(versions(kernel, { imports })).toEqual(match)
    expect(versions({ ...kernel, exports: [] }, { imports })).toMatchObject({ state: 'unknown' })
    const contradicting: Entry[] = [moduleLayout, ['kfree', 98], ['kfree', 99]]
    expect(versions({ ...kernel, exports: contradicting }, { imports })).toEqual(match)
    // The word in vermagic tells where the config does not; without either nothing is said of a difference.
    const told = (vermagic: string | null) =>
      versions({ ...kernel, modversions: null, vermagic }, { imports }).state
    expect([told('6 SMP modversions '), told('6 SMP '), told(null)]).toEqual(['mismatch', 'match', 'unknown'])
  })

  test('are unknown of a module without versions, which a kernel with them takes by force alone', () => {
    const module: ModuleSpec = { basicVersions: 'absent', imports: [['kfree', null]] }
    expect(versions({ exports: [['kfree', 2]] }, module)).toEqual(unknown)
    expect(versions({ exports: [['kfree', 2]], modversions: false }, module)).toEqual(match)
  })

  test('do not see exports of a GPL table of a module from 7.1 on', () => {
    const module = { imports: [moduleLayout, ['f', 3]] as Entry[] }
    const gpl = { exports: [['f', 3, symbolBits.gplTable]] as Entry[] }
    expect(versions({ version: '7.0' }, module, gpl)).toEqual(match)
    expect(versions({ version: '7.1' }, module, gpl)).toEqual({ ...unknown, unresolved: ['f'] })
  })
})
