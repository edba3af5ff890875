import { FinalError, type Log, type TaskHandler } from '@basedrift/jobs'
import type { Ledger } from '@basedrift/ledger'
import type { ManifestCache } from './manifests.js'
import { decideOrigin } from './origin/decide.js'
import { fitOf } from './origin/fit.js'
import { settleOrigin } from './origin/settle.js'

/** What the origin job needs. */
export interface OriginOptions {
  ledger: Pick<Ledger, 'builds' | 'origins'>
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
export function createOriginHandler({ ledger, manifests, log }: OriginOptions): TaskHandler<OriginPayload> {
  return {
    async run({ buildId }) {
      const build = await ledger.builds.get(buildId)
      if (build === null) throw new FinalError('build-unknown', 'The build of this task is gone')
      const { stream, builtFor, kernel, modules } = build
      if (modules === null) return
      const manifest = await manifests.of(modules.setId)
      const subject = { stream, builtFor, own: kernel?.base ?? null, manifest }
      const { outcome, origin } = await settleOrigin(
        () =>
          decideOrigin(subject, async (bases) => bases.map((base) => fitOf(manifest, base)), ledger.origins),
        async (decision) => ({
          outcome: await ledger.origins.record(buildId, decision),
          origin: decision.origin,
        }),
      )
      log.info({ build: buildId, outcome, origin }, 'origin decided')
    },
  }
}
