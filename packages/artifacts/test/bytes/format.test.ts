import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compressionOf, detectFormat } from '../../src/bytes/index.js'
import {
  chars,
  join,
  writeArm64Image,
  writeBtf,
  writeBzImage,
  writeElf,
  writeLz4Legacy,
} from './support/writers.js'

const config =
  '#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 6.1.192 Kernel Configuration\n#\nCONFIG_A=y\n'

/** A tar header block of the time before POSIX: no magic, only the sum of its bytes. */
function oldTar(): Uint8Array {
  const block = new Uint8Array(512)
  block.set(chars('a/b.ko'), 0)
  block.set(chars('        '), 148)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.set(chars(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
  return block
}

describe('detectFormat', () => {
  it.each([
    ['elf', writeElf({ sections: [] })],
    ['bzimage', writeBzImage(chars('x'))],
    ['arm64-image', writeArm64Image(chars('x'))],
    ['arm64-image', join('MZ', writeArm64Image(chars('x')).subarray(2))],
    ['riscv-image', writeArm64Image(chars('x'), 'RSC\x05')],
    ['efi-zboot', join('MZ\0\0zimg', new Uint8Array(64))],
    ['raw-btf', writeBtf(1)],
    ['raw-btf', writeBtf(1, false)],
    ['gzip', new Uint8Array(gzipSync('x'))],
    ['xz', join([0xfd], '7zXZ\0')],
    ['zstd', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd)],
    ['bzip2', chars('BZh91AY&SY')],
    ['lz4', writeLz4Legacy(chars('x'))],
    ['lz4', Uint8Array.of(0x04, 0x22, 0x4d, 0x18)],
    ['lzo', Uint8Array.of(0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a)],
    ['lzma', join([0x5d, 0, 0, 0x80, 0], new Uint8Array(8).fill(0xff), [0])],
    ['lzma', join([0x5d, 0, 0, 0, 2], [1, 2, 3, 0, 0, 0, 0, 0])],
    ['deb', chars('!<arch>\ndebian-binary   1410122664  0')],
    ['ar', chars('!<arch>\nfile.o/')],
    ['rpm', Uint8Array.of(0xed, 0xab, 0xee, 0xdb, 3, 0)],
    ['cpio', chars('070701000')],
    ['cpio', chars('070707000')],
    ['cpio', Uint8Array.of(0xc7, 0x71)],
    ['tar', join(new Uint8Array(257), 'ustar\x0000', new Uint8Array(300))],
    ['tar', oldTar()],
    ['config', chars(config)],
    ['unknown', new Uint8Array(0)],
    ['unknown', new Uint8Array(1024)],
    ['unknown', chars('CONFIG_A=y\n')],
    ['unknown', join([0x5d, 0, 0, 3, 0], new Uint8Array(8))],
    ['unknown', join([0x5d, 0, 0, 0, 0], new Uint8Array(8))],
  ] as const)('%s', (format, bytes) => {
    // A name that says otherwise does not matter.
    expect(detectFormat(bytes, 'boot/vmlinuz.ko.gz')).toBe(format)
  })

  it('asks the name only where there is no magic', () => {
    expect(detectFormat(chars('CONFIG_A=y\n'), 'pkg!boot/config-6.1')).toBe('config')
    expect(detectFormat(chars('hello'), 'boot/config-6.1')).toBe('unknown')
    expect(detectFormat(Uint8Array.of(0x9f, 0xeb, 2, 0), 'a.btf')).toBe('raw-btf')
    expect(detectFormat(Uint8Array.of(0x9f, 0xeb, 2, 0), 'a')).toBe('unknown')
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), fc.string(), (bytes, name) => {
        expect(typeof detectFormat(bytes, name)).toBe('string')
        expect(compressionOf(bytes) ?? 'none').toBeTypeOf('string')
      }),
    )
  })
})
