import {
  type Dispatcher,
  type Log,
  type QueueBackend,
  type Reconciler,
  startReconciler,
} from '@basedrift/jobs'
import type { Ledger } from '@basedrift/ledger'

/** What the reconcile job needs. */
export interface ReconcileOptions {
  ledger: Pick<Ledger, 'tasks'>
  queue: Pick<QueueBackend, 'depth'>
  dispatcher: Pick<Dispatcher, 'ring'>
  log: Log
  /** As `ReconcilerOptions` has them. */
  intervalMs?: number
  quietMs?: number
}

/**
 * Rings again, at the start and at intervals, for tasks whose bell the queue lost and for those whose worker ended with them.
 * Every worker does it; bells that two of them ring are answered once.
 */
export function startReconcile({ ledger, queue, dispatcher, log, ...times }: ReconcileOptions): Reconciler {
  return startReconciler({ tasks: ledger.tasks, queue, ring: () => dispatcher.ring(), log, ...times })
}
