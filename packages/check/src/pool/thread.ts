import { type CompareJob, type CompareProgress, type CompareResult, runCompare } from './compare-job.js'
import { serveJobs } from './protocol.js'
import { runScan, type ScanJob, type ScanProgress, type ScanResult } from './scan-job.js'

/** A job of this pool: its kind, and its data. */
export type CheckJob = ({ readonly kind: 'scan' } & ScanJob) | ({ readonly kind: 'compare' } & CompareJob)

export type CheckJobResult = ScanResult | CompareResult
export type CheckJobProgress = ScanProgress | CompareProgress

serveJobs<CheckJob, CheckJobResult, CheckJobProgress>(async (job, context) => {
  if (job.kind === 'scan') return { result: await runScan(job, context) }
  const result = await runCompare(job, context)
  return { result, transfer: [result.rows.buffer as ArrayBuffer] }
})
