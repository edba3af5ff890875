import { type CheckPool, ENGINE_VERSION, type ModuleResult, reachedBy } from '@basedrift/check'
import type { BlobStore, ComparisonRow, Ledger, ModuleRow } from '@basedrift/ledger'
import type { FastifyBaseLogger } from 'fastify'

/** What findings are found with. */
export interface FindingsOptions {
  ledger: Pick<Ledger, 'moduleSets'>
  blobs: Pick<BlobStore, 'withFile'>
  pool: Pick<CheckPool, 'explain'>
  log: Pick<FastifyBaseLogger, 'warn'>
  /** Answers that are looked for at the same time; more are given without lists. */
  concurrency: number
  /** Milliseconds that one answer may take before it is given without lists. */
  timeoutMs: number
}

/** A module's row as it is recorded, and its place in the manifest. */
export interface RecordedRow {
  ordinal: number
  result: ModuleResult
}

/** Rows with what was found of each listed; `omitted` where there was no time for it. */
export interface ListedRows {
  findings: 'listed' | 'omitted'
  rows: ModuleResult[]
}

/** Modules of one job: between two of them other jobs get their turn. */
const jobModules = 100

/**
 * Lists again what comparisons have counted. Findings are a pure function of blobs that never change, and are not stored; they
 * are found in the same way as `basedrift check` finds them. An answer that would take too long is given without them.
 */
export class Findings {
  readonly #options: FindingsOptions
  #running = 0

  constructor(options: FindingsOptions) {
    this.#options = options
  }

  /** The rows of one comparison with at most `maxFindings` of each kind. */
  async list(
    comparison: ComparisonRow,
    manifest: readonly ModuleRow[],
    recorded: readonly RecordedRow[],
    maxFindings: number,
  ): Promise<ListedRows> {
    const wanted = recorded.filter(({ result }) => hasFindings(result))
    if (wanted.length === 0) return { findings: 'listed', rows: recorded.map(({ result }) => result) }
    const listed = await this.#find(comparison, manifest, wanted, maxFindings)
    if (listed === null)
      return { findings: 'omitted', rows: recorded.map(({ result }) => withoutLists(result)) }
    return {
      findings: 'listed',
      rows: recorded.map(({ ordinal, result }) => withRecordedLoad(listed.get(ordinal), result)),
    }
  }

  async #find(
    comparison: ComparisonRow,
    manifest: readonly ModuleRow[],
    wanted: readonly RecordedRow[],
    maxFindings: number,
  ): Promise<Map<number, ModuleResult> | null> {
    const { concurrency, timeoutMs, log } = this.#options
    // Another engine may find other things than those that were counted.
    if (comparison.engine !== ENGINE_VERSION || this.#running >= concurrency) return null
    this.#running++
    const signal = AbortSignal.timeout(timeoutMs)
    const found = this.#explain(comparison, manifest, wanted, maxFindings, signal)
      .catch((error: unknown) => {
        log.warn({ err: error, modules: wanted.length }, 'rows are given without what was found of them')
        return null
      })
      .finally(() => this.#running--)
    // A blob store that does not answer must not hold up the rows; it still counts as running.
    return Promise.race([found, ended(signal)])
  }

  async #explain(
    comparison: ComparisonRow,
    manifest: readonly ModuleRow[],
    wanted: readonly RecordedRow[],
    maxFindings: number,
    signal: AbortSignal,
  ): Promise<Map<number, ModuleResult> | null> {
    const { ledger, blobs, pool } = this.#options
    const { moduleSetId, runningSha256, originSha256, rules, btfModules } = comparison
    const onOrigin = reachedBy(comparison, manifest)
    const set = await ledger.moduleSets.get(moduleSetId)
    if (set === null) return null
    const listed = new Map<number, ModuleResult>()
    const { bundleSha256 } = set
    const job = { bundleSha256, rules, btfModules, runningSha256, originSha256, maxFindings }
    const origin = originSha256 === null || originSha256 === runningSha256 ? null : originSha256
    const run = async (basePath: string, bundlePath: string, originPath: string | null) => {
      for (let at = 0; at < wanted.length; at += jobModules) {
        const modules = wanted.slice(at, at + jobModules).map(({ ordinal }) => {
          const module = manifest[ordinal] as ModuleRow
          const { name, file, sha256, originStrings, stamp } = module
          return { ordinal, name, file, sha256, originStrings, stamp, onOrigin: onOrigin(module) }
        })
        const results = await pool.explain({ ...job, basePath, bundlePath, originPath, modules }, { signal })
        for (const [nth, { ordinal }] of modules.entries()) listed.set(ordinal, results[nth] as ModuleResult)
      }
      return listed
    }
    return blobs.withFile(runningSha256, (basePath) =>
      blobs.withFile(bundleSha256, (bundlePath) =>
        origin === null
          ? run(basePath, bundlePath, null)
          : blobs.withFile(origin, (originPath) => run(basePath, bundlePath, originPath)),
      ),
    )
  }
}

function ended(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }))
}

/** A row that was found again, with what else the kernel compares as it was recorded: findings are of the BTF alone. */
function withRecordedLoad(found: ModuleResult | undefined, { load, overall, ...recorded }: ModuleResult) {
  return { ...(found ?? recorded), load, overall }
}

function hasFindings({ misboundTotal = 0, changedTotal = 0 }: ModuleResult): boolean {
  return misboundTotal + changedTotal > 0
}

function withoutLists({ misbound: _, changed: __, ...result }: ModuleResult): ModuleResult {
  return result
}
