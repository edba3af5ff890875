import type { CheckErrorCode } from '@basedrift/check'
import type { Failure } from '@basedrift/ledger'

/**
 * What `CheckPool` says of the bytes and rules it was given, and would say of them again. Every other error of a job is one of
 * the world: database, blob store, disk, a pool that is being closed.
 */
const ofTheInput = [
  'bundle-malformed',
  'bundle-mismatch',
  'kernel-ambiguous',
  'kernel-btf-absent',
  'kernel-unreadable',
  'memory-limit',
  'symbols-malformed',
  'thread-crashed',
  'time-limit',
] as const satisfies CheckErrorCode[]

/** And what its engine says, whose errors come through the pool as they are. */
const ofTheEngine = ['rules-invalid', 'btf-names']

const finalCodes: ReadonlySet<string> = new Set([...ofTheInput, ...ofTheEngine])

/** The failure to record where `error` of the pool is the input's own; null where it is the world's and trying again may help. */
export function inputFailure(error: unknown): Failure | null {
  if (!(error instanceof Error)) return null
  const { code, file } = error as { code?: unknown; file?: unknown }
  if (typeof code !== 'string' || !finalCodes.has(code)) return null
  return { code, message: error.message, ...(typeof file === 'string' ? { file } : {}) }
}
