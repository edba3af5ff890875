import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { BullQueue, queueName, queueOptions, workerOptions } from './bullmq-queue.js'
import { JobsError } from './errors.js'
import type { Log } from './log.js'
import type { QueueBackend } from './queue.js'

/** What the Redis queue needs. */
export interface RedisQueueOptions {
  redisUrl: string
  log: Log
  /** Separates the queues of several services on one server. */
  name?: string
}

/**
 * The queue on Redis or Valkey. Adding fails at once while the server is away (the outbox keeps the bell); consumers
 * wait for it to come back. Refuses a server that may evict keys. Opens its own connections and ends them on `close`.
 */
export async function createRedisQueue(options: RedisQueueOptions): Promise<QueueBackend> {
  const { redisUrl, log, name = queueName } = options
  const producer = new Redis(redisUrl, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 5_000,
  })
  producer.on('error', (error) => log.warn({ err: error }, 'queue connection'))
  try {
    await producer.connect()
    await refuseEviction(producer)
  } catch (error) {
    producer.disconnect()
    if (error instanceof JobsError) throw error
    throw new JobsError('queue-unavailable', 'Redis does not answer; check REDIS_URL', { cause: error })
  }
  const consumers: Redis[] = []
  return new BullQueue({
    kind: 'redis',
    queue: new Queue(name, { ...queueOptions, connection: producer }),
    createWorker: (processor, { concurrency }) => {
      const connection = new Redis(redisUrl, { maxRetriesPerRequest: null })
      connection.on('error', (error) => log.warn({ err: error }, 'queue connection'))
      consumers.push(connection)
      return new Worker(name, processor, { ...workerOptions, connection, concurrency })
    },
    log,
    closeConnections: async () => {
      for (const connection of [producer, ...consumers]) connection.disconnect()
    },
  })
}

/** BullMQ's keys have no expiry and must all stay: only `noeviction` keeps them when memory runs short. */
async function refuseEviction(redis: Redis): Promise<void> {
  const policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1]
  if (policy !== undefined && policy !== 'noeviction') {
    throw new JobsError(
      'redis-evicts',
      `Redis is set to ${policy} and may drop jobs; set maxmemory-policy to noeviction on the server of REDIS_URL`,
    )
  }
}
