import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ArtifactError,
  byteLimits,
  bzImagePayload,
  type Decompress,
  decodeLz4,
  detectFormat,
  elfRole,
  findBanner,
  findBaseBtf,
  findEmbeddedConfig,
  kernelVersion,
  moduleNameFromPath,
  readConfig,
  readElf,
  readKernelImage,
  readModule,
  readRawBtf,
  releaseFromPath,
  versionFromRelease,
} from '../../src/bytes/index.js'
import {
  banner,
  buildIdNote,
  chars,
  identity,
  join,
  symbolSections,
  versionRecords,
  Writer,
  writeArm64Image,
  writeBtf,
  writeBzImage,
  writeElf,
  writeLz4Legacy,
} from './support/writers.js'

const config =
  '# Linux/x86 6.1.192 Kernel Configuration\nCONFIG_MODVERSIONS=y\nCONFIG_CC_VERSION_TEXT="gcc \\"12\\""\n'

/** Valid files of every kind, small enough to be cut at every length. */
const seeds: Record<string, Uint8Array> = {}
for (const bits of [32, 64] as const)
  for (const little of [true, false])
    seeds[`module-${bits}-${little ? 'le' : 'be'}`] = writeElf({
      bits,
      little,
      extended: bits === 32,
      sections: [
        { name: '__ksymtab', data: new Uint8Array(24) },
        { name: '__kcrctab', data: new Uint8Array(8) },
        { name: '__ksymtab_strings', data: chars('a\0\0b\0\0') },
        { name: '.note.gnu.build-id', type: 7, data: buildIdNote([1, 2, 3], little) },
        { name: '.modinfo', data: chars('vermagic=6.1.0 SMP \0name=m\0') },
        { name: '__versions', data: versionRecords([['module_layout', 1]], bits, little) },
        { name: '__version_ext_crcs', data: new Uint8Array(4) },
        { name: '__version_ext_names', data: chars('module_layout\0') },
        { name: '.BTF_ids', data: new Writer(little).int(4, 1).int(4, 1).int(4, 2).int(4, 0).done() },
        { name: '.BTF', data: writeBtf(2, little) },
        { name: '.BTF.base', data: writeBtf(1, little) },
        { name: '.rela', type: 4, info: '__ksymtab', data: new Writer(little).int(4, 8).int(4, 1).done() },
        ...symbolSections(
          [
            { name: '__ksymtab_a', value: 0, section: 1 },
            { name: '__crc_a', value: 4, section: 2 },
            { name: '', value: 0, section: 3 },
            { name: '__BTF_ID__set8__s', value: 0, section: 9 },
            { name: '__BTF_ID__func__f__1', value: 8, section: 9 },
          ],
          [],
          bits,
          little,
        ),
      ],
    })
const ikconfig = join('IKCFG_ST', gzipSync(config), 'IKCFG_ED')
const vmlinux = writeElf({
  type: 2,
  sections: [
    { name: '.notes', type: 7, data: buildIdNote([1, 2]) },
    { name: '.rodata', data: join(ikconfig, banner, '\n\0') },
    { name: '.BTF', data: writeBtf(3) },
  ],
  segments: [{ type: 4, data: buildIdNote([9]) }],
})
seeds.vmlinux = vmlinux
seeds.image = writeArm64Image(join(writeBtf(2), banner, '\0', ikconfig, writeBtf(3)))
const lz4 = writeLz4Legacy(vmlinux, 300)
seeds.bzimage = writeBzImage(join(lz4, new Writer(true).int(4, vmlinux.length).done()), '6.1.0 (x) #1')
seeds.lz4 = lz4
seeds.frame = join(
  [0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0, 8, 0, 0, 0, 0x12],
  'a',
  [1, 0, 0x20],
  'bc',
  new Uint8Array(8),
)
seeds.btf = writeBtf(4)
seeds.config = chars(config)

/** What makes an object a module. */
const thisModule = { name: '.gnu.linkonce.this_module', data: [0] }

const decompress: Decompress = (format, payload, size, maxSize) => {
  if (format === 'lz4') return decodeLz4(payload, size, maxSize)
  if (format !== 'gzip') throw new ArtifactError('compression-unsupported', null)
  try {
    return new Uint8Array(gunzipSync(payload, { maxOutputLength: Math.max(maxSize, 1) }))
  } catch {
    throw new ArtifactError('compression-corrupt', null)
  }
}

const maxOutput = 1 << 16

/** Calls a reader: a value comes back, or an `ArtifactError` with a code, a sentence and a place that can be printed. */
function coded<T>(call: () => T): T | null {
  try {
    return call()
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error
    expect(error.message.length).toBeLessThan(2000)
    return null
  }
}

