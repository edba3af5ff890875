/**
 * What a program that calls the service works with: its client, words and codes, without the schemas, whose library takes longer to load
 * than most commands to run.
 */

export { type ErrorCode, errorCodes } from '../errors.js'
export { type GateReasonCode, gateReasonCodes, mayBecomeKnown, meaningOfReason } from '../gate-reasons.js'
export { splitVersionRelease, versionReleasePattern } from '../version-release.js'
export * from '../words.js'
export { type CallOptions, type Client, createClient } from './client.js'
export { ApiError } from './errors.js'
