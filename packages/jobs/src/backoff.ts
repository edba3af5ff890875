/** How long to wait before a task is tried again. */
export interface BackoffOptions {
  /** Wait after the first failure, in milliseconds. */
  baseMs: number
  /** Longest wait, in milliseconds. */
  maxMs: number
}

/**
 * Milliseconds to wait after the `failures`-th failure (from 1): doubled each time up to the longest wait, then
 * between half of it and all of it, so that tasks that failed together do not come back together.
 */
export function backoffMs(failures: number, { baseMs, maxMs }: BackoffOptions, random: () => number): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30))
  return Math.round(full / 2 + (full / 2) * random())
}
