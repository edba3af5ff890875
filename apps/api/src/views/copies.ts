import type { Verdict } from '@basedrift/contract'
import type { RecordedRow } from '../findings.js'

/** What a machine suffers most from comes first. */
const worstFirst: readonly Verdict[] = [
  'crashes',
  'rejected',
  'misread',
  'discarded',
  'changed',
  'error',
  'unknown',
  'no-btf',
  'compatible',
]

/**
 * The copy that is explained of the modules of a build that have one name: the one with the worst verdict, the first of them by
 * file. Which of them modprobe loads is for depmod's search order to say, so that no better one may stand for it. Undefined where
 * there is none.
 */
export function worstCopy(copies: readonly RecordedRow[]): RecordedRow | undefined {
  const rank = ({ result }: RecordedRow) => worstFirst.indexOf(result.verdict)
  return [...copies].sort((a, b) => rank(a) - rank(b) || a.ordinal - b.ordinal)[0]
}