/** Gives bytes to every reader and holds what comes back against the size of what went in. */
async function throughAll(bytes: Uint8Array): Promise<void> {
  expect(detectFormat(bytes, 'a.btf')).toBeTypeOf('string')
  const elf = coded(() => readElf(bytes))
  if (elf !== null) {
    coded(() => elfRole(elf))
    coded(() => [...elf.segments()])
    for (let index = 0; index < elf.sectionCount; index++) {
      expect(elf.sectionName(index).length).toBeLessThanOrEqual(byteLimits.nameBytes)
      const content = coded(() => elf.content(elf.section(index)))
      expect(content?.length ?? 0).toBeLessThanOrEqual(bytes.length)
    }
  }
  const read = coded(() => readModule(bytes, identity))
  if (read !== null) {
    const { module, problems } = read
    expect(module.imports.length * 4).toBeLessThanOrEqual(bytes.length)
    const { sets = [], list = [] } = module.btfIds ?? {}
    const ids = sets.reduce((sum, set) => sum + set.ids.length, list.length)
    expect(ids * 4).toBeLessThanOrEqual(bytes.length)
    expect(sets.every(({ ids, members }) => members.length <= ids.length)).toBe(true)
    expect(module.exports.length * 4).toBeLessThanOrEqual(bytes.length)
    expect(problems.length).toBeLessThan(20)
    for (const crc of [...module.imports, ...module.exports].map((entry) => entry.crc))
      expect(crc === null || (Number.isInteger(crc) && crc >= 0 && crc < 2 ** 32)).toBe(true)
  }
  coded(() => bzImagePayload(bytes))
  coded(() => readRawBtf(bytes, identity))
  coded(() => readConfig(bytes))
  for (const hint of [0, 100, 2 ** 40]) {
    const out = coded(() => decodeLz4(bytes, hint, maxOutput))
    expect(out?.length ?? 0).toBeLessThanOrEqual(maxOutput)
  }
  for (const little of [true, false])
    expect(findBaseBtf(bytes, little)?.length ?? 0).toBeLessThanOrEqual(bytes.length)
  expect(findBanner(bytes)?.length ?? 0).toBeLessThanOrEqual(byteLimits.bannerBytes)
  findEmbeddedConfig(bytes)
  try {
    const { kernel } = await readKernelImage(bytes, identity, decompress)
    expect(kernel.version === null || /^\d+\.\d+\.\d+$/.test(kernel.version)).toBe(true)
  } catch (error) {
    expect(error).toBeInstanceOf(ArtifactError)
  }
}

const boundaries = [
  0, 1, 2, 3, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
]

describe('every reader of bytes', () => {
  it.each(Object.keys(seeds))('withstands %s cut at every length', async (name) => {
    const whole = seeds[name]!
    for (let length = 0; length <= whole.length; length++) await throughAll(whole.slice(0, length))
  })

  it.each(Object.keys(seeds))('withstands %s with words changed', async (name) => {
    const change = fc.record({
      at: fc.nat(seeds[name]!.length - 1),
      size: fc.constantFrom(1, 2, 4),
      value: fc.oneof(fc.constantFrom(...boundaries), fc.nat(0xffff)),
      little: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const bytes = seeds[name]!.slice()
        for (const { at, size, value, little } of changes) {
          const word = new Writer(little).int(size, value).done()
          bytes.set(word.subarray(0, bytes.length - at), at)
        }
        await throughAll(bytes)
      }),
      { numRuns: 150 },
    )
  })

  it('withstands every value of every byte of a header', async () => {
    for (const name of ['module-64-le', 'module-32-be', 'bzimage', 'btf', 'frame']) {
      const from = name === 'bzimage' ? 0x1f0 : 0
      for (let at = from; at < Math.min(from + 64, seeds[name]!.length); at++)
        for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
          const bytes = seeds[name]!.slice()
          bytes[at] = value
          await throughAll(bytes)
        }
    }
  })

  it('withstands bytes at random, alone and behind each magic', async () => {
    const starts = Object.values(seeds).map((seed) => seed.subarray(0, 24))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(new Uint8Array(0), ...starts),
        fc.uint8Array({ maxLength: 3000, size: 'max' }),
        async (start, rest) => throughAll(join(start, rest)),
      ),
      { numRuns: 300 },
    )
  })

  it('withstands any names and texts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 300 }), (a, b) => {
        expect(moduleNameFromPath(a)).toBeTypeOf('string')
        releaseFromPath(a)
        versionFromRelease(b)
        kernelVersion({ file: a, configVersion: null, banner: b, release: a, signature: b })
      }),
    )
  })
})

