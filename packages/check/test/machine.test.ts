import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import {
  chars,
  symbolSections,
  versionRecords,
  writeElf,
} from '../../artifacts/test/bytes/support/writers.js'
import { cpioOf } from '../../artifacts/test/support/archives.js'
import { checkMachine, exitCodeOf } from '../src/index.js'
import { vectorBytes } from './support/vectors.js'

const folder = mkdtempSync(join(tmpdir(), 'machine-'))
afterAll(() => rmSync(folder, { recursive: true }))

const release = '5.15.12-1-default'
const config = (...lines: string[]) =>
  [
    '#',
    '# Automatically generated file; DO NOT EDIT.',
    '# Linux/x86 5.15.12 Kernel Configuration',
    '#',
    ...lines,
    '',
  ].join('\n')
const strict = config('CONFIG_DEBUG_INFO_BTF_MODULES=y')
const lenient = config('CONFIG_DEBUG_INFO_BTF_MODULES=y', 'CONFIG_MODULE_ALLOW_BTF_MISMATCH=y')

let count = 0
/** A root directory of a machine that runs one build, with some files of its own; undefined leaves one out. */
function machine(running: string, files: Record<string, Uint8Array | string | undefined> = {}): string {
  const root = join(folder, String(count++))
  const all: Record<string, Uint8Array | string | undefined> = {
    'proc/sys/kernel/osrelease': `${release}\n`,
    'proc/version': `Linux version ${release} (builder@kettle) (gcc 12.2.0) #1 SMP PREEMPT\n`,
    'sys/kernel/btf/vmlinux': vectorBytes(`base-${running}.btf`),
    'proc/config.gz': gzipSync(strict),
    [`boot/vmlinuz-${release}`]: vectorBytes('vmlinux-1.1'),
    [`usr/lib/modules/${release}/kernel/saucer.ko`]: vectorBytes('saucer-1.1.ko'),
    [`usr/lib/modules/${release}/kernel/teapot.ko.gz`]: gzipSync(vectorBytes('teapot-1.1.ko')),
    ...files,
  }
  for (const [name, content] of Object.entries(all)) {
    if (content === undefined) continue
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  // As distributions link it, to an absolute path.
  if (all[`usr/lib/modules/${release}/kernel/saucer.ko`] !== undefined)
    symlinkSync('/usr/lib', join(root, 'lib'))
  return root
}

const tree = `usr/lib/modules/${release}`
const initrd = (build: string) =>
  Buffer.concat([
    cpioOf({ 'kernel/x86/microcode/x.bin': Buffer.from('microcode') }),
    new Uint8Array(512),
    gzipSync(cpioOf({ [`${tree}/kernel/teapot.ko`]: vectorBytes(`teapot-${build}.ko`) })),
  ])
const check = async (root: string, more = {}) => {
  const result = await checkMachine({ root, ...more })
  const rows = result.modules.map(
    ({ file, verdict, basis }) => `${file.slice(root.length + 1)} ${verdict} ${basis}`,
  )
  return { ...result, rows, code: exitCodeOf(result.modules) }
}
const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: { code?: string }) => error.code,
  )

