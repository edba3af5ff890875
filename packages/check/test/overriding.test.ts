import { expect, test } from 'vitest'
import { symbolBits } from '../src/index.js'
import {
  type Entry,
  type KernelSpec,
  loadOf,
  type ModuleSpec,
  moduleLayout,
  type OwnSpec,
} from './support/load-sets.js'

const garp: Entry = ['garp_join', 3]
const kernelGarp: OwnSpec = { name: 'garp', exports: [garp] }
const vlan: OwnSpec = { name: '8021q', imports: [garp] }

/** The doubts of the first module of a set, in `updates/` unless it says otherwise, on a kernel. */
function doubtsOf(kernel: KernelSpec, ...set: readonly ModuleSpec[]) {
  const placed = set.map((one) => ({
    folder: '6.1.0-56',
    precedes: true,
    imports: [moduleLayout],
    flagTable: true,
    ...one,
  }))
  return loadOf(kernel, ...placed).doubts
}

const doubted = ['overridden-exports']
const other: ModuleSpec = { name: 'garp', exports: [['garp_join', 4]] }
const bare: ModuleSpec = { name: 'garp' }

test('a module in the place of one of the kernel has to export what the kernel imports from that', () => {
  const ownModules = [kernelGarp, vlan]
  expect(doubtsOf({ ownModules }, { name: 'garp', exports: [garp, ['more', 5]] })).toBeUndefined()
  expect(doubtsOf({ ownModules }, other)).toEqual(doubted)
  expect(doubtsOf({ ownModules }, bare)).toEqual(doubted)
  expect(doubtsOf({ ownModules }, { ...other, precedes: false })).toBeUndefined()
  expect(doubtsOf({ ownModules }, { ...other, name: 'gvrp' })).toBeUndefined()
  // Nobody imports from it, or all that does comes along.
  expect(doubtsOf({ ownModules: [kernelGarp] }, bare)).toBeUndefined()
  expect(doubtsOf({ ownModules: [] }, bare)).toBeUndefined()
  expect(doubtsOf({ ownModules }, other, { name: '8021q', precedes: false })).toBeUndefined()
  expect(doubtsOf({ ownModules }, other, { name: '8021q', folder: '6.1.0-55' })).toEqual(doubted)
  // Another of the set exports it instead.
  expect(doubtsOf({ ownModules }, bare, { name: 'compat', exports: [garp] })).toBeUndefined()
  expect(doubtsOf({ ownModules }, bare, { name: 'compat', exports: [garp], folder: '6.1.0-55' })).toEqual(
    doubted,
  )
})

test('what several modules of one name export is missed once', () => {
  const { missed } = loadOf(
    { ownModules: [kernelGarp, kernelGarp, vlan] },
    { ...bare, folder: '6.1.0-56', precedes: true },
  )
  expect(missed).toEqual([{ module: '8021q', symbol: 'garp_join' }])
})

test('which modules of the kernel miss which symbols is said of the first of them', () => {
  const symbols = ['e', 'd', 'c'].map((name): Entry => [name, 1])
  const ownModules = [
    { name: 'garp', exports: symbols },
    { name: 'b', imports: symbols },
    { name: 'a', imports: symbols.slice(1) },
  ]
  const module = { name: 'garp', folder: '6.1.0-56', precedes: true }
  const said = (exports: readonly Entry[], kernel: KernelSpec = { ownModules }) => {
    const { missed, missedTotal } = loadOf(kernel, { ...module, exports })
    return [missed?.map(({ module: importer, symbol }) => [importer, symbol].join(' ')), missedTotal]
  }
  expect(said([['x', 1]])).toEqual([['a c', 'a d', 'b c', 'b d'], 5])
  expect(said([['e', 2], ...symbols.slice(1)])).toEqual([['b e'], undefined])
  expect(said(symbols)).toEqual([undefined, undefined])
  expect(said([['e', 2]], { moduleExports: symbols })).toEqual([[' e'], undefined])
})

test('what the kernel compares of such an import is what it compares of others', () => {
  const on = (kernel: KernelSpec, imported: Entry, ...set: ModuleSpec[]) =>
    doubtsOf({ ownModules: [kernelGarp, { name: '8021q', imports: [imported] }], ...kernel }, ...set)
  expect(on({ modversions: false }, garp, other)).toBeUndefined()
  expect(on({ modversions: false }, garp, bare)).toEqual(doubted)
  const weak: Entry = ['garp_join', 3, symbolBits.weak]
  expect(on({}, weak, bare)).toBeUndefined()
  expect(on({}, weak, other)).toEqual(doubted)
  // An import without a CRC is let go with a warning.
  expect(on({}, ['garp_join', null], other)).toBeUndefined()
  expect(on({}, ['garp_join', null], bare)).toEqual(doubted)
  const gpl: ModuleSpec = { name: 'garp', exports: [['garp_join', 3, symbolBits.gplTable]] }
  expect(on({}, garp, gpl)).toBeUndefined()
  expect(on({ version: '7.1' }, garp, gpl)).toEqual(doubted)
})

test('of a kernel whose modules are known by their exports alone, another CRC of one is in doubt', () => {
  const of = (moduleExports: readonly Entry[], ...set: ModuleSpec[]) => doubtsOf({ moduleExports }, ...set)
  expect(of([garp], { name: 'garp', exports: [garp] })).toBeUndefined()
  expect(of([garp], other)).toEqual(doubted)
  expect(of([['garp_join', null]], other)).toEqual(doubted)
  expect(of([garp], { ...other, precedes: false })).toBeUndefined()
  expect(of([], other)).toBeUndefined()
})
