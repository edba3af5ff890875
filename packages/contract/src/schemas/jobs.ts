import Type, { type Static } from 'typebox'
import { Sha256, Uuid } from './base.js'

/** What a job carries: the id of a task, and nothing else. The task itself is in the ledger. */
export const TaskJob = Type.Object(
  { taskId: Type.String({ minLength: 1, maxLength: 256 }) },
  { $id: 'TaskJob', additionalProperties: false },
)
export type TaskJob = Static<typeof TaskJob>

/** The kinds of tasks. */
export const taskKinds = ['ingest', 'compare', 'origin', 'drift', 'fingerprint', 'announce'] as const
export type TaskKind = (typeof taskKinds)[number]

/** Payload of an `ingest` task. */
export const IngestPayload = Type.Object(
  { buildId: Uuid },
  { $id: 'IngestPayload', additionalProperties: false },
)
export type IngestPayload = Static<typeof IngestPayload>

/** Payload of a `compare` task. */
export const ComparePayload = Type.Object(
  { kernelBuildId: Uuid, moduleBuildId: Uuid },
  { $id: 'ComparePayload', additionalProperties: false },
)
export type ComparePayload = Static<typeof ComparePayload>

/** Payload of an `origin` task. */
export const OriginPayload = Type.Object(
  { buildId: Uuid },
  { $id: 'OriginPayload', additionalProperties: false },
)
export type OriginPayload = Static<typeof OriginPayload>

/** Payload of a `drift` task. */
export const DriftPayload = Type.Object(
  { fromBuildId: Uuid, toBuildId: Uuid },
  { $id: 'DriftPayload', additionalProperties: false },
)
export type DriftPayload = Static<typeof DriftPayload>

/** Payload of a `fingerprint` task. */
export const FingerprintPayload = Type.Object(
  { baseSha256: Sha256 },
  { $id: 'FingerprintPayload', additionalProperties: false },
)
export type FingerprintPayload = Static<typeof FingerprintPayload>

/** Payload of an `announce` task. */
export const AnnouncePayload = Type.Object(
  { subject: Type.String({ minLength: 1, maxLength: 200 }) },
  { $id: 'AnnouncePayload', additionalProperties: false },
)
export type AnnouncePayload = Static<typeof AnnouncePayload>
