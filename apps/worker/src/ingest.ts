import { join } from 'node:path'
import { collectGarbage, symbolsCodec } from '@basedrift/check'
import type { Log, TaskHandler } from '@basedrift/jobs'
import type { ArtifactRow, BlobStore, Failure, IngestResult, Ledger, OriginDecision } from '@basedrift/ledger'
import { workerErrorCodes } from './errors.js'
import { type Evidence, isScanned, readEvidence, withTools } from './evidence/read.js'
import { inputFailure } from './failures.js'
import { withFiles } from './files.js'
import { decideOrigin } from './origin/decide.js'
import { fitBy } from './origin/fit.js'
import { settleOrigin } from './origin/settle.js'
import type { Pool } from './pool.js'
import { type ScanOutcome, scanArtifacts } from './scan.js'
import type { TempFiles } from './temp.js'

/** What the ingest job needs. */
export interface IngestOptions {
  ledger: Pick<Ledger, 'builds' | 'origins' | 'blobs'>
  blobs: Pick<BlobStore, 'withFile' | 'putFile'>
  pool: Pick<Pool, 'scan' | 'fit'>
  temp: Pick<TempFiles, 'withDirectory'>
  log: Log
}

/** Which build to ingest. */
export interface IngestPayload {
  buildId: string
}

/**
 * Reads the artifacts of a sealed build, stores its base BTF and its split BTFs, and records what was found with the pairs that
 * follow from it. An artifact that cannot be used fails alone; the build fails where nothing is left of it.
 */
export function createIngestHandler(options: IngestOptions): TaskHandler<IngestPayload> {
  const { ledger, blobs, pool, temp, log } = options
  return {
    async run({ buildId }, { signal, trace }) {
      const build = await ledger.builds.startIngest(buildId)
      if (build === null) return
      const hashes = build.artifacts.map((artifact) => artifact.sha256)
      await temp.withDirectory(async (directory) => {
        const at = {
          basePath: join(directory, 'base.btf'),
          bundlePath: join(directory, 'modules.bundle'),
          symbolsPath: join(directory, 'modules.symbols'),
          exportsPath: join(directory, 'kernel.exports'),
        }
        const { scanned, evidence } = await withFiles(blobs, hashes, async (paths) => {
          const inputs = build.artifacts.flatMap((artifact, i) =>
            isScanned(artifact) ? [{ path: paths[i] as string, name: artifact.filename }] : [],
          )
          const scan = scanArtifacts(pool, inputs, at, signal)
          // Lists of thousands of modules are left of the build before; a scan takes the most memory of all, and not this thread.
          setImmediate(collectGarbage)
          return {
            scanned: await scan,
            evidence: await readEvidence(build.artifacts, paths),
          }
        })
        const kernel = withTools(scanned.kernel, build.artifacts, evidence)
        const artifacts = statesOf(build.artifacts, scanned, evidence)
        const failure = scanned.failure ?? emptiness(scanned)
        if (failure !== null) {
          await ledger.builds.fail(buildId, failure, artifacts)
          log.warn({ trace, build: buildId, code: failure.code }, 'build failed')
          return
        }
        const { base, manifest, bundle, symbols, exports } = scanned
        const put = async (path: string, file: { sha256: string; size: number } | null) => {
          if (file === null) return
          await ledger.blobs.claim(file.sha256)
          await blobs.putFile(path, { maxBytes: file.size, expectedSha256: file.sha256, signal })
        }
        // All is stored before anything of it is recorded; the origin of the modules can be looked for meanwhile.
        const stored = Promise.all([
          put(at.basePath, base),
          put(at.bundlePath, bundle),
          put(at.symbolsPath, symbols),
          put(at.exportsPath, exports),
        ])
        const { stream, builtFor, createdAt: declaredAt } = build
        const local = new Map(base === null ? [] : [[base.sha256, at.basePath]])
        const decide = async () => {
          if (manifest === null || bundle === null) return undefined
          const set = { bundlePath: at.bundlePath, bundleSha256: bundle.sha256, manifest }
          const fitAll = fitBy({ pool, blobs }, set, local, signal)
          const subject = {
            stream,
            builtFor,
            declaredAt,
            own: base,
            ownRelease: kernel?.release ?? null,
            manifest,
          }
          return decideOrigin(subject, fitAll, ledger.origins).catch(undecided)
        }
        const decideAndStore = async () => {
          const [found, kept] = await Promise.allSettled([decide(), stored])
          if (kept.status === 'rejected') throw kept.reason
          if (found.status === 'rejected') throw found.reason
          return found.value
        }
        const versioned = symbols && { ...symbols, codec: symbolsCodec }
        const facts = { buildId, kernel, base, manifest, bundle, symbols: versioned, exports, artifacts }
        const {
          outcome,
          pairs,
          build: { origin },
        } = await settleOrigin(decideAndStore, (found) =>
          ledger.builds.recordIngest({ ...facts, origin: found }),
        )
        log.info(
          {
            trace,
            build: buildId,
            outcome,
            pairs,
            kernel: kernel?.release,
            modules: manifest?.length ?? 0,
            origin: origin?.source,
          },
          'build ingested',
        )
      })
    },
  }
}

/** Modules that a thread cannot be had to look at once more keep no build from being ingested: their origin is not known. */
function undecided(error: unknown): OriginDecision {
  const failure = inputFailure(error)
  if (failure === null) throw error
  return { origin: null, problems: [failure], seen: null }
}

function emptiness({ kernel, manifest }: ScanOutcome): Failure | null {
  if (kernel !== null || manifest !== null) return null
  return { code: 'build-empty', message: workerErrorCodes['build-empty'] }
}

/** Said of a file that can be used nonetheless. */
const remarks: ReadonlySet<string> = new Set([
  'artifact-empty',
  'config-contradicts',
  'exports-unknown',
  'log-contradicts',
  'modules-unread',
  'name-contradicts',
  'provenance-contradicts',
  'symvers-contradicts',
  'version-contradicts',
  'version-unknown',
])

/** Problems kept of one artifact; a package may hold thousands of broken modules. */
const keptProblems = 1_000

/** What becomes of each artifact: failed where something of it could not be used. */
function statesOf(
  artifacts: readonly ArtifactRow[],
  scanned: ScanOutcome,
  evidence: Evidence,
): IngestResult['artifacts'] {
  const ofScanned = scanned.problems.values()
  return artifacts.map((artifact, i) => {
    const { id } = artifact
    const found = isScanned(artifact) ? (ofScanned.next().value ?? []) : []
    const own = [...found, ...(evidence.problems[i] ?? [])]
    const kept = own.slice(0, keptProblems)
    if (own.length > kept.length) {
      const message = `${own.length - kept.length} more. ${workerErrorCodes['problems-omitted']}`
      kept.push({ code: 'problems-omitted', message })
    }
    return { id, state: own.every(({ code }) => remarks.has(code)) ? 'ingested' : 'failed', problems: kept }
  })
}
