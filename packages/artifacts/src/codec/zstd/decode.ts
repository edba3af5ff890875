import { ArtifactError } from '../../bytes/errors.js'
import { ByteReader } from '../../source/reader.js'
import { counted, type OutputCap } from '../pipe.js'
import { maxBlockBytes, ZstdDecoder } from './decoder.js'
import { checkWindow, isSkippable, isZstdFrame, zstdBlock, zstdFrames, zstdHeader } from './frames.js'
import { corrupt } from './fse.js'

/**
 * Decodes a whole zstd file: frames one after the other, skippable ones left out. `sizeHint` is the expected size in bytes (0:
 * not known). Content checksums are not compared. Throws `compression-corrupt`, and `limit-exceeded` above `maxBytes` or for
 * a window above `windowBytes`.
 */
export function decodeZstd(
  bytes: Uint8Array,
  maxBytes: number,
  sizeHint: number,
  windowBytes: number,
): Uint8Array {
  const frames = zstdFrames(bytes, windowBytes)
  const bound = frames.reduce((sum, frame) => sum + frame.sizeBound, 0)
  const named = frames.reduce((sum, frame) => sum + (frame.contentSize ?? Number.NaN), 0)
  const tooLarge = () =>
    new ArtifactError('limit-exceeded', null, `It decompresses to more than ${maxBytes} bytes`)
  if (named > bound) throw corrupt('A zstd frame names a size that its blocks cannot have')
  if (named > maxBytes) throw tooLarge()
  const expected = Number.isNaN(named) ? sizeHint : named
  const decoder = new ZstdDecoder(new Uint8Array(Math.min(expected, bound, maxBytes)))
  for (const frame of frames) {
    if (frame.skippable) continue
    decoder.begin(frame.window)
    if (frame.contentSize !== null) {
      if (decoder.at + frame.contentSize > maxBytes) throw tooLarge()
      grow(decoder, decoder.at + Math.min(frame.contentSize, frame.sizeBound))
    }
    for (let at = frame.blocks, last = false; !last; ) {
      const block = zstdBlock(bytes, at)
      last = block.last
      const needed = decoder.at + block.bound
      if (frame.contentSize === null) grow(decoder, Math.min(needed, decoder.at + maxBlockBytes))
      at = decoder.block(bytes, at)
      if (decoder.at > maxBytes) throw tooLarge()
    }
    if (frame.contentSize !== null && decoder.at - decoder.start !== frame.contentSize) {
      throw corrupt('A zstd frame does not have the size that it names')
    }
  }
  return decoder.at === decoder.out.length ? decoder.out : decoder.out.slice(0, decoder.at)
}

/** Makes room for `needed` bytes in all. */
function grow(decoder: ZstdDecoder, needed: number): void {
  if (needed <= decoder.out.length) return
  const larger = new Uint8Array(Math.max(needed, decoder.out.length * 2))
  larger.set(decoder.out.subarray(0, decoder.at))
  decoder.out = larger
}

/** A source that ends within a frame is corrupt data; an archive's own end is reported by the archive. */
async function need(reader: ByteReader, count: number): Promise<Uint8Array> {
  if (reader.buffered < count && !(await reader.fill(count))) throw corrupt('A zstd frame is cut')
  return reader.peek(count)
}

/**
 * Decodes a stream of zstd, a block at a time, with the window and half of it again in memory. What came out before an
 * error is handed on first. Errors as in `decodeZstd`.
 */
export async function* zstdStream(
  source: AsyncIterable<Uint8Array>,
  cap: OutputCap,
  windowBytes: number,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(counted(source, cap))
  try {
    while (await reader.fill(1)) {
      const magic = await need(reader, 4)
      if (!isZstdFrame(magic, 0)) throw corrupt('Something that is not zstd follows')
      if (isSkippable(magic, 0)) {
        const head = await need(reader, 8)
        const size = new DataView(head.buffer, head.byteOffset, 8).getUint32(4, true)
        await reader.skip(8, 'a frame')
        await skipFrame(reader, size)
        continue
      }
      yield* frame(reader, cap, windowBytes)
    }
  } finally {
    await reader.close()
  }
}

async function skipFrame(reader: ByteReader, size: number): Promise<void> {
  for (let left = size; left > 0; ) {
    const part = await reader.some(left)
    if (part === null) throw corrupt('A zstd frame is cut')
    left -= part.length
  }
}

async function* frame(reader: ByteReader, cap: OutputCap, windowBytes: number): AsyncGenerator<Uint8Array> {
  const at = reader.offset
  await reader.fill(18)
  const header = zstdHeader(reader.peek(18), 0)
  if (header === null) throw corrupt('A zstd frame is cut')
  checkWindow(header, at, windowBytes)
  await reader.skip(header.length, 'a frame')
  const keep = header.window
  const decoder = new ZstdDecoder(new Uint8Array(keep + Math.max(8 * maxBlockBytes, keep >> 1)))
  decoder.begin(header.window)
  let size = 0
  for (let last = false; !last; ) {
    const block = zstdBlock(await need(reader, 3), 0)
    last = block.last
    const bytes = await need(reader, 3 + block.length)
    if (decoder.out.length - decoder.at < maxBlockBytes) slide(decoder, keep)
    const from = decoder.at
    decoder.block(bytes, 0)
    await reader.skip(bytes.length, 'a block')
    size += decoder.at - from
    cap.came(decoder.at - from)
    if (decoder.at > from) yield decoder.out.slice(from, decoder.at)
  }
  if (header.checksum) {
    await need(reader, 4)
    await reader.skip(4, 'a checksum')
  }
  if (header.contentSize !== null && size !== header.contentSize) {
    throw corrupt('A zstd frame does not have the size that it names')
  }
}

/** Moves the window to the start of the memory. */
function slide(decoder: ZstdDecoder, keep: number): void {
  const from = Math.max(0, decoder.at - keep)
  decoder.out.copyWithin(0, from, decoder.at)
  decoder.at -= from
  decoder.start = Math.max(0, decoder.start - from)
}
