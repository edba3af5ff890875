import path from 'node:path'
import { CheckPool } from '@basedrift/check'
import { createQueue, type QueueBackend } from '@basedrift/jobs'
import {
  applyMigrations,
  type BlobStore,
  DirectoryBlobStore,
  type Ledger,
  openLedger,
  S3BlobStore,
} from '@basedrift/ledger'
import { type Config, collectSeldom, type Logger, type Shutdown } from '@basedrift/runtime'

/** What a process of the service works with, whether it takes tasks alone or answers requests too. */
export interface Parts {
  readonly ledger: Ledger
  readonly blobs: BlobStore
  readonly queue: QueueBackend
  readonly pool: CheckPool
}

/** Where the parts are, and what closes them. */
export interface PartsOptions {
  readonly databaseUrl: string
  readonly config: Pick<Config, 'redisUrl' | 's3' | 'worker'>
  /** Where blobs are, unless they are in a bucket. */
  readonly dataDir: string
  /** Where the files of a bucket are while they are written or read. */
  readonly temporary: string
  readonly log: Logger
  /** Takes every part that is opened, to close them in reverse order, also where a later one does not open. */
  readonly shutdown: Shutdown
}

/** Brings the database up to date, and opens ledger, blobs, queue and threads. Errors carry the code of the part. */
export async function openParts(options: PartsOptions): Promise<Parts> {
  const { databaseUrl, config, log, shutdown } = options
  await applyMigrations(databaseUrl, { log })
  const ledger = await openLedger({ databaseUrl, log })
  shutdown.add('ledger', () => ledger.close())
  const blobs = await openBlobs(options)
  shutdown.add('blobs', () => blobs.close())
  const queue = await createQueue({ databaseUrl, redisUrl: config.redisUrl, log })
  shutdown.add('queue', () => queue.close())
  collectSeldom()
  const { threads } = config.worker
  const pool = new CheckPool(threads === undefined ? {} : { threads })
  shutdown.add('pool', () => pool.close())
  return { ledger, blobs, queue, pool }
}

function openBlobs({ config, dataDir, temporary }: PartsOptions): Promise<BlobStore> {
  const { s3 } = config
  return s3 === undefined
    ? DirectoryBlobStore.open(path.join(dataDir, 'blobs'))
    : S3BlobStore.open({ ...s3, temporary })
}
