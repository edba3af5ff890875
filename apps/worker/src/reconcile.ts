import { ENGINE_VERSION } from '@basedrift/check'
import {
  type Dispatcher,
  type Log,
  type QueueBackend,
  type Reconciler,
  startReconciler,
} from '@basedrift/jobs'
import type { BlobStore, Ledger } from '@basedrift/ledger'

/** What the reconcile job needs. */
export interface ReconcileOptions {
  ledger: Pick<Ledger, 'tasks' | 'renewals' | 'notices' | 'retention' | 'blobs'>
  blobs: Pick<BlobStore, 'delete'>
  queue: Pick<QueueBackend, 'depth'>
  dispatcher: Pick<Dispatcher, 'ring'>
  log: Log
  /** As `ReconcilerOptions` has them. */
  intervalMs?: number
  quietMs?: number
  /** How long what is settled is kept, in milliseconds; 400 days by default. */
  keepMs?: number
  /** How long a build that is not sealed is kept, in milliseconds; 30 days by default. */
  unsealedMs?: number
}

/** Pairs that are compared again at a time: a build that comes in waits for these at most. */
const renewedAtOnce = 32

/** Changes that are announced again at a time, after their task failed. */
const rearmedAtOnce = 100

/** 400 days. */
const defaultKeepMs = 400 * 24 * 3_600_000

/** 30 days. */
const defaultUnsealedMs = 30 * 24 * 3_600_000

/** Rows of a kind that are deleted at a time, and how often one looks for them, in milliseconds. */
const sweptAtOnce = 500
const sweepMs = 600_000

/**
 * Rings again, at the start and at intervals, for tasks whose bell the queue lost and for those whose worker ended with them; and,
 * while nothing waits, lets be decided again what an older engine decided and be announced what could not be, and deletes what is
 * settled and old, builds that nobody seals, and files that nothing refers to. Every worker does it; bells that two of them ring are
 * answered once.
 */
export function startReconcile(options: ReconcileOptions): Reconciler {
  const { ledger, blobs, queue, dispatcher, log, ...rest } = options
  const { keepMs = defaultKeepMs, unsealedMs = defaultUnsealedMs, ...times } = rest
  const { tasks, renewals, notices, retention } = ledger
  const ring = () => dispatcher.ring()
  let sweptAt = 0
  const idle = async () => {
    const renewed = await renewals.begin({ engine: ENGINE_VERSION, limit: renewedAtOnce })
    if (renewed > 0) {
      log.info({ tasks: renewed, engine: ENGINE_VERSION }, 'deciding again what was decided by older means')
      ring()
    }
    const rearmed = await notices.rearm(rearmedAtOnce)
    if (rearmed > 0) {
      log.info({ changes: rearmed }, 'announcing again what could not be announced')
      ring()
    }
    if (Date.now() - sweptAt < sweepMs) return
    const swept = await renewals.sweep(sweptAtOnce)
    if (swept > 0) log.info({ comparisons: swept }, 'deleted comparisons that no pair has any more')
    const pruned = await retention.prune({ keepMs, limit: sweptAtOnce })
    if (Object.values(pruned).some((rows) => rows > 0)) log.info(pruned, 'deleted what is settled and old')
    const expired = await retention.expire({ unsealedMs, limit: sweptAtOnce })
    if (expired > 0) log.info({ builds: expired }, 'withdrew builds that nobody sealed')
    const collected = await ledger.blobs.collect({
      limit: sweptAtOnce,
      remove: (sha256) => blobs.delete(sha256),
      failed: (sha256, error) =>
        log.warn({ sha256, err: error }, 'could not remove a file that nothing refers to'),
    })
    if (collected > 0) log.info({ files: collected }, 'removed files that nothing refers to')
    if (Math.max(swept, expired, collected, ...Object.values(pruned)) < sweptAtOnce) sweptAt = Date.now()
  }
  return startReconciler({ tasks, queue, ring, idle, log, ...times })
}
