import type { ChangedType, Misbound } from '@basedrift/btf'

/** Every verdict, in the order in which they are counted and shown. */
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

/** The outcome for one module on one running kernel, as far as BTF goes. */
export type Verdict = (typeof verdicts)[number]

/** Every basis that a verdict other than `error` can stand on; the basis of an `error` is its code. */
export const bases = [
  'same-base',
  'equivalent-binding',
  'relocated',
  'layout-change',
  'misbound',
  'origin-length',
  'offset-inside-string',
  'id-beyond-types',
  'kind-nonsense',
  'kernel-check',
  'relocation',
  'kernel-crash',
  'kernel-hang',
  'absent',
  'no-origin',
] as const

/** What a verdict stands on. */
export type Basis = (typeof bases)[number]

/** Every value of `overall`. */
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

/** What happens to the module as a whole: its verdict and `load` together. */
export type Overall = (typeof overalls)[number]

/**
 * Why a verdict is what it is, for a machine to read. Where a kernel refuses: its reason's code, the id of the type it was
 * looking at, and what stood there. Where an artifact could not be read: the code, the place in it as `path`, and what was
 * found there as `actual`.
 */
export interface VerdictReason {
  readonly code: string
  readonly typeId?: number
  readonly path?: string
  readonly expected?: string
  readonly actual?: string
}

/** Every code of a {@link LoadObstacle}. */
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

/**
 * What else makes the kernel refuse a module (ENOEXEC): it has no symbol table, as after `strip -s`, or no
 * `.gnu.linkonce.this_module` (`setup_load_info`); it is of another machine (`elf_check_arch`); its `struct module` has another
 * size (from 6.4 on); it exports symbols without the table of their flags (from 7.1 on); it exports what the kernel exports itself, of which
 * `actual` is the first (`verify_exported_symbols`); it imports `actual`, which none but modules of its set export that are refused themselves
 * (ENOENT); or, where the kernel's config says that nothing loads by force (`try_to_force_load`), it
 * has no symbol versions though the kernel has, or no vermagic. Of its imports, it is not shown what is for GPL-compatible licenses alone
 * (ENOENT, `Unknown symbol`), or it does not import their namespace, and the kernel's config does not allow that (EINVAL).
 */
export interface LoadObstacle {
  readonly code: (typeof obstacleCodes)[number]
  readonly expected?: string
  readonly actual?: string
}

/** Every code of what leaves open whether a kernel takes a module. */
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

/**
 * What leaves open whether a kernel takes a module, of which more than BTF is known. It has no symbol versions or no vermagic
 * (`versions-absent`, `vermagic-absent`), and nothing says that the kernel takes none by force (CONFIG_MODULE_FORCE_LOAD): where
 * it does, the module loads and taints it. Its version table cannot be read, or has none of its imports
 * (`versions-unusable`); it exports symbols without versions, which is taken by force alone (`export-versions-absent`); what
 * exports its imports tells no CRC, or several (`exporters-unsure`); nothing says whether the kernel compares these; or whether it
 * takes modules that do not import the namespace of what they use (`namespace-not-imported`). Where depmod may take it for a module of the
 * kernel that it has the name of, it loads, and modules of the kernel do not: they import what that exports, and it exports none of it or with another
 * CRC (`overridden-exports`).
 */
export type LoadDoubt = (typeof doubtCodes)[number]

/** Doubts that what the module is or lacks itself leaves, whatever more is known of the kernel. */
export const ownDoubts: ReadonlySet<LoadDoubt> = new Set<LoadDoubt>([
  'versions-absent',
  'vermagic-absent',
  'versions-unusable',
  'export-versions-absent',
  'namespace-not-imported',
  'overridden-exports',
])

/** An id in `.BTF_ids` that stands for something else on the running kernel. */
export interface WrongId {
  /** The set that it is in; absent for one that is in none. */
  readonly set?: string
  readonly id: number
  /** What it was built to stand for (`struct nf_conn`); absent in a set, whose ids are sorted. */
  readonly expected?: string
  /** What stands there. */
  readonly actual: string
}

