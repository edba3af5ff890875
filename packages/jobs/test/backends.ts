import { createPostgresBackend, Queue } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'
import { createPostgresQueue, createRedisQueue, type QueueBackend, type TaskHandlers } from '../src/index.js'

export const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Handlers of which one alone is used. */
export function onlyIngest(ingest: TaskHandlers['ingest']): TaskHandlers {
  const unused = { run: () => Promise.reject(new Error('unused')) }
  return { ingest, compare: unused, origin: unused, drift: unused, fingerprint: unused, announce: unused }
}

/** One backend under test. */
export interface Backend {
  open(name: string): Promise<QueueBackend>
  /** Loses every job of the queue, as a server does that comes back empty. */
  wipe(name: string): Promise<void>
  /** Puts a job that is not one of ours. */
  poison(name: string, data: unknown): Promise<void>
}

export function postgresBackend(databaseUrl: () => string): Backend {
  return {
    open: (name) => createPostgresQueue({ databaseUrl: databaseUrl(), log: quiet, name }),
    async wipe(name) {
      const client = new pg.Client({ connectionString: databaseUrl() })
      await client.connect()
      await client.query('DELETE FROM bullmq.job WHERE queue = $1', [name])
      await client.end()
    },
    async poison(name, data) {
      const connection = { connectionString: databaseUrl() }
      const queue = new Queue(name, { connection }, createPostgresBackend)
      await queue.add('task', data, { removeOnComplete: true })
      await queue.close()
    },
  }
}

export function redisBackend(redisUrl: string): Backend {
  return {
    open: (name) => createRedisQueue({ redisUrl, log: quiet, name }),
    async wipe(name) {
      const redis = new Redis(redisUrl)
      const keys = await redis.keys(`bull:${name}:*`)
      if (keys.length > 0) await redis.del(...keys)
      await redis.quit()
    },
    async poison(name, data) {
      const connection = new Redis(redisUrl)
      const queue = new Queue(name, { connection })
      await queue.add('task', data, { removeOnComplete: true })
      await queue.close()
      await connection.quit()
    },
  }
}
