import { createHash, hash } from 'node:crypto'
import { ArtifactError } from '../bytes/errors.js'
import { type CodecOptions, decompressStream } from '../codec/index.js'
import type { Limits } from '../limits.js'
import { ByteReader } from '../source/reader.js'
import type { ListedFile } from './cpio.js'
import { streamFormat } from './deb.js'
import { listedFiles, type RpmHeader, readRpmHeader, rpmTag } from './rpm-header.js'

const leadBytes = 96

/**
 * Hands the cpio payload of an RPM package (format 4) to `use`, decompressed, with the files that the header lists; what
 * `use` gives is handed on. The header is checked against the signature header's SHA-256 before anything is believed, and the
 * payload against the header's once it has been read: `checksum-mismatch`. Throws `archive-malformed`,
 * `archive-truncated`, `limit-exceeded`, `compression-unsupported`, `format-unsupported` (other formats), and what
 * decompressing throws.
 */
export async function* readRpm<T>(
  reader: ByteReader,
  limits: Limits,
  codec: CodecOptions,
  use: (cpio: ByteReader, listed: readonly ListedFile[]) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const lead = await reader.take(leadBytes, 'the lead of an RPM')
  if (lead[0] !== 0xed || lead[1] !== 0xab || lead[2] !== 0xee || lead[3] !== 0xdb) {
    throw new ArtifactError('archive-malformed', '0', 'This is not an RPM')
  }
  const signature = await readRpmHeader(reader, limits, 'the signature header')
  const over = reader.offset % 8
  if (over > 0) await reader.skip(8 - over, 'the padding of the signature header')
  const header = await readRpmHeader(reader, limits, 'the header')
  checkHeader(signature, header)
  checkForm(header)
  const listed = listedFiles(header)
  const format = streamFormat(await peek(reader, 16))
  const digest = payloadDigest(header)
  const content = digest === null ? reader.rest() : digest.through(reader.rest())
  const cpio = new ByteReader(
    format === null ? content : decompressStream(format, content, limits.payloadBytes, codec),
  )
  try {
    yield* use(cpio, listed)
    await cpio.drain()
    digest?.check()
  } finally {
    await cpio.close()
  }
}

async function peek(reader: ByteReader, count: number): Promise<Uint8Array> {
  await reader.fill(count)
  return reader.peek(count)
}

/** The signature header's SHA-256 of the header, where it has one. */
function checkHeader(signature: RpmHeader, header: RpmHeader): void {
  const expected = signature.string(rpmTag.sha256Header)
  if (expected !== null && expected.toLowerCase() !== hash('sha256', header.bytes, 'hex')) {
    throw new ArtifactError(
      'checksum-mismatch',
      'header',
      'The header does not have the SHA-256 in its signature header',
    )
  }
}

/** Only cpio payloads of format 4 are read. */
function checkForm(header: RpmHeader): void {
  const version = header.number(rpmTag.rpmFormat)
  if (version !== null && version > 4) {
    throw new ArtifactError(
      'format-unsupported',
      'header',
      `This is an RPM of format ${version}, and 4 is read`,
    )
  }
  const payload = header.string(rpmTag.payloadFormat)
  if (payload !== null && payload !== 'cpio') {
    throw new ArtifactError(
      'format-unsupported',
      'header',
      `The payload is ${payload.slice(0, 16)}, and cpio is read`,
    )
  }
}

/** SHA-256 of the payload as it stands, taken while it is read. Null when the header has none that is known. */
function payloadDigest(header: RpmHeader) {
  const expected = header.string(rpmTag.payloadDigest)
  const sha256Algorithm = 8
  if (
    expected === null ||
    (header.number(rpmTag.payloadDigestAlgorithm) ?? sha256Algorithm) !== sha256Algorithm
  )
    return null
  const running = createHash('sha256')
  return {
    async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const part of source) {
        running.update(part)
        yield part
      }
    },
    check(): void {
      if (running.digest('hex') === expected.toLowerCase()) return
      throw new ArtifactError(
        'checksum-mismatch',
        'payload',
        'The payload does not have the SHA-256 in its header',
      )
    },
  }
}
