import { prepareBase, readBtf } from '@basedrift/btf'
import { describe, expect, test } from 'vitest'
import { Builder } from '../../btf/test/build.js'
import {
  LoadComparison,
  type LoadKernel,
  type LoadModule,
  moduleStructSize,
  NamePool,
  symbolBits,
} from '../src/index.js'

type Entry = readonly [name: string, crc: number | null, flags?: number, space?: string]

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0))
const list = (entries: readonly Entry[]) => ({
  names: latin1(entries.map(([name]) => `${name}\0`).join('')),
  crcs: Uint32Array.from(entries, ([, crc]) => crc ?? 0),
  flags: Uint8Array.from(entries, ([, crc, flags = 0]) => (crc === null ? flags | symbolBits.noCrc : flags)),
  spaces: new Map(entries.flatMap(([, , , space], nth) => (space ? [[nth, space] as const] : []))),
})

interface ModuleSpec
  extends Partial<
    Pick<
      LoadModule,
      | 'vermagic'
      | 'basicVersions'
      | 'extendedVersions'
      | 'structSize'
      | 'flagTable'
      | 'machine'
      | 'lacks'
      | 'terms'
    >
  > {
  readonly imports?: readonly Entry[]
  readonly extendedImports?: readonly Entry[]
  readonly exports?: readonly Entry[]
  readonly folder?: string | null
}
interface KernelSpec
  extends Partial<
    Pick<
      LoadKernel,
      'version' | 'vermagic' | 'modversions' | 'forceLoad' | 'missingNamespaces' | 'structSize' | 'machine'
    >
  > {
  readonly exports?: readonly Entry[] | null
  readonly moduleExports?: readonly Entry[]
}

const own = '6.1.0-55 SMP preempt mod_unload modversions '
const layout: Entry = ['module_layout', 1]

/** `load` of the first module of a set. */
function loadOf(kernel: KernelSpec, ...set: readonly ModuleSpec[]) {
  const names = new NamePool()
  const modules = set.map(
    ({ imports = [], extendedImports = [], exports = [], ...more }): LoadModule => ({
      vermagic: own,
      basicVersions: 'read',
      extendedVersions: 'absent',
      structSize: null,
      flagTable: false,
      machine: 62,
      lacks: null,
      terms: null,
      folder: null,
      ...more,
      imports: names.pool(list(imports)),
      extendedImports: names.pool(list(extendedImports)),
      exports: names.pool(list(exports)),
    }),
  )
  const { exports = [layout], moduleExports = [], ...more } = kernel
  const running: LoadKernel = {
    version: '6.1.192',
    vermagic: own,
    machine: 62,
    modversions: true,
    forceLoad: null,
    missingNamespaces: false,
    structSize: null,
    ...more,
    exports: exports === null ? null : names.pool(list(exports)),
    moduleExports: names.pool(list(moduleExports)),
  }
  return new LoadComparison(names, running, modules).load(modules[0]!, null)
}

describe('vermagic', () => {
  const other = own.replace('-55', '-56')
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
    ['differs in any word', {}, { vermagic: own.replace('preempt ', '') }, 'differs'],
    ['differs from the release alone', {}, { vermagic: '6.1.0-55' }, 'differs'],
    ['is unknown where the kernel does not tell', { vermagic: null }, {}, 'unknown'],
    ['is unknown where the module does not tell', {}, { vermagic: null }, 'unknown'],
  ])('%s', (_, kernel, module, expected) => expect(loadOf(kernel, module).vermagic).toBe(expected))
})

