export { type JudgeContext, judge } from './judge.js'
export { OriginBase, proofAgainst } from './origin.js'
export { exitCodeOf, loadStops, overallOf, summary } from './overall.js'
export { errorJudgement, judgeSubject, resultOf, type Subject } from './result.js'
export type { StampClaim } from './stamp.js'
export {
  type Basis,
  bases,
  type Judgement,
  type Load,
  loadUnknown,
  type ModuleResult,
  type Overall,
  overalls,
  type Summary,
  type Verdict,
  type VerdictReason,
  verdicts,
} from './verdicts.js'
export { ENGINE_VERSION } from './version.js'
