import { createPostgresBackend, type PgPool, Queue, quoteSchemaName, runMigrations, Worker } from 'bullmq'
import pg from 'pg'
import { BullQueue, queueName, queueOptions, workerOptions } from './bullmq-queue.js'
import { JobsError } from './errors.js'
import type { Log } from './log.js'
import type { QueueBackend } from './queue.js'

/** Where BullMQ keeps its tables: away from the ledger's, with its own migrations. */
const schema = 'bullmq'

/** What the Postgres queue needs. */
export interface PostgresQueueOptions {
  databaseUrl: string
  log: Log
  /** Separates the queues of several services in one database. */
  name?: string
  /** Connections at most; one of them listens. */
  connections?: number
}

/**
 * The queue on BullMQ's Postgres backend, in the schema `bullmq` of the given database, which is brought up to date
 * first. Opens its own pool of connections and ends it on `close`.
 */
export async function createPostgresQueue(options: PostgresQueueOptions): Promise<QueueBackend> {
  const { databaseUrl, log, name = queueName, connections = 6 } = options
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: connections,
    keepAlive: true,
    // BullMQ's statements name no schema.
    options: `-c search_path=${quoteSchemaName(schema)}`,
  })
  pool.on('error', (error) => log.warn({ err: error }, 'queue connection'))
  // BullMQ tells a pool by its methods; its own narrow type and pg's overloads do not meet.
  const connection = pool as unknown as PgPool
  try {
    await migrate(connection)
  } catch (error) {
    await pool.end()
    throw new JobsError(
      'queue-unavailable',
      'The queue could not be set up in Postgres; check DATABASE_URL',
      {
        cause: error,
      },
    )
  }
  return new BullQueue({
    kind: 'postgres',
    queue: new Queue(name, { ...queueOptions, connection }, createPostgresBackend),
    createWorker: (processor, { concurrency }) =>
      new Worker(name, processor, { ...workerOptions, connection, concurrency }, createPostgresBackend),
    log,
    closeConnections: () => pool.end(),
  })
}

/** BullMQ's migrations: one transaction, serialized across processes by its own advisory lock. */
async function migrate(pool: PgPool): Promise<void> {
  const client = await pool.connect()
  try {
    await runMigrations(client, schema)
  } finally {
    client.release()
  }
}
