import { SymbolListWriter, type SymversFacts, symbolFlags } from '@basedrift/artifacts'
import { describe, expect, test } from 'vitest'
import type { FoundKernel } from '../src/kernels.js'
import { overridden } from '../src/overridden.js'
import { type Beside, type Exporter, providesOf } from '../src/provides.js'
import { NamePool, type PooledSymbols } from '../src/pure/index.js'
import { folderOf } from '../src/pure/places.js'
import { symversOf } from '../src/symvers.js'

type Entry = readonly [name: string, crc: number | null, flags?: number]
const listOf = (entries: readonly Entry[]) => {
  const writer = new SymbolListWriter()
  for (const [name, crc, flags = 0] of entries) {
    const bytes = new TextEncoder().encode(name)
    writer.add(bytes, 0, bytes.length, crc, flags)
  }
  return writer.take()
}

const release = '6.1.0-56-test'
const kernelWith = (exports: readonly Entry[] | null): FoundKernel => ({
  kernel: {
    type: 'kernel',
    kind: 'bzimage',
    file: 'boot/vmlinuz',
    sha256: '',
    size: 0,
    release,
    version: '6.1.192',
    banner: null,
    config: null,
    buildId: null,
    machine: null,
    elfMachine: 62,
    vermagic: null,
  },
  base: null,
  exports: exports === null ? null : listOf(exports),
})
const symvers = (entries: readonly Entry[], of: string | null = release, file = 'sv'): SymversFacts => ({
  type: 'symvers',
  file,
  sha256: '',
  size: 0,
  release: of,
  exports: listOf(entries),
})
const ofModule = symbolFlags.ofModule
const exporter = (file: string, name: string): Exporter => ({
  file,
  vermagic: `${release} SMP modversions `,
  exports: listOf([[name, 7]]),
  imports: listOf([]),
  extendedImports: listOf([]),
})

/** What a kernel gives, by name. */
function given(kernel: FoundKernel, beside: Partial<Beside>) {
  const names = new NamePool()
  const told = ({ ids, crcs, flags }: PooledSymbols) =>
    [...ids].map((id, nth) => [names.name(id), flags[nth]! & symbolFlags.noCrc ? null : crcs[nth]])
  const { exports, moduleExports } = providesOf(kernel, { exporters: [], symvers: [], ...beside }, names)
  return { own: exports === null ? null : told(exports), modules: told(moduleExports) }
}

describe('a Module.symvers', () => {
  const image = kernelWith([
    ['a', 1],
    ['b', 2],
  ])

  test('adds nothing to what the image of the kernel tells', () => {
    const own = [
      ['a', 1],
      ['b', 2],
    ]
    for (const lines of [
      [['a', 1]],
      [['c', 3]],
      [['a', 9]],
      [
        ['c', 3],
        ['d', 4, ofModule],
      ],
    ] as Entry[][])
      expect(given(image, { symvers: [symvers(lines)] }).own).toEqual(own)
    expect(given(kernelWith(null), { symvers: [symvers([['c', 3]])] }).own).toEqual([['c', 3]])
  })

  test('gives versions to exports of which the image tells none', () => {
    const bare = kernelWith([
      ['a', null],
      ['b', null],
    ])
    expect(given(bare, { symvers: [symvers([['a', 1]])] }).own).toEqual([
      ['a', 1],
      ['b', null],
    ])
    const two = [
      symvers([
        ['a', 1],
        ['b', 2],
      ]),
      symvers([
        ['a', 5],
        ['b', 2],
      ]),
    ]
    expect(given(bare, { symvers: two }).own).toEqual([
      ['a', null],
      ['b', 2],
    ])
  })

  test('that says of the kernel what its image denies counts for nothing, and is told', () => {
    const beside = (entries: readonly Entry[]) => ({ symvers: [symvers(entries)], exporters: [] })
    const told = (entries: readonly Entry[], kernel = image) =>
      symversOf(kernel, beside(entries)).contradicting.map(({ code, file, message }) => [code, file, message])
    const code = 'symvers-contradicts'
    expect(
      told([
        ['c', 3],
        ['d', 4],
      ]),
    ).toEqual([
      [code, 'sv', expect.stringContaining('c is not exported by boot/vmlinuz (and 1 more like it)')],
    ])
    expect(
      told([
        ['a', 1],
        ['b', 255],
      ]),
    ).toEqual([
      [code, 'sv', expect.stringContaining('b has the version 0x000000ff in it, 0x00000002 in boot/vmlinuz')],
    ])
    // Of modules it says nothing that the image could deny; a kernel without versions has none that differ.
    for (const right of [[['a', 1]], [['a', null]], [['c', 3, ofModule]]] as Entry[][])
      expect(told(right)).toEqual([])
    expect(told([['a', 3]], kernelWith([['a', null]]))).toEqual([])
    expect(told([['c', 3]], kernelWith(null))).toEqual([])
    // One that nobody takes for the kernel's is not held against it.
    expect(symversOf(image, { symvers: [symvers([['c', 3]], '6.2.0-other')] }).contradicting).toEqual([])
    expect(
      given(
        image,
        beside([
          ['c', 3],
          ['d', 4, ofModule],
        ]),
      ).modules,
    ).toEqual([])
  })

  test('tells what modules export only where no module of the kernel is there', () => {
    const lines = [
      symvers([
        ['a', 1],
        ['helper', 3, ofModule],
      ]),
    ]
    expect(given(image, { symvers: lines }).modules).toEqual([['helper', 3]])
    const exporters = [exporter('lib/modules/6.1.0-56-test/kernel/one.ko', 'one')]
    expect(given(image, { symvers: lines, exporters }).modules).toEqual([['one', 7]])
    // One of another kernel is one too: modules were recorded.
    const other = [{ ...exporters[0]!, vermagic: '6.2.0-other SMP ' }]
    expect(given(image, { symvers: lines, exporters: other }).modules).toEqual([])
  })
})

