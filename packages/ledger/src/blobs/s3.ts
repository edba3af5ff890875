import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type * as Sdk from '@aws-sdk/client-s3'
import { LedgerError } from '../errors.js'
import { guarded, hashInto, isSha256, refuseDamaged } from './staging.js'
import type { BlobStore, PutOptions, StoredBlob } from './types.js'

/** Where the bucket is. Credentials are taken from `credentials`, else where the AWS SDK looks for them. */
export interface S3Options {
  bucket: string
  region: string
  /** For S3 of another maker; buckets are then part of the path. */
  endpoint?: string | undefined
  /** Before each key, without a slash at its end. */
  prefix?: string | undefined
  credentials?: { accessKeyId: string; secretAccessKey: string } | undefined
  /** Local directory for files on their way. */
  temporary: string
}

/**
 * Blobs as objects of a bucket, under their SHA-256. What comes in is staged in a local file first: its hash, which is its key,
 * is known at the end.
 */
export class S3BlobStore implements BlobStore {
  private readonly client: Sdk.S3Client
  private readonly options: S3Options
  private readonly sdk: typeof Sdk

  private constructor(options: S3Options, sdk: typeof Sdk) {
    const { region, endpoint, credentials } = options
    this.options = options
    this.sdk = sdk
    this.client = new sdk.S3Client({
      region,
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      ...(credentials === undefined ? {} : { credentials }),
      // Its warnings would go past the log; errors are thrown.
      logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      // Others than AWS do not know the newer checksums; each object is checked by its key.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    })
  }

  /** Opens the store; the bucket is there, and nothing connects yet. */
  static async open(options: S3Options): Promise<S3BlobStore> {
    await guarded(() => mkdir(options.temporary, { recursive: true, mode: 0o700 }))
    // Loaded only where a bucket is used: it is large.
    return new S3BlobStore(options, await import('@aws-sdk/client-s3'))
  }

  private target(sha256: string): { Bucket: string; Key: string } {
    if (!isSha256(sha256)) throw new LedgerError('blob-unknown', 'What was asked for is not a SHA-256.')
    const { bucket, prefix } = this.options
    return { Bucket: bucket, Key: prefix === undefined ? sha256 : `${prefix}/${sha256}` }
  }

  private async withTemporary<T>(use: (file: string) => Promise<T>): Promise<T> {
    const file = path.join(this.options.temporary, randomUUID())
    try {
      return await use(file)
    } finally {
      await rm(file, { force: true })
    }
  }

  async put(source: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredBlob> {
    return this.withTemporary(async (staged) => {
      const file = await guarded(() => open(staged, 'wx', 0o600))
      try {
        const stored = await hashInto(source, options, async (chunk) => {
          for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
        })
        await this.upload(staged, stored)
        return stored
      } finally {
        await file.close()
      }
    })
  }

  async putFile(file: string, options: PutOptions): Promise<StoredBlob> {
    const stored = await hashInto(createReadStream(file), options, async () => {})
    await this.upload(file, stored)
    return stored
  }

  /** Also where the key is there: what it stands for may be damaged, and is whole then. */
  private async upload(file: string, { sha256, size }: StoredBlob): Promise<void> {
    await call(() =>
      this.client.send(
        new this.sdk.PutObjectCommand({
          ...this.target(sha256),
          Body: createReadStream(file),
          ContentLength: size,
        }),
      ),
    )
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.size(sha256)) !== null
  }

  async size(sha256: string): Promise<number | null> {
    if (!isSha256(sha256)) return null
    const found = await call(
      () => this.client.send(new this.sdk.HeadObjectCommand(this.target(sha256))),
      () => null,
    )
    return found?.ContentLength ?? null
  }

  async read(sha256: string): Promise<Readable> {
    const found = await call(
      () => this.client.send(new this.sdk.GetObjectCommand(this.target(sha256))),
      () => {
        throw new LedgerError('blob-unknown', `${sha256} is not stored.`)
      },
    )
    return found.Body as Readable
  }

  async withFile<T>(sha256: string, use: (path: string) => Promise<T>): Promise<T> {
    return this.withTemporary(async (local) => {
      await pipeline(await this.read(sha256), createWriteStream(local, { flags: 'wx', mode: 0o600 }))
      await refuseDamaged(local, sha256)
      return use(local)
    })
  }

  async delete(sha256: string): Promise<void> {
    await call(() => this.client.send(new this.sdk.DeleteObjectCommand(this.target(sha256))))
  }

  async close(): Promise<void> {
    this.client.destroy()
  }
}

const ignore = () => {}

/** The HTTP status of the SDK's errors. */
function statusOf(error: unknown): number | undefined {
  return (error as Partial<Sdk.S3ServiceException>).$metadata?.httpStatusCode
}

/** Runs a call of the SDK; `absent` answers for what is not there, all else becomes an error of the store. */
async function call<T, A = never>(run: () => Promise<T>, absent?: () => A): Promise<T | A> {
  try {
    return await run()
  } catch (cause) {
    if (cause instanceof LedgerError) throw cause
    if (absent !== undefined && statusOf(cause) === 404) return absent()
    const why = cause instanceof Error ? cause.name : 'unknown'
    throw new LedgerError('blob-store-failed', `The bucket did not answer as it should: ${why}.`, { cause })
  }
}
