import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { xzSync } from 'node-liblzma'
import { describe, expect, it } from 'vitest'
import { type ArtifactFacts, artifactErrorCodes, noTools } from '../src/index.js'
import { banner, writeLz4Legacy } from './bytes/support/writers.js'
import { type Entry, writeCpio, writeDeb, writeTar } from './support/archives.js'
import { factsOf, lines, release, scanBytes, writeModule, writeVmlinux } from './support/artifacts.js'
import { storedZstd } from './support/texts.js'

const a = writeModule('a')
const b = writeModule('b')
const c = writeModule('c')
const folder = `usr/lib/modules/${release}/kernel`
const zeros = (count: number) => new Uint8Array(count)
const xz = (bytes: Uint8Array) => new Uint8Array(xzSync(Buffer.from(bytes)))
const gzip = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes))
const concat = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))

/** As the tools begin an image: microcode in an archive as it stands, padded with zeros. */
const early = concat(
  writeCpio([{ path: 'kernel/x86/microcode/GenuineIntel.bin', data: 'microcode' }]),
  zeros(512),
)
const entries: Entry[] = [
  { path: 'usr', mode: 0o40755 },
  { path: 'lib', mode: 0o120777, data: 'usr/lib' },
  { path: `${folder}/a.ko`, data: a },
  { path: `${folder}/b.ko.xz`, data: xz(b) },
  { path: 'etc/modprobe.d/x.conf', data: 'options a' },
]
const main = writeCpio(entries)
const expected = [`module x!${folder}/a.ko`, `module x!${folder}/b.ko.xz`]
const compressed = {
  gzip: gzip(main),
  xz: xz(main),
  zstd: storedZstd(main),
  lz4: writeLz4Legacy(main),
}
const options = { tools: noTools }

/** Programs that compress as the tools have it done; left out where they are not installed. */
const programs: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['lzma', ['xz', '--format=lzma', '-c']],
  ['bzip2', ['bzip2', '-c']],
  ['lzop', ['lzop', '-9', '-c']],
  ['lz4', ['lz4', '-l', '-c']],
  ['zstd', ['zstd', '-q', '-1', '-c']],
]

describe.each(Object.entries(compressed))('an initramfs image with %s', (name, packed) => {
  it('is read by its content, alone and behind an early archive', async () => {
    const parts: unknown[] = []
    const onPart = (file: string, compression: string | null) => parts.push([file, compression])
    expect(lines(await scanBytes(packed, 'x', { ...options, onPart }))).toEqual(expected)
    expect(lines(await scanBytes(concat(early, packed), 'x', { ...options, onPart }))).toEqual(expected)
    expect(parts).toEqual([
      ['x', name],
      ['x', null],
      ['x', name],
    ])
  })

  it('cut anywhere gives what was whole, and a problem', async () => {
    const image = concat(early, packed)
    const whole = new Set<number>()
    // Behind a whole archive the image may be at its end, and LZ4 has no end mark.
    for (let end = early.length - 515; end <= early.length; end++) whole.add(end)
    if (name === 'lz4') whole.add(early.length + 4)
    for (let end = 1; end < image.length; end += end < early.length + 100 ? 1 : 29) {
      const all = lines(await scanBytes(image.subarray(0, end), 'x', options))
      const found = all.filter((line) => line.startsWith('module'))
      expect(found).toEqual(expected.slice(0, found.length))
      if (!whole.has(end)) expect(all.length, `cut at ${end}`).toBeGreaterThan(found.length)
    }
  })
})

