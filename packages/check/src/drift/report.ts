import type { KernelConfig } from '@basedrift/artifacts'
import {
  type Btf,
  type Drift,
  type DriftChange,
  declaration,
  driftOf,
  type Fingerprints,
  type Found,
} from '@basedrift/btf'
import type { ModuleResult } from '../pure/verdicts.js'
import { ENGINE_VERSION } from '../pure/version.js'
import { type Blast, blastOf } from './blast.js'
import { type DefinitionDiff, DefinitionDiffs } from './c-diff.js'
import { type ConfigDifferences, configDifferences } from './config.js'
import { type Hint, hintsOf } from './hints.js'
import { headlineOf, remedyOf } from './words.js'

/** Fingerprints of a base as far as they were made: `layout` and `meaning` take as long as the drift itself. */
export type KnownFingerprints = Pick<Fingerprints, 'bytes'> & Partial<Fingerprints>

/** One of the two kernels of a drift, A the older one as a rule. */
export interface DriftKernel<Known extends KnownFingerprints = Fingerprints> {
  /** The path given, or what names the build. */
  readonly file: string
  readonly release: string | null
  readonly version: string | null
  readonly config: KernelConfig | null
  /** The whole config as text, where it is at hand. */
  readonly configText?: string | null
  /** The bytes of its base BTF, and what `readBtf` gives for them. */
  readonly bytes: Uint8Array
  readonly btf: Btf
  readonly fingerprints: Known
}

/** What becomes of modules; each is left out where it was not asked or cannot be said. */
export interface DriftModules {
  /** The rows of the modules that were built with A, checked on the kernel of B. */
  readonly ofAOnB?: readonly ModuleResult[] | null
  /** The rows of the modules that were built with B, checked on the kernel of A. */
  readonly ofBOnA?: readonly ModuleResult[] | null
}

/** How much is listed; every list comes with its true total. */
export interface DriftLimits {
  /** Types of each sort, and modules of each direction. */
  readonly listed: number
  /** Changed types that are shown as differences of C. */
  readonly diffs: number
}

export const defaultDriftLimits: DriftLimits = { listed: 500, diffs: 200 }

/** A kernel as the report names it. */
export interface DriftSide {
  readonly file: string
  readonly release: string | null
  readonly version: string | null
  readonly compiler: string | null
  readonly pahole: string | null
  readonly base: {
    readonly sha256: string
    /** Types without void, and the length of the strings in bytes. */
    readonly types: number
    readonly strings: number
    readonly fingerprints: KnownFingerprints
  }
}

/** A type that both define, differently; the difference is one of C with offsets and sizes. */
export type ChangedDefinition = DriftChange & DefinitionDiff

/** A function with the prototype that it has or had. */
export interface DriftFunction {
  readonly name: string
  readonly id: number
  readonly prototype: string
}

/** A function whose prototype changed. */
export interface ChangedFunction {
  readonly name: string
  readonly a: DriftFunction
  readonly b: DriftFunction
}

/**
 * The drift from A to B as it is printed, stored and served: JSON, with the keys of {@link driftReport} in their order. Names
 * are texts with one character a byte. It follows from what it was made of alone: no time, no place.
 */
export interface DriftReport extends Omit<Drift, 'changed' | 'functions'> {
  /** `ENGINE_VERSION` */
  readonly engine: string
  readonly a: DriftSide
  readonly b: DriftSide
  /** One sentence. */
  readonly headline: string
  readonly changed: Found<ChangedDefinition>
  readonly functions: {
    readonly added: Found<DriftFunction>
    readonly removed: Found<DriftFunction>
    readonly changed: Found<ChangedFunction>
  }
  /** What becomes of modules on the other kernel; null where there are none or nothing says what that kernel does. */
  readonly blast: { readonly ofAOnB: Blast | null; readonly ofBOnA: Blast | null }
  /** Options that the configs have differently; null where not both are at hand. */
  readonly configDifferences: ConfigDifferences | null
  /** What may have caused it, likeliest first. */
  readonly hints: readonly Hint[]
  /** What to do, in one sentence. */
  readonly remedy: string
}

/**
 * The drift between two kernels with all that is said of it. Pure: the same arguments give the same report.
 * @throws BtfError `btf-names`
 */
export function driftReport(
  a: DriftKernel<KnownFingerprints>,
  b: DriftKernel<KnownFingerprints>,
  modules: DriftModules = {},
  limits: DriftLimits = defaultDriftLimits,
): DriftReport {
  const drift = driftOf(a, b, { most: limits.listed })
  const config = configDifferences(a.configText ?? null, b.configText ?? null, limits.listed)
  const diffs = new DefinitionDiffs(a.btf, b.btf, limits.diffs)
  const blast = {
    ofAOnB: blastOf(modules.ofAOnB ?? null, limits.listed),
    ofBOnA: blastOf(modules.ofBOnA ?? null, limits.listed),
  }
  return {
    engine: ENGINE_VERSION,
    a: sideOf(a),
    b: sideOf(b),
    class: drift.class,
    headline: headlineOf(drift),
    orderOnly: drift.orderOnly,
    duplicatesOnly: drift.duplicatesOnly,
    repeated: drift.repeated,
    firstDiverging: drift.firstDiverging,
    shifts: drift.shifts,
    added: drift.added,
    removed: drift.removed,
    changed: {
      ...drift.changed,
      listed: drift.changed.listed.map((change) => ({ ...change, ...diffs.of(change.a, change.b) })),
    },
    reaching: drift.reaching,
    functions: functionsOf(drift, a.btf, b.btf),
    nameless: drift.nameless,
    blast,
    configDifferences: config,
    hints: hintsOf(drift, a, b, config),
    remedy: remedyOf(drift, blast),
  }
}

/** A report that was made without modules, with what becomes of them. */
export function withBlast(
  report: DriftReport,
  modules: DriftModules,
  { listed }: DriftLimits = defaultDriftLimits,
): DriftReport {
  const blast = {
    ofAOnB: blastOf(modules.ofAOnB ?? null, listed),
    ofBOnA: blastOf(modules.ofBOnA ?? null, listed),
  }
  return { ...report, blast, remedy: remedyOf(report, blast) }
}

function sideOf({
  file,
  release,
  version,
  config,
  btf,
  fingerprints,
}: DriftKernel<KnownFingerprints>): DriftSide {
  return {
    file,
    release,
    version,
    compiler: config?.compiler ?? null,
    pahole: config?.pahole ?? null,
    base: {
      sha256: fingerprints.bytes,
      types: btf.typeCount,
      strings: btf.stringsLength,
      fingerprints,
    },
  }
}

function functionsOf({ functions }: Drift, a: Btf, b: Btf): DriftReport['functions'] {
  const shown = (btf: Btf, name: string, id: number): DriftFunction => ({
    name,
    id,
    prototype: declaration(btf, id, name),
  })
  const { added, removed, changed } = functions
  return {
    added: { ...added, listed: added.listed.map(({ name, id }) => shown(b, name, id)) },
    removed: { ...removed, listed: removed.listed.map(({ name, id }) => shown(a, name, id)) },
    changed: {
      ...changed,
      listed: changed.listed.map((change) => ({
        name: change.name,
        a: shown(a, change.name, change.a),
        b: shown(b, change.name, change.b),
      })),
    },
  }
}
