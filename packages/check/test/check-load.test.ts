import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import {
  banner,
  chars,
  join as joined,
  symbolSections,
  versionRecords,
  writeElf,
} from '../../artifacts/test/bytes/support/writers.js'
import { tarOf } from '../../artifacts/test/support/archives.js'
import { checkKernelAndModules, exitCodeOf } from '../src/index.js'
import { vectorBytes } from './support/vectors.js'

const folder = mkdtempSync(join(tmpdir(), 'check-load-'))
afterAll(() => rmSync(folder, { recursive: true }))
const put = (name: string, bytes: Uint8Array) => {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}

const release = '6.1.0-56-test'
const vermagic = `${release} SMP preempt mod_unload modversions `
const vmlinux = writeElf({
  type: 2,
  sections: [
    { name: '.rodata', data: joined(banner, '\n\0', vermagic, '\0') },
    { name: '.BTF', data: vectorBytes('base-1.1.btf') },
  ],
})
const thisModule = { name: '.gnu.linkonce.this_module', data: new Uint8Array(8) }
const moduleWith = (name: string, kfree: number, exported: readonly string[] = []) =>
  writeElf({
    sections: [
      { name: '.modinfo', data: chars(`name=${name}\0vermagic=${vermagic}\0`) },
      {
        name: '__versions',
        data: versionRecords([
          ['module_layout', 1],
          ['kfree', kfree],
          ['helper', 3],
        ]),
      },
      { name: '__ksymtab', data: new Uint8Array(12 * exported.length) },
      { name: '__kcrctab', data: exported.flatMap(() => [3, 0, 0, 0]) },
      ...symbolSections(
        [
          { name: 'kfree', value: 0, section: 0 },
          { name: 'helper', value: 0, section: 0 },
          ...exported.map((symbol, nth) => ({
            name: `__ksymtab_${symbol}`,
            value: nth * 12,
            section: '__ksymtab',
          })),
        ],
        ['.modinfo', '__versions', '__ksymtab', '__kcrctab'],
      ),
      thisModule,
      { name: '.BTF', data: vectorBytes('saucer-1.1.btf') },
    ],
  })
const symvers = [
  '0x00000001\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t',
  '0x00000002\tkfree\tvmlinux\tEXPORT_SYMBOL\t',
  '0x00000003\thelper\tlib/helper\tEXPORT_SYMBOL\t',
  '',
].join('\n')
const kernelAlone = put('kernel.tar', tarOf({ [`boot/vmlinux-${release}`]: vmlinux }))
const withSymvers = put(
  'kernel-devel.tar',
  tarOf({ [`boot/vmlinux-${release}`]: vmlinux, [`boot/symvers-${release}`]: chars(symvers) }),
)
const right = put('right.ko', moduleWith('right', 2))
const wrong = put('wrong.ko', moduleWith('wrong', 9))
const helper = put('helper.ko', moduleWith('helper', 2, ['helper']))
const check = async (kernel: string, ...modules: string[]) => {
  const result = await checkKernelAndModules({ kernel, modules, origin: kernel })
  return {
    loads: result.modules.map(({ load }) => load),
    overall: result.modules.map((row) => row.overall),
    result,
  }
}

test('symbol versions are held against a Module.symvers beside the kernel', async () => {
  const { loads, overall, result } = await check(withSymvers, right, wrong)
  expect(loads).toEqual([
    { vermagic: 'same', modversions: { state: 'match', mismatched: [] } },
    { vermagic: 'same', modversions: { state: 'mismatch', mismatched: ['kfree'] } },
  ])
  expect(overall).toEqual(['loads', 'refused'])
  expect(exitCodeOf(result.modules)).toBe(1)
  expect(result.summary).toEqual({ total: 2, compatible: 2 })
})

test('nothing is guessed of a kernel whose exports are not known', async () => {
  const { loads, overall } = await check(kernelAlone, right)
  expect(loads).toEqual([{ vermagic: 'same', modversions: { state: 'unknown', mismatched: [] } }])
  expect(overall).toEqual(['unknown'])
})

test('an import that nothing known exports is no pass, until what exports it is given too', async () => {
  const alone = put(
    'image.tar',
    tarOf({
      [`boot/vmlinux-${release}`]: vmlinux,
      [`boot/symvers-${release}`]: chars(symvers.replace(/^.*\thelper\t.*\n/m, '')),
    }),
  )
  const { loads, overall, result } = await check(alone, right)
  expect(loads).toEqual([
    { vermagic: 'same', modversions: { state: 'unknown', mismatched: [], unresolved: ['helper'] } },
  ])
  expect([overall, exitCodeOf(result.modules)]).toEqual([['unknown'], 3])
  const both = await check(alone, right, helper)
  expect([both.overall, exitCodeOf(both.result.modules)]).toEqual([['loads', 'loads'], 0])
  // Of a kernel whose exports are not known nothing is missing.
  expect(exitCodeOf((await check(kernelAlone, right)).result.modules)).toBe(0)
})

