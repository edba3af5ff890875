import { randomUUID } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { LedgerError } from '../errors.js'
import { fileChunks, guarded, hashInto, isAbsent, isSha256, refuseDamaged, storeError } from './staging.js'
import type { BlobStore, PutOptions, StoredBlob } from './types.js'

/** Staged files that nobody has written to for this long were left by a process that is gone. */
const staleMs = 24 * 60 * 60 * 1_000

/**
 * Blobs in a directory: `ab/cd/abcd…`, two levels so that no folder grows large. A file is staged in `.staging`, synced, and
 * renamed into place, so it is there whole or not at all, also after a power failure.
 */
export class DirectoryBlobStore implements BlobStore {
  private readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  /** Opens the store in `root`, which is made where it is not there; what a crash left half-written is removed. */
  static async open(root: string): Promise<DirectoryBlobStore> {
    const store = new DirectoryBlobStore(path.resolve(root))
    await guarded(async () => {
      await mkdir(store.staging, { recursive: true, mode: 0o700 })
      for (const name of await readdir(store.staging)) await store.removeStale(path.join(store.staging, name))
    })
    return store
  }

  private get staging(): string {
    return path.join(this.root, '.staging')
  }

  private async removeStale(file: string): Promise<void> {
    const found = await stat(file).catch(() => null)
    if (found !== null && Date.now() - found.mtimeMs > staleMs) await rm(file, { force: true })
  }

  private pathOf(sha256: string): string {
    if (!isSha256(sha256)) throw new LedgerError('blob-unknown', 'What was asked for is not a SHA-256.')
    return path.join(this.root, sha256.slice(0, 2), sha256.slice(2, 4), sha256)
  }

  async put(source: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredBlob> {
    const staged = path.join(this.staging, randomUUID())
    let file: FileHandle | null = null
    try {
      const handle = await guarded(() => open(staged, 'wx', 0o600))
      file = handle
      const stored = await hashInto(source, options, async (chunk) => {
        for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten
      })
      await guarded(async () => {
        await handle.sync()
        await this.place(staged, stored.sha256)
      })
      return stored
    } finally {
      await file?.close()
      await rm(staged, { force: true })
    }
  }

  private async place(staged: string, sha256: string): Promise<void> {
    const final = this.pathOf(sha256)
    const folder = path.dirname(final)
    const made = await mkdir(folder, { recursive: true, mode: 0o700 })
    await rename(staged, final)
    for (let at = folder; ; at = path.dirname(at)) {
      await syncFolder(at)
      if (made === undefined || at.length < made.length || at === this.root) break
    }
  }

  async putFile(file: string, options: PutOptions): Promise<StoredBlob> {
    return this.put(fileChunks(file), options)
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.size(sha256)) !== null
  }

  async size(sha256: string): Promise<number | null> {
    if (!isSha256(sha256)) return null
    try {
      return (await stat(this.pathOf(sha256))).size
    } catch (error) {
      if (isAbsent(error)) return null
      throw storeError(error)
    }
  }

  async read(sha256: string): Promise<Readable> {
    try {
      const file = await open(this.pathOf(sha256))
      return file.createReadStream({ highWaterMark: 1 << 20 })
    } catch (error) {
      throw isAbsent(error) ? new LedgerError('blob-unknown', `${sha256} is not stored.`) : storeError(error)
    }
  }

  /** A second name for the file, so that a delete meanwhile does not take it away. */
  async withFile<T>(sha256: string, use: (path: string) => Promise<T>): Promise<T> {
    const held = path.join(this.staging, randomUUID())
    const stored = this.pathOf(sha256)
    try {
      // Both names have one time stamp, and an old one would make the second name look left behind.
      const now = new Date()
      await utimes(stored, now, now)
      await link(stored, held)
    } catch (error) {
      throw isAbsent(error) ? new LedgerError('blob-unknown', `${sha256} is not stored.`) : storeError(error)
    }
    try {
      await refuseDamaged(held, sha256)
      return await use(held)
    } finally {
      await rm(held, { force: true })
    }
  }

  async delete(sha256: string): Promise<void> {
    const file = this.pathOf(sha256)
    await guarded(() => rm(file, { force: true }))
  }

  async close(): Promise<void> {}
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
