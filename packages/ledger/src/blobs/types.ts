import type { Readable } from 'node:stream'

/** A stored file: its address and its size in bytes. */
export interface StoredBlob {
  /** Lower-case hex. */
  sha256: string
  size: number
}

/** What a `put` may be held to. */
export interface PutOptions {
  /** More bytes than this end in `blob-too-large`; nothing is kept. */
  maxBytes: number
  /** Lower-case hex; other content ends in `blob-digest-mismatch`; nothing is kept. */
  expectedSha256?: string
  /** Aborting it drops what was staged. */
  signal?: AbortSignal
}

/**
 * Files addressed by the SHA-256 of their bytes, in a directory or in a bucket. Names never reach it, a file appears whole or
 * not at all, and the same content put twice is stored once. Errors are `LedgerError`s with a `blob-…` code.
 */
export interface BlobStore {
  /** Streams, hashes and stores. Errors of the source itself are thrown as they are. */
  put(source: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredBlob>
  /** As `put`, from a local file, which stays where it is. */
  putFile(path: string, options: PutOptions): Promise<StoredBlob>
  has(sha256: string): Promise<boolean>
  /** Bytes, or null where there is no such blob. */
  size(sha256: string): Promise<number | null>
  /** The content; `blob-unknown` where there is none. The caller consumes or destroys the stream. */
  read(sha256: string): Promise<Readable>
  /**
   * Runs `use` with a local file that holds the content, `blob-damaged` where what is stored has changed. It is there until
   * `use` settles, and must not be written to.
   */
  withFile<T>(sha256: string, use: (path: string) => Promise<T>): Promise<T>
  /** Removes it; no error where there is none. */
  delete(sha256: string): Promise<void>
  close(): Promise<void>
}
