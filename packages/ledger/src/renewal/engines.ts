import { comparisonKey } from '../ids.js'
import type { ComparisonKey, RecordedComparison } from '../rows.js'

const dotted = /^\d{1,9}(?:\.\d{1,9}){0,7}$/

/**
 * Order of two versions of the engine, numbers with dots between them: negative where `a` is the older one, 0 where they are
 * equal. A number that is not there counts as 0, and what is no such version is older than everything that is.
 */
export function compareEngines(a: string, b: string): number {
  const [left, right] = [a, b].map((version) =>
    dotted.test(version) ? version.split('.').map(Number) : [-1],
  )
  for (let at = 0; at < Math.max(left!.length, right!.length); at++) {
    const difference = (left![at] ?? 0) - (right![at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * Whether a comparison takes the place of the one that a pair has: it is of a newer engine, or of the same one with other
 * inputs. Never that of an older engine: two versions that run at once would take turns.
 */
export function renews(comparison: ComparisonKey, recorded: RecordedComparison): boolean {
  const order = compareEngines(comparison.engine, recorded.engine)
  return order > 0 || (order === 0 && comparisonKey(comparison) !== recorded.key)
}
