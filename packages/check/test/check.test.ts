import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { tarOf } from '../../artifacts/test/support/archives.js'
import { checkKernelAndModules, ENGINE_VERSION, exitCodeOf, sha256Of } from '../src/index.js'
import { vector, vectorBytes } from './support/vectors.js'

const folder = mkdtempSync(join(tmpdir(), 'check-'))
afterAll(() => rmSync(folder, { recursive: true }))

const rules = { version: '6.1.192', allowBtfMismatch: false }
const put = (name: string, bytes: Uint8Array | string) => {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, bytes)
  return path
}
const text = (content: string) => new TextEncoder().encode(content)
/** A package with the kernel and the modules of one build. */
const packageOf = (build: string) =>
  put(
    `linux-${build}.tar`,
    tarOf({
      'boot/vmlinux': vectorBytes(`vmlinux-${build}`),
      [`lib/modules/${build}/saucer.ko`]: vectorBytes(`saucer-${build}.ko`),
      [`lib/modules/${build}/teapot.ko`]: vectorBytes(`teapot-${build}.ko`),
    }),
  )
const verdictsOf = ({ modules }: Awaited<ReturnType<typeof checkKernelAndModules>>) =>
  modules.map(({ name, verdict, basis }) => `${name} ${verdict} ${basis}`)

describe('modules of one build', () => {
  const old = packageOf('1.1')
  const next = packageOf('1.3')

  test('fit their own kernel, whose package they are in', async () => {
    const result = await checkKernelAndModules({ kernel: old, modules: [old], rules })
    expect(verdictsOf(result)).toEqual(['saucer compatible same-base', 'teapot compatible same-base'])
    expect(exitCodeOf(result.modules)).toBe(0)
    expect(result.summary).toEqual({ total: 2, compatible: 2 })
  })

  test.each([
    ['older', old, next],
    ['newer', next, old],
  ])('do not fit the %s kernel', async (_, kernel, modules) => {
    const result = await checkKernelAndModules({ kernel, modules: [modules], rules })
    expect(verdictsOf(result)).toEqual(['saucer misread misbound', 'teapot rejected kernel-check'])
    expect(exitCodeOf(result.modules)).toBe(1)
    const { errno, log, reason, overall } = result.modules[1]!
    expect({ errno, overall }).toEqual({ errno: 22, overall: 'refused' })
    expect(log.at(-1)).toBe('failed to validate module [teapot] BTF: -22')
    expect(reason?.typeId).toBeGreaterThan(result.kernel.base.types)
  })

  test('are not taken for all there are where a package beside them holds none: that is noted', async () => {
    const doc = put('linux-doc.tar', tarOf({ 'usr/share/doc/x': text('x'), 'usr/y.ko.br': text('y') }))
    const result = await checkKernelAndModules({ kernel: old, modules: [old, doc], rules })
    expect(result.notes).toEqual([expect.stringMatching(/linux-doc\.tar: nothing in it is compared/)])
    const configured = put('linux.tar', tarOf({ 'boot/config-1.1': text('CONFIG_X=y\n') }))
    const told = await checkKernelAndModules({ kernel: old, modules: [old, configured], rules })
    expect(told.notes ?? []).not.toContainEqual(expect.stringContaining('nothing in it'))
  })

  test('are not taken for all there are where others have names that nobody looks at: that is an error', async () => {
    const odd = put('odd.tar', tarOf({ 'lib/modules/1.1/y.ko.br': text('y') }))
    const { modules } = await checkKernelAndModules({ kernel: old, modules: [old, odd], rules })
    expect(modules.filter(({ verdict }) => verdict === 'error')).toMatchObject([
      { file: `${odd}!lib/modules/1.1/y.ko.br`, reason: { code: 'modules-unread' } },
    ])
  })

  test('are not taken for all there are where what cannot be read is called as kernels are', async () => {
    const cut = vectorBytes('saucer-1.1.ko').subarray(0, 300)
    const called = {
      'lib/modules/1.1/config-x.ko': cut,
      'lib/modules/1.1/vmlinux-x.ko.xz': text('\u00fd7zXZ no more'),
      'Image-extra.deb': text('!<arch>\nno more'),
      'config-x.rpm': text('no package'),
    }
    const odd = put('called.tar', tarOf({ ...called, 'boot/vmlinuz-1.1': text('no kernel') }))
    const { modules } = await checkKernelAndModules({ kernel: old, modules: [old, odd], rules })
    const failed = modules.filter(({ verdict }) => verdict === 'error').map(({ file }) => file)
    expect(failed.sort()).toEqual(
      Object.keys(called)
        .map((name) => `${odd}!${name}`)
        .sort(),
    )
    expect(exitCodeOf(modules)).toBe(2)
  })

  test('lose their BTF where the kernel allows the mismatch', async () => {
    const allowing = { ...rules, allowBtfMismatch: true }
    const result = await checkKernelAndModules({ kernel: old, modules: [next], rules: allowing })
    expect(result.summary).toEqual({ total: 2, misread: 1, discarded: 1 })
    expect(result.notes).toBeUndefined()
  })

  test('are refused, with a note, where it is not known whether it does', async () => {
    const result = await checkKernelAndModules({
      kernel: old,
      modules: [next],
      rules: { version: '6.1.192' },
    })
    expect(result.kernel.rules).toEqual({ version: '6.1.192', allowBtfMismatch: null })
    expect(result.summary).toEqual({ total: 2, misread: 1, rejected: 1 })
    expect(result.notes).toEqual([expect.stringContaining('CONFIG_MODULE_ALLOW_BTF_MISMATCH')])
  })

  test('are of the base that is given as their origin', async () => {
    const loose = ['saucer-1.1.ko', 'teapot-1.1.btf'].map(vector)
    const kernel = vector('base-1.1.btf')
    const unsaid = await checkKernelAndModules({ kernel, modules: loose, rules })
    expect(unsaid.summary).toEqual({ total: 2, unknown: 2 })
    expect(exitCodeOf(unsaid.modules)).toBe(3)
    const said = await checkKernelAndModules({ kernel, origin: old, modules: loose, rules })
    expect(said.summary).toEqual({ total: 2, compatible: 2 })
    const wrong = await checkKernelAndModules({ kernel, origin: next, modules: loose, rules })
    expect(wrong.summary).toEqual({ total: 2, unknown: 2 })
  })

  test('are read once where kernel, origin and modules are one input, and sorted by file', async () => {
    const read: string[] = []
    const onProgress = ({ path }: { path: string }) => void read.push(path)
    const request = { kernel: next, origin: next, modules: [next, vector('saucer-1.1.btf'), next], rules }
    const { modules } = await checkKernelAndModules(request, { onProgress })
    expect(modules.map(({ file }) => file)).toEqual(modules.map(({ file }) => file).sort())
    expect(modules).toHaveLength(3)
    expect(read.filter((path) => path === next)).toHaveLength(1)
  })
})

