import { availableParallelism } from 'node:os'
import type { Fingerprints } from '@basedrift/btf'
import type { ModuleResult } from '../pure/index.js'
import type { CompareJob, CompareProgress, CompareResult } from './compare-job.js'
import type { DriftJob, DriftJobResult } from './drift-job.js'
import type { ExplainJob } from './explain-job.js'
import type { FingerprintJob } from './fingerprint-job.js'
import type { FitJob, FitResult } from './fit-job.js'
import { removeFiles, type ScanJob, type ScanProgress, type ScanResult } from './scan-job.js'
import type { CheckJob, CheckJobProgress, CheckJobResult, CheckThreadData } from './thread.js'
import { type RunOptions, ThreadPool } from './thread-pool.js'

/** How a pool is made; everything has a default. */
export interface CheckPoolOptions {
  /** Threads at most; by default one for each core. */
  readonly threads?: number
  /** Megabytes of JavaScript heap that a thread may have; by default 512. */
  readonly memoryMb?: number
  /** Milliseconds of wall time that a job may take; by default 15 minutes. */
  readonly wallMs?: number
  /** Megabytes of inflated bundles that all threads together keep for their next jobs; by default 256. */
  readonly keepMb?: number
}

/**
 * Worker threads that read what comes from outside, so that no input can hold up or end the process. A job that crashes,
 * or goes beyond a limit, fails alone with `thread-crashed`, `memory-limit` or `time-limit`, and its thread is replaced.
 * The other errors of a job are its own.
 */
export class CheckPool {
  readonly #threads: ThreadPool<CheckJob, CheckJobResult, CheckJobProgress>

  constructor(options: CheckPoolOptions = {}) {
    const threads = options.threads ?? availableParallelism()
    const data: CheckThreadData = { keepBytes: ((options.keepMb ?? 256) * 2 ** 20) / threads }
    this.#threads = new ThreadPool({
      entry: new URL('./thread.js', import.meta.url),
      threads,
      data,
      memoryMb: options.memoryMb ?? 512,
      wallMs: options.wallMs ?? 15 * 60 * 1000,
    })
  }

  /**
   * Scans the inputs of one build: writes its base BTF to `basePath`, its split BTFs to `bundlePath`, and what else decides a
   * load to `symbolsPath` and `exportsPath`. None of them is left there when it fails.
   * @throws CheckError `kernel-ambiguous`
   */
  async scan(job: ScanJob, options: RunOptions<ScanProgress> = {}): Promise<ScanResult> {
    try {
      return (await this.#threads.run(
        { kind: 'scan', ...job },
        { ...(options as RunOptions<CheckJobProgress>), like: 'scan' },
      )) as ScanResult
    } catch (error) {
      await removeFiles(job)
      throw error
    }
  }

  /**
   * Judges every module of a set on one base.
   * @throws CheckError `bundle-mismatch`, `bundle-malformed`; an error with code `rules-invalid`
   */
  async compare(job: CompareJob, options: RunOptions<CompareProgress> = {}): Promise<CompareResult> {
    return (await this.#threads.run(
      { kind: 'compare', ...job },
      { ...(options as RunOptions<CheckJobProgress>), wants: job.bundleSha256 },
    )) as CompareResult
  }

  /**
   * Judges some modules of a set again, and lists what was found. Somebody waits for it: it comes before other jobs that wait.
   * @throws CheckError `bundle-mismatch`, `bundle-malformed`; an error with code `rules-invalid`
   */
  async explain(job: ExplainJob, options: Pick<RunOptions<never>, 'signal'> = {}): Promise<ModuleResult[]> {
    return (await this.#threads.run(
      { kind: 'explain', ...job },
      { ...options, urgent: true, wants: job.bundleSha256 },
    )) as ModuleResult[]
  }

  /**
   * Says of each base which modules of a set were not built on it.
   * @throws CheckError `bundle-mismatch`, `bundle-malformed`
   */
  async fit(job: FitJob, options: Pick<RunOptions<never>, 'signal'> = {}): Promise<readonly FitResult[]> {
    return (await this.#threads.run(
      { kind: 'fit', ...job },
      { ...options, wants: job.bundleSha256 },
    )) as readonly FitResult[]
  }

  /**
   * Compares the bases of two kernels.
   * @throws CheckError `kernel-unreadable`; an error with code `btf-names`
   */
  async drift(job: DriftJob, options: Pick<RunOptions<never>, 'signal'> = {}): Promise<DriftJobResult> {
    return (await this.#threads.run({ kind: 'drift', ...job }, options)) as DriftJobResult
  }

  /**
   * The fingerprints of a base.
   * @throws CheckError `kernel-unreadable`
   */
  async fingerprint(
    job: FingerprintJob,
    options: Pick<RunOptions<never>, 'signal'> = {},
  ): Promise<Fingerprints> {
    return (await this.#threads.run({ kind: 'fingerprint', ...job }, options)) as Fingerprints
  }

  /** Ends all jobs and threads. */
  close(): Promise<void> {
    return this.#threads.close()
  }
}
