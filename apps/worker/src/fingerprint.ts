import { FinalError, type TaskHandler } from '@basedrift/jobs'
import type { BlobStore, Ledger } from '@basedrift/ledger'
import { inputFailure } from './failures.js'
import type { Pool } from './pool.js'

/** What the fingerprint job needs. */
export interface FingerprintOptions {
  ledger: Pick<Ledger, 'bases'>
  blobs: Pick<BlobStore, 'withFile'>
  pool: Pick<Pool, 'fingerprint'>
}

/** Of which base. */
export interface FingerprintPayload {
  baseSha256: string
}

/** Computes and records the fingerprints of a base that no drift was computed of yet. */
export function createFingerprintHandler({
  ledger,
  blobs,
  pool,
}: FingerprintOptions): TaskHandler<FingerprintPayload> {
  return {
    async run({ baseSha256 }, { signal }) {
      try {
        const { layout, meaning } = await blobs.withFile(baseSha256, (basePath) =>
          pool.fingerprint({ name: baseSha256, baseSha256, basePath }, { signal }),
        )
        await ledger.bases.recordFingerprints([{ sha256: baseSha256, layout, meaning }])
      } catch (error) {
        const failure = inputFailure(error)
        if (failure === null) throw error
        throw new FinalError(failure.code, failure.message, { cause: error })
      }
    },
  }
}
