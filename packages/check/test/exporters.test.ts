import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CheckPool, checkKernelAndModules, decodeRows, type ScanResult } from '@basedrift/check'
import { afterAll, expect, test } from 'vitest'
import {
  banner,
  buildIdNote,
  chars,
  join as joined,
  type SectionSpec,
  symbolSections,
  versionRecords,
  Writer,
  writeElf,
} from '../../artifacts/test/bytes/support/writers.js'
import { tarOf } from '../../artifacts/test/support/archives.js'
import { vectorBytes } from './support/vectors.js'

const folder = mkdtempSync(join(tmpdir(), 'exporters-'))
const pool = new CheckPool({ threads: 1 })
afterAll(async () => {
  await pool.close()
  rmSync(folder, { recursive: true })
})

const release = '6.1.0-56-test'
const vermagic = `${release} SMP preempt mod_unload modversions `

/** A kernel with export tables of its own: `kfree` with the CRC 2, besides `module_layout`. */
function imageWith(btf: boolean, more: readonly SectionSpec[] = []): Uint8Array {
  const exported = [
    ['module_layout', 1],
    ['kfree', 2],
  ] as const
  const [table, strings] = [0x81001000, 0x81400000]
  const fields = new Writer(true)
  const crcs = new Writer(true)
  let text = '\0'
  exported.forEach(([name, crc], nth) => {
    const at = table + nth * 12
    fields.int(4, 0)
    fields.int(4, strings + text.length - (at + 4))
    fields.int(4, strings - (at + 8))
    crcs.int(4, crc)
    text += `${name}\0`
  })
  return writeElf({
    type: 2,
    sections: [
      { name: '__ksymtab', data: fields.done(), address: table },
      { name: '__kcrctab', data: crcs.done(), address: 0x81002000 },
      { name: '__ksymtab_strings', data: chars(text), address: strings },
      { name: '.rodata', data: joined(banner, '\n\0', vermagic, '\0') },
      ...(btf ? [{ name: '.BTF', data: vectorBytes('base-1.1.btf') }] : []),
      ...more,
    ],
  })
}
const image = imageWith(true)

/** A module that imports `kfree` with this CRC and, where it wants, `helper`, which it exports where it gives it, with the CRC 3 or another. */
function moduleWith(name: string, kfree: number, helper: 'wants' | 'gives' | null = null, crc = 3) {
  const exported = helper === 'gives' ? ['helper'] : []
  const imported = helper === 'wants' ? ['helper'] : []
  const wanted = imported.map((symbol): [string, number] => [symbol, crc])
  return writeElf({
    sections: [
      { name: '.modinfo', data: chars(`name=${name}\0vermagic=${vermagic}\0`) },
      { name: '__versions', data: versionRecords([['module_layout', 1], ['kfree', kfree], ...wanted]) },
      { name: '__ksymtab', data: new Uint8Array(12 * exported.length) },
      { name: '__kcrctab', data: exported.flatMap(() => [crc, 0, 0, 0]) },
      ...symbolSections(
        [
          ...['kfree', ...imported].map((symbol) => ({ name: symbol, value: 0, section: 0 })),
          ...exported.map((symbol) => ({ name: `__ksymtab_${symbol}`, value: 0, section: '__ksymtab' })),
        ],
        ['.modinfo', '__versions', '__ksymtab', '__kcrctab'],
      ),
      { name: '.gnu.linkonce.this_module', data: new Uint8Array(8) },
      { name: '.BTF', data: vectorBytes('saucer-1.1.btf') },
    ],
  })
}

type Files = Record<string, Uint8Array>
let written = 0
const put = (name: string, files: Files) => {
  const path = join(folder, `${written++}-${name}`)
  writeFileSync(path, tarOf(files))
  return { path, name }
}
const kernelFiles = (more: Files = {}): Files => ({ [`boot/vmlinuz-${release}`]: image, ...more })
const below = (file: string) => `lib/modules/${release}/${file}`

async function scanned(...packages: ReturnType<typeof put>[]) {
  const at = (kind: string) => join(folder, `${written++}.${kind}`)
  const paths = {
    basePath: at('base'),
    bundlePath: at('bundle'),
    symbolsPath: at('symbols'),
    exportsPath: at('exports'),
  }
  return { found: await pool.scan({ inputs: packages, ...paths }), paths }
}

const missing = { state: 'unknown', mismatched: [], unresolved: ['helper'] }
const match = { state: 'match', mismatched: [] }

/**
 * What becomes of the symbols of `wants`, or `m` of some modules on a kernel, by the service and by the command, which say the same; and
 * what is wrong with inputs of the kernel.
 */
