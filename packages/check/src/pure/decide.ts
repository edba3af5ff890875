import type { KernelAnswer, KernelReasonCode } from '@basedrift/btf'
import type { Basis, Judgement, VerdictReason } from './verdicts.js'

/** What is known of the base that a module's split BTF was built on, next to the base it is checked against. */
export interface Evidence {
  /** SHA-256 of the running base, lower-case hex. */
  readonly runningSha256: string
  /** Length of the running base's string section in bytes; null where it cannot be read. */
  readonly runningStrings: number | null
  /** SHA-256 of the base that the module is said to have been built on; null where nothing says so. */
  readonly originSha256: string | null
  /** The length of its origin base's strings as recovered from the module alone; null where that cannot be told. */
  readonly originStrings: number | null
  /**
   * The module's `.BTF.base`: null where it has none; else its string length (null where it cannot be read), and whether
   * this kernel relocates by it (6.11 and later) or does not look at it.
   */
  readonly distilled: { readonly strings: number | null; readonly relocates: boolean } | null
}

const relocationReasons: ReadonlySet<KernelReasonCode> = new Set<KernelReasonCode>([
  'distilled-anonymous',
  'distilled-unexpected-kind',
  'distilled-void-match',
  'distilled-ambiguous',
  'distilled-not-mapped',
  'string-not-mapped',
])

function reasonOf(answer: KernelAnswer): { reason?: VerdictReason } {
  return answer.reason === null ? {} : { reason: { ...answer.reason } }
}

/** The verdict where the kernel refuses the BTF, does not look at it, or does not survive it. */
function refusal(answer: KernelAnswer): Judgement | null {
  const rest = { errno: answer.errno, log: answer.log, ...reasonOf(answer) }
  switch (answer.outcome) {
    case 'accepted':
      return null
    case 'ignored':
      return { verdict: 'no-btf', basis: 'absent', ...rest }
    case 'crashes': {
      const basis: Basis = answer.reason?.code === 'relocation-endless' ? 'kernel-hang' : 'kernel-crash'
      return { verdict: 'crashes', basis, ...rest }
    }
    case 'rejected':
    case 'discarded': {
      const inRelocation = answer.reason !== null && relocationReasons.has(answer.reason.code)
      const basis: Basis = inRelocation ? 'relocation' : 'kernel-check'
      return { verdict: answer.outcome, basis, ...rest }
    }
  }
}

/**
 * The verdict on a module from what the kernel does with its BTF and from what is known of its origin base.
 *
 * A kernel that accepts a module says nothing about what its references bind to. They bind to what was meant when the
 * running base has the origin base's bytes; they certainly do not when the origin's string length, recovered from the
 * module, is not the running base's: each of its own names then stands for another string. A recovered length that agrees
 * proves nothing, and one that contradicts an origin with the running base's bytes outweighs what was said of the origin.
 *
 * A module with a `.BTF.base` was built on that, and on no kernel's base. Where the kernel relocates it, its references
 * bind by name, unless its length shows that it was built on yet another base; where the kernel is older and reads it on
 * the running base, only its length can tell.
 */
export function decide(answer: KernelAnswer, evidence: Evidence): Judgement {
  const refused = refusal(answer)
  if (refused !== null) return refused
  const accepted = (verdict: Judgement['verdict'], basis: Basis): Judgement => ({
    verdict,
    basis,
    errno: answer.errno,
    log: answer.log,
  })
  const { distilled, originStrings } = evidence
  if (distilled?.relocates) {
    if (originStrings !== null && distilled.strings !== null && originStrings !== distilled.strings) {
      return accepted('misread', 'origin-length')
    }
    // The kernel accepts it, though it took something at random for one of its references.
    if (answer.reason !== null) return { ...accepted('unknown', 'relocation'), ...reasonOf(answer) }
    return accepted('compatible', 'relocated')
  }
  const { runningStrings } = evidence
  if (originStrings !== null && runningStrings !== null && originStrings !== runningStrings) {
    return accepted('misread', 'origin-length')
  }
  if (distilled === null && evidence.originSha256 === evidence.runningSha256) {
    return accepted('compatible', 'same-base')
  }
  return accepted('unknown', 'no-origin')
}
