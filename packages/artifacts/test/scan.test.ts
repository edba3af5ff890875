import { hash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { xzSync } from 'node-liblzma'
import { describe, expect, it } from 'vitest'
import type { KernelFacts, ModuleFacts } from '../src/index.js'
import { banner, writeBtf } from './bytes/support/writers.js'
import { type Entry, writeCpio, writeDeb, writeRpm, writeTar } from './support/archives.js'
import { config, lines, release, scanBytes, writeModule, writeVmlinux } from './support/artifacts.js'

const modules = `lib/modules/${release}/kernel`
const a = writeModule('a')
const b = writeModule('b')
const xz = (bytes: Uint8Array) => xzSync(Buffer.from(bytes))
const entries: Entry[] = [
  { path: './boot/', type: '5' },
  { path: `./boot/vmlinuz-${release}`, data: writeVmlinux(banner) },
  { path: `./${modules}/a.ko`, data: a },
  { path: `./${modules}/b.ko.xz`, data: xz(b) },
  { path: './usr/share/doc/readme', data: 'nothing of interest' },
  { path: `./boot/config-${release}`, data: config },
]
const expected = (file: string) => [
  `module ${file}!${modules}/a.ko`,
  `module ${file}!${modules}/b.ko.xz`,
  `config ${file}!boot/config-${release}`,
  `kernel ${file}!boot/vmlinuz-${release}`,
]

describe('a package of every form', () => {
  const tar = writeTar(entries)
  const cpio = writeCpio(entries.filter(({ type }) => type !== '5'))
  it.each([
    ['plain.deb', writeDeb(tar)],
    ['xz.deb', writeDeb(xz(tar), 'data.tar.xz')],
    ['gz.deb', writeDeb(gzipSync(tar), 'data.tar.gz')],
    ['plain.tar', tar],
    ['x.tar.xz', xz(tar)],
    ['x.tar.gz', gzipSync(tar)],
    ['plain.rpm', writeRpm(cpio)],
    ['xz.rpm', writeRpm(xz(cpio))],
    ['gz.rpm', writeRpm(gzipSync(cpio))],
    ['x.cpio', cpio],
  ])('%s', async (name, bytes) => {
    const all = await scanBytes(bytes, name)
    expect(lines(all)).toEqual(expected(name))
    const [first, second, , kernel] = all as [ModuleFacts, ModuleFacts, unknown, KernelFacts]
    expect(first).toMatchObject({ name: 'a', sha256: hash('sha256', a), size: a.length, btf: writeBtf(1) })
    expect(second).toMatchObject({
      name: 'b',
      sha256: hash('sha256', xz(b)),
      size: xz(b).length,
      btf: writeBtf(1),
    })
    expect(kernel).toMatchObject({ release, version: '6.1.192', btf: writeBtf(7) })
    expect(kernel.config).toMatchObject({ allowBtfMismatch: true, modversions: true })
  })
})

describe('members below lib/modules that are named as modules and not looked at', () => {
  const packed = (...names: string[]) =>
    writeTar([
      { path: `./${modules}/a.ko`, data: a },
      ...names.map((name) => ({ path: name.includes('/') ? name : `./${modules}/${name}`, data: b })),
    ])

  it('are told once, how many there are and what the first are called', async () => {
    const all = await scanBytes(packed('b.ko.br', 'c.KO', 'd.ko.signed', 'e.Ko.gz'), 'x.tar')
    expect(lines(all)).toEqual([
      `module x.tar!${modules}/a.ko`,
      `problem modules-unread x.tar!${modules}/b.ko.br`,
    ])
    expect(all.at(-1)).toMatchObject({
      message: expect.stringMatching(
        /^4 files below lib\/modules are named as modules: b\.ko\.br, c\.KO, d\.ko\.signed and 1 more\. /,
      ),
    })
  })

  it('are none of those that stand beside modules, or elsewhere', async () => {
    const beside = ['a.ko.debug', 'a.ko.sig', 'a.ko.p7s', 'a.ko.bak', 'a.kobold', 'modules.order']
    const all = await scanBytes(packed(...beside, 'usr/share/doc/x/b.ko.br'), 'x.tar')
    expect(lines(all)).toEqual([`module x.tar!${modules}/a.ko`])
  })
})

describe('a Module.symvers', () => {
  const symvers = '0x00000007\tkfree\tvmlinux\tEXPORT_SYMBOL\t\n'
  const exports = [{ name: 'kfree', crc: 7 }]

  it('is found in packages, compressed or not, with its release', async () => {
    const paths = ['boot/symvers-5.gz', 'lib/modules/5/symvers.xz', 'usr/src/linux-headers-5/Module.symvers']
    const contents = [gzipSync(symvers), xz(Buffer.from(symvers)), Buffer.from(symvers)]
    const tar = writeTar(paths.map((path, nth) => ({ path, data: contents[nth]! })))
    const all = await scanBytes(writeDeb(tar), 'headers.deb')
    expect(lines(all)).toEqual(paths.map((path) => `symvers headers.deb!${path}`))
    for (const facts of all) {
      expect(facts).toMatchObject({ type: 'symvers', release: '5' })
      expect(facts.type === 'symvers' && [...facts.exports]).toEqual(exports)
    }
  })

  it('is told by its content alone, and coded where it is none', async () => {
    expect(await scanBytes(Buffer.from(symvers), 'exports.txt')).toMatchObject([
      { type: 'symvers', release: null },
    ])
    expect(
      lines(await scanBytes(writeTar([{ path: 'Module.symvers', data: '0x00000007\tx\n' }]), 'x.tar')),
    ).toEqual(['problem symvers-malformed x.tar!Module.symvers'])
  })
})

describe('a single file', () => {
  it.each([
    ['a.ko', a],
    ['a.ko.xz', xz(a)],
    ['a.ko.gz', gzipSync(a)],
    ['no-telling-name', a],
  ])('%s is a module', async (name, bytes) => {
    const [module, ...rest] = await scanBytes(bytes, name)
    expect(rest).toEqual([])
    expect(module).toMatchObject({
      type: 'module',
      name: 'a',
      file: name,
      sha256: hash('sha256', bytes),
      size: bytes.length,
    })
  })

  it('is a kernel, compressed or not, with what its banner tells', async () => {
    const vmlinux = writeVmlinux(banner)
    for (const bytes of [vmlinux, gzipSync(vmlinux), xz(vmlinux)]) {
      const [kernel, ...rest] = await scanBytes(bytes, 'vmlinux')
      expect(rest).toEqual([])
      expect(kernel).toMatchObject({
        type: 'kernel',
        release,
        version: '6.1.192',
        sha256: hash('sha256', bytes),
      })
    }
  })

  it('is a problem where nothing is known of it, or it is compressed twice', async () => {
    expect(lines(await scanBytes(Buffer.from('what is this'), 'x'))).toEqual(['problem format-unknown x'])
    expect(lines(await scanBytes(gzipSync(gzipSync(a)), 'x.gz'))).toEqual(['problem nested-too-deep x.gz'])
    expect(lines(await scanBytes(new Uint8Array(0), 'x'))).toEqual(['problem format-unknown x'])
  })

  it('is shown under the name that is given', async () => {
    expect(lines(await scanBytes(a, 'path.ko', { name: 'shown.ko' }))).toEqual(['module shown.ko'])
  })
})

describe('raw BTF', () => {
  const split = Buffer.from(writeBtf(2))
  // A split's strings go on from its base's: they do not begin with the empty name.
  split[split.readUInt32LE(4) + split.readUInt32LE(16)] = 0x78
  const base = writeBtf(4)

  it('is a base or a split by its strings, its name, or what the caller says', async () => {
    expect(lines(await scanBytes(base, 'x.btf'))).toEqual(['kernel x.btf'])
    expect(lines(await scanBytes(split, 'x.btf'))).toEqual(['module x.btf'])
    expect(lines(await scanBytes(split, 'vmlinux.btf'))).toEqual(['kernel vmlinux.btf'])
    expect(lines(await scanBytes(split, '6.1.0.base.btf'))).toEqual(['kernel 6.1.0.base.btf'])
    expect(lines(await scanBytes(split, 'ad7091r-base.btf'))).toEqual(['module ad7091r-base.btf'])
    expect(lines(await scanBytes(base, 'x.btf', { rawBtf: 'module' }))).toEqual(['module x.btf'])
    expect(lines(await scanBytes(split, 'x', { rawBtf: 'kernel' }))).toEqual(['kernel x'])
  })

  it('takes the base beside it in the same archive, in either order', async () => {
    for (const order of [
      ['m-x.btf', 'm-x.base'],
      ['m-x.base', 'm-x.btf'],
      ['m-x.btf', 'm-x.btf.base'],
    ]) {
      const tar = writeTar([
        ...order.map((path) => ({ path: `d/${path}`, data: path.endsWith('base') ? base : split })),
        { path: 'e/other.btf', data: split },
      ])
      const all = await scanBytes(tar, 'm.tar')
      expect(lines(all)).toEqual(['module m.tar!d/m-x.btf', 'module m.tar!e/other.btf'])
      expect(all[0]).toMatchObject({ name: 'm_x', btf: Uint8Array.from(split), distilled: base })
      expect(all[1]).toMatchObject({ name: 'other', distilled: null })
    }
  })
})

describe('what a package contradicts itself in', () => {
  it('is said once for each pair of releases', async () => {
    const tar = writeTar([
      { path: `${modules}/a.ko`, data: writeModule('a', { vermagic: '6.1.0-55-test' }) },
      { path: `${modules}/b.ko`, data: writeModule('b', { vermagic: '6.1.0-55-test' }) },
      { path: `${modules}/c.ko`, data: writeModule('c') },
    ])
    const problems = (await scanBytes(tar, 'x.tar')).filter(({ type }) => type === 'problem')
    expect(lines(problems)).toEqual([`problem version-contradicts x.tar!${modules}/a.ko`])
  })

  it('is said of a kernel whose banner and config differ', async () => {
    const tar = writeTar([
      { path: `boot/vmlinuz-${release}`, data: writeVmlinux(banner) },
      { path: `boot/config-${release}`, data: config.replace('6.1.192', '6.1.191') },
    ])
    const all = await scanBytes(tar, 'x.tar')
    expect(lines(all)).toContain(`problem version-contradicts x.tar!boot/vmlinuz-${release}`)
  })
})

describe('configs of one release', () => {
  const other = config.replace(
    'CONFIG_DEBUG_INFO_BTF_MODULES=y',
    '# CONFIG_DEBUG_INFO_BTF_MODULES is not set',
  )
  const kernelWith = async (...configs: string[]) => {
    const tar = writeTar([
      ...configs.map((data, nth) => ({ path: `${nth}/config-${release}`, data })),
      { path: `boot/vmlinuz-${release}`, data: writeVmlinux(banner) },
    ])
    const all = await scanBytes(tar, 'x.tar')
    return [
      all.find((facts) => facts.type === 'kernel')?.config?.btfModules,
      lines(all).filter((line) => line.startsWith('problem')),
    ]
  }

  it('count where they agree, the whole one before one that was cut off', async () => {
    expect(await kernelWith(config, config)).toEqual([true, []])
    const cut = config.slice(0, config.indexOf('CONFIG_DEBUG_INFO_BTF_MODULES'))
    expect(await kernelWith(`${cut}\nCONFIG_A=y\n`, config)).toEqual([true, []])
  })

  it('count not at all where they contradict each other, whichever comes first', async () => {
    const problems = ['problem config-ambiguous x.tar!1/config-6.1.0-56-test']
    expect(await kernelWith(config, other)).toEqual([undefined, problems])
    expect(await kernelWith(other, config)).toEqual([undefined, problems])
  })
})

describe('the only config', () => {
  it('is not taken where the modules all are of another release', async () => {
    const kernelOf = async (vermagic: string) => {
      const tar = writeTar([
        { path: 'vmlinux', data: writeVmlinux('') },
        { path: `boot/config-${release}`, data: config },
        { path: 'a.ko', data: writeModule('a', { vermagic }) },
      ])
      return (await scanBytes(tar, 'x.tar')).find(({ type }) => type === 'kernel')
    }
    expect(await kernelOf(release)).toMatchObject({ release, version: '6.1.192' })
    expect(await kernelOf('6.1.0-55-test')).toMatchObject({ release: null, version: null, config: null })
  })
})

describe('archives in archives', () => {
  const deb = writeDeb(writeTar([{ path: 'a.ko', data: a }]))
  const tar = writeTar([
    { path: 'x/one.deb', data: deb },
    { path: 'b.ko', data: b },
  ])

  it('are followed for two layers', async () => {
    expect(lines(await scanBytes(gzipSync(tar), 'x.tar.gz'))).toEqual([
      'module x.tar.gz!x/one.deb!a.ko',
      'module x.tar.gz!b.ko',
    ])
    const outer = writeTar([
      { path: 'in.tar', data: tar },
      { path: 'c.ko', data: a },
    ])
    expect(lines(await scanBytes(outer, 'o.tar'))).toEqual([
      'problem nested-too-deep o.tar!in.tar!x/one.deb',
      'module o.tar!in.tar!b.ko',
      'module o.tar!c.ko',
    ])
  })

  it('do not take the outer one with them when they break', async () => {
    const broken = writeTar([
      { path: 'bad.deb', data: deb.subarray(0, 400) },
      { path: 'b.ko', data: b },
    ])
    expect(lines(await scanBytes(broken, 'x.tar'))).toEqual([
      'problem archive-truncated x.tar!bad.deb',
      'module x.tar!b.ko',
    ])
  })
})

describe('paths in archives', () => {
  it('are data', async () => {
    const path = '../../../etc/passwd/a.ko'
    const all = await scanBytes(
      writeTar([
        { path, data: a },
        { path: '/abs/<b>.ko', data: b },
      ]),
      'x.tar',
    )
    expect(lines(all)).toEqual(['module x.tar!etc/passwd/a.ko', 'module x.tar!abs/<b>.ko'])
  })
})