describe('an initramfs image', () => {
  it.each(programs)('of %s is read', async (name, [command, ...args]) => {
    const { status, stdout } = spawnSync(command!, args, { input: main })
    if (status !== 0) return console.log(`left out: ${name} is not installed`)
    for (const image of [stdout, concat(early, stdout)])
      expect(lines(await scanBytes(image, 'x', options))).toEqual(expected)
  })

  it('may have modules in several archives, and zeros anywhere between them', async () => {
    const more = writeCpio([{ path: `${folder}/c.ko.gz`, data: gzip(c) }])
    const image = concat(early, more, zeros(4), gzip(concat(main, zeros(700), more)), zeros(9))
    expect(lines(await scanBytes(image, 'x'))).toEqual([
      `module x!${folder}/c.ko.gz`,
      ...expected,
      `module x!${folder}/c.ko.gz`,
    ])
    const padded = concat(gzip(main), zeros(2), gzip(more))
    expect(lines(await scanBytes(padded, 'x'))).toEqual([...expected, `module x!${folder}/c.ko.gz`])
  })

  it('says what stands where no archive can', async () => {
    const junk = Buffer.from('what is this')
    const cases: readonly (readonly [Uint8Array, string])[] = [
      [concat(main, junk), 'archive-malformed'],
      [gzip(concat(main, junk)), 'archive-malformed'],
      [concat(gzip(main), junk), 'compression-corrupt'],
      [concat(gzip(main), zeros(3), main), 'compression-corrupt'],
      [concat(storedZstd(main), main), 'compression-corrupt'],
      [gzip(concat(main, gzip(main))), 'nested-too-deep'],
    ]
    for (const [image, code] of cases) {
      const all = lines(await scanBytes(image, 'x', options))
      expect(all.at(-1)).toBe(`problem ${code} x`)
      // zlib gives nothing of a small member that something else follows.
      expect(all.slice(0, -1)).toEqual(code === 'compression-corrupt' ? all.slice(0, -1) : expected)
    }
    // What Linux took before initramfs: the image of a file system.
    expect(lines(await scanBytes(gzip(zeros(5000)), 'initrd.gz'))).toEqual([
      'problem format-unknown initrd.gz',
    ])
  })

  it('is bounded over all its archives', async () => {
    const one = writeCpio([{ path: 'x' }, { path: 'y' }])
    const all = await scanBytes(concat(one, one, one), 'x', { limits: { members: 5 } })
    expect(lines(all)).toEqual(['problem limit-exceeded x'])
    const bomb = concat(early, gzip(writeCpio([{ path: 'z', data: zeros(20 << 20) }])))
    expect(lines(await scanBytes(bomb, 'x'))).toEqual(['problem limit-exceeded x'])
  })

  it('is found in directories and packages by its name, and nothing else is', async () => {
    const named = [
      `initrd.img-${release}`,
      `initramfs-${release}.img`,
      `initrd-${release}-default`,
      'initramfs-linux.img',
      'initramfs-linux-fallback.img',
      'initramfs-0-rescue-1234.img',
      'initrd',
      'initrd.img',
      'initrd.gz',
    ]
    const others = [
      'initrd.target',
      'initramfs.conf',
      'initrd-cleanup.service',
      'initrd-release',
      'initrd.img-1.sig',
    ]
    const image = concat(early, compressed.gzip)
    const files = [...named, ...others].map((name) => ({ path: `boot/${name}`, data: image }))
    const found = named.flatMap((name) => expected.map((line) => line.replace('x!', `in!boot/${name}!`)))
    expect(lines(await scanBytes(writeDeb(writeTar(files)), 'in'))).toEqual(found)
    const root = mkdtempSync(join(tmpdir(), 'basedrift-'))
    try {
      mkdirSync(join(root, 'boot'))
      for (const { path, data } of files) writeFileSync(join(root, path), data)
      const inFolder = lines(await factsOf({ path: root }, { name: 'in' }))
      expect(inFolder).toEqual(found.map((line) => line.replace('in!', 'in/')).sort())
    } finally {
      rmSync(root, { recursive: true })
    }
  })

  it('that is damaged ends in known codes', async () => {
    const image = concat(early, compressed.gzip)
    const damage = fc.record({ at: fc.nat(image.length - 1), byte: fc.integer({ min: 1, max: 255 }) })
    const cut = fc.option(fc.nat(image.length))
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 6 }), cut, async (damages, end) => {
        const broken = Uint8Array.from(image)
        for (const { at, byte } of damages) broken[at]! ^= byte
        const all: ArtifactFacts[] = await scanBytes(broken.subarray(0, end ?? broken.length), 'x', options)
        for (const facts of all)
          if (facts.type === 'problem') expect(artifactErrorCodes).toHaveProperty(facts.code)
      }),
      { numRuns: 100 },
    )
  })

  it('tells a module that names another kernel than its path', async () => {
    const stale = writeModule('a', { vermagic: '6.1.0-55-test' })
    const image = gzip(writeCpio([{ path: `${folder}/a.ko`, data: stale }]))
    const all = await scanBytes(image, 'x')
    expect(lines(all)).toEqual([`module x!${folder}/a.ko`, `problem version-contradicts x!${folder}/a.ko`])
  })

  it('as GNU cpio writes it, beside a kernel', async () => {
    const root = mkdtempSync(join(tmpdir(), 'basedrift-'))
    try {
      mkdirSync(join(root, folder), { recursive: true })
      writeFileSync(join(root, folder, 'a.ko'), a)
      let archive: Buffer
      try {
        const list = execFileSync('find', ['.'], { cwd: root })
        archive = execFileSync('cpio', ['-o', '-H', 'newc', '--quiet'], { cwd: root, input: list })
      } catch {
        return console.log('left out: cpio is not installed')
      }
      const deb = writeDeb(
        writeTar([
          { path: 'boot/vmlinuz-6.1.0-56-test', data: writeVmlinux(banner) },
          { path: 'boot/initrd.img-6.1.0-56-test', data: concat(early, gzip(archive)) },
        ]),
      )
      expect(lines(await scanBytes(deb, 'in'))).toEqual([
        `module in!boot/initrd.img-6.1.0-56-test!${folder}/a.ko`,
        'kernel in!boot/vmlinuz-6.1.0-56-test',
      ])
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})
