import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import { FieldWriter } from '../bytes.js'
import { sha256Of } from '../sha256.js'
import { Bundle } from './bundle.js'
import {
  alignment,
  type Blob,
  type BundleIndex,
  type BundleModule,
  type Chunk,
  chunkBytes,
  head,
  noBlob,
} from './format.js'

export type { BundleModule } from './format.js'

const compress: (bytes: Uint8Array, options: object) => Promise<Uint8Array> = promisify(brotliCompress)

/**
 * The least quality makes 16 MB of the 60 MB of a distribution kernel in 0.2 CPU seconds; zlib's least level takes 0.5 for
 * 21 MB, and they are read equally fast.
 */
const speed = {
  chunkSize: 2 ** 20,
  params: { [constants.BROTLI_PARAM_QUALITY]: 0, [constants.BROTLI_PARAM_LGWIN]: 22 },
}

/** What a written bundle is addressed by: SHA-256 (lower-case hex) and size in bytes of the file. */
export interface BundleFile {
  readonly sha256: string
  readonly size: number
}

/**
 * Writes a bundle as its blobs come: each distinct blob once, compressed in chunks on another core while the next one
 * fills. It holds two chunks at most, and what it keeps to be read at once.
 */
export class BundleWriter {
  readonly #file: FileHandle
  readonly #hash: Hash = createHash('sha256')
  readonly #blobs: Blob[] = []
  readonly #bySha256 = new Map<string, number>()
  readonly #chunks: Chunk[] = []
  #parts: Uint8Array[] = []
  #filled = 0
  #size = 0
  #pending: Promise<void> = Promise.resolve()
  #modules: readonly BundleModule[] = []
  /** The chunks as they were before they were compressed; null once they are more than is kept. */
  #inflated: Uint8Array[] | null = []
  #keepBytes: number

  private constructor(file: FileHandle, keepBytes: number) {
    this.#file = file
    this.#keepBytes = keepBytes
  }

  /** Creates the file at `path`, or empties it. Up to `keepBytes` bytes of chunks are kept for `written`. */
  static async create(path: string, keepBytes = 0): Promise<BundleWriter> {
    const writer = new BundleWriter(await open(path, 'w'), keepBytes)
    await writer.#write(head)
    return writer
  }

  /** Adds a blob unless it is there already, and returns its SHA-256. The bytes must not change afterwards. */
  async add(bytes: Uint8Array): Promise<string> {
    const sha256 = sha256Of(bytes)
    if (this.#bySha256.has(sha256)) return sha256
    this.#bySha256.set(sha256, this.#blobs.length)
    this.#blobs.push({ sha256, chunk: this.#chunks.length, offset: this.#filled, length: bytes.length })
    this.#parts.push(bytes)
    this.#filled += bytes.length
    const over = this.#filled % alignment
    if (over > 0) {
      this.#parts.push(new Uint8Array(alignment - over))
      this.#filled += alignment - over
    }
    if (this.#filled >= chunkBytes) await this.#closeChunk()
    return sha256
  }

  /** Writes the index with the modules in the order of the manifest, and closes the file. Every blob must have been added. */
  async finish(modules: readonly BundleModule[]): Promise<BundleFile> {
    if (this.#filled > 0) await this.#closeChunk()
    await this.#pending
    this.#modules = modules
    const index = this.#index(modules)
    const stored = await compress(index, speed)
    const tail = new FieldWriter()
    tail.u53(this.#size)
    tail.u32(stored.length)
    tail.u32(index.length)
    tail.put(head)
    await this.#write(stored)
    await this.#write(tail.bytes())
    await this.#file.close()
    return { sha256: this.#hash.digest('hex'), size: this.#size }
  }

  /** The finished bundle, read from memory; null where it has more bytes than are kept. */
  written(): Bundle | null {
    if (this.#inflated === null) return null
    const index: BundleIndex = { chunks: this.#chunks, blobs: this.#blobs, modules: this.#modules }
    return new Bundle(null, index, this.#inflated)
  }

  /** Closes the file without finishing it. */
  async abandon(): Promise<void> {
    await this.#pending.catch(() => undefined)
    await this.#file.close()
  }

  async #closeChunk(): Promise<void> {
    const parts = this.#parts
    const inflated = this.#filled
    const nth = this.#chunks.length
    this.#parts = []
    this.#filled = 0
    this.#chunks.push({ offset: 0, stored: 0, inflated })
    await this.#pending
    this.#pending = this.#storeChunk(nth, parts, inflated)
    // A failure is thrown by whoever waits for the chunk next.
    this.#pending.catch(() => undefined)
  }

  async #storeChunk(nth: number, parts: Uint8Array[], inflated: number): Promise<void> {
    const whole = Buffer.concat(parts, inflated)
    this.#keepBytes -= inflated
    if (this.#keepBytes < 0) this.#inflated = null
    this.#inflated?.push(whole)
    const stored = await compress(whole, speed)
    this.#chunks[nth] = { offset: this.#size, stored: stored.length, inflated }
    await this.#write(stored)
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes)
    this.#size += bytes.length
    let from = 0
    while (from < bytes.length) {
      const { bytesWritten } = await this.#file.write(bytes, from)
      from += bytesWritten
    }
  }

  #index(modules: readonly BundleModule[]): Uint8Array {
    const index = new FieldWriter()
    index.u32(this.#chunks.length)
    index.u32(this.#blobs.length)
    index.u32(modules.length)
    for (const { offset, stored, inflated } of this.#chunks) {
      index.u53(offset)
      index.u32(stored)
      index.u32(inflated)
    }
    for (const { sha256, chunk, offset, length } of this.#blobs) {
      index.put(Buffer.from(sha256, 'hex'))
      index.u32(chunk)
      index.u32(offset)
      index.u32(length)
    }
    for (const { sha256, btfSha256, distilledSha256 } of modules) {
      index.put(Buffer.from(sha256, 'hex'))
      index.u32(this.#ordinalOf(btfSha256))
      index.u32(this.#ordinalOf(distilledSha256))
    }
    return index.bytes()
  }

  #ordinalOf(sha256: string | null): number {
    if (sha256 === null) return noBlob
    const ordinal = this.#bySha256.get(sha256)
    if (ordinal === undefined) throw new Error(`no blob ${sha256} was added to this bundle`)
    return ordinal
  }
}

/** A module to write into a bundle: SHA-256 of its file, and its sections where it has them. */
export interface BundleEntry {
  readonly sha256: string
  readonly btf: Uint8Array | null
  readonly distilled: Uint8Array | null
}

/** Writes a bundle of modules that are all in memory, in their order. */
export async function writeBundle(path: string, entries: Iterable<BundleEntry>): Promise<BundleFile> {
  const writer = await BundleWriter.create(path)
  try {
    const modules: BundleModule[] = []
    for (const { sha256, btf, distilled } of entries) {
      const btfSha256 = btf === null ? null : await writer.add(btf)
      const distilledSha256 = distilled === null ? null : await writer.add(distilled)
      modules.push({ sha256, btfSha256, distilledSha256 })
    }
    return await writer.finish(modules)
  } catch (error) {
    await writer.abandon()
    throw error
  }
}
