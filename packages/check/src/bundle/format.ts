import { CheckError } from '../errors.js'

/**
 * The bundle of split BTFs: one file with each distinct `.BTF` and `.BTF.base` of a build once. All numbers are
 * little-endian.
 *
 * | part | content |
 * | --- | --- |
 * | head | 8 bytes: `BDBUNDL`, then the version, 1 |
 * | chunks | Brotli streams (RFC 7932); each holds some blobs, every one starting at a multiple of 4 bytes |
 * | index | a Brotli stream of the tables below |
 * | tail | offset of the index (8 bytes), its length in the file (4) and inflated (4), then the 8 bytes of the head |
 *
 * The index: the numbers of chunks, blobs and modules (4 bytes each); for each chunk its offset in the file (8), its
 * length in the file (4) and inflated (4); for each blob its SHA-256 (32), its chunk (4), its offset in the inflated chunk
 * (4) and its length (4); for each module, in the order of the manifest, the SHA-256 of its file (32), the blob of its
 * `.BTF` (4) and the blob of its `.BTF.base` (4), each 0xffffffff where it has none.
 */
export const head: Uint8Array = Uint8Array.of(0x42, 0x44, 0x42, 0x55, 0x4e, 0x44, 0x4c, 1)

/** Bytes of the tail. */
export const tailBytes = 16 + 8

/** Bytes of a chunk's, a blob's and a module's entry in the index. */
export const entryBytes = { counts: 12, chunk: 16, blob: 44, module: 40 } as const

/** Stands for "no blob" in a module's entry. */
export const noBlob = 0xffffffff

/** A chunk is closed once it holds this much, so that one module can be read without inflating all of them. */
export const chunkBytes = 2 * 2 ** 20

/** Where blobs start in a chunk, so that their words can be read in place. */
export const alignment = 4

/** Bounds of what a reader takes: inflated bytes of one chunk and of the index. */
export const bundleLimits = { chunkBytes: 512 * 2 ** 20, indexBytes: 256 * 2 ** 20 } as const

/** A `.BTF` or `.BTF.base`: its SHA-256, and where it lies in its inflated chunk. */
export interface Blob {
  readonly sha256: string
  readonly chunk: number
  readonly offset: number
  readonly length: number
}

/** Where a chunk lies in the file, and its bytes there and inflated. */
export interface Chunk {
  readonly offset: number
  readonly stored: number
  readonly inflated: number
}

/** A module's entry in a bundle: SHA-256 of its file, and of its sections where it has them (lower-case hex). */
export interface BundleModule {
  readonly sha256: string
  readonly btfSha256: string | null
  readonly distilledSha256: string | null
}

/** What a bundle holds. */
export interface BundleIndex {
  readonly chunks: readonly Chunk[]
  readonly blobs: readonly Blob[]
  readonly modules: readonly BundleModule[]
}

/** The error of a bundle that breaks its format. */
export function malformed(what: string): CheckError {
  return new CheckError('bundle-malformed', what)
}
