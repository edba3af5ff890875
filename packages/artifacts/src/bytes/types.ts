/** What the readers of this package hand to the engine: plain values, no streams and no Node modules. */

import { noSymbols, type SymbolList } from './symbol-list.js'

/** The facts of a kernel's config that its handling of module BTF depends on; null where the config does not tell. */
export interface KernelConfig {
  /** `CONFIG_DEBUG_INFO_BTF_MODULES` */
  readonly btfModules: boolean | null
  /** `CONFIG_MODULE_ALLOW_BTF_MISMATCH` (exists from 5.18; absent in a known config reads as false) */
  readonly allowBtfMismatch: boolean | null
  /** `CONFIG_MODVERSIONS` */
  readonly modversions: boolean | null
  /** `CONFIG_MODULE_FORCE_LOAD`: modules without versions or vermagic load, and taint the kernel */
  readonly forceLoad: boolean | null
  /** `CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS`: who uses exports of a namespace need not import it */
  readonly missingNamespaces: boolean | null
  /** Compiler and pahole versions as the config records them (`CONFIG_CC_VERSION_TEXT`, `CONFIG_PAHOLE_VERSION`). */
  readonly compiler: string | null
  readonly pahole: string | null
}

/** A place where an artifact says something that cannot be used, or that contradicts another place. */
export interface Problem {
  /** Stable code, kebab case (`elf-truncated`, `btf-absent`, `archive-truncated`, `version-contradicts`, …). */
  readonly code: string
  /** Path given, members after `!`. */
  readonly file: string
  /** Where in the file: a byte offset, a section or a field name; null when it is the file as a whole. */
  readonly at: string | null
  /** One sentence that says what to do. */
  readonly message: string
}

export type KernelKind = 'vmlinux' | 'bzimage' | 'image' | 'efi-zboot' | 'raw-btf'

/** A kernel: the owner of a base BTF. */
export interface KernelFacts {
  readonly type: 'kernel'
  readonly kind: KernelKind
  readonly file: string
  /** SHA-256 (hex) and size of the file as it stands in its container. */
  readonly sha256: string
  readonly size: number
  /** `uname -r`, e.g. `6.1.0-56-amd64`; null where the input does not tell. */
  readonly release: string | null
  /** Upstream version that the rules follow, e.g. `6.1.192`; null where the input does not tell. */
  readonly version: string | null
  /** The `Linux version …` line, without its newline; null where there is none. */
  readonly banner: string | null
  readonly config: KernelConfig | null
  /** The whole config, where a scan was asked for it and it is at hand. */
  readonly configText?: string
  /** GNU build id (hex). */
  readonly buildId: string | null
  /** `little` or `big`, and 32 or 64; null for raw BTF, whose header tells the byte order itself. */
  readonly machine: string | null
  /** `e_machine`, such as 62 (x86-64) or 183 (arm64), by which a kernel knows its modules; null where the image does not tell. */
  readonly elfMachine: number | null
  /** The bytes of `.BTF`; null when the kernel has none (a problem `btf-absent` is then reported too). */
  readonly btf: Uint8Array | null
  /** Its own vermagic (`6.1.0-56-amd64 SMP preempt mod_unload modversions `); null where the image does not tell. */
  readonly vermagic: string | null
  /** What the kernel itself exports, without its modules; null where the image has no export tables that can be read. */
  readonly exports: SymbolList | null
}

/** What the symbol of an id says that it stands for: `func`, `struct`, `union` or `typedef`, and the name. */
export interface BtfIdSymbol {
  readonly kind: string
  readonly name: string
}

/** An id outside of sets, with its offset in the section: one element of a BTF_ID_LIST, or a single id. */
export interface BtfId extends BtfIdSymbol {
  readonly at: number
  readonly id: number
}

/** A set of ids. It is sorted by id, so that its symbols name its members but not which is which. */
export interface BtfIdSet {
  /** Its offset in the section. */
  readonly at: number
  /** `set`: ids alone; `set8`: ids with flags, as kfuncs are registered by. */
  readonly kind: 'set' | 'set8'
  readonly name: string
  /** The set's own flags (`set8`; bit 0: BTF_SET8_KFUNCS, from 6.9 on). */
  readonly flags: number
  readonly ids: readonly number[]
  readonly members: readonly BtfIdSymbol[]
}

/** `.BTF_ids`: type ids that the code of a module carries, in the numbering of the base that it was built on. */
export interface BtfIds {
  /** Whether all that stands in the section was read, and each id has a symbol that says what it was built to stand for. */
  readonly complete: boolean
  readonly sets: readonly BtfIdSet[]
  readonly list: readonly BtfId[]
}

