import type { Bound, KernelAnswer, KernelReasonCode } from '@basedrift/btf'
import type { OriginProof } from './origin.js'
import type { Basis, Judgement } from './verdicts.js'

const relocationReasons: ReadonlySet<KernelReasonCode> = new Set<KernelReasonCode>([
  'distilled-anonymous',
  'distilled-unexpected-kind',
  'distilled-void-match',
  'distilled-ambiguous',
  'distilled-not-mapped',
  'string-not-mapped',
])

/** The verdict where the kernel refuses the BTF, does not look at it, or does not survive it; null where it accepts it. */
export function refusalOf(answer: KernelAnswer): Judgement | null {
  const { errno, log, reason } = answer
  const rest = { errno, log, ...(reason === null ? {} : { reason: { ...reason } }) }
  switch (answer.outcome) {
    case 'accepted':
      return null
    case 'ignored':
      return { verdict: 'no-btf', basis: 'absent', ...rest }
    case 'crashes': {
      const basis: Basis = reason?.code === 'relocation-endless' ? 'kernel-hang' : 'kernel-crash'
      return { verdict: 'crashes', basis, ...rest }
    }
    case 'rejected':
    case 'discarded': {
      const inRelocation = reason !== null && relocationReasons.has(reason.code)
      return { verdict: answer.outcome, basis: inRelocation ? 'relocation' : 'kernel-check', ...rest }
    }
  }
}

/** A verdict on a module that the kernel accepts. */
export function accepted(verdict: Judgement['verdict'], basis: Basis): Judgement {
  return { verdict, basis, errno: 0, log: [] }
}

/** The verdict on an accepted module of which every reference was compared; `basis` is what it stands on where all agree. */
export function decideBound(bound: Bound, basis: Basis): Judgement {
  const { misboundTotal, misbound, changedTotal, changed } = bound
  if (misboundTotal > 0) return { ...accepted('misread', 'misbound'), misboundTotal, misbound }
  if (changedTotal > 0) return { ...accepted('changed', 'layout-change'), changedTotal, changed }
  return accepted('compatible', basis)
}

/** The verdict on an accepted module that itself proves that it was not built on the running base. */
export function withoutOrigin(proof: OriginProof): Judgement {
  return { ...accepted('misread', proof.code), reason: { ...proof } }
}