test('what contradicts itself about the kernel is noted', async () => {
  const kernel = put('contradicts.tar', tarOf({ 'boot/vmlinux-9.9.9': vectorBytes('vmlinux-1.1') }))
  const { notes } = await checkKernelAndModules({ kernel, modules: [vector('saucer-1.1.btf')], rules })
  expect(notes).toEqual([expect.stringContaining('9.9.9'), expect.stringContaining('9.9.9')])
  expect(notes?.[0]).toContain('contradicts.tar!boot/vmlinux-9.9.9: ')
})

test('the result has the keys that are printed, in their order', async () => {
  const kernel = vector('base-1.1.btf')
  const file = vector('teapot-1.3.btf')
  const result = await checkKernelAndModules({ kernel, modules: [file], rules })
  expect(Object.keys(result)).toEqual(['engine', 'kernel', 'modules', 'summary'])
  expect(result.engine).toBe(ENGINE_VERSION)
  expect(Object.keys(result.kernel)).toEqual(['file', 'release', 'rules', 'base'])
  expect(result.kernel).toMatchObject({
    file: kernel,
    release: null,
    base: { sha256: sha256Of(readFileSync(kernel)) },
  })
  expect(Object.keys(result.kernel.base)).toEqual(['sha256', 'types', 'strings'])
  expect(Object.keys(result.modules[0]!)).toEqual([
    'name',
    'file',
    'sha256',
    'verdict',
    'basis',
    'errno',
    'log',
    'reason',
    'load',
    'overall',
  ])
  expect(result.modules[0]).toMatchObject({ name: 'teapot_1.3', file, sha256: sha256Of(readFileSync(file)) })
})