async function symbolsOf(kernel: readonly ReturnType<typeof put>[], set: ReturnType<typeof put> | null) {
  const own = await scanned(...kernel)
  const theirs = set === null ? own : await scanned(set)
  const { rows } = await pool.compare({
    ...theirs.paths,
    basePath: own.paths.basePath,
    exportsPath: own.paths.exportsPath,
    bundleSha256: theirs.found.bundle!.sha256,
    manifest: theirs.found.manifest.map((entry: ScanResult['manifest'][number]) => ({
      ...entry,
      onOrigin: true,
    })),
    rules: { version: '6.1.192', allowBtfMismatch: true },
    btfModules: true,
    runningSha256: own.found.base!.sha256,
    originSha256: own.found.base!.sha256,
    originPath: null,
  })
  const stored = decodeRows(rows, theirs.found.manifest)
  const subject = stored.find(({ name }) => name === 'wants' || name === 'm')!
  const { modversions: said, obstacles, doubts } = subject.load
  return { said, problems: own.found.problems, ...(obstacles && { obstacles }), ...(doubts && { doubts }) }
}

/** The same by the command, of one package with the kernel. */
async function checkedAlone(kernel: ReturnType<typeof put>, set: ReturnType<typeof put> = kernel) {
  const request = { kernel: kernel.path, modules: [set.path], origin: kernel.path }
  const { modules, notes = [] } = await checkKernelAndModules({ ...request, rules: { version: '6.1.192' } })
  const {
    modversions: said,
    obstacles,
    doubts,
  } = modules.find(({ name }) => name === 'wants' || name === 'm')!.load
  return { said, notes, ...(obstacles && { obstacles }), ...(doubts && { doubts }) }
}

const symvers = (...lines: string[]): Files => ({
  [`usr/src/linux-headers-${release}/Module.symvers`]: chars(`${lines.join('\n')}\n`),
})

test('a Module.symvers with exports that the image does not have is told, and resolves nothing', async () => {
  const sv = symvers('0x00000003\thelper\tvmlinux\tEXPORT_SYMBOL\t')
  const wants = { [below('kernel/wants.ko')]: moduleWith('wants', 2, 'wants') }
  const headers = put('headers.tar', sv)
  const { said, problems } = await symbolsOf([put('kernel.tar', kernelFiles(wants)), headers], null)
  expect(said).toEqual(missing)
  expect(problems).toMatchObject([
    { code: 'symvers-contradicts', input: 1, message: expect.stringContaining('helper is not exported by') },
  ])
  const alone = await checkedAlone(put('both.tar', kernelFiles({ ...wants, ...sv })))
  expect([alone.said, alone.notes]).toEqual([missing, [expect.stringContaining('helper is not exported by')]])
})

test('a Module.symvers with the versions of another build makes no mismatch match', async () => {
  const sv = symvers('0x00000009\tkfree\tvmlinux\tEXPORT_SYMBOL\t')
  const m = { [below('kernel/m.ko')]: moduleWith('m', 9) }
  const mismatch = { state: 'mismatch', mismatched: ['kfree'] }
  const kernel = put('kernel.tar', kernelFiles({ ...m, ...sv }))
  const { said, problems } = await symbolsOf([kernel], null)
  expect([said, problems]).toMatchObject([mismatch, [{ code: 'symvers-contradicts', input: 0 }]])
  expect((await checkedAlone(kernel)).said).toEqual(mismatch)
})

test('a Module.symvers stands for no module that was lost', async () => {
  const sv = symvers(
    '0x00000002\tkfree\tvmlinux\tEXPORT_SYMBOL\t',
    '0x00000003\thelper\tlib/helper\tEXPORT_SYMBOL\t',
  )
  const wants = { [below('kernel/wants.ko')]: moduleWith('wants', 2, 'wants') }
  const lost = put('lost.tar', kernelFiles({ ...wants, ...sv }))
  expect(await symbolsOf([lost], null)).toEqual({ said: missing, problems: [] })
  expect(await checkedAlone(lost)).toEqual({ said: missing, notes: [] })
  const helper = { [below('kernel/helper.ko')]: moduleWith('helper', 2, 'gives') }
  const whole = put('whole.tar', kernelFiles({ ...wants, ...helper, ...sv }))
  expect(await symbolsOf([whole], null)).toEqual({ said: match, problems: [] })
  expect((await checkedAlone(whole)).said).toEqual(match)
  // A kernel that came alone: nobody knows its modules but by this.
  const bare = put('bare.tar', kernelFiles(sv))
  const kmp = put('kmp.tar', { [below('updates/wants.ko')]: moduleWith('wants', 2, 'wants') })
  expect((await symbolsOf([bare], kmp)).said).toEqual(match)
  expect((await checkedAlone(bare, kmp)).said).toEqual(match)
})

test('a module that is refused brings nothing to those beside it, but where depmod finds another of its name', async () => {
  const obstacles = [{ code: 'exporter-refused', actual: 'helper' }]
  const wants = { [below('kernel/wants.ko')]: moduleWith('wants', 2, 'wants') }
  const [fits, refused] = [moduleWith('helper', 2, 'gives'), moduleWith('helper', 9, 'gives')]
  for (const [helpers, expected] of [
    [{ 'kernel/helper.ko': fits }, {}],
    [{ 'kernel/helper.ko': refused }, { obstacles }],
    [{ 'kernel/helper.ko': fits, 'updates/helper.ko': refused }, { obstacles }],
    [{ 'kernel/helper.ko': refused, 'updates/helper.ko': fits }, {}],
  ] as const) {
    const placed = Object.entries(helpers).map(([file, bytes]) => [below(file), bytes])
    const kernel = put('kernel.tar', kernelFiles({ ...wants, ...Object.fromEntries(placed) }))
    expect(await symbolsOf([kernel], null)).toEqual({ said: match, problems: [], ...expected })
    expect(await checkedAlone(kernel)).toEqual({ said: match, notes: [], ...expected })
  }
})

