import { createHash, getHashes, hash } from 'node:crypto'
import { compressionOf } from '../bytes/compression.js'
import { ArtifactError } from '../bytes/errors.js'
import { type CodecOptions, decompressStream } from '../codec/index.js'
import type { Limits } from '../limits.js'
import { ByteReader } from '../source/reader.js'
import type { ListedFile } from './cpio.js'
import { listedFiles, type RpmHeader, readRpmHeader, rpmTag } from './rpm-header.js'

const leadBytes = 96

/**
 * Hands the cpio payload of an RPM package (format 4 or 6) to `use`, decompressed, with the files that the header lists; what
 * `use` gives is handed on. The header is checked against the signature header's digests before anything is believed, and the
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
  const format = compressionOf(await peek(reader, 16))
  const digests = payloadDigests(header)
  const content = digests.through(reader.rest())
  const cpio = new ByteReader(
    format === null ? content : decompressStream(format, content, limits.payloadBytes, codec),
  )
  try {
    yield* use(cpio, listed)
    await cpio.drain()
    digests.check()
  } finally {
    await cpio.close()
  }
}

async function peek(reader: ByteReader, count: number): Promise<Uint8Array> {
  await reader.fill(count)
  return reader.peek(count)
}

/** What a digest's tag is called, and its algorithm in OpenSSL. */
type DigestTag = readonly [tag: number, name: string, algorithm: string]

/** Digests that this machine's OpenSSL has: SHA-3 may be missing. */
const available = new Set(getHashes().map((name) => name.toLowerCase()))

const headerDigests: readonly DigestTag[] = [
  [rpmTag.sha256Header, 'SHA-256', 'sha256'],
  [rpmTag.sha3Header, 'SHA3-256', 'sha3-256'],
]

const payloadDigestTags: readonly DigestTag[] = [
  [rpmTag.payloadSha256, 'SHA-256', 'sha256'],
  [rpmTag.payloadSha512, 'SHA-512', 'sha512'],
  [rpmTag.payloadSha3, 'SHA3-256', 'sha3-256'],
]

/** The digests that a header has and this machine can take. */
function digestsIn(header: RpmHeader, tags: readonly DigestTag[]) {
  return tags.flatMap(([tag, name, algorithm]) => {
    const expected = available.has(algorithm) ? header.string(tag) : null
    return expected === null ? [] : [{ name, algorithm, expected: expected.toLowerCase() }]
  })
}

/** The signature header's digests of the header, where it has any. */
function checkHeader(signature: RpmHeader, header: RpmHeader): void {
  for (const { name, algorithm, expected } of digestsIn(signature, headerDigests)) {
    if (expected === hash(algorithm, header.bytes, 'hex')) continue
    throw new ArtifactError(
      'checksum-mismatch',
      'header',
      `The header does not have the ${name} in its signature header`,
    )
  }
}

/** Only cpio payloads of format 4 and 6 are read: in both, member by member, the payload is what `cpioMembers` reads. */
function checkForm(header: RpmHeader): void {
  const version = header.number(rpmTag.rpmFormat)
  if (version !== null && version > 4 && version !== 6) {
    throw new ArtifactError(
      'format-unsupported',
      'header',
      `This is an RPM of format ${version}, and 4 and 6 are read`,
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

/**
 * Digests of the payload as it stands, taken while it is read: SHA-256, and in format 6 SHA-512 and SHA3-256 too (RPM V6
 * package format, "Header").
 */
function payloadDigests(header: RpmHeader) {
  const sha256Algorithm = 8
  const isSha256 = (header.number(rpmTag.payloadDigestAlgorithm) ?? sha256Algorithm) === sha256Algorithm
  const tags = isSha256
    ? payloadDigestTags
    : payloadDigestTags.filter(([tag]) => tag !== rpmTag.payloadSha256)
  const running = digestsIn(header, tags).map((digest) => ({
    ...digest,
    state: createHash(digest.algorithm),
  }))
  return {
    async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const part of source) {
        for (const { state } of running) state.update(part)
        yield part
      }
    },
    check(): void {
      for (const { name, expected, state } of running) {
        if (state.digest('hex') === expected) continue
        throw new ArtifactError(
          'checksum-mismatch',
          'payload',
          `The payload does not have the ${name} in its header`,
        )
      }
    },
  }
}
