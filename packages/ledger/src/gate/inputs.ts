import type {
  Considered as ConsideredView,
  GateDirection,
  GateOutcome,
  GateReason,
  GateVerdict,
  RuleUse,
  WaivedReason,
  WaiverState,
} from '@basedrift/contract'
import type { BuildRef, Counts, Failure, MissingSymbols, PairState } from '../rows.js'
import type { Considered } from './meetings.js'
import type { Witnesses } from './missing.js'
import type { ReadyPolicy } from './policy.js'

/** A module of a manifest. */
export interface ManifestModule {
  readonly name: string
  readonly path: string
  /** SHA-256 of its file. */
  readonly sha256: string
  /** Its place in the manifest, and so in the outcomes of a comparison. */
  readonly ordinal: number
}

/** The modules of a set, by name. */
export interface Manifest {
  readonly setId: string
  readonly modules: readonly ManifestModule[]
}

/** A pair that is looked at, as far as it has come. */
export interface Meeting {
  readonly direction: GateDirection
  readonly kernelBuild: BuildRef
  readonly moduleBuild: BuildRef
  readonly state: PairState
  readonly error: Failure | null
  /** What a pending one waits for, where that is another thing than its first comparison. */
  readonly waitsFor: string | null
  /** What its verdicts follow from besides modules and engine (`groundsOf`); null until it is done. */
  readonly grounds: string | null
  /** The build whose base the modules fit, and no other of the stream; null where nothing was found, or what they were built on is known. */
  readonly fits: string | null
  /** Modules per verdict; empty until it is done. */
  readonly counts: Counts
  /** A byte for each module of the manifest (`gateVerdictsOf`); none where every module fits. */
  readonly outcomes: Uint8Array
  /** Modules of which symbols are missing: the first by name. */
  readonly missing: readonly MissingSymbols[]
  /** Null where it is not needed, as every module fits. */
  readonly manifest: Manifest | null
}

/** What a waiver is bound to, and whether it counts now. */
export interface WaiverTerms {
  readonly id: string
  readonly state: WaiverState
  readonly baseSha256: string
  /** `groundsOf` the comparison that it was made for. */
  readonly grounds: string
  readonly moduleSetId: string
  readonly verdicts: readonly GateVerdict[]
  /** Null: all modules of the set. */
  readonly modules: readonly { name: string; sha256: string }[] | null
  readonly reason: string
  readonly author: string
  readonly expiresAt: string
}

/** All that a decision is made of. */
export interface DecideInputs extends Witnesses {
  readonly policy: ReadyPolicy
  readonly considered: readonly Considered[]
  readonly meetings: readonly Meeting[]
  readonly waivers: readonly WaiverTerms[]
  /** Waivers that are not among them, as there are too many. */
  readonly moreWaivers: number
}

/** What follows from the inputs. */
export interface Decided {
  answer: GateOutcome
  reasons: GateReason[]
  waived: WaivedReason[]
  tolerated: number
  loadUnknown: number
  refused: number
  withoutBtf: number
  emptyArtifacts: string[]
  moreWaivers: number
  rules: RuleUse[]
  unusedRules: RuleUse[]
  considered: ConsideredView[]
  compared: { pairs: number; modules: number }
}
