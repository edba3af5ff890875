import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import { FieldReader, OutOfBytes } from '../bytes.js'
import { CheckError } from '../errors.js'
import {
  alignment,
  type Blob,
  type BundleIndex,
  type BundleModule,
  bundleLimits,
  type Chunk,
  entryBytes,
  head,
  malformed,
  noBlob,
  tailBytes,
} from './format.js'

/** Where a bundle's bytes come from: reads exactly `length` bytes at `offset`, or throws. */
interface Source {
  readonly size: number
  read(offset: number, length: number): Uint8Array
  close(): void
}

/** Inflated chunks that are kept: one for the `.BTF`s in turn, one for the `.BTF.base`s they share. */
const keptChunks = 2

/** A bundle opened for reading. What it returns are views that stay valid; they are not to be written to. */
export class Bundle {
  #source: Source | null
  readonly #index: BundleIndex
  readonly #ordinals = new Map<string, number>()
  readonly #kept: Map<number, Uint8Array>
  #most: number

  /** Use `openBundle`; `inflated` are its chunks, in their order, where they are in memory already and there is no source. */
  constructor(source: Source | null, index: BundleIndex, inflated: readonly Uint8Array[] = []) {
    this.#source = source
    this.#index = index
    this.#kept = new Map(inflated.entries())
    this.#most = Math.max(keptChunks, inflated.length)
    for (const [ordinal, { sha256 }] of index.blobs.entries()) this.#ordinals.set(sha256, ordinal)
  }

  /** The modules in the order of the manifest it was written with. */
  get modules(): readonly BundleModule[] {
    return this.#index.modules
  }

  /** Whether it holds this `.BTF` or `.BTF.base`. */
  has(sha256: string): boolean {
    return this.#ordinals.has(sha256)
  }

  /**
   * The bytes of a `.BTF` or `.BTF.base`.
   * @throws CheckError `bundle-mismatch` where it is not in this bundle, `bundle-malformed` where the chunk is damaged
   */
  read(sha256: string): Uint8Array {
    const ordinal = this.#ordinals.get(sha256)
    if (ordinal === undefined) throw new CheckError('bundle-mismatch', `It has no blob ${sha256}`)
    const { chunk, offset, length } = this.#index.blobs[ordinal]!
    // An empty section lies in no chunk: the one it was numbered for may never have been filled.
    return length === 0 ? new Uint8Array(0) : this.#chunk(chunk).subarray(offset, offset + length)
  }

  /**
   * The ordinals of its modules in the order in which their `.BTF`s lie in the file: reading them so inflates each chunk
   * once. Modules without `.BTF` come first.
   */
  readingOrder(): Uint32Array {
    const places = this.modules.map(({ btfSha256 }) =>
      btfSha256 === null ? -1 : this.#ordinals.get(btfSha256)!,
    )
    return Uint32Array.from(places.keys()).sort((a, b) => places[a]! - places[b]!)
  }

  /** Bytes of all its chunks together, inflated. */
  get inflatedBytes(): number {
    return this.#index.chunks.reduce((sum, { inflated }) => sum + inflated, 0)
  }

  /**
   * Takes all of it into memory and lets go of the file.
   * @throws CheckError `bundle-malformed` where a chunk is damaged
   */
  inflate(): void {
    this.#most = Math.max(keptChunks, this.#index.chunks.length)
    for (const nth of this.#index.chunks.keys()) this.#chunk(nth)
    this.#letGo()
  }

  /** Closes the file, where there is one. */
  close(): void {
    this.#kept.clear()
    this.#letGo()
  }

  #letGo(): void {
    this.#source?.close()
    this.#source = null
  }

