import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import {
  createJobsMetrics,
  type Dispatcher,
  type Log,
  type QueueBackend,
  startDispatcher,
  startTaskRunner,
} from '@basedrift/jobs'
import type { BlobStore, Ledger } from '@basedrift/ledger'
import type { Sending } from '@basedrift/notify'
import type { Registry } from 'prom-client'
import { createCompareHandler } from './compare.js'
import { createDriftHandler } from './drift.js'
import { createFingerprintHandler } from './fingerprint.js'
import { createIngestHandler } from './ingest.js'
import { ManifestCache } from './manifests.js'
import { type AnnounceOptions, createAnnounceHandler } from './notices/announce.js'
import { startCourier } from './notices/courier.js'
import { createDeliveryMetrics } from './notices/metrics.js'
import { defaultSettling } from './notices/settled.js'
import { startSweep } from './notices/sweep.js'
import { createOriginHandler } from './origin.js'
import type { Pool } from './pool.js'
import { startReconcile } from './reconcile.js'
import { openTempFiles } from './temp.js'

/** What a worker works with; whoever opened these closes them after the worker has stopped. */
export interface WorkerOptions {
  ledger: Ledger
  blobs: BlobStore
  queue: QueueBackend
  pool: Pool
  log: Log
  /** The data directory; temporary files are in `tmp` below it. */
  dataDir: string
  /** Where to register the metrics of tasks and queue; without it nothing is measured. */
  metrics?: Registry
  /** The dispatcher of this process where it has one already; else the worker starts its own and stops it. */
  dispatcher?: Dispatcher
  /** Called after each task, whatever became of it. */
  ended?: () => void
  /**
   * Tasks at the same time; one more than the pool has threads is right, so that no thread waits for what a task records. By
   * default one for each core, at most eight, and that one.
   */
  concurrency?: number
  /** Lease of a task, in milliseconds; it is extended while the task runs. */
  leaseMs?: number
  reconcile?: { intervalMs?: number; quietMs?: number; keepMs?: number; unsealedMs?: number }
  /** When a change is told of. */
  settling?: Partial<AnnounceOptions['settling']>
  /** When waivers are told of, and how often gates are asked again, in milliseconds. */
  sweep?: { waiverMs?: number; intervalMs?: number }
  /** What sending to channels takes; without it this worker announces, and others send. */
  sending?: Sending | undefined
  courier?: { leaseMs?: number; channels?: number; intervalMs?: number }
}

/** A running worker. */
export interface Worker {
  readonly dispatcher: Dispatcher
  /** Work or messages were recorded: look now. */
  ring(): void
  /** Takes no more tasks, gives those that run `graceMs` to end, puts the rest back and removes its temporary files. */
  stop(graceMs?: number): Promise<void>
}

/** Starts to ingest builds and to compare pairs; resolves when tasks are being taken. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { ledger, blobs, queue, pool, log, dataDir, metrics } = options
  const temp = await openTempFiles(join(dataDir, 'tmp'))
  const dispatcher = options.dispatcher ?? startDispatcher({ outbox: ledger.outbox, queue, log })
  const manifests = new ManifestCache(ledger.moduleSets)
  // Also where others send: what waits is counted in each worker.
  const delivered = metrics === undefined ? {} : { metrics: createDeliveryMetrics(metrics, { ledger }) }
  const courier =
    options.sending === undefined
      ? undefined
      : startCourier({
          ...options.sending,
          ledger,
          log,
          ...delivered,
          ...options.courier,
        })
  const runner = await startTaskRunner({
    tasks: ledger.tasks,
    queue,
    handlers: {
      ingest: createIngestHandler({ ledger, blobs, pool, temp, log }),
      compare: createCompareHandler({ ledger, manifests, blobs, pool, log }),
      drift: createDriftHandler({ ledger, blobs, pool, log }),
      fingerprint: createFingerprintHandler({ ledger, blobs, pool }),
      origin: createOriginHandler({ ledger, manifests, blobs, pool, log }),
      announce: createAnnounceHandler({
        ledger,
        blobs,
        log,
        settling: { ...defaultSettling, ...options.settling },
        announced: () => courier?.ring(),
      }),
    },
    ring: () => {
      dispatcher.ring()
      options.ended?.()
    },
    log,
    concurrency: options.concurrency ?? Math.min(availableParallelism(), 8) + 1,
    ...(metrics === undefined
      ? {}
      : { metrics: createJobsMetrics(metrics, { queue, outbox: ledger.outbox }) }),
    ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
  })
  const sweep = startSweep({
    ledger,
    log,
    ring: () => dispatcher.ring(),
    ...options.sweep,
  })
  const reconciler = startReconcile({ ledger, blobs, queue, dispatcher, log, ...options.reconcile })
  return {
    dispatcher,
    ring() {
      dispatcher.ring()
      courier?.ring()
    },
    async stop(graceMs = 10_000) {
      await Promise.all([reconciler.stop(), sweep.stop()])
      await Promise.all([runner.stop(graceMs), courier?.stop()])
      if (options.dispatcher === undefined) await dispatcher.stop()
      await temp.close()
    },
  }
}
