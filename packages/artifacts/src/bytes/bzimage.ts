import { ascii, cString, matchesAt, viewOf } from './binary.js'
import { compressionOf, type KernelCompression } from './compression.js'
import { ArtifactError } from './errors.js'
import { byteLimits } from './limits.js'

const hdrs = ascii('HdrS')

/** What the x86 setup header of a bzImage says (Documentation/arch/x86/boot.rst). */
export interface BzImage {
  readonly format: KernelCompression
  /** The compressed kernel, as a subarray, without the size that the build appends to it (gzip keeps its own). */
  readonly payload: Uint8Array
  /** Size of the decompressed payload, from its last four bytes. */
  readonly size: number
  /** Boot protocol's `kernel_version`: `6.1.0-56-amd64 (…) #1 SMP …`; null where it is not set. */
  readonly kernelVersion: string | null
}

/** True for an x86 bzImage: the boot sector's mark and the setup header's magic. */
export function isBzImage(bytes: Uint8Array): boolean {
  return bytes[0x1fe] === 0x55 && bytes[0x1ff] === 0xaa && matchesAt(bytes, 0x202, hdrs)
}

/**
 * Finds the compressed kernel of a bzImage through its setup header: `payload_offset` (0x248) counts from the
 * protected-mode code, which follows `setup_sects` (0x1f1; 0 means 4) sectors and the boot sector. Boot protocol 2.08 or
 * newer (kernel 2.6.26). Throws `kernel-image-malformed`, `-truncated` or `-unsupported`.
 */
export function bzImagePayload(bytes: Uint8Array): BzImage {
  if (!isBzImage(bytes))
    throw new ArtifactError('kernel-image-malformed', 'setup header', 'It is not a bzImage')
  if (bytes.length < 0x250) throw new ArtifactError('kernel-image-truncated', 'setup header')
  const view = viewOf(bytes)
  const protocol = view.getUint16(0x206, true)
  if (protocol < 0x208)
    throw new ArtifactError('kernel-image-unsupported', 'byte 518', `Boot protocol ${protocol.toString(16)}`)
  const sectors = bytes[0x1f1] === 0 ? 4 : bytes[0x1f1]!
  const start = (sectors + 1) * 512 + view.getUint32(0x248, true)
  const length = view.getUint32(0x24c, true)
  if (length < 8) throw new ArtifactError('kernel-image-malformed', 'payload_length', `It is ${length}`)
  if (start + length > bytes.length)
    throw new ArtifactError(
      'kernel-image-truncated',
      'payload',
      `It would end at byte ${start + length} of ${bytes.length}`,
    )
  const size = view.getUint32(start + length - 4, true)
  if (size === 0)
    throw new ArtifactError('kernel-image-malformed', 'payload', 'It says that it decompresses to nothing')
  if (size > byteLimits.kernelBytes)
    throw new ArtifactError('limit-exceeded', 'payload', `It says that it decompresses to ${size} bytes`)
  const whole = bytes.subarray(start, start + length)
  const format = compressionOf(whole)
  if (format === null) throw new ArtifactError('compression-unsupported', 'payload', 'No known magic')
  return {
    format,
    payload: format === 'gzip' ? whole : whole.subarray(0, length - 4),
    size,
    kernelVersion: versionString(bytes, view.getUint16(0x20e, true), (sectors + 1) * 512),
  }
}

/** `kernel_version` holds the string's offset less 0x200; it lies in the setup code. */
function versionString(bytes: Uint8Array, offset: number, end: number): string | null {
  if (offset === 0) return null
  const value = cString(bytes, offset + 0x200, Math.min(end, bytes.length), byteLimits.bannerBytes)
  return /^\d+\.\d+/.test(value) ? value.trimEnd() : null
}
