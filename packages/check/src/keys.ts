import { hash } from 'node:crypto'
import type { Rules } from '@basedrift/btf'
import type { ManifestEntry } from './manifest.js'

/** SHA-256 as lower-case hex. */
export function sha256Of(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

/** What a comparison of a module set with a base depends on, and all it depends on. */
export interface ComparisonParts {
  /** `moduleSetId` of the manifest. */
  readonly moduleSet: string
  /** SHA-256 of the running base. */
  readonly running: string
  /** SHA-256 of the origin base; null where none is known. */
  readonly origin: string | null
  readonly rules: Rules
  /** `ENGINE_VERSION` */
  readonly engine: string
}

/** SHA-256 (lower-case hex) over the JSON of one value; arrays only, so that there is one way to write it. */
function keyOf(value: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(value), 'hex')
}

/** The key that a comparison is stored under: equal exactly when every part is. */
export function comparisonKey({ moduleSet, running, origin, rules, engine }: ComparisonParts): string {
  return keyOf(['comparison', 1, moduleSet, running, origin, rules.version, rules.allowBtfMismatch, engine])
}

/** The identity of a module set: SHA-256 over every field of its manifest, in the manifest's order. */
export function moduleSetId(manifest: readonly ManifestEntry[]): string {
  const rows = manifest.map((entry) => [
    entry.name,
    entry.file,
    entry.sha256,
    entry.vermagic,
    entry.srcversion,
    entry.buildId,
    entry.btfSha256,
    entry.distilledSha256,
    entry.btfBytes,
    entry.types,
    entry.strings,
    entry.originStrings,
  ])
  return keyOf(['module-set', 1, rows])
}
