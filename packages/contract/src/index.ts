export { artifactKindOf, evidenceBytes } from './artifact-kinds.js'
export type { AnswerOf, ErrorOf, InputOf, OperationName } from './client/calls.js'
export {
  type BuildName,
  type CallOptions,
  type Client,
  createClient,
  type PageQuery,
  type WriteOutcome,
} from './client/client.js'
export { ApiError, type ClientErrorCode, clientErrorCodes } from './client/errors.js'
export { defaultRetry, type RetryOptions } from './client/transport.js'
export { digestHeader, type Upload } from './client/upload.js'
export { type ErrorCode, type ErrorMeaning, errorCodes, isErrorCode } from './errors.js'
export {
  type GateReasonCode,
  type GateReasonMeaning,
  gateReasonCodes,
  mayBecomeKnown,
  meaningOfReason,
  remedyOf,
} from './gate-reasons.js'
export * from './schemas/access.js'
export { httpSchemas } from './schemas/all.js'
export * from './schemas/attestation.js'
export * from './schemas/base.js'
export * from './schemas/build.js'
export * from './schemas/channels.js'
export * from './schemas/decision.js'
export * from './schemas/drift.js'
export * from './schemas/events.js'
export * from './schemas/gate.js'
export * from './schemas/gate-reason.js'
export * from './schemas/gate-use.js'
export * from './schemas/jobs.js'
export * from './schemas/live.js'
export * from './schemas/names.js'
export * from './schemas/notices.js'
export * from './schemas/pair.js'
export * from './schemas/policy.js'
export * from './schemas/problem.js'
export * from './schemas/refusal.js'
export * from './schemas/targets.js'
export * from './schemas/waiver.js'
export { joinVersionRelease, splitVersionRelease, versionReleasePattern } from './version-release.js'
export * from './words.js'