// Where the work for one table or text could be repeated by another, each of these would not end in time.
describe('work is bounded where a file asks for the same again and again', () => {
  const digits = '1'.repeat(200_000)

  it('texts made to backtrack', () => {
    coded(() => readConfig(`# Linux/x86 ${digits}.${digits}x\nCONFIG_A=${digits}\n`))
    coded(() => readConfig(`CONFIG_${'A'.repeat(4_000_000)}`))
    expect(versionFromRelease(`${digits}.${digits}.${digits}\n`)).toBeNull()
    const line = `Linux version ${'1.1'.repeat(120)} (${')('.repeat(250)}\n`
    expect(findBanner(chars(line.repeat(2000)))).toBeNull()
  })

  it('many starts of an embedded config before one end, or none', () => {
    const starts = join(...new Array(30_000).fill(join('IKCFG_ST', [0x1f, 0x8b])))
    expect(findEmbeddedConfig(join(starts, new Uint8Array(9 << 20)))).toBeNull()
    expect(findEmbeddedConfig(join(starts, new Uint8Array(9 << 20), 'IKCFG_ED'))).toBeNull()
  })

  it('many BTF headers over the same types', () => {
    const count = 200_000
    const headers = 50_000
    const bytes = new Uint8Array(headers * 24 + count * 12 + 2)
    const view = new DataView(bytes.buffer)
    // Each claims the types behind all headers, and the two NULs behind those as its strings.
    for (let index = 0; index < headers; index++) {
      const behind = (headers - index - 1) * 24
      const words = [0x0001eb9f, 24, behind, count * 12, behind + count * 12, 2]
      words.forEach((word, at) => {
        view.setUint32(index * 24 + at * 4, word, true)
      })
    }
    for (let index = 0; index < count; index++)
      view.setUint32(headers * 24 + index * 12 + 4, 0x02000000, true)
    // The last type refers beyond the table, so that none of them stands alone.
    view.setUint32(bytes.length - 6, 0xffffffff, true)
    expect(findBaseBtf(bytes, true)).toBeNull()
  })

  it('many sets of type ids over the same words', () => {
    // Each says that it has all the ids of the section that may be in one.
    const count = 4096
    const data = new Uint8Array((count + 1) * 4)
    new DataView(data.buffer).setUint32(0, count, true)
    const sets = 30_000
    const marks = Array.from({ length: sets }, () => ({ name: '__BTF_ID__set__s', value: 0, section: 1 }))
    const bytes = writeElf({
      sections: [{ name: '.BTF_ids', data }, ...symbolSections(marks, []), thisModule],
    })
    const ids = coded(() => readModule(bytes, identity))?.module.btfIds
    expect(ids?.complete).toBe(false)
    expect(ids?.sets).toHaveLength(1)
  })

  it('many relocation sections for the same table', () => {
    const relocations = new Uint8Array(1 << 20)
    const sections = [
      { name: '__ksymtab', data: new Uint8Array(12) },
      { name: '__kcrctab', data: new Uint8Array(4) },
      { name: '__ksymtab_strings', data: new Uint8Array(9) },
      ...symbolSections([{ name: 'x', value: 0, section: 3 }], []),
    ]
    const many = Array.from({ length: 20_000 }, () => ({ name: 'r', type: 4, info: '__ksymtab' }))
    const bytes = writeElf({
      sections: [...sections, { name: 'data', data: relocations }, ...many, thisModule],
    })
    const elf = readElf(bytes)
    const data = elf.section(6)
    const view = new DataView(bytes.buffer)
    const table = Number(view.getBigUint64(40, true))
    for (let index = 7; index < elf.sectionCount - 1; index++) {
      view.setBigUint64(table + index * 64 + 24, BigInt(data.offset), true)
      view.setBigUint64(table + index * 64 + 32, BigInt(data.size), true)
    }
    expect(coded(() => readModule(bytes, identity))?.module.exports.length).toBe(0)
  })

  it('many note segments over the same bytes', async () => {
    const note = new Uint8Array(4 << 20)
    const segments = Array.from({ length: 5000 }, (_, index) => ({
      type: 4,
      data: index === 0 ? note : new Uint8Array(0),
    }))
    const bytes = writeElf({ type: 2, sections: [], segments })
    const view = new DataView(bytes.buffer)
    view.setBigUint64(40, 0n, true)
    for (let index = 1; index < segments.length; index++) {
      view.setBigUint64(64 + index * 56 + 8, view.getBigUint64(64 + 8, true), true)
      view.setBigUint64(64 + index * 56 + 32, BigInt(note.length), true)
    }
    const { kernel } = await readKernelImage(bytes, identity, decompress)
    expect(kernel.buildId).toBeNull()
  })
})
