import { workerData } from 'node:worker_threads'
import type { Fingerprints } from '@basedrift/btf'
import type { ModuleResult } from '../pure/index.js'
import { type CompareJob, type CompareProgress, type CompareResult, runCompare } from './compare-job.js'
import { type DriftJob, type DriftJobResult, runDrift } from './drift-job.js'
import { type ExplainJob, runExplain } from './explain-job.js'
import { type FingerprintJob, runFingerprint } from './fingerprint-job.js'
import { type FitJob, type FitResult, runFit } from './fit-job.js'
import { KeptInputs } from './kept.js'
import { serveJobs } from './protocol.js'
import { runScan, type ScanJob, type ScanProgress, type ScanResult } from './scan-job.js'

/** A job of this pool: its kind, and its data. */
export type CheckJob =
  | ({ readonly kind: 'scan' } & ScanJob)
  | ({ readonly kind: 'compare' } & CompareJob)
  | ({ readonly kind: 'explain' } & ExplainJob)
  | ({ readonly kind: 'drift' } & DriftJob)
  | ({ readonly kind: 'fit' } & FitJob)
  | ({ readonly kind: 'fingerprint' } & FingerprintJob)

export type CheckJobResult =
  | ScanResult
  | CompareResult
  | readonly ModuleResult[]
  | DriftJobResult
  | readonly FitResult[]
  | Fingerprints
export type CheckJobProgress = ScanProgress | CompareProgress

/** What each thread is started with. */
export interface CheckThreadData {
  /** Bytes of an inflated bundle, and of a base with its tables, that the thread may keep for its next job. */
  readonly keepBytes: number
}

const kept = new KeptInputs((workerData as CheckThreadData).keepBytes)

serveJobs<CheckJob, CheckJobResult, CheckJobProgress>(async (job, context) => {
  if (job.kind === 'scan') {
    const result = await runScan(job, kept, context)
    return { result, keeps: kept.bundleSha256 }
  }
  if (job.kind === 'fit') {
    const result = await runFit(job, kept, context)
    return { result, keeps: kept.bundleSha256 }
  }
  if (job.kind === 'drift') {
    const result = await runDrift(job, kept, context)
    return { result, keeps: kept.bundleSha256 }
  }
  if (job.kind === 'fingerprint') {
    const result = await runFingerprint(job, kept)
    return { result, keeps: kept.bundleSha256 }
  }
  if (job.kind === 'explain') {
    const result = await runExplain(job, kept, context)
    return { result, keeps: kept.bundleSha256 }
  }
  const result = await runCompare(job, kept, context)
  return { result, transfer: [result.rows.buffer as ArrayBuffer], keeps: kept.bundleSha256 }
})
