import * as zlib from 'node:zlib'
import type { KernelCompression } from '../bytes/compression.js'
import { ArtifactError } from '../bytes/errors.js'
import { decodeLz4 } from '../bytes/lz4.js'
import type { Limits } from '../limits.js'
import { limits as defaultLimits } from '../limits.js'
import { ByteReader, type ByteStream } from '../source/reader.js'
import { startEngine } from './engines.js'
import { gzipStream } from './gzip.js'
import { decodeXz, hasLiblzma, xzStream } from './liblzma.js'
import { OutputCap, pipeThrough } from './pipe.js'
import { pushDecoder, pushStream } from './push.js'
import { SpareMemory } from './spare.js'
import { noTools, type Tools } from './tools.js'
import { checkDictionary, xzFacts, xzHeadBytes } from './xz.js'
import { hasSizedBlocks, xzBlocks } from './xz-blocks.js'
import { decodeZstd, zstdStream } from './zstd/decode.js'
import { zstdFrames } from './zstd/frames.js'

export { findTools, noTools, type Tools } from './tools.js'

/** What decompressing may use and must not exceed. */
export interface CodecOptions {
  readonly limits?: Limits
  /** Ends children and streams when it is aborted. */
  readonly signal?: AbortSignal | undefined
  /** Decompressors beside Node, as `findTools` found them; none without. */
  readonly tools?: Tools
}

/** From this many compressed bytes on, a child process is quicker than what is here for zstd. */
const childWorthBytes = 1 << 20

/**
 * Decompresses a stream; concatenated members, streams or frames give their contents one after the other, and zeros may
 * follow, but for zstd. At most `maxBytes` come out. What came out before an error is handed on first. Throws `compression-corrupt` (also
 * where the input is cut), `compression-unsupported` (also LZ4 in frames) and `limit-exceeded`.
 */
export function decompressStream(
  format: KernelCompression,
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  options: CodecOptions = {},
): ByteStream {
  const { limits = defaultLimits, signal, tools = noTools } = options
  const cap = new OutputCap(maxBytes, limits)
  switch (format) {
    case 'gzip':
      return gzipStream(source, cap)
    case 'xz': {
      const spare = new SpareMemory(limits.xzMemoryBytes)
      const stream = xzAsItCan(source, cap, limits, tools, signal, spare)
      return { [Symbol.asyncIterator]: () => stream, spent: (chunk) => spare.give(chunk) }
    }
    case 'zstd': {
      const engine = startEngine('zstd', limits, tools, signal)
      return engine === null
        ? zstdStream(source, cap, limits.zstdWindowBytes)
        : pipeThrough(source, engine, cap)
    }
    default:
      return pushStream(pushDecoder(format, limits), source, cap)
  }
}

/** xz in the quickest way that the file and the machine allow: by blocks within Node, in a child process, or in one go. */
async function* xzAsItCan(
  source: AsyncIterable<Uint8Array>,
  cap: OutputCap,
  limits: Limits,
  tools: Tools,
  signal: AbortSignal | undefined,
  spare: SpareMemory,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(source)
  try {
    // A source that fails early is seen to fail when it is read on.
    await reader.fill(xzHeadBytes).catch(() => false)
    if (hasLiblzma() && hasSizedBlocks(reader.peek(xzHeadBytes), limits)) {
      yield* xzBlocks(reader.rest(), cap, limits, spare)
      return
    }
    const engine = startEngine('xz', limits, tools, signal)
    yield* engine === null ? xzStream(reader.rest(), cap, limits) : pipeThrough(reader.rest(), engine, cap)
  } finally {
    await reader.close()
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Collects a stream: into memory of the size that is expected, if it is, and into more when that was wrong. */
async function collect(stream: AsyncIterable<Uint8Array>, expected: number): Promise<Uint8Array> {
  let out = new Uint8Array(expected)
  let size = 0
  for await (const part of stream) {
    if (size + part.length > out.length) {
      const larger = new Uint8Array(Math.max(size + part.length, out.length * 2))
      larger.set(out.subarray(0, size))
      out = larger
    }
    out.set(part, size)
    size += part.length
  }
  return size === out.length ? out : out.slice(0, size)
}

function gunzip(bytes: Uint8Array, maxBytes: number, expected: number): Promise<Uint8Array> {
  // Without a hint, the size that stands at the end of the file (RFC 1952, ISIZE) is one.
  const named = bytes.length < 18 ? 0 : Buffer.from(bytes.subarray(-4)).readUInt32LE(0)
  const chunkSize = Math.max(1 << 12, Math.min(expected > 0 ? expected : named, 1 << 20))
  return new Promise((resolve, reject) => {
    zlib.gunzip(bytes, { maxOutputLength: maxBytes, chunkSize }, (error, out) => {
      if (error === null) resolve(out)
      else reject(zlibError(error, maxBytes))
    })
  })
}

function zlibError(error: Error, maxBytes: number): ArtifactError {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    ? new ArtifactError('limit-exceeded', null, `It decompresses to more than ${maxBytes} bytes`)
    : new ArtifactError('compression-corrupt', null, error.message)
}

/**
 * Decompresses a whole file in memory. `sizeHint` is the expected size in bytes (0: not known). Small files do not cost a
 * child process each. Throws `compression-corrupt` (also for a cut file), `compression-unsupported`, and `limit-exceeded`
 * above `maxBytes` or the ratio of `limits`.
 */
export async function decompressBytes(
  format: KernelCompression,
  bytes: Uint8Array,
  maxBytes: number,
  sizeHint = 0,
  options: CodecOptions = {},
): Promise<Uint8Array> {
  const { limits = defaultLimits, tools = noTools } = options
  const most = Math.min(maxBytes, Math.max(limits.ratioFreeBytes, limits.ratio * bytes.length))
  const viaStream = (expected: number) =>
    collect(decompressStream(format, once(bytes), most, { ...options, limits }), Math.min(expected, most))
  switch (format) {
    case 'gzip':
      return gunzip(bytes, most, sizeHint)
    case 'lz4':
      return decodeLz4(bytes, Math.min(sizeHint, most), most)
    case 'xz': {
      const facts = xzFacts(bytes)
      checkDictionary(facts.dictionary, limits.xzMemoryBytes)
      const expected = facts.size ?? sizeHint
      if (tools.xz === null || hasLiblzma()) {
        return decodeXz(bytes, most, Math.min(expected, most))
      }
      return viaStream(expected)
    }
    case 'zstd':
      // A child decodes large files quicker; a window or a cut is checked before it starts.
      if (bytes.length >= childWorthBytes && tools.zstd !== null) {
        const frames = zstdFrames(bytes, limits.zstdWindowBytes)
        const named = frames.reduce((sum, frame) => sum + (frame.contentSize ?? Number.NaN), 0)
        return viaStream(Number.isNaN(named) ? sizeHint : named)
      }
      return decodeZstd(bytes, most, sizeHint, limits.zstdWindowBytes)
    default:
      return viaStream(sizeHint)
  }
}
