import { availableParallelism } from 'node:os'
import { crc32 } from 'node:zlib'
import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'
import { ByteReader } from '../source/reader.js'
import { decodeXz, xzStream } from './liblzma.js'
import { counted, type OutputCap } from './pipe.js'
import { SpareMemory } from './spare.js'
import { blockSizes, checkDictionary, encodeInteger, xzDictionary } from './xz.js'

/** Bytes of a block's check by its id (The .xz File Format, §2.1.1.2). */
const checkBytes: Readonly<Record<number, number>> = { 0: 0, 1: 4, 4: 8, 10: 32 }
const headerBytes = 12
const magic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])
/** Node's thread pool has four threads. */
const poolThreads = 4

/** Sizes of a block as the index has them: header, data and check without padding, and decompressed. */
type BlockSizes = readonly [unpadded: number, size: number]

/** A block that is being decoded. */
interface Pending {
  /** The block as a stream of its own. */
  readonly stream: Buffer
  readonly memory: number
  readonly content: Promise<Uint8Array | ArtifactError>
}

function corrupt(detail: string): ArtifactError {
  return new ArtifactError('compression-corrupt', null, detail)
}

/** Can the blocks of a file be decoded side by side? `head` is its start, up to 1,036 bytes: its first block must name its sizes. */
export function hasSizedBlocks(head: Uint8Array, limits: Limits): boolean {
  if (checkBytes[head[7] ?? -1] === undefined) return false
  const sizes = blockSizes(head, headerBytes)
  return sizes !== null && sizes.packed + sizes.size <= limits.xzMemoryBytes
}

function padded(size: number): number {
  return Math.ceil(size / 4) * 4
}

/** The index of a stream (§4). */
function indexOf(records: readonly BlockSizes[]): Buffer {
  const numbers = [records.length, ...records.flat()].flatMap(encodeInteger)
  const index = Buffer.alloc(padded(1 + numbers.length) + 4)
  index.set(numbers, 1)
  index.writeUInt32LE(crc32(index.subarray(0, -4)), index.length - 4)
  return index
}

/** The footer of a stream with an index of that length (§2.1.2). */
function footerOf(flags: Uint8Array, indexLength: number): Buffer {
  const footer = Buffer.alloc(headerBytes)
  footer.writeUInt32LE(indexLength / 4 - 1, 4)
  footer.set(flags, 8)
  footer.write('YZ', 10)
  footer.writeUInt32LE(crc32(footer.subarray(4, 10)), 0)
  return footer
}

async function need(reader: ByteReader, count: number): Promise<Uint8Array> {
  if (reader.buffered < count && !(await reader.fill(count))) throw corrupt('The xz data is cut')
  return reader.peek(count)
}

/** The header of the next stream (§2.1.1), behind padding (§2.2); null at the end of the file. */
async function streamHeader(reader: ByteReader, first: boolean): Promise<Buffer | null> {
  while (!first && (await reader.fill(1)) && reader.peek(1)[0] === 0) {
    if ((await need(reader, 4)).some((byte) => byte !== 0))
      throw corrupt('The padding of an xz stream is broken')
    await reader.skip(4, 'padding')
  }
  if (!first && !(await reader.fill(1))) return null
  const header = Buffer.from(await need(reader, headerBytes))
  const intact =
    header.subarray(0, 6).equals(magic) && header.readUInt32LE(8) === crc32(header.subarray(6, 8))
  if (!intact || header[6] !== 0 || checkBytes[header[7]!] === undefined)
    throw corrupt('An xz stream header is broken')
  await reader.skip(headerBytes, 'a header')
  return header
}

/**
 * Decodes xz whose blocks name their sizes, as `xz -T` writes them: each block becomes a stream of its own, and several are
 * decoded at the same time on Node's thread pool, within `limits.xzMemoryBytes`. The index and footer are compared with what
 * the blocks make them. What is whole in a broken block is handed on before the error. Each block is given as one piece, in
 * memory of `spare`. Errors as in `decompressStream`.
 */