test('a module that takes the place of one of the kernel is in doubt where it breaks modules of the kernel', async () => {
  const kernel = put(
    'kernel.tar',
    kernelFiles({
      [below('kernel/m.ko')]: moduleWith('m', 2, 'gives'),
      [below('kernel/wants.ko')]: moduleWith('wants', 2, 'wants'),
    }),
  )
  const doubts = ['overridden-exports']
  const other = moduleWith('m', 2, 'gives', 4)
  for (const [files, expected] of [
    [{ 'updates/m.ko': moduleWith('m', 2, 'gives') }, {}],
    [{ 'updates/m.ko': other }, { doubts }],
    [{ 'extra/sub/m.ko.xz': moduleWith('m', 2) }, { doubts }],
    // What imports from it comes along, and is looked at itself.
    [{ 'updates/m.ko': other, 'updates/wants.ko': moduleWith('x', 2, 'wants', 4) }, {}],
    // Another module of the kernel's, or none.
    [{ 'updates/m2.ko': other }, {}],
    [{ 'kernel/m.ko': other }, {}],
  ] as const) {
    const placed = Object.entries(files).map(([file, bytes]) => [below(file), bytes])
    const kmp = put('kmp.tar', Object.fromEntries(placed))
    const { said, ...service } = await symbolsOf([kernel], kmp)
    const { said: _, ...command } = await checkedAlone(kernel, kmp)
    expect([files, service]).toEqual([files, { problems: [], ...expected }])
    expect([files, command]).toEqual([files, { notes: [], ...expected }])
    expect(said).toEqual(match)
  }
  // Nobody looks there; and a kernel on its own modules, overridden or not, is whole.
  const nowhere = put('kmp.tar', { 'usr/share/doc/m.ko': other })
  expect(await checkedAlone(kernel, nowhere)).toEqual({ said: match, notes: [] })
  expect(await checkedAlone(kernel)).toEqual({ said: match, notes: [] })
})

test('modules export to those in the same folder alone', async () => {
  const kernel = put('kernel.tar', kernelFiles())
  const placed = (wants: string, helper: string) =>
    put('kmp.tar', {
      [wants]: moduleWith('wants', 2, 'wants'),
      [helper]: moduleWith('helper', 2, 'gives'),
    })
  for (const [helper, expected] of [
    [below('extra/helper.ko'), match],
    ['lib/modules/6.1.0-57-other/updates/helper.ko', missing],
    ['usr/share/doc/x/helper.ko', missing],
  ] as const) {
    const kmp = placed(below('updates/wants.ko'), helper)
    expect([helper, (await symbolsOf([kernel], kmp)).said]).toEqual([helper, expected])
    expect([helper, (await checkedAlone(kernel, kmp)).said]).toEqual([helper, expected])
  }
  const flat = placed('wants.ko', 'x/helper.ko')
  expect((await symbolsOf([kernel], flat)).said).toEqual(match)
  // Nor are they the kernel's own where it does not look.
  const own = put('own.tar', {
    ...kernelFiles(),
    [below('kernel/wants.ko')]: moduleWith('wants', 2, 'wants'),
    'usr/share/doc/x/helper.ko': moduleWith('helper', 2, 'gives'),
  })
  expect((await symbolsOf([own], null)).said).toEqual(missing)
  expect((await checkedAlone(own)).said).toEqual(missing)
})

test('a kernel whose image that boots has no BTF is none to check on, whatever debug information has', async () => {
  const id = (last: number) => ({ name: '.note.gnu.build-id', type: 7, data: buildIdNote([last]) })
  const debug = `usr/lib/debug/boot/vmlinux-${release}`
  const checked = (files: Files) =>
    checkedAlone(put('debug.tar', { ...files, [below('kernel/m.ko')]: moduleWith('m', 2) }))
  const both = (image: Uint8Array, vmlinux: Uint8Array) =>
    checked({ [`boot/vmlinuz-${release}`]: image, [debug]: vmlinux })
  expect((await both(image, image)).said).toEqual(match)
  // Debug information that was taken out of its image has no content of what is loaded.
  expect((await both(image, imageWith(false))).said).toEqual(match)
  expect((await checked({ [debug]: image })).said).toEqual(match)
  for (const [booted, vmlinux, message] of [
    [imageWith(false), image, 'has BTF'],
    [imageWith(false, [id(1)]), imageWith(true, [id(1)]), 'the same build id'],
    [imageWith(false, [id(1)]), imageWith(true, [id(2)]), 'another build id'],
  ] as const)
    await expect(both(booted, vmlinux)).rejects.toMatchObject({
      code: 'kernel-btf-absent',
      file: expect.stringContaining(`boot/vmlinuz-${release}`),
      message: expect.stringContaining(message),
    })
})
