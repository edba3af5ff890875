import path from 'node:path'
import { openSending, type Sending } from '@basedrift/notify'
import {
  type Config,
  createLogger,
  createMetrics,
  createShutdown,
  type Logger,
  loadConfig,
  RuntimeError,
  type Shutdown,
} from '@basedrift/runtime'
import { startMetricsServer } from './metrics-server.js'
import { openParts } from './parts.js'
import { startWorker } from './worker.js'

/** Time that tasks have to end when the worker is told to stop, before they are put back, in milliseconds. */
const graceMs = 30_000

/** A worker process: everything that a worker needs, opened as the environment says. */
export interface WorkerProcess {
  readonly log: Logger
  readonly shutdown: Shutdown
}

/**
 * Starts a worker that shares database, queue and blobs with the services beside it. Needs `DATABASE_URL`. What was opened is
 * closed again when a part does not start. Errors carry the code of the part.
 */
export async function startStandalone(env: NodeJS.ProcessEnv): Promise<WorkerProcess> {
  const config = loadConfig(env)
  const { databaseUrl, redisUrl, dataDir, logLevel } = config
  const log = createLogger({ level: logLevel })
  if (databaseUrl === undefined) {
    throw new RuntimeError(
      'config-invalid',
      'A worker of its own needs DATABASE_URL, the database of the API.',
    )
  }
  const shutdown = createShutdown({ log })
  try {
    const temporary = path.join(dataDir, 'tmp', 'blobs')
    const parts = await openParts({ databaseUrl, config, dataDir, temporary, log, shutdown })
    const { threads, tasks, retention, metricsPort } = config.worker
    const metrics = createMetrics()
    const sending = sendingOf(config)
    if (sending === undefined)
      log.warn('BASEDRIFT_SECRET_KEYS is not set: this worker announces what happens, and sends nothing')
    const concurrency = tasks ?? (threads === undefined ? undefined : threads + 1)
    const worker = await startWorker({
      ...parts,
      log,
      dataDir,
      metrics,
      settling: config.chat.settling,
      reconcile: retention,
      sweep: config.chat.waiverMs === undefined ? {} : { waiverMs: config.chat.waiverMs },
      sending,
      ...(concurrency === undefined ? {} : { concurrency }),
    })
    shutdown.add('worker', () => worker.stop(graceMs), graceMs + 15_000)
    if (metricsPort !== undefined) {
      const shown = await startMetricsServer(metrics, { host: config.host, port: metricsPort })
      shutdown.add('metrics', () => shown.close())
      log.info({ host: config.host, port: shown.port }, 'metrics are shown')
    }
  } catch (error) {
    await shutdown.close()
    throw error
  }
  log.info({ queue: redisUrl === undefined ? 'postgres' : 'redis' }, 'the worker takes tasks')
  return { log, shutdown }
}

/** What sending to channels takes; without keys this worker sends nothing. */
function sendingOf({ chat, port }: Config): Sending | undefined {
  const { secretKeys, publicUrl = `http://127.0.0.1:${port}` } = chat
  return secretKeys === undefined ? undefined : openSending({ ...chat, secretKeys, publicUrl })
}
