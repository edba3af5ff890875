import { compressionOf, type KernelCompression } from '../bytes/compression.js'
import { ArtifactError } from '../bytes/errors.js'
import { type CodecOptions, decompressStream } from '../codec/index.js'
import type { Limits } from '../limits.js'
import { ByteReader } from '../source/reader.js'
import { cpioMembers } from './cpio.js'
import type { Member, UnreadMember } from './member.js'

/** Bytes that tell a compression. */
const headBytes = 16

/** How an image was met: as it stands, or decompressed already. */
export interface InitramfsOptions {
  /** What is read was compressed: no more compression may be in it, as in no image that a kernel unpacks. */
  readonly unpacked: boolean
  /** Called for each archive: null for one as it stands, else what it is compressed with. */
  readonly onPart: (compression: KernelCompression | null) => void
}

/**
 * The regular files of an initramfs image (Documentation/driver-api/early-userspace/buffer-format.rst; `init/initramfs.c`:
 * `unpack_to_rootfs`): cpio archives one after the other with zeros between them, as they stand or compressed. dracut,
 * mkinitcpio and initramfs-tools put archives as they stand first (microcode, firmware, modules), and a compressed one last.
 * What follows compressed data is an error unless it is zeros, or more of the same compression. Throws what `cpioMembers` and
 * `decompressStream` throw, `format-unknown` and `nested-too-deep`.
 */
export async function* initramfsMembers(
  reader: ByteReader,
  limits: Limits,
  codec: CodecOptions,
  { unpacked, onPart }: InitramfsOptions,
): AsyncGenerator<Member | UnreadMember> {
  let members = 0
  while (await reader.skipZeros()) {
    await reader.fill(headBytes)
    const head = reader.peek(headBytes)
    const compression = isCpio(head) ? null : compressionOf(head)
    if (compression === null) {
      onPart(null)
      for await (const member of cpioMembers(reader, limits)) {
        if (++members > limits.members)
          throw new ArtifactError('limit-exceeded', 'members', 'The image has too many members')
        yield member
      }
      continue
    }
    if (unpacked) throw new ArtifactError('nested-too-deep', String(reader.offset), 'It is compressed twice')
    const content = decompressStream(compression, reader.rest(), limits.payloadBytes, codec)
    const inner = new ByteReader(content)
    try {
      onPart(compression)
      yield* initramfsMembers(inner, limits, codec, { unpacked: true, onPart: () => {} })
    } finally {
      await inner.close()
    }
  }
}

/** `070701` or `070702`: the forms that kernels unpack. */
function isCpio(head: Uint8Array): boolean {
  return /^07070[12]$/.test(String.fromCharCode(...head.subarray(0, 6)))
}
