import { ascii, matchesAt } from './binary.js'

/** Compression that a kernel image's payload may have (`scripts/Makefile.lib`). */
export type KernelCompression = 'gzip' | 'xz' | 'zstd' | 'lz4' | 'lzma' | 'bzip2' | 'lzo'

/** Formats with a magic at byte 0; the size of raw LZMA's header is no magic, see `isLzma`. */
export const compressionMagics: readonly {
  readonly format: KernelCompression
  readonly at: number
  readonly bytes: Uint8Array
}[] = [
  { format: 'gzip', at: 0, bytes: Uint8Array.of(0x1f, 0x8b, 8) },
  { format: 'xz', at: 0, bytes: Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0) },
  { format: 'zstd', at: 0, bytes: Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd) },
  { format: 'lz4', at: 0, bytes: Uint8Array.of(0x02, 0x21, 0x4c, 0x18) },
  { format: 'lz4', at: 0, bytes: Uint8Array.of(0x04, 0x22, 0x4d, 0x18) },
  { format: 'bzip2', at: 0, bytes: ascii('BZh') },
  { format: 'lzo', at: 0, bytes: Uint8Array.of(0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a) },
]

/** True for LZ4 in its legacy format, and not in frames. */
export function isLz4Legacy(bytes: Uint8Array): boolean {
  return bytes[0] === 0x02 && bytes[1] === 0x21 && bytes[2] === 0x4c && bytes[3] === 0x18
}

/** Compression by magic alone; raw LZMA by its properties byte, a power-of-two dictionary and a plausible size. */
export function compressionOf(bytes: Uint8Array): KernelCompression | null {
  for (const { format, at, bytes: needle } of compressionMagics)
    if (matchesAt(bytes, at, needle)) return format
  return isLzma(bytes) ? 'lzma' : null
}

/** The .lzma header has no magic: properties (0x5d everywhere), dictionary size, and a size that is unknown or below 2^40. */
export function isLzma(bytes: Uint8Array): boolean {
  if (bytes.length < 13 || bytes[0] !== 0x5d || bytes[1] !== 0 || bytes[2] !== 0) return false
  const dictionary = bytes[3]! | (bytes[4]! << 8)
  if (dictionary === 0 || (dictionary & (dictionary - 1)) !== 0) return false
  const sizeTop = bytes.subarray(10, 13)
  return sizeTop.every((byte) => byte === 0) || bytes.subarray(5, 13).every((byte) => byte === 0xff)
}
