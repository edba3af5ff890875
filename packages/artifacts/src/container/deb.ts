import { compressionOf } from '../bytes/compression.js'
import { ArtifactError } from '../bytes/errors.js'
import { type CodecOptions, decompressStream } from '../codec/index.js'
import type { Limits } from '../limits.js'
import { ByteReader } from '../source/reader.js'
import { arMembers } from './ar.js'

/**
 * Hands the data tar of a Debian package (deb(5), format 2.x) to `use`, decompressed; what `use` gives is handed on. The
 * package is read to its end, so that what is missing there is seen. Throws `archive-malformed`, `archive-truncated`,
 * and what decompressing throws.
 */
export async function* readDeb<T>(
  reader: ByteReader,
  limits: Limits,
  codec: CodecOptions,
  use: (tar: ByteReader) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  let first = true
  let seen = false
  for await (const member of arMembers(reader, limits)) {
    if (first) {
      const version = member.path === 'debian-binary' ? String.fromCharCode(...(await member.peek(4))) : ''
      if (!version.startsWith('2.')) {
        throw new ArtifactError(
          'archive-malformed',
          'debian-binary',
          'This is not a Debian package of format 2',
        )
      }
      first = false
    } else if (/^data\.tar(\.\w+)?$/.test(member.path) && !seen) {
      seen = true
      const format = compressionOf(await member.peek(16))
      const content = member.stream()
      const tar = new ByteReader(
        format === null ? content : decompressStream(format, content, limits.payloadBytes, codec),
      )
      try {
        yield* use(tar)
        await tar.drain()
      } finally {
        await tar.close()
      }
    }
  }
  if (!seen) throw new ArtifactError('archive-truncated', 'data.tar', 'The package has no data.tar')
}
