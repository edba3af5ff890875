import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  bzImagePayload,
  type Decompress,
  decodeLz4,
  findBanner,
  findBaseBtf,
  readKernelImage,
  readRawBtf,
  zbootPayload,
} from '../../src/bytes/index.js'
import { codeOf, rejection } from './support/codes.js'
import {
  banner,
  buildIdNote,
  chars,
  identity,
  join,
  Writer,
  writeArm64Image,
  writeBtf,
  writeBzImage,
  writeElf,
  writeLz4Legacy,
  writeZboot,
} from './support/writers.js'

const config = `#
# Automatically generated file; DO NOT EDIT.
# Linux/x86 6.1.192 Kernel Configuration
#
CONFIG_MODVERSIONS=y
CONFIG_DEBUG_INFO_BTF_MODULES=y
`
const ikconfig = join('IKCFG_ST', gzipSync(config), 'IKCFG_ED')
const file = { file: 'pkg.deb!boot/vmlinuz-6.1.0-56-test', sha256: 'ab', size: 1 }
const decompress: Decompress = (format, payload, size, maxSize) => {
  if (format === 'gzip') return new Uint8Array(gunzipSync(payload, { maxOutputLength: maxSize }))
  if (format === 'lz4') return decodeLz4(payload, size, maxSize)
  throw new Error(`not used here: ${format}`)
}
const read = (bytes: Uint8Array, as = file) => readKernelImage(bytes, as, decompress)
const size = (value: number) => new Writer(true).int(4, value).done()

const rodata = { name: '.rodata', data: join('Linux version %s\n\0', ikconfig, banner, '\n\0') }
const vmlinux = (spec = {}) =>
  writeElf({
    type: 2,
    sections: [
      { name: '.notes', type: 7, data: buildIdNote([1, 2]) },
      rodata,
      { name: '.BTF', data: writeBtf(3) },
    ],
    ...spec,
  })
const facts = {
  type: 'kernel',
  ...file,
  release: '6.1.0-56-test',
  version: '6.1.192',
  banner,
  config: {
    btfModules: true,
    allowBtfMismatch: null,
    modversions: true,
    forceLoad: null,
    missingNamespaces: null,
    compiler: null,
    pahole: null,
  },
  elfMachine: 62,
  btf: writeBtf(3),
  vermagic: null,
  exports: null,
}

