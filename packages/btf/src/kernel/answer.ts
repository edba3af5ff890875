import type { KernelReasonCode } from './reasons.js'

/**
 * What a kernel does with a BTF blob: it accepts it; it refuses it, and the module with it (`rejected`) or without it
 * (`discarded`, CONFIG_MODULE_ALLOW_BTF_MISMATCH=y); it has nothing to look at (`ignored`); it crashes or hangs on it.
 */
export type KernelOutcome = 'accepted' | 'rejected' | 'discarded' | 'ignored' | 'crashes'

/** The first thing a kernel found wrong, for a machine to read. */
export interface Reason {
  readonly code: KernelReasonCode
  /** The id of the type that was being looked at. */
  readonly typeId?: number
  /** What was being looked at, as `struct foo.bar`, as far as it has a name in the running kernel's reading. */
  readonly path?: string
  readonly expected?: string
  readonly actual?: string
}

/** The answer of one kernel about one blob. */
export interface KernelAnswer {
  readonly outcome: KernelOutcome
  /** Positive; 0 where the blob was accepted or ignored, and where the kernel crashes. */
  readonly errno: number
  /**
   * The lines the kernel prints, in its order: trailing blanks trimmed; lines that are empty or only `BPF:`, and the line
   * printed once per boot, left out. One character a byte.
   */
  readonly log: readonly string[]
  /** null where nothing was wrong. */
  readonly reason: Reason | null
}
