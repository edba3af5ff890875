import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { xzSync } from 'node-liblzma'
import { describe, expect, it } from 'vitest'
import { type ArtifactFacts, artifactErrorCodes, noTools } from '../src/index.js'
import { banner } from './bytes/support/writers.js'
import { writeCpio, writeDeb, writeRpm, writeTar } from './support/archives.js'
import { config, scanBytes, writeModule, writeVmlinux } from './support/artifacts.js'
import { storedZstd } from './support/texts.js'

const a = writeModule('a')
const entries = [
  { path: 'boot/config-6.1.0-56-test', data: config },
  { path: 'boot/vmlinuz-6.1.0-56-test', data: writeVmlinux(banner) },
  { path: 'lib/a.ko', data: a },
  { path: 'lib/b.ko.gz', data: gzipSync(a) },
  { path: `${'long/'.repeat(30)}c.ko`, data: a },
]
const tar = writeTar(entries)
const cpio = writeCpio(entries)
const inputs: readonly (readonly [string, Uint8Array])[] = [
  ['x.tar', tar],
  ['x.deb', writeDeb(tar)],
  ['xz.deb', writeDeb(xzSync(Buffer.from(tar)), 'data.tar.xz')],
  ['zst.deb', writeDeb(storedZstd(tar), 'data.tar.zst')],
  ['x.cpio', cpio],
  ['gz.rpm', writeRpm(gzipSync(cpio))],
  ['plain.rpm', writeRpm(cpio)],
  ['nested.tar.gz', gzipSync(writeTar([{ path: 'x.deb', data: writeDeb(tar) }]))],
]
const limits = { kernelBytes: 1 << 20, moduleBytes: 1 << 20, payloadBytes: 4 << 20 }
const options = { tools: noTools, limits }

/** What holds of any input: known codes, and nothing that is not in it. */
function expectSound(all: readonly ArtifactFacts[]): void {
  expect(all.length).toBeLessThanOrEqual(40)
  for (const facts of all) if (facts.type === 'problem') expect(artifactErrorCodes).toHaveProperty(facts.code)
}

describe.each(inputs)('%s', (name, bytes) => {
  it('gives all its members when it is whole', async () => {
    const all = await scanBytes(bytes, name, options)
    expect(all.map(({ type }) => type)).toEqual(['config', 'module', 'module', 'module', 'kernel'])
  })

  it('cut anywhere gives what was whole, and a problem', async () => {
    // Every byte of the headers at its start, and then steps that fall on every place of a block.
    for (let end = 0; end < bytes.length; end += end < 700 ? 1 : 37) {
      const all = await scanBytes(bytes.subarray(0, end), name, options)
      expectSound(all)
      // The last bytes of a tar are zeros and those of an archive padding: without them it may be whole.
      if (end < bytes.length - 1200) expect(all.some(({ type }) => type === 'problem')).toBe(true)
      for (const facts of all) if (facts.type === 'module') expect(facts.name).toBe('a')
    }
  })

  it('damaged anywhere ends in known codes', async () => {
    const damage = fc.record({ at: fc.nat(bytes.length - 1), byte: fc.integer({ min: 1, max: 255 }) })
    const cut = fc.option(fc.nat(bytes.length))
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 8 }), cut, async (damages, end) => {
        const broken = Uint8Array.from(bytes)
        for (const { at, byte } of damages) broken[at]! ^= byte
        expectSound(await scanBytes(broken.subarray(0, end ?? broken.length), name, options))
      }),
      { numRuns: 150 },
    )
  })
})

describe('any bytes', () => {
  const magics = [
    [],
    [0x1f, 0x8b, 8],
    [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0],
    [0x28, 0xb5, 0x2f, 0xfd],
    [0xed, 0xab, 0xee, 0xdb],
    [0x7f, 0x45, 0x4c, 0x46],
    [0x9f, 0xeb, 1, 0],
    [...Buffer.from('BZh91AY&SY')],
    [0x02, 0x21, 0x4c, 0x18],
    [0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a, 0x10, 0x40],
    [0x5d, 0, 0, 0x80, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0],
    [...Buffer.from('MZ\0\0zimg')],
  ]
  it('end in known codes', async () => {
    const start = fc.constantFrom(...magics, [...Buffer.from('!<arch>\n')], [...Buffer.from('070701')])
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 700 }), async (magic, rest) => {
        expectSound(await scanBytes(Buffer.concat([Uint8Array.from(magic), rest]), 'x', options))
      }),
      { numRuns: 400 },
    )
  })
})
