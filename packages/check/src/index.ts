export { Bundle, openBundle } from './bundle/bundle.js'
export {
  type BundleEntry,
  type BundleFile,
  type BundleModule,
  BundleWriter,
  writeBundle,
} from './bundle/writer.js'
export { collectGarbage } from './collect.js'
export type { Blast, BrokenModule } from './drift/blast.js'
export type { DefinitionDiff } from './drift/c-diff.js'
export type { ConfigDifference, ConfigDifferences } from './drift/config.js'
export { type Hint, type HintCode, hintCodes } from './drift/hints.js'
export {
  type ChangedDefinition,
  type ChangedFunction,
  type DriftFunction,
  type DriftKernel,
  type DriftLimits,
  type DriftModules,
  type DriftReport,
  type DriftSide,
  defaultDriftLimits,
  driftReport,
  type KnownFingerprints,
  withBlast,
} from './drift/report.js'
export { classMeanings } from './drift/words.js'
export { CheckError, type CheckErrorCode, checkErrorCodes } from './errors.js'
export { type FoundKernel, type KernelSummary, onlyKernel } from './kernels.js'
export { byFile, type ManifestEntry } from './manifest.js'
export {
  type KernelBeside,
  type KernelsBeside,
  type OriginReach,
  originsBeside,
  type PlacedModule,
  type Placing,
  type RecordedModule,
  reachedBy,
  releaseNamed,
} from './origins.js'
export { CheckPool, type CheckPoolOptions } from './pool/check-pool.js'
export type { CompareJob, CompareProgress, CompareResult } from './pool/compare-job.js'
export type { DriftJob, DriftJobKernel, DriftJobResult } from './pool/drift-job.js'
export type { ExplainJob } from './pool/explain-job.js'
export type { FitJob, FitResult, Misfit } from './pool/fit-job.js'
export type { BaseFile, InputProblem, ScanJob, ScanProgress, ScanResult } from './pool/scan-job.js'
export type { RunOptions } from './pool/thread-pool.js'
export * from './pure/index.js'
export { decodeRows, encodeRows } from './rows/codec.js'
export { gateEngine, type OutcomeEngine } from './rows/gate-engine.js'
export { type MissingSymbols, type Outcomes, outcomesOf } from './rows/outcomes.js'
export { type CheckRequest, type CheckResult, checkKernelAndModules } from './run/check.js'
export { type DiffRequest, type DiffResult, diffKernels } from './run/diff.js'
export type { InputProgress, ReadOptions } from './run/inputs.js'
export { checkMachine, type MachineRequest } from './run/machine-check.js'
export type { RulesOverride } from './run/running.js'
export { checkOnKernels, type SeveralRequest } from './run/several.js'
export { fingerprintsOf, sha256Of } from './sha256.js'
export { symbolsCodec } from './symbols/format.js'