export async function* xzBlocks(
  source: AsyncIterable<Uint8Array>,
  cap: OutputCap,
  limits: Limits,
  spare: SpareMemory,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(counted(source, cap))
  const pending: Pending[] = []
  const packed = new SpareMemory(limits.xzMemoryBytes)
  const most = Math.min(poolThreads, availableParallelism())
  let failure: { error: unknown } | null = null
  try {
    for (
      let header = await streamHeader(reader, true);
      header !== null;
      header = await streamHeader(reader, false)
    ) {
      const records: BlockSizes[] = []
      while ((await need(reader, 1))[0] !== 0) {
        const { stream, record, memory } = await takeBlock(reader, header, limits, packed)
        const used = () => pending.reduce((sum, block) => sum + block.memory, memory)
        while (pending.length > 0 && (pending.length >= most || used() > limits.xzMemoryBytes)) {
          yield* emit(pending, cap, limits, packed)
        }
        const content = decodeXz(stream, record[1], record[1], (bytes) => spare.take(bytes)).catch(
          (error: ArtifactError) => error,
        )
        pending.push({ stream, memory, content })
        records.push(record)
      }
      await checkEnd(reader, header, records)
    }
  } catch (error) {
    failure = { error }
  }
  try {
    while (pending.length > 0) yield* emit(pending, cap, limits, packed)
    if (failure !== null) {
      if (failure.error instanceof CutBlock) yield* whole(failure.error.stream, cap, limits)
      throw failure.error instanceof CutBlock ? failure.error.cause : failure.error
    }
  } finally {
    await reader.close()
  }
}

/** A block that ends before it should, with what there is of it. */
class CutBlock extends Error {
  constructor(
    readonly stream: Buffer,
    override readonly cause: unknown,
  ) {
    super('cut')
  }
}

/** Takes the next block and makes it a stream of its own. */
async function takeBlock(reader: ByteReader, header: Buffer, limits: Limits, packed: SpareMemory) {
  const length = ((await need(reader, 1))[0]! + 1) * 4
  const head = Buffer.concat([header, await need(reader, length)])
  const sizes = blockSizes(head, headerBytes)
  if (sizes === null) throw corrupt('An xz block does not name its sizes, while others do')
  checkDictionary(xzDictionary(head), limits.xzMemoryBytes)
  const memory = sizes.packed + sizes.size
  if (memory > limits.xzMemoryBytes)
    throw new ArtifactError('limit-exceeded', null, `An xz block takes ${memory} bytes`)
  const check = checkBytes[header[7]!]!
  const bytes = length + padded(sizes.packed) + check
  const record: BlockSizes = [length + sizes.packed + check, sizes.size]
  const index = indexOf([record])
  const whole = headerBytes + bytes + index.length + headerBytes
  const stream = packed.take(whole).subarray(0, whole)
  stream.set(header)
  let at = headerBytes
  try {
    while (at < headerBytes + bytes) {
      const part = await reader.some(headerBytes + bytes - at)
      if (part === null) throw corrupt('The xz data is cut')
      stream.set(part, at)
      at += part.length
    }
  } catch (error) {
    throw new CutBlock(stream.subarray(0, at), error)
  }
  stream.set(index, at)
  stream.set(footerOf(header.subarray(6, 8), index.length), at + index.length)
  return { stream, record, memory }
}

/** Compares the index and the footer with what the blocks make them. */
async function checkEnd(reader: ByteReader, header: Buffer, records: readonly BlockSizes[]): Promise<void> {
  const index = indexOf(records)
  const expected = Buffer.concat([index, footerOf(header.subarray(6, 8), index.length)])
  if (!expected.equals(await need(reader, expected.length)))
    throw corrupt('The index of an xz stream does not agree with it')
  await reader.skip(expected.length, 'an index')
}

/** Hands on the first block; of a broken one what is whole, and then its error. */
async function* emit(
  pending: Pending[],
  cap: OutputCap,
  limits: Limits,
  packed: SpareMemory,
): AsyncGenerator<Uint8Array> {
  const { stream, content } = pending[0]!
  const decoded = await content
  pending.shift()
  if (decoded instanceof Uint8Array) {
    packed.give(stream)
    cap.came(decoded.length)
    if (decoded.length > 0) yield decoded
    return
  }
  yield* whole(stream, cap, limits)
  throw decoded
}

/** What is whole at the start of a broken stream. */
async function* whole(stream: Buffer, cap: OutputCap, limits: Limits): AsyncGenerator<Uint8Array> {
  async function* once(): AsyncGenerator<Uint8Array> {
    yield stream
  }
  try {
    yield* xzStream(once(), cap, limits)
  } catch (error) {
    if (!(error instanceof ArtifactError) || error.code !== 'compression-corrupt') throw error
  }
}
