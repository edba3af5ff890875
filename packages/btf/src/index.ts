export {
  Binding,
  type BindOptions,
  type Bound,
  type ChangedType,
  defaultFindings,
  type Misbound,
} from './binding/bind.js'
export { type ClassedBase, TypeClasses } from './binding/classes.js'
export {
  BaseEvidence,
  type Contradiction,
  type ContradictionCode,
  contradiction,
  contradictionCodes,
} from './binding/contradiction.js'
export { type BaseCounts, type CountsContradiction, contradictsCounts } from './binding/counts.js'
export { bytesOfKey, Interner, Key } from './binding/interner.js'
export { bindRelocated } from './binding/relocated.js'
export { Btf } from './btf.js'
export { declaration, typeText } from './c/declaration.js'
export { definitionText } from './c/definition.js'
export { dumpC } from './c/print.js'
export { type DriftClass, driftClasses } from './drift/class.js'
export {
  type Drift,
  type DriftChange,
  type DriftInput,
  type DriftOptions,
  type DriftPlace,
  type DriftType,
  driftOf,
  type Found,
} from './drift/drift.js'
export type { ShiftBucket } from './drift/order.js'
export { dumpRaw, dumpType } from './dump.js'
export { BtfError, type BtfErrorCode, btfErrorCodes } from './errors.js'
export { BaseFingerprints, type Fingerprints } from './fingerprint/fingerprints.js'
export type { Sha256 } from './fingerprint/writer.js'
export type { BtfHeader } from './header.js'
export type { KernelAnswer, KernelOutcome, Reason } from './kernel/answer.js'
export { checkBase, checkModule, type ModuleBtf, prepareBase, RunningBase, relocate } from './kernel/check.js'
export { type KernelReasonCode, kernelReasonCodes } from './kernel/reasons.js'
export type { Relocation } from './kernel/relocate.js'
export { isModifier, Kind, kindNames } from './kinds.js'
export { latin1, latin1Bytes } from './latin1.js'
export { recoverOriginLength } from './origin.js'
export { readBtf } from './reader.js'
export { type ReferenceVisitor, visitStringReferences, visitTypeReferences } from './references.js'
export { compareVersions, type KernelVersion, parseRules, parseVersion, type Rules } from './rules.js'
export { type KernelFeature, type KernelTraits, kernelFeatures, newestKnown, traitsOf } from './traits.js'
export { BtfBuilder } from './write/builder.js'
export { type Distilled, distill } from './write/distill.js'
export { type BtfParts, encodeBtf } from './write/encode.js'
export type { RebaseFault } from './write/proof.js'
export { type Obstacle, type Obstructed, type Rebased, Rebaser } from './write/rebase.js'