describe('a directory of raw BTFs', () => {
  const raw = join(folder, 'raw')
  mkdirSync(join(raw, 'deeper'), { recursive: true })
  copyFileSync(vector('teapot-1.1.btf'), join(raw, 'teapot.btf'))
  copyFileSync(vector('saucer-1.1.btf'), join(raw, 'deeper/saucer.btf'))
  const request = { kernel: vector('base-1.1.btf'), origin: vector('base-1.1.btf'), modules: [raw], rules }

  test('gives the same rows whether it is read the short way or scanned', async () => {
    const short = await checkKernelAndModules(request)
    expect(verdictsOf(short)).toEqual(['saucer compatible same-base', 'teapot compatible same-base'])
    // A file of another kind makes it an input like any other.
    const other = join(raw, 'saucer.ko')
    copyFileSync(vector('saucer-1.1.ko'), other)
    const scanned = await checkKernelAndModules(request)
    rmSync(other)
    expect(scanned.modules.filter(({ file }) => file !== other)).toEqual(short.modules)
    expect(scanned.modules).toHaveLength(3)
  })

  test('pairs a module with the distilled base beside it', async () => {
    const kernel = vector('base-1.1.btf')
    const distilled = put('paired/saucer.btf', vectorBytes('saucer-1.1.btf')).replace(/btf$/, 'base')
    writeFileSync(distilled, vectorBytes('base-1.1.btf'))
    const modules = [join(folder, 'paired')]
    const version = { version: '6.12.117', allowBtfMismatch: false }
    const relocated = await checkKernelAndModules({ kernel, origin: kernel, modules, rules: version })
    // A whole base is no distilled one: what the kernel says shows that it was looked at.
    expect(verdictsOf(relocated)).toEqual(['saucer rejected relocation'])
    const ignored = await checkKernelAndModules({ kernel, origin: kernel, modules, rules })
    expect(verdictsOf(ignored)).toEqual(['saucer unknown no-origin'])
  })

  test('has a row for a file that is no BTF, and for one that is not there', async () => {
    const broken = put('broken/kettle.btf', 'not BTF at all')
    const gone = join(folder, 'gone.ko')
    const modules = [join(folder, 'broken'), gone, vector('saucer-1.1.btf')]
    const result = await checkKernelAndModules({ ...request, modules })
    expect(result.modules.find(({ file }) => file === broken)).toMatchObject({
      name: 'kettle',
      verdict: 'error',
      basis: 'format-unknown',
      sha256: null,
      overall: 'error',
    })
    expect(result.modules.find(({ file }) => file === gone)).toMatchObject({ basis: 'file-unreadable' })
    expect(result.summary).toEqual({ total: 3, compatible: 1, error: 2 })
    expect(exitCodeOf(result.modules)).toBe(2)
  })
})

describe('a kernel that cannot be checked against', () => {
  const modules = [vector('saucer-1.1.btf')]
  const two = put(
    'two.tar',
    tarOf({ 'boot/vmlinux-1': vectorBytes('vmlinux-1.1'), 'boot/vmlinux-2': vectorBytes('vmlinux-1.3') }),
  )

  test.each([
    ['rules-unknown', vector('base-1.1.btf'), undefined],
    ['kernel-ambiguous', two, rules],
    ['kernel-unreadable', put('nothing', 'nothing'), rules],
    ['kernel-unreadable', join(folder, 'not-there'), rules],
    ['kernel-absent', put('modules.tar', tarOf({ 'saucer.ko': vectorBytes('saucer-1.1.ko') })), rules],
    ['kernel-unreadable', put('cut.btf', vectorBytes('base-1.1.btf').subarray(0, 100)), rules],
    ['rules-invalid', vector('base-1.1.btf'), { version: 'six' }],
  ])('%s', async (code, kernel, given) => {
    const request = { kernel, modules, ...(given === undefined ? {} : { rules: given }) }
    await expect(checkKernelAndModules(request)).rejects.toMatchObject({ code })
  })

  test('a device is not opened, and the message is of whole sentences', async () => {
    const request = { kernel: '/dev/null', modules, rules }
    const error: unknown = await checkKernelAndModules(request).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'kernel-unreadable' })
    expect((error as Error).message).toMatch(
      /file-unreadable: It is neither a regular file nor a directory\. /,
    )
    expect((error as Error).message).not.toContain('..')
  })

  test('files of one kernel that name several series tell no rules, and the error says which', async () => {
    const kernel = put(
      'series.tar',
      tarOf({
        'boot/vmlinux-5.15.12-1-default': vectorBytes('vmlinux-1.1'),
        'boot/config-5.15.12-1-default': Buffer.from('# Linux/x86 5.10.0 Kernel Configuration\nCONFIG_A=y\n'),
      }),
    )
    await expect(checkKernelAndModules({ kernel, modules })).rejects.toMatchObject({
      code: 'rules-unknown',
      message: expect.stringMatching(/the config says 5\.10\.0, the release in the banner says 5\.15\.12/),
    })
    expect((await checkKernelAndModules({ kernel, modules, rules })).summary.total).toBe(1)
  })

  test('nor can modules be checked that are not there', async () => {
    const empty = put('papers.tar', tarOf({ 'README.md': Buffer.from('no modules here') }))
    const request = { kernel: vector('base-1.1.btf'), modules: [empty], rules }
    await expect(checkKernelAndModules(request)).rejects.toMatchObject({ code: 'modules-absent' })
  })

  test('a check can be stopped', async () => {
    const request = { kernel: vector('base-1.1.btf'), modules, rules }
    const reason = new Error('enough')
    await expect(checkKernelAndModules(request, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