  #chunk(nth: number): Uint8Array {
    const kept = this.#kept.get(nth)
    if (kept !== undefined) {
      this.#kept.delete(nth)
      this.#kept.set(nth, kept)
      return kept
    }
    const { offset, stored, inflated } = this.#index.chunks[nth]!
    if (this.#source === null) throw new Error('a bundle that was closed is read')
    const bytes = inflate(this.#source.read(offset, stored), inflated, `chunk ${nth}`)
    if (this.#kept.size >= this.#most) this.#kept.delete(this.#kept.keys().next().value!)
    this.#kept.set(nth, bytes)
    return bytes
  }
}

/**
 * Opens a bundle, from a file or from bytes in memory, and checks its index.
 * @throws CheckError `bundle-malformed`
 */
export function openBundle(from: string | Uint8Array): Bundle {
  const source = typeof from === 'string' ? fileSource(from) : memorySource(from)
  try {
    return new Bundle(source, readIndex(source))
  } catch (error) {
    source.close()
    throw error instanceof OutOfBytes ? malformed('The index ends early') : error
  }
}

function fileSource(path: string): Source {
  const file = openSync(path, 'r')
  return {
    size: fstatSync(file).size,
    read(offset, length) {
      const bytes = new Uint8Array(length)
      let filled = 0
      while (filled < length) {
        const count = readSync(file, bytes, filled, length - filled, offset + filled)
        if (count === 0) throw malformed('The file ends early')
        filled += count
      }
      return bytes
    },
    close: () => closeSync(file),
  }
}

function memorySource(bytes: Uint8Array): Source {
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
    close: () => undefined,
  }
}

function inflate(stored: Uint8Array, length: number, what: string): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = brotliDecompressSync(stored, {
      maxOutputLength: Math.max(length, 1),
      chunkSize: Math.max(length, 64),
    })
  } catch (error) {
    throw malformed(`It cannot inflate ${what} (${error instanceof Error ? error.message : String(error)})`)
  }
  if (bytes.length !== length) throw malformed(`It has ${bytes.length} bytes in ${what}, not ${length}`)
  return bytes
}

function readIndex(source: Source): BundleIndex {
  if (source.size < head.length + tailBytes) throw malformed(`It has ${source.size} bytes`)
  mustBeHead(source.read(0, head.length), 'start')
  const tail = new FieldReader(source.read(source.size - tailBytes, tailBytes))
  const offset = tail.u53()
  const stored = tail.u32()
  const inflated = tail.u32()
  mustBeHead(tail.take(head.length), 'end')
  if (offset < head.length || offset + stored !== source.size - tailBytes)
    throw malformed('Its index lies elsewhere')
  if (inflated > bundleLimits.indexBytes) throw malformed(`Its index has ${inflated} bytes`)
  const fields = new FieldReader(inflate(source.read(offset, stored), inflated, 'the index'))
  const counts = { chunks: fields.u32(), blobs: fields.u32(), modules: fields.u32() }
  const needed =
    counts.chunks * entryBytes.chunk + counts.blobs * entryBytes.blob + counts.modules * entryBytes.module
  if (needed !== fields.left) throw malformed(`Its index has ${fields.left} bytes, not ${needed}`)
  const chunks: Chunk[] = []
  for (let nth = 0; nth < counts.chunks; nth++) chunks.push(readChunk(fields, offset))
  const blobs: Blob[] = []
  for (let nth = 0; nth < counts.blobs; nth++) blobs.push(readBlob(fields, chunks))
  const modules: BundleModule[] = []
  for (let nth = 0; nth < counts.modules; nth++) modules.push(readModule(fields, blobs))
  return { chunks, blobs, modules }
}

function mustBeHead(bytes: Uint8Array, where: string): void {
  const differs = head.findIndex((byte, at) => bytes[at] !== byte)
  if (differs === head.length - 1) throw malformed(`It has version ${bytes[differs]} at its ${where}`)
  if (differs !== -1) throw malformed(`It has other bytes at its ${where}`)
}

function readChunk(fields: FieldReader, end: number): Chunk {
  const chunk = { offset: fields.u53(), stored: fields.u32(), inflated: fields.u32() }
  if (chunk.offset < head.length || chunk.offset + chunk.stored > end) throw malformed('A chunk lies outside')
  if (chunk.inflated > bundleLimits.chunkBytes) throw malformed(`A chunk has ${chunk.inflated} bytes`)
  return chunk
}

function readBlob(fields: FieldReader, chunks: readonly Chunk[]): Blob {
  const sha256 = hex(fields.take(32))
  const blob = { sha256, chunk: fields.u32(), offset: fields.u32(), length: fields.u32() }
  if (blob.length === 0) return blob
  const chunk = chunks[blob.chunk]
  if (chunk === undefined || blob.offset % alignment !== 0 || blob.offset + blob.length > chunk.inflated) {
    throw malformed('A blob lies outside its chunk')
  }
  return blob
}

function readModule(fields: FieldReader, blobs: readonly Blob[]): BundleModule {
  const sha256 = hex(fields.take(32))
  const sectionOf = (ordinal: number): string | null => {
    if (ordinal === noBlob) return null
    const blob = blobs[ordinal]
    if (blob === undefined) throw malformed('A module has a blob that is not there')
    return blob.sha256
  }
  return { sha256, btfSha256: sectionOf(fields.u32()), distilledSha256: sectionOf(fields.u32()) }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
