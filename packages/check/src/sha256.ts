import { hash } from 'node:crypto'
import { BaseFingerprints, type Btf } from '@basedrift/btf'

/** SHA-256 as lower-case hex. */
export function sha256Of(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

/** The fingerprints of a base, and of what modules need of it (docs/fingerprints.md). */
export function fingerprintsOf(base: Btf): BaseFingerprints {
  return new BaseFingerprints(base, (bytes) => hash('sha256', bytes, 'buffer'))
}
