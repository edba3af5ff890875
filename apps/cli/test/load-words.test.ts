import type { ModuleResult } from '@basedrift/check'
import { expect, test } from 'vitest'
import { checkTable } from '../src/format/check-table.js'
import { loadLines, loadSummary } from '../src/format/load-words.js'
import { plain } from '../src/output/style.js'
import { discarded, result } from './support/results.js'

type Load = ModuleResult['load']
const passes: Load = { vermagic: 'same', modversions: { state: 'match', mismatched: [] } }
const withLoad = (module: ModuleResult, load: Load): ModuleResult => ({ ...module, load })

test('nothing is said where nothing is known', () => {
  expect(loadSummary([discarded('a'), result('b', 'misread', 'misbound')])).toEqual([])
  expect(loadLines(discarded('a'))).toEqual([])
})

test('the summary says what no other check does: versions match, BTF does not', () => {
  const mismatch: Load = { ...passes, modversions: { state: 'mismatch', mismatched: ['kfree'] } }
  const modules = [
    ...Array.from({ length: 1200 }, (_, nth) => withLoad(discarded(`d${nth}`), passes)),
    withLoad(result('m', 'misread', 'misbound'), { ...passes, btfIds: { state: 'wrong' } }),
    withLoad(result('c', 'compatible', 'same-base'), passes),
    withLoad(result('x', 'compatible', 'same-base'), mismatch),
    withLoad(result('y', 'compatible', 'same-base'), {
      ...passes,
      vermagic: 'differs',
      obstacles: [{ code: 'export-flags-absent' }],
    }),
  ]
  expect(loadSummary(modules)).toEqual([
    'vermagic: same on 1,203 of 1,204, differs on 1 of 1,204',
    'modversions: all imports match on 1,203 of 1,204, mismatch on 1 of 1,204',
    'modversions: match, BTF: discarded (1,200) and misread (1)',
    '  symbol versions say nothing of BTF: what they match may not fit',
    '.BTF_ids: wrong on 1 of 1',
    '  wrong: type ids in the code of modules stand for other types here',
    'the module’s file: refused on 1 of 1,204',
  ])
  const kernel = {
    file: 'vmlinux',
    release: null,
    rules: { version: '6.1', allowBtfMismatch: true },
    base: { sha256: 'ef'.repeat(32), types: 1, strings: 1 },
  }
  const text = checkTable(
    { engine: '0', kernel, modules, summary: { total: 1204 } },
    { style: plain, width: 80 },
  )
  expect(text).toContain('\nLoad    vermagic: same on 1,203 of 1,204')
  expect(text).toContain('\n        modversions: match, BTF: discarded (1,200) and misread (1)\n')
})

test('every state of type ids in code is explained once, in a line that is not cut', () => {
  const states = ['match', 'missing', 'fails', 'missing', 'unknown', 'wrong'] as const
  const modules = states.map((state, nth) =>
    withLoad(result(`m${nth}`, 'compatible', 'same-base'), { ...passes, btfIds: { state } }),
  )
  const lines = loadSummary(modules)
  expect(lines[2]).toMatch(/^\.BTF_ids: missing on 2 of 6, /)
  expect(lines.slice(3).map((line) => line.split(':')[0])).toEqual([
    '  wrong',
    '  fails',
    '  missing',
    '  unknown',
  ])
  for (const line of lines.slice(3)) expect(line.length).toBeLessThanOrEqual(72)
})

test('what is taken by force alone is said, of one and of all', () => {
  const load: Load = {
    vermagic: 'same',
    modversions: { state: 'unknown', mismatched: [] },
    doubts: ['versions-absent'],
  }
  const module = withLoad(result('a', 'compatible', 'same-base'), load)
  expect(loadSummary([module]).at(-1)).toBe('not decided: versions-absent on 1 of 1')
  expect(loadLines(module).at(-1)).toBe(
    'versions-absent: kernels take that by force alone (CONFIG_MODULE_FORCE_LOAD=y), and are tainted',
  )
})

test('one module is told in full', () => {
  const load: Load = {
    vermagic: 'differs',
    modversions: {
      state: 'mismatch',
      mismatched: ['kfree', 'memcpy'],
      mismatchedTotal: 12,
      unresolved: ['gone'],
    },
    obstacles: [{ code: 'module-struct-size', expected: '896', actual: '960' }],
    btfIds: {
      state: 'fails',
      errno: 22,
      wrong: [
        { set: 'kfuncs', id: 7, actual: 'struct other' },
        { id: 8, expected: 'struct nf_conn', actual: 'no type' },
      ],
      wrongTotal: 5,
    },
  }
  expect(loadLines(withLoad(discarded('a'), load))).toEqual([
    'vermagic: differs, modversions: mismatch, BTF: discarded',
    'other versions of kfree, memcpy and 10 more',
    'nothing known exports gone',
    'module-struct-size: this kernel has 896, the module 960',
    '.BTF_ids: fails, errno 22',
    '  kfuncs: 7 is struct other',
    '  struct nf_conn: 8 is no type',
    '  and 3 more',
  ])
})