describe('modversions', () => {
  const versions = (kernel: KernelSpec, ...set: ModuleSpec[]) => loadOf(kernel, ...set).modversions
  const match = { state: 'match', mismatched: [] }
  const unknown = { state: 'unknown', mismatched: [] }
  const imports: Entry[] = [layout, ['kfree', 2]]

  test('match where every import has the CRC of the kernel, module_layout among them', () => {
    expect(versions({ exports: [layout, ['kfree', 2]] }, { imports })).toEqual(match)
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
    const said = versions({ exports: [layout, ...moved] }, { imports: [layout, ...many].reverse() })
    expect(said).toMatchObject({ state: 'mismatch', mismatchedTotal: 20 })
    expect(said.mismatched).toEqual(many.slice(0, 4).map(([name]) => name))
  })

  test('take an import that the table leaves out, where the table has others', () => {
    const exports: Entry[] = [layout, ['kfree', 7]]
    expect(versions({ exports }, { imports: [layout, ['kfree', null]] })).toEqual(match)
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
    expect(versions({ exports: [layout, ['kfree', null]] }, { imports })).toEqual(unknown)
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
    expect(versions({}, { imports: [layout], exports })).toEqual(unknown)
    expect(versions({ modversions: false }, { imports: [layout], exports })).toEqual(match)
    expect(versions({}, { imports: [layout], exports: [['f', 1]] })).toEqual(match)
    // From 7.1 on a GPL table is not looked at.
    const gpl: Entry[] = [['f', null, symbolBits.gplTable]]
    const on = (version: string) => versions({ version }, { imports: [layout], exports: gpl }).state
    expect([on('7.0'), on('7.1')]).toEqual(['unknown', 'match'])
  })

  test('are unknown where a table cannot be read', () => {
    const bare: Entry[] = [
      ['module_layout', null],
      ['kfree', null],
    ]
    const module: ModuleSpec = { basicVersions: 'unreadable', imports: bare }
    const exports: Entry[] = [layout, ['kfree', 2]]
    expect(versions({ exports }, module)).toEqual(unknown)
    expect(versions({ exports, modversions: false }, module)).toEqual(match)
    expect(loadOf({ exports }, { ...module, vermagic: own.replace('-55', '-56') }).vermagic).toBe('same')
  })

  describe('of a module with extended ones', () => {
    const exports: Entry[] = [layout, ['kfree', 2]]
    const other: Entry[] = [layout, ['kfree', 3]]
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
      const vermagic = own.replace('-55', '-56')
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
    const module = { imports: [layout, ['f', 3]] as Entry[] }
    const exporter = (crc: number) => ({ imports: [layout], exports: [['f', crc]] as Entry[] })
    expect(versions({ moduleExports: [['f', 3]] }, module)).toEqual(match)
    expect(versions({ moduleExports: [['f', 4]] }, module)).toMatchObject({ mismatched: ['f'] })
    expect(versions({ moduleExports: [['f', 4]] }, module, exporter(3))).toEqual(match)
    expect(versions({ moduleExports: [['f', 3]] }, module, exporter(4))).toMatchObject({ mismatched: ['f'] })
    expect(versions({ exports: [layout, ['f', 3]] }, module, exporter(4))).toEqual(match)
  })

  test('go by modules of the set that lie in the same folder, or as well in none', () => {
    const at = (folder: string | null, exporterAt: string | null, kernel: KernelSpec = {}) =>
      versions(
        kernel,
        { folder, imports: [layout, ['f', 3]] },
        { folder: exporterAt, imports: [layout], exports: [['f', 3]] },
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
    const module = { imports: [layout, ['f', 3]] as Entry[] }
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
    expect(versions({ exports: [layout, layout, ['f', 3], ['f', 4]] }, module)).toEqual(unknown)
  })

  test('are unknown where nothing known exports an import, which is named, unless it is weak', () => {
    expect(versions({}, { imports })).toEqual({ ...unknown, unresolved: ['kfree'] })
    expect(versions({}, { imports: [layout, ['kfree', null, symbolBits.weak]] })).toEqual(match)
    // A difference that is there is one whatever is missing, which is said beside it.
    expect(versions({ exports: [['module_layout', 5]] }, { imports })).toEqual({
      state: 'mismatch',
      mismatched: ['module_layout'],
      unresolved: ['kfree'],
    })
    expect(versions({}, { imports: [layout, ['', null]] })).toMatchObject({ unresolved: ['(no name)'] })
  })

  test('are unknown where the kernel’s exports are, but for what other modules export', () => {
    expect(versions({ exports: null }, { imports: [layout] })).toEqual(unknown)
    const said = versions({ exports: null, moduleExports: [['kfree', 3]] }, { imports })
    expect(said).toMatchObject({ state: 'mismatch', mismatched: ['kfree'] })
    expect(versions({}, {})).toEqual(unknown)
  })

  test('are not compared without CONFIG_MODVERSIONS', () => {
    const kernel = { modversions: false, vermagic: '6 SMP ', exports: [layout, ['kfree', 99]] as Entry[] }
    expect(versions(kernel, { imports })).toEqual(match)
    expect(versions({ ...kernel, exports: [] }, { imports })).toMatchObject({ state: 'unknown' })
    const contradicting: Entry[] = [layout, ['kfree', 98], ['kfree', 99]]
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
    const module = { imports: [layout, ['f', 3]] as Entry[] }
    const gpl = { exports: [['f', 3, symbolBits.gplTable]] as Entry[] }
    expect(versions({ version: '7.0' }, module, gpl)).toEqual(match)
    expect(versions({ version: '7.1' }, module, gpl)).toEqual({ ...unknown, unresolved: ['f'] })
  })
})

describe('obstacles', () => {
  const obstacles = (kernel: KernelSpec, module: ModuleSpec) =>
    loadOf(kernel, module).obstacles?.map(({ code }) => code)

  test('are a struct module of another size, from 6.4 on', () => {
    expect(loadOf({ version: '6.4', structSize: 896 }, { structSize: 960 }).obstacles).toEqual([
      { code: 'module-struct-size', expected: '896', actual: '960' },
    ])
    expect(obstacles({ version: '6.3', structSize: 896 }, { structSize: 960 })).toBeUndefined()
    expect(obstacles({ version: '6.4', structSize: 896 }, { structSize: 896 })).toBeUndefined()
    expect(obstacles({ version: '6.4' }, { structSize: 960 })).toBeUndefined()
  })

  test('are what no kernel loads a module without, and another machine, where the kernel is known', () => {
    expect(obstacles({}, { lacks: 'symbols' })).toEqual(['symbols-absent'])
    expect(obstacles({}, { lacks: 'this-module' })).toEqual(['this-module-absent'])
    expect(loadOf({}, { machine: 183 }).obstacles).toEqual([
      { code: 'machine-differs', expected: '62', actual: '183' },
    ])
    expect(obstacles({ machine: null }, { lacks: 'symbols', machine: 183 })).toBeUndefined()
    expect(obstacles({}, { machine: null })).toBeUndefined()
  })

  test('are exports that the kernel itself has, but for those of a table that it does not look at', () => {
    const kernel: KernelSpec = { exports: [layout, ['b', 2], ['a', 2]], moduleExports: [['c', 2]] }
    const exports: Entry[] = [
      ['b', 2],
      ['c', 2],
      ['a', 9],
    ]
    expect(loadOf(kernel, { exports }).obstacles).toEqual([{ code: 'export-duplicate', actual: 'a' }])
    expect(obstacles(kernel, { exports: [['c', 2]] })).toBeUndefined()
    expect(obstacles({ ...kernel, exports: null }, { exports })).toBeUndefined()
    const gpl: Entry[] = [['a', 9, symbolBits.gplTable]]
    expect(obstacles({ ...kernel, version: '7.0' }, { exports: gpl })).toEqual(['export-duplicate'])
    expect(obstacles({ ...kernel, version: '7.1' }, { exports: gpl })).toBeUndefined()
  })

  test('are exports without the table of their flags, from 7.1 on', () => {
    const exports: Entry[] = [['f', 1]]
    expect(obstacles({ version: '7.1' }, { exports })).toEqual(['export-flags-absent'])
    expect(obstacles({ version: '7.0' }, { exports })).toBeUndefined()
    expect(obstacles({ version: '7.1' }, { exports, flagTable: true })).toBeUndefined()
    expect(obstacles({ version: '7.1' }, { exports: [['f', 1, symbolBits.gplTable]] })).toBeUndefined()
    expect(obstacles({ version: '7.1' }, {})).toBeUndefined()
  })
})

describe('what a kernel takes by force alone', () => {
  const exports: Entry[] = [layout, ['kfree', 2]]
  const bare: ModuleSpec = { basicVersions: 'absent', imports: [['kfree', null]] }
  const said = (kernel: KernelSpec, module: ModuleSpec) => {
    const { obstacles, doubts } = loadOf({ exports, ...kernel }, module)
    return [obstacles?.map(({ code }) => code), doubts]
  }

  test('is an obstacle where its config says that nothing loads by force, else a doubt', () => {
    for (const [module, code] of [
      [bare, 'versions-absent'],
      [{ imports: exports, vermagic: null }, 'vermagic-absent'],
    ] as const) {
      expect(said({ forceLoad: false }, module)).toEqual([[code], undefined])
      expect(said({ forceLoad: true }, module)).toEqual([undefined, [code]])
      expect(said({}, module)).toEqual([undefined, [code]])
    }
    const neither: ModuleSpec = { ...bare, vermagic: null }
    expect(said({ forceLoad: false }, neither)).toEqual([['versions-absent', 'vermagic-absent'], undefined])
  })

  test('is neither where the kernel has no versions, or nothing but BTF is known', () => {
    const none = [undefined, undefined]
    expect(said({ forceLoad: false, modversions: false }, bare)).toEqual(none)
    expect(said({ forceLoad: false, machine: null, exports: null }, { ...bare, vermagic: null })).toEqual(
      none,
    )
    expect(said({ forceLoad: false, exports: null }, { ...bare, vermagic: null, machine: null })).toEqual(
      none,
    )
    expect(said({ exports: null, vermagic: null }, { ...bare, vermagic: null })).toEqual(none)
    expect(said({ forceLoad: false }, { imports: exports })).toEqual(none)
  })

  test('are extended versions alone until 6.13', () => {
    const alone: ModuleSpec = { ...bare, extendedVersions: 'read', extendedImports: exports }
    const on = (version: string) => said({ version, forceLoad: false }, alone)[0]
    expect([on('6.13'), on('6.14')]).toEqual([['versions-absent'], undefined])
  })

  test('leaves the rest open, and says what does', () => {
    const unusable: ModuleSpec = { basicVersions: 'unreadable', imports: [['kfree', null]] }
    const doubts = (kernel: KernelSpec, module: ModuleSpec) => said(kernel, module)[1]
    expect(doubts({}, unusable)).toEqual(['versions-unusable'])
    expect(doubts({ modversions: null, vermagic: null }, unusable)).toEqual(['modversions-unknown'])
    expect(doubts({ exports: [layout, ['kfree', null]] }, { imports: exports })).toEqual(['exporters-unsure'])
    expect(doubts({}, { imports: exports, exports: [['f', null]] })).toEqual(['export-versions-absent'])
    expect(doubts({ exports: null }, unusable)).toBeUndefined()
    expect(doubts({ exports: [layout] }, { imports: exports })).toBeUndefined()
  })
})

describe('what a module may use', () => {
  const gpl = symbolBits.gplOnly
  const imports: Entry[] = [layout, ['kfree', 2], ['up', 3], ['down', 4]]
  const kernel: KernelSpec = {
    exports: [layout, ['kfree', 2, gpl], ['up', 3], ['down', 4, gpl, 'LOCKS']],
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

  test('is not known where its license, or what the kernel exports, is not', () => {
    expect(said(kernel, { imports }).obstacles).toBeUndefined()
    expect(said({ ...kernel, exports: null }, by('Acme')).obstacles).toBeUndefined()
    // What nothing exports is no export for others.
    expect(said({ exports: [layout] }, by('Acme')).obstacles).toBeUndefined()
  })

  test('is named as far as that is short', () => {
    const many = Array.from({ length: 9 }, (_, nth): Entry => [`s${nth}`, 1])
    const exports = [layout, ...many.map(([name], nth): Entry => [name, 1, 0, `N${nth % 6}`])]
    const { obstacles } = said({ exports }, { imports: [layout, ...many], terms: by('GPL').terms! })
    expect(obstacles?.[0]?.expected).toBe(
      's0, s6 in the namespace N0, s1, s7 in the namespace N1, s2, s8 in the namespace N2, s3 in the namespace N3 and 2 more namespaces',
    )
    const strict = [layout, ...many.map(([name]): Entry => [name, 1, gpl])]
    const refused = said({ exports: strict }, { imports: [layout, ...many], terms: by(null).terms! })
    expect(refused.obstacles?.[0]?.expected).toMatch(/^s0, s1, s2, s3 and 5 more for licenses alone/)
  })
})

test('the size of struct module is told by the base, unless it has several', () => {
  const base = (...sizes: number[]) => {
    const builder = new Builder()
    const name = builder.str('module')
    builder.add({ kind: 4, name: builder.str('other'), third: 1 })
    for (const size of sizes) builder.add({ kind: 4, name, third: size })
    builder.add({ kind: 7, name })
    return moduleStructSize(readBtf(builder.bytes()))
  }
  expect([base(), base(896), base(896, 896), base(896, 897)]).toEqual([null, 896, 896, null])
  expect(prepareBase(new Uint8Array(0)).btf).toBeNull()
})
