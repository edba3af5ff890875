import { ascii, cString, matchesAt, viewOf } from './binary.js'
import { compressionOf, type KernelCompression } from './compression.js'
import { ArtifactError } from './errors.js'
import { byteLimits } from './limits.js'

const magic = ascii('zimg')
/** Bytes of the header up to the offset of the PE header. */
const headerBytes = 0x40
/** A kernel decompresses to at most this many times its payload: a larger size is none that is believed. */
const mostRatio = 64

/** What the header of an EFI zboot image says (`drivers/firmware/efi/libstub/zboot-header.S`, from 6.1). */
export interface Zboot {
  readonly format: KernelCompression
  /** The compressed kernel, as a subarray. */
  readonly payload: Uint8Array
  /** Expected size of the decompressed payload in bytes; 0 where nothing tells. */
  readonly size: number
}

/** True for an EFI zboot image (arm64, riscv, loongarch: `vmlinuz.efi`). */
export function isZboot(bytes: Uint8Array): boolean {
  return bytes[0] === 0x4d && bytes[1] === 0x5a && matchesAt(bytes, 4, magic)
}

/**
 * Finds the compressed kernel of an EFI zboot image: its offset is at 8, its length at 12, and what compressed it is named at 24
 * (`gzip`, `lz4`, `lzma`, `lzo`, `xzkern`, `zstd22`, from 6.14 `zstd`). The payload's own magic decides. But for gzip, the
 * decompressed size follows the payload, not counted in its length. Throws `kernel-image-malformed`, `kernel-image-truncated` or
 * `compression-unsupported`.
 */
export function zbootPayload(bytes: Uint8Array): Zboot {
  if (!isZboot(bytes)) throw new ArtifactError('kernel-image-malformed', 'zboot header', 'It is not zboot')
  if (bytes.length < headerBytes) throw new ArtifactError('kernel-image-truncated', 'zboot header')
  const view = viewOf(bytes)
  const start = view.getUint32(8, true)
  const length = view.getUint32(12, true)
  if (start < headerBytes || length === 0)
    throw new ArtifactError('kernel-image-malformed', 'payload', `It has ${length} bytes, at ${start}`)
  if (start + length > bytes.length)
    throw new ArtifactError(
      'kernel-image-truncated',
      'payload',
      `It would end at byte ${start + length} of ${bytes.length}`,
    )
  const payload = bytes.subarray(start, start + length)
  const format = compressionOf(payload)
  if (format === null) {
    const named = cString(bytes, 24, 0x38, 32)
    throw new ArtifactError('compression-unsupported', 'payload', `No known magic, though it says ${named}`)
  }
  const sizeAt = format === 'gzip' ? start + length - 4 : start + length
  const named = sizeAt + 4 <= bytes.length ? view.getUint32(sizeAt, true) : 0
  const believed = named <= Math.min(byteLimits.kernelBytes, length * mostRatio)
  return { format, payload, size: believed ? named : 0 }
}