test('modules are the kernel’s own where it finds them', () => {
  const image = kernelWith([['a', 1]])
  const names = (...files: string[]) =>
    given(image, { exporters: files.map((file) => exporter(file, file)) }).modules.map(([name]) => name)
  const own = `k.deb!lib/modules/${release}/kernel/own.ko`
  const doc = 'k.deb!usr/share/doc/x/doc.ko'
  const foreign = 'k.deb!lib/modules/6.2.0-other/kernel/foreign.ko'
  expect(names(own, doc, foreign)).toEqual([own])
  expect(names(doc, foreign)).toEqual([])
  expect(names(doc, 'flat.ko')).toEqual([doc, 'flat.ko'])
})

test('a module in updates/ takes the place of the others of its name, in its release alone', () => {
  const of = (below: string, of = release) => `k.deb!lib/modules/${of}/${below}`
  const files = [
    of('kernel/net/a-b.ko'),
    of('extra/a_b.ko.xz'),
    'kmp.rpm!usr/lib/modules/6.1.0-56-test/updates/a_b.ko.zst',
    of('updates/more/a_b.ko'),
    of('kernel/net/c.ko'),
    of('kernel/net/a-b.ko', '6.2.0-other'),
    of('kernel/updates/c.ko'),
    of('updates/build/c.ko'),
    'a_b.ko',
    'updates/c.ko',
  ]
  const isOverridden = overridden(files)
  expect(files.filter((_, nth) => isOverridden(nth))).toEqual(files.slice(0, 2))
  const exporters = [exporter(of('updates/one.ko'), 'new'), exporter(of('kernel/one.ko'), 'old')]
  expect(given(kernelWith([['a', 1]]), { exporters }).modules).toEqual([['new', 7]])
})

test.each([
  ['k.deb!lib/modules/6.1.0-56/kernel/a.ko', '6.1.0-56'],
  ['k.rpm!usr/lib/modules/6.1.0-56/a.ko.zst', '6.1.0-56'],
  ['k.deb!./lib/modules/6.1.0-56/a.ko', '6.1.0-56'],
  ['k.deb!boot/initrd.img!usr/lib/modules/6.1.0-56/a.ko', '6.1.0-56'],
  ['/mnt/root/usr/lib/modules/6.1.0-56/a.ko', '6.1.0-56'],
  ['/lib/modules/6.1.0-55/build/lib/modules/6.1.0-56/a.ko', '6.1.0-56'],
  ['k.deb!lib/modules/6.1.0-56/kernel/drivers/builder/a.ko', '6.1.0-56'],
  // Nobody looks there, whatever it is called.
  ['k.deb!lib/modules/6.1.0-56/build/a.ko', null],
  ['k.deb!lib/modules/6.1.0-56/updates/source/x/a.ko', null],
  ['k.deb!usr/share/doc/lib/modules/6.1.0-56/a.ko', null],
  ['k.deb!usr/lib/debug/lib/modules/6.1.0-56/a.ko', null],
  ['/lib/modules/6.1.0-55/k.deb!usr/share/doc/a.ko', null],
  ['a.ko', null],
  ['lib/modules/a.ko', null],
])('the folder of %s is %s', (file, folder) => expect(folderOf(file)).toBe(folder))