describe('a machine', () => {
  test('that runs what is installed is checked with its initramfs', async () => {
    const root = machine('1.1', { [`boot/initrd.img-${release}`]: initrd('1.1') })
    const { rows, kernel, notes, code } = await check(root)
    expect(rows).toEqual([
      `boot/initrd.img-${release}!${tree}/kernel/teapot.ko compatible same-base`,
      `${tree}/kernel/saucer.ko compatible same-base`,
      `${tree}/kernel/teapot.ko.gz compatible same-base`,
    ])
    expect(kernel).toMatchObject({
      file: join(root, 'sys/kernel/btf/vmlinux'),
      release,
      rules: { version: '5.15.12', allowBtfMismatch: false },
    })
    expect([notes, code]).toEqual([undefined, 0])
  })

  test('is known to run what is installed by base and banner: then its modules tell its vermagic', async () => {
    const own = `Linux version ${release} (builder@kettle) (gcc (Debian 12.2.0) 12.2.0) #1 SMP PREEMPT\n`
    const loads = async (running: string, version: string) =>
      new Set(
        (await check(machine(running, { 'proc/version': version }))).modules.map(({ load }) => load.vermagic),
      )
    expect(await loads('1.1', own)).toEqual(new Set(['same']))
    expect(await loads('1.1', own.replace('#1', '#2'))).toEqual(new Set(['unknown']))
    expect(await loads('1.3', own)).toEqual(new Set(['unknown']))
  })

  test('has the symbol versions of what is installed where that runs', async () => {
    const own = `Linux version ${release} (builder@kettle) (gcc (Debian 12.2.0) 12.2.0) #1 SMP PREEMPT\n`
    const vermagic = `${release} SMP preempt mod_unload modversions `
    const module = writeElf({
      sections: [
        { name: '.modinfo', data: chars(`name=needs\0vermagic=${vermagic}\0`) },
        { name: '__versions', data: versionRecords([['module_layout', 1]]) },
        ...symbolSections([], []),
        { name: '.BTF', data: vectorBytes('saucer-1.1.btf') },
      ],
    })
    const stateOf = async (version: string, crc: number) => {
      const { modules } = await check(
        machine('1.1', {
          'proc/version': version,
          'proc/config.gz': gzipSync(`${strict}CONFIG_MODVERSIONS=y\n`),
          [`${tree}/kernel/needs.ko`]: module,
          [`${tree}/symvers`]: `0x0000000${crc}\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n`,
        }),
      )
      return modules.find(({ name }) => name === 'needs')?.load.modversions.state
    }
    expect([await stateOf(own, 1), await stateOf(own, 2)]).toEqual(['match', 'mismatch'])
    // Another build of this release runs: what it exports is not known.
    const other = own.replace('#1', '#2')
    expect([await stateOf(other, 1), await stateOf(other, 2)]).toEqual(['unknown', 'unknown'])
  })

  test('that runs the build before the installed one is told', async () => {
    const { rows, code, notes } = await check(machine('1.3'))
    expect(rows).toEqual([
      `${tree}/kernel/saucer.ko misread misbound`,
      `${tree}/kernel/teapot.ko.gz rejected kernel-check`,
    ])
    expect(code).toBe(1)
    expect(notes).toEqual([expect.stringContaining('No initramfs image')])
  })

  test('with stale modules in its initramfs is told, and which', async () => {
    const places = [
      `boot/initramfs-${release}.img`,
      `boot/initrd-${release}`,
      `boot/0123456789abcdef/${release}/initrd`,
      `${tree}/initrd`,
    ]
    for (const place of places) {
      const { rows, code, notes } = await check(machine('1.1', { [place]: initrd('1.3') }))
      expect(rows).toContain(`${place}!${tree}/kernel/teapot.ko rejected kernel-check`)
      expect([rows.length, code, notes]).toEqual([3, 1, undefined])
    }
  })

  test('finds the image that is called after a package', async () => {
    const root = machine('1.1', {
      [`${tree}/pkgbase`]: 'linux-lts\n',
      'boot/initramfs-linux-lts.img': initrd('1.3'),
    })
    expect((await check(root)).rows[0]).toContain('boot/initramfs-linux-lts.img!')
  })

  test('has modules of another kernel by links, which are followed within lib/modules alone', async () => {
    const root = machine('1.1', { 'usr/lib/modules/5.15.11/extra/saucer.ko': vectorBytes('saucer-1.3.ko') })
    const weak = join(root, tree, 'weak-updates')
    mkdirSync(weak)
    symlinkSync('/lib/modules/5.15.11/extra/saucer.ko', join(weak, 'saucer.ko'))
    symlinkSync('../../../../../boot/vmlinuz', join(weak, 'gone.ko'))
    symlinkSync('/etc/passwd', join(weak, 'out.ko.xz'))
    symlinkSync('/', join(root, tree, 'build'))
    symlinkSync('loop.ko', join(weak, 'loop.ko'))
    const { rows, notes, code } = await check(root)
    // What no link named as a module leads to is missing; what one does is noted.
    expect(rows.slice(2)).toEqual([
      `${tree}/weak-updates/gone.ko error link-unread`,
      `${tree}/weak-updates/out.ko.xz error link-unread`,
      `${tree}/weak-updates/saucer.ko misread origin-length`,
    ])
    expect(code).toBe(1)
    const note = notes!.find((one) => one.startsWith('Links'))!
    for (const name of ['gone.ko', 'loop.ko', 'out.ko.xz']) expect(note).toContain(`weak-updates/${name}`)
  })

  test('does not say what modules beside the tree were built on', async () => {
    const root = machine('1.1', { [`${tree}/updates/dkms/teapot.ko`]: vectorBytes('teapot-1.1.ko') })
    const { rows, code } = await check(root)
    expect(rows).toContain(`${tree}/updates/dkms/teapot.ko unknown no-origin`)
    expect(code).toBe(3)
    const origin = join(root, 'boot', `vmlinuz-${release}`)
    expect((await check(root, { origin })).code).toBe(0)
  })

  test.each([
    ['proc/config.gz', { 'proc/config.gz': gzipSync(lenient) }],
    ['boot/config-REL', { 'proc/config.gz': undefined, [`boot/config-${release}`]: lenient }],
    ['lib/modules/REL/config', { 'proc/config.gz': undefined, [`${tree}/config`]: lenient }],
  ])('has its config in %s', async (_place, files) => {
    const { kernel } = await check(machine('1.3', files))
    expect(kernel.rules).toEqual({ version: '5.15.12', allowBtfMismatch: true })
  })

  test('is checked without a config, which is noted, as is one that cannot be read', async () => {
    const none = await check(machine('1.3', { 'proc/config.gz': undefined }))
    expect(none.kernel.rules).toEqual({ version: '5.15.12', allowBtfMismatch: null })
    expect(none.notes).toContainEqual(expect.stringContaining('CONFIG_MODULE_ALLOW_BTF_MISMATCH'))
    const root = machine('1.3', { 'proc/config.gz': 'no gzip' })
    const broken = await check(root)
    expect(broken.notes![0]).toMatch(`${join(root, 'proc/config.gz')}: `)
  })

  test('never passes with something that cannot be read', async () => {
    const root = machine('1.1', { [`boot/initrd.img-${release}`]: initrd('1.1').subarray(0, 900) })
    const { rows, code } = await check(root)
    expect(rows[0]).toMatch(/^boot\/initrd\.img-\S+ error \S+$/)
    expect(code).toBe(2)
    if (process.getuid?.() === 0) return
    const locked = machine('1.1', { [`boot/initrd.img-${release}`]: initrd('1.1') })
    chmodSync(join(locked, `boot/initrd.img-${release}`), 0)
    expect((await check(locked)).rows[0]).toMatch(/error file-unreadable$/)
  })

  test('takes a kernel or modules that are given in place of its own', async () => {
    const root = machine('1.1')
    const other = await check(root, { kernel: join(folder, 'next'), modules: [] }).catch(
      (error: unknown) => error,
    )
    expect(other).toMatchObject({ code: 'kernel-unreadable' })
    cpSync(join(root, `boot/vmlinuz-${release}`), join(folder, 'vmlinux-own'))
    const own = await check(root, { kernel: join(folder, 'vmlinux-own') })
    expect(own.rows.map((row) => row.split(' ')[1])).toEqual(['compatible', 'compatible'])
    writeFileSync(join(folder, 'teapot.ko'), vectorBytes('teapot-1.3.ko'))
    const given = await check(root, { modules: [join(folder, 'teapot.ko')] })
    expect([given.summary, given.notes]).toEqual([{ total: 1, rejected: 1 }, undefined])
  })

  test.each([
    [
      'no modules',
      { [`${tree}/kernel/saucer.ko`]: undefined, [`${tree}/kernel/teapot.ko.gz`]: undefined },
      'modules-absent',
    ],
    ['no base', { 'sys/kernel/btf/vmlinux': undefined }, 'kernel-btf-absent'],
    ['a broken base', { 'sys/kernel/btf/vmlinux': 'BTF' }, 'kernel-unreadable'],
    ['no release', { 'proc/sys/kernel/osrelease': undefined }, 'machine-unknown'],
    ['a release that leads elsewhere', { 'proc/sys/kernel/osrelease': '../../etc\n' }, 'machine-unknown'],
  ])('with %s ends in a code', async (_what, files, code) => {
    expect(await codeOf(check(machine('1.1', files)))).toBe(code)
  })
})
