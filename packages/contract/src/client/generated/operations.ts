// Made by `node scripts/api.mjs` from the OpenAPI document of the service. Change its schemas instead.
import type { AuditList, NewToken, Token, TokenList, TokenRequest } from '../../schemas/access.js'
import type { Envelope, KeyList } from '../../schemas/attestation.js'
import type { Artifact, Build, BuildList, Declaration, ModuleList, Stream, StreamChange, StreamList } from '../../schemas/build.js'
import type { Channel, ChannelChange, ChannelList, Delivery, DeliveryList, EventList, NewChannel, Resealed } from '../../schemas/channels.js'
import type { Decision, DecisionList } from '../../schemas/decision.js'
import type { Drift, DriftList } from '../../schemas/drift.js'
import type { BreakGlass, GateUse, GateUseList } from '../../schemas/gate-use.js'
import type { EnvironmentList, Live, LiveList } from '../../schemas/live.js'
import type { Explanation, Matrix, Pair } from '../../schemas/pair.js'
import type { Policy, PolicySettings } from '../../schemas/policy.js'
import type { AcknowledgementRequest, WithdrawalRequest } from '../../schemas/refusal.js'
import type { Waiver, WaiverList, WaiverRequest } from '../../schemas/waiver.js'

/** What any call may end in. */
export type CommonCode = 'host-refused' | 'internal' | 'overloaded' | 'rate-limited' | 'request-invalid'

