/** The verdicts of one module's BTF on one running kernel, in the order in which people read them. */
export const verdicts = [
  'compatible',
  'changed',
  'misread',
  'rejected',
  'discarded',
  'crashes',
  'no-btf',
  'unknown',
  'error',
] as const
export type Verdict = (typeof verdicts)[number]

/** What becomes of the module as a whole: its verdict, and what else the kernel compares. */
export const overalls = [
  'loads',
  'loads-changed',
  'loads-misread',
  'loads-without-btf',
  'refused',
  'crashes',
  'unknown',
  'error',
] as const
export type Overall = (typeof overalls)[number]

/** How a kernel compares a module's vermagic with its own. */
export const vermagicStates = ['same', 'differs', 'unknown'] as const

/** How a kernel with modversions compares the checksums of imported symbols. */
export const modversionsStates = ['match', 'mismatch', 'unknown'] as const

/** What besides vermagic and symbols makes a kernel refuse a module. */
export const obstacleCodes = [
  'symbols-absent',
  'this-module-absent',
  'machine-differs',
  'module-struct-size',
  'export-flags-absent',
  'export-duplicate',
  'exporter-refused',
  'versions-absent',
  'vermagic-absent',
  'gpl-only-import',
  'namespace-not-imported',
] as const

/** What leaves open whether a kernel takes a module. */
export const doubtCodes = [
  'versions-absent',
  'vermagic-absent',
  'versions-unusable',
  'export-versions-absent',
  'exporters-unsure',
  'modversions-unknown',
  'namespace-not-imported',
  'overridden-exports',
] as const

/** What becomes of the type ids that the code of a module carries. */
export const btfIdsStates = ['match', 'wrong', 'fails', 'missing', 'unknown'] as const

/** The life of a build, in order; `done` and `failed` are final. */
export const buildStates = ['declared', 'open', 'sealed', 'ingesting', 'comparing', 'done', 'failed'] as const
export type BuildState = (typeof buildStates)[number]

/** What an artifact is: a package, a kernel or a module, or evidence beside them. */
export const artifactKinds = ['package', 'config', 'symvers', 'provenance', 'log'] as const
export type ArtifactKind = (typeof artifactKinds)[number]

/** The life of an artifact; `failed` means that something of it could not be used. */
export const artifactStates = ['stored', 'ingested', 'failed'] as const
export type ArtifactState = (typeof artifactStates)[number]

/** Other content under one name, a file after the seal, and all content beyond what is kept of a build one by one. */
export const refusalCodes = ['build-differs', 'after-seal', 'more-differs'] as const
export type RefusalCode = (typeof refusalCodes)[number]

/**
 * Who says which base the modules of a build were built on: the kernel in the build itself, `builtFor`, a stamp in the modules,
 * or nobody, and it was found among the recorded bases.
 */
export const originSources = ['own', 'stated', 'stamp', 'found'] as const
export type OriginSource = (typeof originSources)[number]

/** The package managers by whose rules the versions of a stream may be ordered. */
export const versionSchemes = ['rpm', 'dpkg'] as const
export type VersionScheme = (typeof versionSchemes)[number]

/** By what builds are listed: by version as their package manager orders it, or by when they were declared. */
export const buildOrders = ['version', 'declared'] as const
export type BuildOrder = (typeof buildOrders)[number]

/** The life of a pair of one kernel build and one module build. */
export const pairStates = ['pending', 'done', 'failed'] as const
export type PairState = (typeof pairStates)[number]

/** What sort of difference there is between the bases of two kernels, from none to that which changes the layout of data. */
export const driftClasses = [
  'none',
  'strings-only',
  'reordered',
  'functions-only',
  'additive',
  'layout',
] as const
export type DriftClass = (typeof driftClasses)[number]

/** The kinds of events that channels are told of. */
export const noticeKinds = [
  'drift',
  'gate',
  'build-differs',
  'artifact-refused',
  'unreproducible',
  'waiver-expiring',
  'test',
] as const
export type NoticeKind = (typeof noticeKinds)[number]

