import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ArtifactFacts, artifactErrorCodes, noTools } from '../src/index.js'
import { join, Writer, writeBzImage, writeZboot } from './bytes/support/writers.js'
import { scanBytes } from './support/artifacts.js'
import { waysToDecode } from './support/bytes.js'
import { fixture } from './support/texts.js'

const vmlinux = readFileSync(new URL('../../btf/testdata/vmlinux-1.1', import.meta.url))
const base = readFileSync(new URL('../../btf/testdata/base-1.1.btf', import.meta.url))
const size = new Writer(true).int(4, vmlinux.length).done()
const ways = await waysToDecode()
/** Suffix of the compressed kernel, and what a zboot header calls it. */
const compressions = [
  ['gz', 'gzip'],
  ['xz', 'xzkern'],
  ['zst', 'zstd22'],
  ['lz4', 'lz4'],
  ['lzma', 'lzma'],
  ['bz2', 'bzip2'],
  ['lzo', 'lzo'],
] as const
const cases = compressions.flatMap(([suffix, name]) => {
  const packed = fixture(`vmlinux.${suffix}`)
  const behind = suffix === 'gz' ? [] : [...size]
  return [
    ['bzimage', suffix, writeBzImage(join(packed, behind))] as const,
    ['efi-zboot', suffix, writeZboot(packed, name, behind)] as const,
    ['vmlinux', suffix, packed] as const,
  ]
})

describe.each(cases)('%s with %s', (kind, _suffix, image) => {
  it('holds the kernel that was compressed', async () => {
    for (const [, tools] of ways) {
      const all = await scanBytes(image, 'vmlinuz', { tools })
      expect(all).toHaveLength(1)
      expect(all[0]).toMatchObject({ type: 'kernel', kind, release: '5.15.12-1-default' })
      expect(Buffer.from((all[0] as ArtifactFacts & { btf: Uint8Array }).btf).equals(base)).toBe(true)
    }
  })

  it('cut anywhere or damaged ends in known codes', async () => {
    const expectSound = (all: readonly ArtifactFacts[]) => {
      for (const facts of all)
        if (facts.type === 'problem') expect(artifactErrorCodes).toHaveProperty(facts.code)
    }
    const options = { tools: noTools, limits: { kernelBytes: 1 << 20 } }
    // What follows the payload may be missing.
    for (let end = 0; end < image.length - 60; end += 97) {
      const all = await scanBytes(image.subarray(0, end), 'vmlinuz', options)
      expectSound(all)
      expect(all.map(({ type }) => type)).toEqual(['problem'])
    }
    const damage = fc.record({ at: fc.nat(image.length - 1), byte: fc.integer({ min: 1, max: 255 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
        const broken = Uint8Array.from(image)
        for (const { at, byte } of damages) broken[at]! ^= byte
        expectSound(await scanBytes(broken, 'vmlinuz', options))
      }),
      { numRuns: 40 },
    )
  })
})
