export * from './access/types.js'
export type { BlobClaim, BlobRecords, RemoveBlob } from './blob-records.js'
export { DirectoryBlobStore } from './blobs/directory.js'
export { S3BlobStore, type S3Options } from './blobs/s3.js'
export * from './blobs/types.js'
export { isUnreachable } from './db.js'
export * from './errors.js'
export type { Attested, AttestedBuild, AttestedPair, MissingEvidence } from './gate/attested.js'
export { decide } from './gate/decide.js'
export type {
  Answer,
  DecisionHead,
  DecisionRow,
  DecisionSummaryRow,
  Gate,
  GateQuestion,
} from './gate/decisions.js'
export type { Decided, DecideInputs, Manifest, ManifestModule, Meeting, WaiverTerms } from './gate/inputs.js'
export { type Lives, mostLive } from './gate/live.js'
export {
  type Candidate,
  type Considered,
  type PairToMeet,
  type Party,
  selectMeetings,
} from './gate/meetings.js'
export { missing, type RefusedContent, type Witness, type Witnesses } from './gate/missing.js'
export { type ModuleRule, modulePath, parseModuleRules } from './gate/module-rules.js'
export { gateVerdictsOf, outcomeBits } from './gate/outcomes.js'
export type { GateEngine } from './gate/pair-records.js'
export type { Policies } from './gate/policies.js'
export {
  completeTerms,
  defaultTerms,
  type PolicyRow,
  type PolicyTerms,
  type ReadyPolicy,
  readyPolicy,
} from './gate/policy.js'
export * from './gate/rows.js'
export type { GateUseRow, GateUses } from './gate/uses.js'
export type { WaiverDraft, WaiverRow, Waivers } from './gate/waivers.js'
export { type GlobGrammar, type GlobText, globGrammars, globTest, likePattern } from './globs.js'
export { comparisonKey, comparisonKeyOf, taskId, uuidOf, uuidv7 } from './ids.js'
export type { LedgerLog } from './log.js'
export { applyMigrations, migrationsDirectory } from './migrations.js'
export { commonOriginStrings, commonStamp } from './module-sets.js'
export { type Channels, mostChannels } from './notices/channels.js'
export type { Courier } from './notices/courier.js'
export { type Deliveries, listedEvents } from './notices/deliveries.js'
export { digestEvents } from './notices/line.js'
export * from './notices/rows.js'
export type { Notices } from './notices/subjects.js'
export { type LedgerOptions, openLedger } from './open.js'
export { mostOriginCandidates } from './origins.js'
export type { Exhausted, Quotas, Taken } from './quotas.js'
export { mostRefusals } from './refusals.js'
export { compareEngines, renews } from './renewal/engines.js'
export { type Renewals, unusedMs } from './renewal/renewals.js'
export * from './repositories.js'
export type { Pruned, Retention } from './retention.js'
export * from './rows.js'
export { compareVersions, mostVersionChars, versionKey } from './versions/versions.js'
