/** The exit codes of every command: what a pipeline acts on. */
export const exitCodes = {
  ok: 0,
  /** A module does not fit. */
  bad: 1,
  /** Bad usage, an input or server that cannot be used, or a verdict `error`. */
  error: 2,
  /** The evidence does not decide. */
  unknown: 3,
} as const
