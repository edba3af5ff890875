import { ascii, matchesAt } from './binary.js'
import { isBzImage } from './bzimage.js'
import { compressionMagics, isLzma, type KernelCompression } from './compression.js'
import { isZboot } from './zboot.js'

/** What `detectFormat` tells apart. `lz4` is both the legacy and the frame format. */
export type Format =
  | 'elf'
  | 'bzimage'
  | 'arm64-image'
  | 'riscv-image'
  | 'efi-zboot'
  | 'raw-btf'
  | KernelCompression
  | 'ar'
  | 'deb'
  | 'rpm'
  | 'tar'
  | 'cpio'
  | 'config'
  | 'symvers'
  | 'unknown'

interface Magic {
  readonly format: Format
  readonly at: number
  readonly bytes: Uint8Array
}

function magic(format: Format, at: number, ...bytes: number[]): Magic {
  return { format, at, bytes: Uint8Array.from(bytes) }
}

/** In the order in which they are tried; archives that start with a name come last. */
const magics: readonly Magic[] = [
  magic('elf', 0, 0x7f, 0x45, 0x4c, 0x46),
  ...compressionMagics,
  { format: 'deb', at: 0, bytes: ascii('!<arch>\ndebian-binary') },
  { format: 'ar', at: 0, bytes: ascii('!<arch>\n') },
  magic('rpm', 0, 0xed, 0xab, 0xee, 0xdb),
  { format: 'cpio', at: 0, bytes: ascii('070701') },
  { format: 'cpio', at: 0, bytes: ascii('070702') },
  { format: 'cpio', at: 0, bytes: ascii('070707') },
  magic('cpio', 0, 0xc7, 0x71),
  magic('cpio', 0, 0x71, 0xc7),
  { format: 'tar', at: 257, bytes: ascii('ustar') },
]
/** At 0x38 of a flat image (Documentation/arch/arm64/booting.rst, Documentation/arch/riscv/boot-image-header.rst). */
const arm64Magic = ascii('ARM\x64')
const riscvMagic = ascii('RSC\x05')

/** BTF's magic in either byte order, with version 1 and no flags; a name that ends in `.btf` makes the magic enough. */
function isRawBtf(bytes: Uint8Array, name: string): boolean {
  const little = bytes[0] === 0x9f && bytes[1] === 0xeb
  const big = bytes[0] === 0xeb && bytes[1] === 0x9f
  if (!little && !big) return false
  return (bytes[2] === 1 && bytes[3] === 0) || name.endsWith('.btf')
}

/** Tar before POSIX has no magic: its header block carries the sum of its own bytes, the sum's field counted as blanks. */
function isOldTar(bytes: Uint8Array): boolean {
  if (bytes.length < 512 || bytes[0] === 0) return false
  let sum = 8 * 0x20
  for (let at = 0; at < 512; at++) if (at < 148 || at >= 156) sum += bytes[at]!
  const field = String.fromCharCode(...bytes.subarray(148, 156))
  return /^ *[0-7]+[ \0]/.test(field) && Number.parseInt(field.trim(), 8) === sum
}

/** A config by its text: the line that kconfig writes first, or a config line at its start where the name says config. */
function isConfig(bytes: Uint8Array, name: string): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 4096))
  if (/^#\n# Automatically generated (?:file|make config)[;:] (?:DO NOT EDIT|don't edit)/i.test(start))
    return true
  const last = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('!')) + 1)
  return /^\.?config\b/.test(last) && /^(?:# )?CONFIG_\w+(?:=| is not set)/m.test(start)
}

/** A Module.symvers starts with the CRC of its first export, as modpost prints it, and a tab. */
function isSymvers(bytes: Uint8Array): boolean {
  return /^0x[0-9a-f]{8}\t$/.test(String.fromCharCode(...bytes.subarray(0, 11)))
}

/**
 * Tells what a file is by its first bytes (64 KiB or all of it; 592 bytes decide everything but a config). Names are data:
 * they are a hint only where a format has no magic of its own. Never throws.
 */
export function detectFormat(bytes: Uint8Array, name = ''): Format {
  if (isBzImage(bytes)) return 'bzimage'
  if (matchesAt(bytes, 0x38, arm64Magic)) return 'arm64-image'
  if (matchesAt(bytes, 0x38, riscvMagic)) return 'riscv-image'
  if (isZboot(bytes)) return 'efi-zboot'
  for (const { format, at, bytes: needle } of magics) if (matchesAt(bytes, at, needle)) return format
  if (isRawBtf(bytes, name)) return 'raw-btf'
  if (isOldTar(bytes)) return 'tar'
  if (isConfig(bytes, name)) return 'config'
  if (isSymvers(bytes)) return 'symvers'
  return isLzma(bytes) ? 'lzma' : 'unknown'
}
