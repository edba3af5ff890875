import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { ENGINE_VERSION } from '@basedrift/check'
import { FinalError, type Log, type TaskHandler } from '@basedrift/jobs'
import {
  type BlobStore,
  compareEngines,
  type DriftInputs,
  type DriftKernelRow,
  type Ledger,
} from '@basedrift/ledger'
import { inputFailure } from './failures.js'
import { withFiles } from './files.js'
import type { Pool } from './pool.js'

/** What the drift job needs. */
export interface DriftOptions {
  ledger: Pick<Ledger, 'drifts' | 'blobs'>
  blobs: Pick<BlobStore, 'withFile' | 'put'>
  pool: Pick<Pool, 'drift'>
  log: Log
}

/** Between which two kernel builds. */
export interface DriftPayload {
  fromBuildId: string
  toBuildId: string
}

/**
 * Says what differs between the bases of two kernel builds, and stores the report. What becomes of modules is not in it: that
 * is read from the pairs of the two builds when somebody asks.
 */
export function createDriftHandler(options: DriftOptions): TaskHandler<DriftPayload> {
  const { ledger, blobs, log } = options
  return {
    async run({ fromBuildId, toBuildId }, { signal }) {
      const inputs = await ledger.drifts.inputs(fromBuildId, toBuildId)
      if (inputs === null) throw new FinalError('drift-unknown', 'The drift of this task is gone')
      if (inputs.state === 'failed') return
      const { state, engine: recorded } = inputs
      if (state === 'done' && recorded !== null && compareEngines(ENGINE_VERSION, recorded) <= 0) return
      const { report: bytes, fingerprints, ...drift } = await compute(inputs, signal, options)
      await ledger.blobs.claim(createHash('sha256').update(bytes).digest('hex'))
      const report = await blobs.put(Readable.from([bytes]), { maxBytes: bytes.length, signal })
      const outcome = await ledger.drifts.record({
        fromBuildId,
        toBuildId,
        ...drift,
        counts: { ...drift.counts },
        report,
        fingerprints: [fingerprints.a, fingerprints.b].map(({ bytes: sha256, layout, meaning }) => ({
          sha256,
          layout,
          meaning,
        })),
      })
      log.info({ from: fromBuildId, to: toBuildId, outcome, class: drift.class }, 'drift computed')
    },
  }
}

async function compute({ from, to }: DriftInputs, signal: AbortSignal, { blobs, pool }: DriftOptions) {
  const kernel = ({ baseSha256, ...facts }: DriftKernelRow, basePath: string) => ({
    ...facts,
    baseSha256,
    basePath,
  })
  try {
    return await withFiles(blobs, [from.baseSha256, to.baseSha256], ([a = '', b = '']) =>
      pool.drift({ a: kernel(from, a), b: kernel(to, b) }, { signal }),
    )
  } catch (error) {
    const failure = inputFailure(error)
    if (failure === null) throw error
    throw new FinalError(failure.code, failure.message, { cause: error })
  }
}
