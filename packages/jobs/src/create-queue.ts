import type { Log } from './log.js'
import { createPostgresQueue } from './postgres-queue.js'
import type { QueueBackend } from './queue.js'
import { createRedisQueue } from './redis-queue.js'

/** Where the queue may be. */
export interface QueueOptions {
  /** Redis or Valkey; without it the queue is in Postgres. */
  redisUrl?: string | undefined
  databaseUrl: string
  log: Log
}

/** The queue on Redis where there is one, else in the ledger's database. */
export function createQueue({ redisUrl, databaseUrl, log }: QueueOptions): Promise<QueueBackend> {
  return redisUrl === undefined
    ? createPostgresQueue({ databaseUrl, log })
    : createRedisQueue({ redisUrl, log })
}