describe('readKernelImage', () => {
  it('reads a vmlinux with its banner, config, build id and BTF', async () => {
    const { kernel, config: found, problems } = await read(vmlinux())
    expect(kernel).toEqual({ ...facts, kind: 'vmlinux', buildId: '0102', machine: 'little-64' })
    expect(found?.version).toBe('6.1.192')
    expect(problems).toEqual([])
  })

  it('reads a big-endian 32-bit vmlinux that relocates itself (ET_DYN)', async () => {
    const sections = [{ name: '.notes', type: 7, data: buildIdNote([7], false) }, rodata]
    const { kernel } = await read(writeElf({ type: 3, bits: 32, little: false, sections }))
    expect([kernel.machine, kernel.buildId, kernel.banner]).toEqual(['big-32', '07', banner])
  })

  it('keeps a vmlinux without BTF, and says so', async () => {
    for (const sections of [[rodata], [rodata, { name: '.BTF' }]]) {
      const { kernel, problems } = await read(vmlinux({ sections }))
      expect([kernel.btf, kernel.version]).toEqual([null, '6.1.192'])
      expect(problems).toMatchObject([{ code: 'btf-absent', file: file.file, at: '.BTF' }])
    }
  })

  it('does not take a compressed section for BTF, and says so', async () => {
    const { kernel, problems } = await read(
      vmlinux({ sections: [rodata, { name: '.BTF', data: [1], flags: 0x800 }] }),
    )
    expect(kernel.btf).toBeNull()
    expect(problems).toMatchObject([{ code: 'section-compressed', at: '.BTF' }])
  })

  it.each([
    ['gzip', (data: Uint8Array) => new Uint8Array(gzipSync(data))],
    ['lz4', (data: Uint8Array) => join(writeLz4Legacy(data), size(data.length))],
  ] as const)('reads a bzImage with a %s payload through its setup header', async (format, pack) => {
    const image = writeBzImage(pack(vmlinux()), '6.1.0-56-test (b@example.org) #1 SMP', 7)
    expect(bzImagePayload(image)).toMatchObject({
      format,
      size: vmlinux().length,
      kernelVersion: '6.1.0-56-test (b@example.org) #1 SMP',
    })
    const { kernel, problems } = await read(image)
    expect(kernel).toEqual({ ...facts, kind: 'bzimage', buildId: '0102', machine: 'little-64' })
    expect(problems).toEqual([])
  })

  it('uses the setup header where the kernel has no banner', async () => {
    const data = vmlinux({ sections: [{ name: '.BTF', data: writeBtf(1) }] })
    const image = writeBzImage(
      new Uint8Array(gzipSync(data)),
      '6.1.0-57-x (b@example.org) #1 SMP Debian 6.1.193-1 (2026-02-02)',
    )
    const { kernel, setupVersion } = await read(image, { ...file, file: 'vmlinuz' })
    expect(setupVersion).toBe('6.1.0-57-x (b@example.org) #1 SMP Debian 6.1.193-1 (2026-02-02)')
    expect([kernel.banner, kernel.release, kernel.version]).toEqual([null, '6.1.0-57-x', '6.1.193'])
  })

  it('reports a setup header that contradicts the banner', async () => {
    const image = writeBzImage(new Uint8Array(gzipSync(vmlinux())), '6.1.0-55-test (b@example.org) #1')
    const { kernel, problems } = await read(image)
    expect(kernel.release).toBe('6.1.0-56-test')
    expect(problems).toMatchObject([{ code: 'version-contradicts', at: 'setup header' }])
    expect(problems[0]!.message).toContain('6.1.0-55-test')
  })

  it('finds the BTF of a flat Image by its header, the longest that stands alone', async () => {
    const split = writeBtf(5)
    // References beyond its own types and names beyond its own strings: a split BTF does not stand alone.
    new DataView(split.buffer).setUint32(24, 9999, true)
    const content = join(
      split,
      [0x9f, 0xeb, 1, 0],
      writeBtf(2),
      'xx',
      writeBtf(3),
      writeBtf(1),
      banner,
      '\n\0',
      ikconfig,
    )
    const { kernel, problems } = await read(writeArm64Image(content))
    expect(kernel).toEqual({ ...facts, kind: 'image', buildId: null, machine: 'little-64', elfMachine: 183 })
    expect(problems).toEqual([])
  })

  it('reads on when the embedded config is damaged', async () => {
    const damaged = ikconfig.slice()
    damaged.fill(0xff, 20, 40)
    const failing: Decompress = () => {
      throw new Error('a fault of the program')
    }
    const sections = [{ name: '.rodata', data: join(damaged, banner, '\0') }]
    await expect(readKernelImage(vmlinux({ sections }), file, failing)).rejects.toThrow(
      'fault of the program',
    )
    const empty: Decompress = () => new Uint8Array(0)
    const { kernel, problems } = await readKernelImage(vmlinux({ sections }), file, empty)
    expect([kernel.config, kernel.version]).toEqual([null, '6.1.192'])
    expect(problems.map(({ code, at }) => `${code} ${at}`)).toEqual([
      'btf-absent .BTF',
      'config-malformed IKCONFIG',
    ])
  })

  it('refuses what is no kernel, or is cut off', async () => {
    expect(await rejection(read(writeElf({ sections: [] })))).toBe('elf-unsupported e_type')
    expect(await rejection(read(chars('hello')))).toBe('kernel-image-unsupported null')
    expect(await rejection(read(join('MZ\0\0zimg', new Uint8Array(99))))).toBe(
      'kernel-image-malformed payload',
    )
    expect(await rejection(read(vmlinux().subarray(0, 500)))).toBe('elf-truncated section header 0')
    const wrongSize = writeBzImage(join(writeLz4Legacy(vmlinux()), size(vmlinux().length + 1)))
    expect(await rejection(read(wrongSize))).toBe('kernel-image-malformed payload')
  })
})

describe('an EFI zboot image', () => {
  const packed = new Uint8Array(gzipSync(writeArm64Image(join(writeBtf(3), banner, '\n\0'))))
  const image = writeZboot(packed, 'gzip')
  const changed = (at: number, value: number) => {
    const bytes = image.slice()
    new DataView(bytes.buffer).setUint32(at, value, true)
    return bytes
  }

  it.each([
    ['arm64', 'ARMd', 183],
    ['riscv', 'RSC\x05', 243],
    ['loongarch', 'xxxx', null],
  ])('holds a flat Image of %s', async (_machine, magic, elfMachine) => {
    const content = writeArm64Image(join(writeBtf(3), banner, '\n\0', ikconfig), magic)
    // The flags of arm64 and riscv; elsewhere the byte means something else.
    if (magic === 'xxxx') content[0x18] = 1
    const { kernel, problems } = await read(writeZboot(new Uint8Array(gzipSync(content)), 'gzip'))
    expect(kernel).toEqual({ ...facts, kind: 'efi-zboot', buildId: null, machine: 'little-64', elfMachine })
    expect(problems).toEqual([])
  })

  it('tells the size behind its payload where that can be', () => {
    const size = (bytes: Uint8Array) => zbootPayload(bytes).size
    const lz4 = writeLz4Legacy(chars('x'.repeat(100)))
    expect(size(image)).toBe(gunzipSync(packed).length)
    expect(size(writeZboot(lz4, 'lz4', [100, 0, 0, 0]))).toBe(100)
    expect(size(writeZboot(lz4, 'lz4', [0xff, 0xff, 0xff, 0x1f]))).toBe(0)
    expect(zbootPayload(writeZboot(lz4, 'lz4')).payload).toEqual(lz4)
  })

  it.each([
    ['offset beyond the end', changed(8, 0xffffffff), 'kernel-image-truncated payload'],
    ['offset within the header', changed(8, 8), 'kernel-image-malformed payload'],
    ['length beyond the end', changed(12, 0xffffffff), 'kernel-image-truncated payload'],
    ['no payload', changed(12, 0), 'kernel-image-malformed payload'],
    ['unknown payload', changed(8, 0x40), 'compression-unsupported payload'],
    ['header cut off', image.subarray(0, 60), 'kernel-image-truncated zboot header'],
    ['not one', chars('x'.repeat(99)), 'kernel-image-malformed zboot header'],
  ])('%s', (_, bytes, expected) => expect(codeOf(() => zbootPayload(bytes))).toBe(expected))

  it('with anything but a kernel in it has no BTF', async () => {
    const { kernel, problems } = await read(writeZboot(new Uint8Array(gzipSync('hello')), 'gzip'))
    expect([kernel.btf, kernel.version]).toEqual([null, null])
    expect(problems).toMatchObject([{ code: 'btf-absent' }])
  })
})

