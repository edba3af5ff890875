export { btfIdsLoad, type IdSymbol, type ModuleIds } from './btf-ids.js'
export { type JudgeContext, judge } from './judge.js'
export {
  LoadComparison,
  type LoadKernel,
  type LoadModule,
  moduleStructSize,
  type VersionTable,
  withLoad,
} from './load.js'
export { OriginBase, type OriginProof, proofAgainst } from './origin.js'
export { breaks, exitCodeOf, loadDoubtful, loadStops, overallOf, summary, symbolsMissing } from './overall.js'
export type { OwnModule } from './overriding.js'
export { folderOf, type ModulePlace } from './places.js'
export { withRefusedExporters } from './refused-exporters.js'
export { errorJudgement, judgeSubject, resultOf, type Subject } from './result.js'
export type { StampClaim } from './stamp.js'
export {
  type NamedSymbols,
  NamePool,
  noPooledSymbols,
  onlySymbols,
  type PooledSymbols,
  symbolBits,
} from './symbols.js'
export {
  type Basis,
  type BtfIdsLoad,
  bases,
  btfIdsStates,
  doubtCodes,
  type Judgement,
  type Load,
  type LoadDoubt,
  type LoadObstacle,
  loadUnknown,
  type MissedExport,
  type ModuleResult,
  type Overall,
  obstacleCodes,
  overalls,
  type Summary,
  type Verdict,
  type VerdictReason,
  verdicts,
  type WrongId,
} from './verdicts.js'
export { ENGINE_VERSION } from './version.js'