/** Every state of {@link BtfIdsLoad}. */
export const btfIdsStates = ['match', 'wrong', 'fails', 'missing', 'unknown'] as const

/**
 * What becomes of the type ids that a module's code carries: they stand for what they were built to (`match`) or for
 * something else, unnoticed (`wrong`); the kernel refuses to register them, and the module's init with it (`fails`, with the
 * errno); or there is nothing to register them in, as it has no BTF of the module or has refused the module for its BTF
 * (`missing`). `unknown` where not all of them could be read, or nothing that they stand for.
 */
export interface BtfIdsLoad {
  readonly state: (typeof btfIdsStates)[number]
  /** Positive; of `fails` alone. */
  readonly errno?: number
  /** The first of the wrong ids; `wrongTotal` where there are more. */
  readonly wrong?: readonly WrongId[]
  readonly wrongTotal?: number
}

/** An import of a module of the kernel that finds nothing, or another CRC, where a module of a set takes the place of what exports it. */
export interface MissedExport {
  /** The module of the kernel that imports it; absent where that is not known. */
  readonly module?: string
  readonly symbol: string
}

/** What a kernel compares besides BTF when it loads a module. */
export interface Load {
  readonly vermagic: 'same' | 'differs' | 'unknown'
  readonly modversions: {
    readonly state: 'match' | 'mismatch' | 'unknown'
    /** Names of the symbols whose CRCs differ: the first of them, with `mismatchedTotal` where there are more. */
    readonly mismatched: readonly string[]
    readonly mismatchedTotal?: number
    /** The first of the imports that nothing known exports, where the kernel's own exports are known. */
    readonly unresolved?: readonly string[]
    readonly unresolvedTotal?: number
  }
  readonly obstacles?: readonly LoadObstacle[]
  /** Where vermagic or modversions are `unknown` of a kernel of which more than BTF is known. */
  readonly doubts?: readonly LoadDoubt[]
  /** Of `overridden-exports`: the first by module, with `missedTotal` where there are more. */
  readonly missed?: readonly MissedExport[]
  readonly missedTotal?: number
  /** Where the module has a `.BTF_ids`. */
  readonly btfIds?: BtfIdsLoad
}

/** What is said of `load` where neither vermagic nor symbol versions were compared. */
export const loadUnknown: Load = {
  vermagic: 'unknown',
  modversions: { state: 'unknown', mismatched: [] },
}

/** A verdict with what it stands on: a pure function of the bytes compared, the rules and the engine's version. */
export interface Judgement {
  readonly verdict: Verdict
  /** A {@link Basis}; for `error` the code of what failed. */
  readonly basis: string
  /** Positive; 0 where the kernel accepts the module. */
  readonly errno: number
  /** The kernel's lines without time stamps, trailing blanks trimmed, empty lines and bare `BPF:` left out. */
  readonly log: readonly string[]
  readonly reason?: VerdictReason
  /** Of a `misread` that was compared with its origin base: how many references bind to something else, and the first. */
  readonly misboundTotal?: number
  readonly misbound?: readonly Misbound[]
  /** Of a `changed`: how many types of its slice are defined differently, at the least, and the first. */
  readonly changedTotal?: number
  readonly changed?: readonly ChangedType[]
}

/** One module's row of a check, with its keys in the order in which they are printed. */
export interface ModuleResult extends Judgement {
  /** The kernel's name of the module: `_` for `-`. */
  readonly name: string
  /** The path given, members after `!`. */
  readonly file: string
  /** SHA-256 of the module's file, lower-case hex; null where it could not be read as a module. */
  readonly sha256: string | null
  readonly load: Load
  readonly overall: Overall
}

/** Number of modules, and how many have each verdict that occurs. */
export type Summary = { readonly total: number } & { readonly [verdict in Verdict]?: number }
