import { FinalError, type Log, type TaskHandler } from '@basedrift/jobs'
import type { BlobStore, Ledger } from '@basedrift/ledger'
import { inputFailure } from './failures.js'
import type { ManifestCache } from './manifests.js'
import { decideOrigin } from './origin/decide.js'
import { fitBy } from './origin/fit.js'
import { settleOrigin } from './origin/settle.js'
import type { Pool } from './pool.js'

/** What the origin job needs. */
export interface OriginOptions {
  ledger: Pick<Ledger, 'builds' | 'moduleSets' | 'origins'>
  blobs: Pick<BlobStore, 'withFile'>
  pool: Pick<Pool, 'fit'>
  manifests: ManifestCache
  log: Log
}

/** Which build to look again at. */
export interface OriginPayload {
  buildId: string
}

/**
 * Decides again which base the modules of a build were built on, after a kernel came in that may change it; the pairs of a build
 * whose origin changes wait again. The same evidence gives the same decision, so it may run any number of times.
 */
export function createOriginHandler(options: OriginOptions): TaskHandler<OriginPayload> {
  const { ledger, manifests, blobs, pool, log } = options
  return {
    async run({ buildId }, { signal }) {
      const build = await ledger.builds.get(buildId)
      if (build === null) throw new FinalError('build-unknown', 'The build of this task is gone')
      const { stream, builtFor, createdAt: declaredAt, kernel, modules } = build
      const set = modules === null ? null : await ledger.moduleSets.get(modules.setId)
      if (set === null) return
      const { bundleSha256 } = set
      const manifest = await manifests.of(set.id)
      const own = kernel?.base ?? null
      const subject = { stream, builtFor, declaredAt, own, ownRelease: kernel?.release ?? null, manifest }
      const { outcome, origin } = await asFinal(() =>
        blobs.withFile(bundleSha256, (bundlePath) => {
          const fitAll = fitBy({ pool, blobs }, { bundlePath, bundleSha256, manifest }, new Map(), signal)
          return settleOrigin(
            () => decideOrigin(subject, fitAll, ledger.origins),
            async (decision) => ({
              outcome: await ledger.origins.record(buildId, decision),
              origin: decision.origin,
            }),
          )
        }),
      )
      log.info({ build: buildId, outcome, origin }, 'origin decided')
    },
  }
}

/** What is wrong with the modules or bases themselves would be wrong again. */
async function asFinal<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const failure = inputFailure(error)
    if (failure === null) throw error
    throw new FinalError(failure.code, failure.message, { cause: error })
  }
}
