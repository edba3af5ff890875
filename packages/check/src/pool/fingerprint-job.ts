import type { Fingerprints } from '@basedrift/btf'
import { CheckError } from '../errors.js'
import { fingerprintsOf } from '../sha256.js'
import type { KeptInputs } from './kept.js'

/** One base BTF. */
export interface FingerprintJob {
  /** What names it where it cannot be read. */
  readonly name: string
  readonly baseSha256: string
  readonly basePath: string
}

/**
 * The fingerprints of a base: of its bytes, its layout and its meaning.
 * @throws CheckError `kernel-unreadable`
 */
export async function runFingerprint(
  { name, baseSha256, basePath }: FingerprintJob,
  kept: KeptInputs,
): Promise<Fingerprints> {
  const { bytes, btf, problem } = await kept.base(baseSha256, basePath)
  if (btf === null) throw new CheckError('kernel-unreadable', problem?.message, name)
  return fingerprintsOf(btf).all(bytes)
}