/** What each operation takes and gives: parameters, body, answer, and the codes of its errors. */
export interface Operations {
  /** Say of content that was refused under names of a build that somebody looked at it, and why it holds nothing up */
  acknowledgeRefusals: {
    path: { id: string }
    body: AcknowledgementRequest
    answer: Build
    error: CommonCode | 'body-malformed' | 'body-too-large' | 'build-unknown' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'media-type-refused' | 'origin-refused' | 'refusal-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** The verdicts of a build, as a signed in-toto statement */
  attestation: {
    path: { id: string }
    answer: Envelope
    error: CommonCode | 'build-unfinished' | 'build-unknown' | 'not-ready' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Record that somebody publishes against the gate, or without it, and why */
  breakGlass: {
    body: BreakGlass
    answer: GateUse
    error: CommonCode | 'body-malformed' | 'body-too-large' | 'build-unknown' | 'decision-unknown' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'media-type-refused' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Progress of a build, as server-sent events */
  buildEvents: {
    path: { id: string }
    answer: string
    error: CommonCode | 'build-unknown' | 'connections-exhausted' | 'streams-limited' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Change a channel, its secrets among it */
  changeChannel: {
    path: { id: string }
    body: ChannelChange
    answer: Channel
    error: CommonCode | 'body-malformed' | 'body-too-large' | 'channel-exists' | 'channel-unknown' | 'channels-unavailable' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'media-type-refused' | 'origin-refused' | 'target-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Say how the versions of a stream are ordered */
  changeStream: {
    path: { stream: string }
    body: StreamChange
    answer: Stream
    error: CommonCode | 'body-malformed' | 'body-too-large' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'media-type-refused' | 'origin-refused' | 'stream-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Make a channel that is told of events */
  createChannel: {
    body: NewChannel
    answer: Channel
    error: CommonCode | 'body-malformed' | 'body-too-large' | 'channel-exists' | 'channel-limit' | 'channels-unavailable' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'media-type-refused' | 'origin-refused' | 'target-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Make an access token; it is shown this once */
  createToken: {
    body: TokenRequest
    answer: NewToken
    error: CommonCode | 'body-malformed' | 'body-too-large' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'media-type-refused' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing' | 'token-name-taken'
  }
  /** A decision as it was made */
  decision: {
    path: { id: string }
    answer: Decision
    error: CommonCode | 'decision-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** All that a decision was made of */
  decisionInputs: {
    path: { id: string }
    answer: Record<string, unknown>
    error: CommonCode | 'decision-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Declare a build and where it comes from */
  declareBuild: {
    path: { stream: string; vr: string }
    body: Declaration
    answer: Build
    error: CommonCode | 'body-malformed' | 'body-too-large' | 'build-differs' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'media-type-refused' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** One drift, with its difference and blast radius */
  drift: {
    path: { id: string }
    answer: Drift
    error: CommonCode | 'drift-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Machines of the environment run this build, or have its modules */
  enterLive: {
    path: { environment: string; build: string }
    answer: Live
    error: CommonCode | 'build-unknown' | 'build-withdrawn' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'live-limit' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** A build by its name */
  findBuild: {
    path: { stream: string; vr: string }
    answer: Build
    error: CommonCode | 'build-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** May this build be published, given what is live? */
  gate: {
    query: { build: string; environment: string; wait?: string | undefined; dryRun?: boolean | undefined; onBehalfOf?: string | undefined }
    answer: Decision
    error: CommonCode | 'build-unknown' | 'connections-exhausted' | 'token-forbidden' | 'token-invalid' | 'token-missing' | 'waits-limited'
  }
  /** An artifact of a build, as it came */
  getArtifact: {
    path: { id: string; filename: string }
    answer: string
    error: CommonCode | 'artifact-unknown' | 'build-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** State, progress, fingerprints and failures of a build */
  getBuild: {
    path: { id: string }
    answer: Build
    error: CommonCode | 'build-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** One channel, without its secrets */
  getChannel: {
    path: { id: string }
    answer: Channel
    error: CommonCode | 'channel-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** One delivery, with what came of it */
  getDelivery: {
    path: { id: string }
    answer: Delivery
    error: CommonCode | 'delivery-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** What the gates of a stream go by, now or as it was */
  getPolicy: {
    path: { stream: string }
    query?: { version?: number | undefined }
    answer: Policy
    error: CommonCode | 'policy-unknown' | 'stream-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** One waiver */
  getWaiver: {
    path: { id: string }
    answer: Waiver
    error: CommonCode | 'token-forbidden' | 'token-invalid' | 'token-missing' | 'waiver-unknown'
  }
  /** Is this artifact known already? */
  headBlob: {
    path: { sha256: string }
    answer: null
    error: CommonCode | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Does the service run? */
  health: {
    answer: { status: string }
    error: CommonCode
  }
  /** No machine of the environment runs this build any more */
  leaveLive: {
    path: { environment: string; build: string }
    answer: Live
    error: CommonCode | 'build-unknown' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'live-unknown' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Every write that a token asked for, newest first */
  listAudit: {
    query?: { by?: string | undefined; cursor?: string | undefined; limit?: number | undefined }
    answer: AuditList
    error: CommonCode | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Builds, newest first */
  listBuilds: {
    query?: { stream?: string | undefined; order?: 'version' | 'declared' | undefined; withdrawn?: boolean | undefined; cursor?: string | undefined; limit?: number | undefined }
    answer: BuildList
    error: CommonCode | 'cursor-invalid' | 'stream-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Channels, without their secrets */
  listChannels: {
    query?: { cursor?: string | undefined; limit?: number | undefined }
    answer: ChannelList
    error: CommonCode | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** What gates have decided, the latest first */
  listDecisions: {
    query?: { build?: string | undefined; environment?: string | undefined; cursor?: string | undefined; limit?: number | undefined }
    answer: DecisionList
    error: CommonCode | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** What went where, the latest first, with what came of it */
  listDeliveries: {
    query?: { channel?: string | undefined; state?: 'collecting' | 'pending' | 'sending' | 'sent' | 'dead' | undefined; cursor?: string | undefined; limit?: number | undefined }
    answer: DeliveryList
    error: CommonCode | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Drifts between neighbouring kernel builds of a stream, the latest first */
  listDrifts: {
    query: { stream: string; cursor?: string | undefined; limit?: number | undefined }
    answer: DriftList
    error: CommonCode | 'cursor-invalid' | 'stream-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Environments, by name */
  listEnvironments: {
    query?: { cursor?: string | undefined; limit?: number | undefined }
    answer: EnvironmentList
    error: CommonCode | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** What was announced, the latest first */
  listEvents: {
    query?: { stream?: string | undefined; kind?: 'drift' | 'gate' | 'build-differs' | 'artifact-refused' | 'unreproducible' | 'waiver-expiring' | 'test' | undefined; cursor?: string | undefined; limit?: number | undefined }
    answer: EventList
    error: CommonCode | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Dry runs, and publications against the gate, the latest first */
  listGateUses: {
    query?: { environment?: string | undefined; decision?: string | undefined; cursor?: string | undefined; limit?: number | undefined }
    answer: GateUseList
    error: CommonCode | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** The public keys that sign attestations */
  listKeys: {
    answer: KeyList
    error: CommonCode
  }
  /** What is live in an environment, and what was */
  listLive: {
    path: { environment: string }
    query?: { stream?: string | undefined; history?: boolean | undefined; cursor?: string | undefined; limit?: number | undefined }
    answer: LiveList
    error: CommonCode | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Modules of a build, by file */
  listModules: {
    path: { id: string }
    query?: { name?: string | undefined; cursor?: string | undefined; limit?: number | undefined }
    answer: ModuleList
    error: CommonCode | 'build-unknown' | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Streams, by name */
  listStreams: {
    query?: { cursor?: string | undefined; limit?: number | undefined }
    answer: StreamList
    error: CommonCode | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Access tokens, newest first, revoked ones too */
  listTokens: {
    query?: { cursor?: string | undefined; limit?: number | undefined }
    answer: TokenList
    error: CommonCode | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Waivers, the latest first, with those that have ended */
  listWaivers: {
    query?: { stream?: string | undefined; state?: 'active' | 'expired' | 'withdrawn' | undefined; cursor?: string | undefined; limit?: number | undefined }
    answer: WaiverList
    error: CommonCode | 'cursor-invalid' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Kernel builds × module builds of a stream, with counts per verdict */
  matrix: {
    query: { stream: string; cursor?: string | undefined; limit?: number | undefined }
    answer: Matrix
    error: CommonCode | 'cursor-invalid' | 'stream-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Metrics in the text format of Prometheus */
  metrics: {
    answer: string
    error: CommonCode | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** The modules of one build on the kernel of another */
  pair: {
    path: { kernelBuild: string; moduleBuild: string }
    query?: { verdict?: ('compatible' | 'changed' | 'misread' | 'rejected' | 'discarded' | 'crashes' | 'no-btf' | 'unknown' | 'error')[] | undefined; name?: string | undefined; maxFindings?: number | undefined; cursor?: string | undefined; limit?: number | undefined }
    answer: Pair
    error: CommonCode | 'cursor-invalid' | 'pair-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** All that is known of one module on one kernel */
  pairModule: {
    path: { kernelBuild: string; moduleBuild: string; name: string }
    query?: { maxFindings?: number | undefined }
    answer: Explanation
    error: CommonCode | 'module-unknown' | 'pair-failed' | 'pair-pending' | 'pair-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Upload one artifact */
  putArtifact: {
    path: { stream: string; vr: string; filename: string }
    query?: { kind?: 'package' | 'config' | 'symvers' | 'provenance' | 'log' | undefined }
    body: Uint8Array
    answer: Artifact
    error: CommonCode | 'artifact-limit' | 'blob-unknown' | 'body-too-large' | 'build-differs' | 'build-sealed' | 'build-unknown' | 'build-withdrawn' | 'connections-exhausted' | 'digest-mismatch' | 'digest-required' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'media-type-refused' | 'origin-refused' | 'quota-exceeded' | 'request-malformed' | 'token-forbidden' | 'token-invalid' | 'token-missing' | 'upload-stalled' | 'uploads-limited'
  }
  /** Can the service work? */
  ready: {
    answer: { status: string }
    error: CommonCode | 'not-ready'
  }
  /** Send a delivery again, under the same id */
  redeliver: {
    path: { id: string }
    answer: Delivery
    error: CommonCode | 'channel-disabled' | 'delivery-unknown' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Remove a channel, and what is recorded of its deliveries */
  removeChannel: {
    path: { id: string }
    answer: unknown
    error: CommonCode | 'channel-unknown' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Revoke an access token, from the next request on */
  revokeToken: {
    path: { id: string }
    answer: Token
    error: CommonCode | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing' | 'token-unknown'
  }
  /** Seal the secrets of all channels with the newest key */
  rotateSecrets: {
    answer: Resealed
    error: CommonCode | 'channels-unavailable' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Nothing more will come: ingest and compare */
  sealBuild: {
    path: { stream: string; vr: string }
    answer: Build
    error: CommonCode | 'build-empty' | 'build-unknown' | 'build-withdrawn' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Set what the gates of a stream go by */
  setPolicy: {
    path: { stream: string }
    body: PolicySettings
    answer: Policy
    error: CommonCode | 'body-malformed' | 'body-too-large' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'media-type-refused' | 'origin-refused' | 'policy-changed' | 'policy-invalid' | 'stream-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Send a message to try a channel */
  testChannel: {
    path: { id: string }
    answer: Delivery
    error: CommonCode | 'channel-disabled' | 'channel-unknown' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Accept named verdicts of modules of one build on the kernel of another, for a while */
  waive: {
    body: WaiverRequest
    answer: Waiver
    error: CommonCode | 'body-malformed' | 'body-too-large' | 'build-unknown' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'media-type-refused' | 'module-unknown' | 'origin-refused' | 'pair-unknown' | 'token-forbidden' | 'token-invalid' | 'token-missing' | 'waiver-invalid'
  }
  /** Withdraw a build that was pushed by mistake */
  withdrawBuild: {
    path: { id: string }
    body: WithdrawalRequest
    answer: Build
    error: CommonCode | 'body-malformed' | 'body-too-large' | 'build-live' | 'build-unknown' | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'media-type-refused' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing'
  }
  /** Withdraw a waiver: it counts for nothing from now on, and stays recorded */
  withdrawWaiver: {
    path: { id: string }
    answer: Waiver
    error: CommonCode | 'idempotency-answer-gone' | 'idempotency-key-reused' | 'idempotency-running' | 'origin-refused' | 'token-forbidden' | 'token-invalid' | 'token-missing' | 'waiver-unknown'
  }
}

/** Where each operation is. */
export const operations = {
  acknowledgeRefusals: { method: 'POST', path: '/v1/builds/{id}/refusals/acknowledgement', media: 'application/json' },
  attestation: { method: 'GET', path: '/v1/builds/{id}/attestation' },
  breakGlass: { method: 'POST', path: '/v1/gate/break-glass', media: 'application/json' },
  buildEvents: { method: 'GET', path: '/v1/builds/{id}/events' },
  changeChannel: { method: 'PATCH', path: '/v1/channels/{id}', media: 'application/json' },
  changeStream: { method: 'PUT', path: '/v1/streams/{stream}', media: 'application/json' },
  createChannel: { method: 'POST', path: '/v1/channels', media: 'application/json' },
  createToken: { method: 'POST', path: '/v1/tokens', media: 'application/json' },
  decision: { method: 'GET', path: '/v1/decisions/{id}' },
  decisionInputs: { method: 'GET', path: '/v1/decisions/{id}/inputs' },
  declareBuild: { method: 'PUT', path: '/v1/streams/{stream}/builds/{vr}', media: 'application/json' },
  drift: { method: 'GET', path: '/v1/drifts/{id}' },
  enterLive: { method: 'PUT', path: '/v1/environments/{environment}/live/{build}' },
  findBuild: { method: 'GET', path: '/v1/streams/{stream}/builds/{vr}' },
  gate: { method: 'GET', path: '/v1/gate' },
  getArtifact: { method: 'GET', path: '/v1/builds/{id}/artifacts/{filename}' },
  getBuild: { method: 'GET', path: '/v1/builds/{id}' },
  getChannel: { method: 'GET', path: '/v1/channels/{id}' },
  getDelivery: { method: 'GET', path: '/v1/deliveries/{id}' },
  getPolicy: { method: 'GET', path: '/v1/streams/{stream}/policy' },
  getWaiver: { method: 'GET', path: '/v1/waivers/{id}' },
  headBlob: { method: 'HEAD', path: '/v1/blobs/{sha256}' },
  health: { method: 'GET', path: '/healthz' },
  leaveLive: { method: 'DELETE', path: '/v1/environments/{environment}/live/{build}' },
  listAudit: { method: 'GET', path: '/v1/audit' },
  listBuilds: { method: 'GET', path: '/v1/builds' },
  listChannels: { method: 'GET', path: '/v1/channels' },
  listDecisions: { method: 'GET', path: '/v1/decisions' },
  listDeliveries: { method: 'GET', path: '/v1/deliveries' },
  listDrifts: { method: 'GET', path: '/v1/drifts' },
  listEnvironments: { method: 'GET', path: '/v1/environments' },
  listEvents: { method: 'GET', path: '/v1/events' },
  listGateUses: { method: 'GET', path: '/v1/gate/uses' },
  listKeys: { method: 'GET', path: '/v1/keys' },
  listLive: { method: 'GET', path: '/v1/environments/{environment}/live' },
  listModules: { method: 'GET', path: '/v1/builds/{id}/modules' },
  listStreams: { method: 'GET', path: '/v1/streams' },
  listTokens: { method: 'GET', path: '/v1/tokens' },
  listWaivers: { method: 'GET', path: '/v1/waivers' },
  matrix: { method: 'GET', path: '/v1/matrix' },
  metrics: { method: 'GET', path: '/metrics' },
  pair: { method: 'GET', path: '/v1/pairs/{kernelBuild}/{moduleBuild}' },
  pairModule: { method: 'GET', path: '/v1/pairs/{kernelBuild}/{moduleBuild}/modules/{name}' },
  putArtifact: { method: 'PUT', path: '/v1/streams/{stream}/builds/{vr}/artifacts/{filename}', media: 'application/octet-stream' },
  ready: { method: 'GET', path: '/readyz' },
  redeliver: { method: 'POST', path: '/v1/deliveries/{id}/redeliver' },
  removeChannel: { method: 'DELETE', path: '/v1/channels/{id}' },
  revokeToken: { method: 'DELETE', path: '/v1/tokens/{id}' },
  rotateSecrets: { method: 'POST', path: '/v1/secrets/rotate' },
  sealBuild: { method: 'POST', path: '/v1/streams/{stream}/builds/{vr}/seal' },
  setPolicy: { method: 'PUT', path: '/v1/streams/{stream}/policy', media: 'application/json' },
  testChannel: { method: 'POST', path: '/v1/channels/{id}/test' },
  waive: { method: 'POST', path: '/v1/waivers', media: 'application/json' },
  withdrawBuild: { method: 'POST', path: '/v1/builds/{id}/withdrawal', media: 'application/json' },
  withdrawWaiver: { method: 'DELETE', path: '/v1/waivers/{id}' },
} as const