describe('bzImagePayload', () => {
  const image = writeBzImage(new Uint8Array(gzipSync(vmlinux())))
  const changed = (change: (view: DataView) => void) => {
    const bytes = image.slice()
    change(new DataView(bytes.buffer))
    return bytes
  }

  it.each([
    [
      'boot protocol',
      changed((view) => view.setUint16(0x206, 0x207, true)),
      'kernel-image-unsupported byte 518',
    ],
    ['offset', changed((view) => view.setUint32(0x248, 0xffffffff, true)), 'kernel-image-truncated payload'],
    ['length', changed((view) => view.setUint32(0x24c, 0xffffffff, true)), 'kernel-image-truncated payload'],
    [
      'no payload',
      changed((view) => view.setUint32(0x24c, 0, true)),
      'kernel-image-malformed payload_length',
    ],
    ['no size', writeBzImage(join('not compressed', size(0))), 'kernel-image-malformed payload'],
    ['not one', chars('x'.repeat(600)), 'kernel-image-malformed setup header'],
    ['cut off', image.subarray(0, image.length - 20), 'kernel-image-truncated payload'],
    ['setup cut off', image.subarray(0, 0x240), 'kernel-image-truncated setup header'],
    ['unknown payload', writeBzImage(chars('not compressed')), 'limit-exceeded payload'],
    ['unknown magic', writeBzImage(join('not compressed', size(9))), 'compression-unsupported payload'],
  ])('%s', (_, bytes, expected) => expect(codeOf(() => bzImagePayload(bytes))).toBe(expected))
})

describe('findBanner', () => {
  it('passes over texts that are no banner', () => {
    const text = 'Linux version %s (%s)\0see Linux version 6.1\0Linux version 6.1.0 (unfinished\0'
    expect(findBanner(chars(text))).toBeNull()
    expect(findBanner(chars(`${text + banner}\n\0`))).toBe(banner)
  })
})

describe('findBaseBtf', () => {
  it('reads big-endian BTF, and not in the other byte order', () => {
    const bytes = join([0, 0, 0], writeBtf(4, false), [0])
    expect(findBaseBtf(bytes, false)).toEqual(writeBtf(4, false))
    expect(findBaseBtf(bytes, true)).toBeNull()
  })

  it('takes the layout section that follows the strings', () => {
    const plain = writeBtf(2)
    const header = new Writer(true).raw(plain.subarray(0, 4)).int(4, 32).raw(plain.subarray(8, 24))
    const layout = [1, 2, 3, 4]
    const whole = join(
      header
        .int(4, plain.length - 24)
        .int(4, 4)
        .done(),
      plain.subarray(24),
      layout,
    )
    expect(findBaseBtf(join(whole, 'tail'), true)).toEqual(whole)
  })

  it.each([
    ['kind', 24 + 7, 0x3f],
    ['name', 24 + 1, 0xff],
    ['reference', 24 + 2 * 16 + 8, 4],
    ['type length', 12, 40],
    ['first string', 24 + 2 * 16 + 12, 1],
  ])('refuses a wrong %s', (_, at, value) => {
    const bytes = writeBtf(2)
    expect(findBaseBtf(bytes, true)).not.toBeNull()
    bytes[at] = value
    expect(findBaseBtf(bytes, true)).toBeNull()
  })
})

describe('readRawBtf', () => {
  it.each([true, false])('takes raw BTF by its magic (little endian %s)', (little) => {
    const kernel = readRawBtf(writeBtf(1, little), identity)
    expect(kernel).toMatchObject({ kind: 'raw-btf', version: null, btf: writeBtf(1, little) })
  })

  it('refuses anything else', () => {
    expect(codeOf(() => readRawBtf(chars('BTF'), identity))).toBe('btf-malformed byte 0')
  })
})
