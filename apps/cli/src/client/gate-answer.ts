import { type Decision, isDecision } from '@basedrift/contract'

/** Whether an answer is one of a gate, on what was asked, and follows from its reasons. Nothing else may be taken for a pass. */
export function isAnswerTo(
  { build, environment }: { readonly build: string; readonly environment: string },
  answer: unknown,
): answer is Decision {
  if (!isDecision(answer) || answer.build.id !== build || answer.environment !== environment) return false
  const { reasons } = answer
  const follows = reasons.some(({ outcome }) => outcome === 'fail')
    ? 'fail'
    : reasons.length > 0
      ? 'unknown'
      : 'pass'
  return answer.answer === follows
}
