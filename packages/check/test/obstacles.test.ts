import { prepareBase, readBtf } from '@basedrift/btf'
import { describe, expect, test } from 'vitest'
import { Builder } from '../../btf/test/build.js'
import { moduleStructSize, symbolBits } from '../src/index.js'
import { type Entry, type KernelSpec, loadOf, type ModuleSpec, moduleLayout } from './support/load-sets.js'

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
    const kernel: KernelSpec = { exports: [moduleLayout, ['b', 2], ['a', 2]], moduleExports: [['c', 2]] }
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
  const exports: Entry[] = [moduleLayout, ['kfree', 2]]
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
    expect(doubts({ exports: [moduleLayout, ['kfree', null]] }, { imports: exports })).toEqual([
      'exporters-unsure',
    ])
    expect(doubts({}, { imports: exports, exports: [['f', null]] })).toEqual(['export-versions-absent'])
    expect(doubts({ exports: null }, unusable)).toBeUndefined()
    expect(doubts({ exports: [moduleLayout] }, { imports: exports })).toBeUndefined()
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