test('modules that all lost their BTF are noted, where the config of the kernel has it made', async () => {
  const config = [
    '#',
    '# Automatically generated file; DO NOT EDIT.',
    '# Linux/x86 6.1.192 Kernel Configuration',
    '#',
    'CONFIG_DEBUG_INFO_BTF_MODULES=y',
    'CONFIG_MODULE_ALLOW_BTF_MISMATCH=y',
    '',
  ].join('\n')
  const configured = put(
    'configured.tar',
    tarOf({ [`boot/vmlinux-${release}`]: vmlinux, [`boot/config-${release}`]: chars(config) }),
  )
  const bare = put(
    'bare.ko',
    writeElf({
      sections: [
        { name: '.modinfo', data: chars(`name=bare\0vermagic=${vermagic}\0`) },
        ...symbolSections([{ name: 'kfree', value: 0, section: 0 }], ['.modinfo']),
        thisModule,
      ],
    }),
  )
  const notes = async (...modules: string[]) => (await check(configured, ...modules)).result.notes ?? []
  const lost = expect.stringContaining('none of these modules has BTF')
  expect(await notes(bare)).toContainEqual(lost)
  expect(await notes(bare, right)).not.toContainEqual(lost)
})

test('a Module.symvers beside the modules counts where it is of the running release', async () => {
  const of = (name: string) => put('Module.tar', tarOf({ [name]: chars(symvers) }))
  expect((await check(kernelAlone, right, of(`boot/symvers-${release}`))).overall).toEqual(['loads'])
  expect((await check(kernelAlone, right, of('boot/symvers-5.0-other'))).overall).toEqual(['unknown'])
})

test('a Module.symvers without a release counts beside the kernel, where it is the only one', async () => {
  const build = (name: string, lines: string, files: Record<string, Uint8Array>) =>
    put(name, tarOf({ ...files, 'build/Module.symvers': chars(lines) }))
  const old = symvers.replace('0x00000002', '0x00000009')
  const image = { [`boot/vmlinux-${release}`]: vmlinux }
  const oldModules = build('old.tar', old, { 'build/wrong.ko': moduleWith('wrong', 9) })
  const said = async (kernel: string, modules: string) =>
    (await check(kernel, modules)).loads.map(({ modversions }) => modversions.state)
  // What an old build exported is not what the kernel exports.
  expect(await said(kernelAlone, oldModules)).toEqual(['unknown'])
  expect(await said(build('new.tar', symvers, image), oldModules)).toEqual(['mismatch'])
  expect(await said(build('both.tar', symvers, image), right)).toEqual(['match'])
  const two = tarOf({ ...image, 'a/Module.symvers': chars(symvers), 'b/Module.symvers': chars(symvers) })
  expect(await said(put('two.tar', two), right)).toEqual(['unknown'])
})

test('a Module.symvers that was made before the kernel was linked proves nothing', async () => {
  const zeros = symvers.replace(/0x\d{8}/g, '0x00000000')
  const kernel = put(
    'prepared.tar',
    tarOf({ [`boot/vmlinux-${release}`]: vmlinux, [`boot/symvers-${release}`]: chars(zeros) }),
  )
  expect((await check(kernel, right)).overall).toEqual(['unknown'])
})

test('modules beside a kernel whose release is not known are not taken for its own', async () => {
  const kernel = put(
    'raw.tar',
    tarOf({ vmlinux: vectorBytes('base-1.1.btf'), 'right.ko': moduleWith('right', 2, ['helper']) }),
  )
  const request = { kernel, modules: [kernel], origin: kernel, rules: { version: '6.1.192' } }
  const { modules, kernel: found } = await checkKernelAndModules(request)
  expect(found.release).toBeNull()
  expect(modules.map(({ load, overall }) => [load.vermagic, overall])).toEqual([['unknown', 'unknown']])
})

test('what a module carries of type ids without symbols is no match', async () => {
  const stripped = put(
    'stripped.ko',
    writeElf({
      sections: [
        { name: '.modinfo', data: chars(`name=stripped\0vermagic=${vermagic}\0`) },
        { name: '__versions', data: versionRecords([['module_layout', 1]]) },
        thisModule,
        { name: '.BTF_ids', data: [1, 0, 0, 0, 9, 0, 0, 0] },
        ...symbolSections([{ name: 'kfree', value: 0, section: 0 }], []),
        { name: '.BTF', data: vectorBytes('saucer-1.1.btf') },
      ],
    }),
  )
  const { loads, overall, result } = await check(withSymvers, stripped)
  expect(result.summary).toEqual({ total: 1, compatible: 1 })
  expect(loads[0]).toMatchObject({
    vermagic: 'same',
    modversions: { state: 'match' },
    btfIds: { state: 'unknown' },
  })
  expect(overall).toEqual(['unknown'])
})

test('a module that was stripped of its symbols is refused, whatever its BTF', async () => {
  const stripped = put(
    'nosymbols.ko',
    writeElf({
      sections: [
        { name: '.modinfo', data: chars(`name=nosymbols\0vermagic=${vermagic}\0`) },
        { name: '__versions', data: versionRecords([['module_layout', 1]]) },
        thisModule,
        { name: '.BTF', data: vectorBytes('saucer-1.1.btf') },
      ],
    }),
  )
  const { loads, overall, result } = await check(withSymvers, stripped)
  expect(result.summary).toEqual({ total: 1, compatible: 1 })
  expect(loads[0]?.obstacles).toEqual([{ code: 'symbols-absent' }])
  expect([overall, exitCodeOf(result.modules)]).toEqual([['refused'], 1])
})

test('modules that are checked together export to each other', async () => {
  const lines = symvers.split('\n').filter((line) => !line.includes('helper'))
  const kernel = put(
    'half.tar',
    tarOf({ [`boot/vmlinux-${release}`]: vmlinux, [`boot/symvers-${release}`]: chars(lines.join('\n')) }),
  )
  expect((await check(kernel, right)).loads[0]?.modversions).toEqual({
    state: 'unknown',
    mismatched: [],
    unresolved: ['helper'],
  })
  expect((await check(kernel, helper, right)).overall).toEqual(['loads', 'loads'])
})
