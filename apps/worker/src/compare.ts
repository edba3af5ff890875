import { ENGINE_VERSION, reachedBy } from '@basedrift/check'
import { FinalError, type Log, PutOff, type TaskHandler } from '@basedrift/jobs'
import {
  type BlobStore,
  comparisonKeyOf,
  type Ledger,
  type PairInputs,
  type RulesRow,
  renews,
} from '@basedrift/ledger'
import { inputFailure } from './failures.js'
import { withFiles } from './files.js'
import type { ManifestCache } from './manifests.js'
import type { Pool } from './pool.js'

/** What the compare job needs. */
export interface CompareOptions {
  ledger: Pick<Ledger, 'pairs'>
  manifests: ManifestCache
  blobs: Pick<BlobStore, 'withFile'>
  pool: Pick<Pool, 'compare'>
  log: Log
}

/** Which two builds to compare. */
export interface ComparePayload {
  kernelBuildId: string
  moduleBuildId: string
}

/**
 * Decides every module of one build on the kernel of another. Verdicts are a pure function of module set, bases, rules and
 * engine: where they are recorded under that key, for whichever pair, nothing is computed. A pair that is done is compared again
 * where the answer takes the place of the one that it has.
 */
export function createCompareHandler(options: CompareOptions): TaskHandler<ComparePayload> {
  const { ledger, log } = options
  return {
    async run({ kernelBuildId, moduleBuildId }, { signal }) {
      const inputs = await ledger.pairs.inputs(kernelBuildId, moduleBuildId)
      if (inputs === null) throw new FinalError('pair-unknown', 'The pair of this task is gone')
      if (inputs.state === 'failed') return
      if (inputs.rules === null) {
        const message = 'The version of the kernel is not known, and with it how it treats module BTF'
        throw new FinalError('rules-unknown', message)
      }
      const key = comparisonKeyOf(inputs, inputs.rules, ENGINE_VERSION)
      if (inputs.state === 'done' && inputs.recorded !== null && !renews(key, inputs.recorded)) return
      const known = await ledger.pairs.comparisonOf(key)
      const comparison = known ?? { ...key, ...(await compute(inputs, inputs.rules, signal, options)) }
      const outcome = await ledger.pairs.record({ kernelBuildId, moduleBuildId, comparison })
      log.info(
        { kernelBuild: kernelBuildId, moduleBuild: moduleBuildId, outcome, reused: known !== null },
        'pair compared',
      )
      // Inputs that changed while it ran and did not start its task anew.
      if (outcome === 'stale') throw new PutOff(new Date())
    },
  }
}

async function compute(
  inputs: PairInputs,
  rules: RulesRow,
  signal: AbortSignal,
  { manifests, blobs, pool }: CompareOptions,
) {
  const { moduleSet, running, originSha256, exportsSha256, btfModules } = inputs
  const recorded = await manifests.of(moduleSet.id)
  const onOrigin = reachedBy(inputs, recorded)
  const manifest = recorded.map((module) => ({ ...module, onOrigin: onOrigin(module) }))
  const { bundleSha256, symbolsSha256 } = moduleSet
  const origin = originSha256 === running.sha256 ? null : originSha256
  const wanted = [running.sha256, bundleSha256, origin, symbolsSha256, exportsSha256]
  const hashes = [...new Set(wanted.filter((hash) => hash !== null))]
  const about = { manifest, bundleSha256, rules, btfModules, runningSha256: running.sha256, originSha256 }
  try {
    return await withFiles(blobs, hashes, (paths) => {
      const [basePath, bundlePath, originPath, symbolsPath, exportsPath] = wanted.map((hash) =>
        hash === null ? null : paths[hashes.indexOf(hash)]!,
      ) as [string, string, string | null, string | null, string | null]
      return pool.compare(
        { ...about, basePath, bundlePath, originPath, symbolsPath, exportsPath },
        { signal },
      )
    })
  } catch (error) {
    const failure = inputFailure(error)
    if (failure === null) throw error
    throw new FinalError(failure.code, failure.message, { cause: error })
  }
}