/** What is known of a version table: whether there is one, and whether its CRCs could be read. */
export type VersionTable = 'absent' | 'read' | 'unreadable'

/** What a module must have to be loaded by any kernel: symbols, and `.gnu.linkonce.this_module`. */
export type ModuleLack = 'symbols' | 'this-module'

/** By what a kernel tells which exports a module may use. */
export interface ModuleTerms {
  /** `license=`, the first; null where it names none. */
  readonly license: string | null
  /** `import_ns=`, each. */
  readonly namespaces: readonly string[]
}

/** What decides, besides BTF, whether a kernel loads a module. */
export interface LinkFacts {
  /** Undefined symbols with the CRCs of `__versions`, and `module_layout`. */
  readonly imports: SymbolList
  /** The same with the CRCs of the extended versions; none where these are not `read`. */
  readonly extendedImports: SymbolList
  readonly exports: SymbolList
  /** `__versions`: where there is one, kernels with modversions leave the release out of vermagic. */
  readonly basicVersions: VersionTable
  /** `__version_ext_crcs` and `__version_ext_names`, by which alone kernels from 6.14 on go where there are such. */
  readonly extendedVersions: VersionTable
  /** Size of `.gnu.linkonce.this_module`, which holds the `struct module`; null without it. */
  readonly structSize: number | null
  /** Whether there is a `__kflagstab`, as kernels from 7.1 on want of a module that exports. */
  readonly flagTable: boolean
  /** `e_machine`; null where there is nothing but BTF. */
  readonly machine: number | null
  /** What is missing of what no kernel loads a module without. */
  readonly lacks: ModuleLack | null
  /** Null where there is no `.modinfo` that can be read. */
  readonly terms: ModuleTerms | null
  /** `.BTF_ids`; null without it. */
  readonly btfIds: BtfIds | null
}

/** What is known of these of a module of which there is nothing but BTF. */
export const noLinkFacts: LinkFacts = {
  imports: noSymbols,
  extendedImports: noSymbols,
  exports: noSymbols,
  basicVersions: 'absent',
  extendedVersions: 'absent',
  structSize: null,
  flagTable: false,
  machine: null,
  lacks: null,
  terms: null,
  btfIds: null,
}

/** Which base BTF a module was built on, as its origin note says: docs/stamp.md. */
export interface Stamp {
  /** SHA-256 of the bytes of the origin base, lower-case hex. */
  readonly sha256: string
  /** Its types, without void: the id of the last one. */
  readonly types: number
  /** The length of its strings in bytes. */
  readonly strings: number
}

/** A module: the owner of a split BTF. */
export interface ModuleFacts extends LinkFacts {
  readonly type: 'module'
  /** The kernel's name for it: `.modinfo` `name=`, else the file name; `_` for `-`. */
  readonly name: string
  readonly file: string
  readonly sha256: string
  readonly size: number
  readonly vermagic: string | null
  readonly srcversion: string | null
  readonly buildId: string | null
  /** `.BTF`: null when the section is absent or has size 0 (the kernel does not tell these apart). */
  readonly btf: Uint8Array | null
  /** `.BTF.base`: null when absent; an empty array when present with size 0 (the kernel refuses that). */
  readonly distilled: Uint8Array | null
  /** Its origin note; null where it has none, or (with a problem `stamp-malformed`) none that can be used. */
  readonly stamp: Stamp | null
}

/** A config file found beside a kernel; it applies to the kernel of the same release. */
export interface ConfigFacts {
  readonly type: 'config'
  readonly file: string
  /** Release from the file's name or path; null for a file whose name does not tell. */
  readonly release: string | null
  /** Version from its header (`# Linux/x86 6.1.192 Kernel Configuration`). */
  readonly version: string | null
  readonly config: KernelConfig
}

/** A `Module.symvers`: what a kernel and its modules export. */
export interface SymversFacts {
  readonly type: 'symvers'
  readonly file: string
  readonly sha256: string
  readonly size: number
  /** Release from the file's path; null for a file whose path does not tell. */
  readonly release: string | null
  /** Symbols of modules have the flag `ofModule`. */
  readonly exports: SymbolList
}

export interface ProblemFacts extends Problem {
  readonly type: 'problem'
}

export type ArtifactFacts = KernelFacts | ModuleFacts | ConfigFacts | SymversFacts | ProblemFacts