/** When a channel is told: at once, or of all that came in an hour or a day. */
export const channelModes = ['immediate', 'hourly', 'daily'] as const
export type ChannelMode = (typeof channelModes)[number]

/** Whether a channel is told of anything. */
export const channelStates = ['active', 'disabled'] as const
export type ChannelState = (typeof channelStates)[number]

/** The life of a delivery: `collecting` is a digest that more joins until its time, `dead` was given up. */
export const deliveryStates = ['collecting', 'pending', 'sending', 'sent', 'dead'] as const
export type DeliveryState = (typeof deliveryStates)[number]

/** How much an event matters, least first. */
export const severities = ['info', 'warning', 'critical'] as const
export type Severity = (typeof severities)[number]

/** What a gate says of a build. */
export const gateOutcomes = ['pass', 'fail', 'unknown'] as const
export type GateOutcome = (typeof gateOutcomes)[number]

/**
 * What a gate looks at in a module on a kernel: its verdict, and what of `overall` is not in it: `refused` by what else the kernel
 * compares, `loads-misread` by the type ids in its code, `symbols-missing` where it imports what nothing known exports, `load-doubtful`
 * where it lacks itself what that is told by, or what modules of the kernel import from the one whose place it takes, `load-unknown` where else not all of that is known.
 */
export const gateVerdicts = [
  ...verdicts,
  'refused',
  'loads-misread',
  'symbols-missing',
  'load-doubtful',
  'load-unknown',
] as const
export type GateVerdict = (typeof gateVerdicts)[number]

/** What a policy can let block or not: what fits blocks nothing, and what nobody may take for a pass always blocks. */
export const blockableVerdicts = [
  'changed',
  'misread',
  'rejected',
  'discarded',
  'no-btf',
  'refused',
  'loads-misread',
  'symbols-missing',
  'load-doubtful',
  'load-unknown',
] as const
export type BlockableVerdict = (typeof blockableVerdicts)[number]

/** What a person can accept for a while: all that keeps a module from passing, but what crashes a kernel. */
export const waivableVerdicts = [...blockableVerdicts, 'unknown', 'error'] as const
export type WaivableVerdict = (typeof waivableVerdicts)[number]

/** Who meets whom: the new modules a kernel that is live, the new kernel modules that are there, and the build itself. */
export const gateDirections = ['modules-on-live', 'kernel-with-modules', 'self'] as const
export type GateDirection = (typeof gateDirections)[number]

/** Why a live build, or a package of modules, was compared with the new build, or was not. */
export const meetingReasons = [
  'same-release',
  'release-unknown',
  'any-release',
  'weak-updates',
  'built-for',
  'other-release',
  'older',
  'own',
  'no-part',
  'not-ready',
] as const
export type MeetingReason = (typeof meetingReasons)[number]

/** The life of a waiver. */
export const waiverStates = ['active', 'expired', 'withdrawn'] as const
export type WaiverState = (typeof waiverStates)[number]

/** What else than to decide a gate was asked for, or what was done against it. */
export const gateUseKinds = ['dry-run', 'break-glass'] as const
export type GateUseKind = (typeof gateUseKinds)[number]

/** What to do about a drift. */
export const noticeRemedies = ['nothing', 'rebuild-or-hold', 'make-reproducible', 'wait'] as const
export type NoticeRemedy = (typeof noticeRemedies)[number]

/** The kinds of channels. */
export const channelKinds = ['slack', 'mattermost', 'matrix', 'teams', 'email', 'webhook'] as const

/** How mail goes to its server. */
export const smtpSecurities = ['starttls', 'tls', 'none'] as const

/** Whether an answer lists what was found of its modules. */
export const findingStates = ['listed', 'omitted'] as const

/** Whether nothing more will happen to a build in this state by itself. */
export function isFinal(state: BuildState): boolean {
  return state === 'done' || state === 'failed'
}

/** What an access token may be allowed; `admin` includes the others. */
export const tokenScopes = ['read', 'ingest', 'waive', 'admin'] as const
export type TokenScope = (typeof tokenScopes)[number]
