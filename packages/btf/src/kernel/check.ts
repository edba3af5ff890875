import { BaseEvidence } from '../binding/contradiction.js'
import type { Btf } from '../btf.js'
import { BtfError } from '../errors.js'
import { readBtf } from '../reader.js'
import type { Rules } from '../rules.js'
import { type KernelTraits, traitsOf } from '../traits.js'
import type { KernelAnswer } from './answer.js'
import type { BaseTables } from './blob.js'
import { KernelLog } from './log.js'
import { type NamedTypes, namedTypes } from './named.js'
import {
  acceptedAnswer,
  baseTables,
  ignoredAnswer,
  parseBlob,
  type Refusal,
  refusedAnswer,
  Scratch,
} from './parse.js'
import { type Crash, type Relocation, relocateSplit } from './relocate.js'
import { TypeCheck } from './types.js'

/** What a module brings: its name, and its sections .BTF and .BTF.base where it has them. */
export interface ModuleBtf {
  /** As in the file name or the kernel's: `-` and `_` are the same. */
  readonly name: string
  readonly btf: Uint8Array | null
  readonly distilled: Uint8Array | null
}

/** What one kernel version makes of a base. */
interface BaseView {
  readonly traits: KernelTraits
  readonly tables: BaseTables | null
  readonly refused: Refusal | null
  readonly log: readonly string[]
  /** Made when the first distilled base is relocated. */
  named: NamedTypes | null
}

/** Views are kept for as many versions as this. */
const mostViews = 16

/** The base BTF of a running kernel, parsed once for each kernel version that it is asked about. */
export class RunningBase {
  readonly bytes: Uint8Array
  /** The base as tools read it; null where it cannot be read. */
  readonly btf: Btf | null
  /** Why it cannot be read. */
  readonly problem: BtfError | null
  /** The byte order of the kernel: that of its base. */
  readonly littleEndian: boolean
  readonly scratch = new Scratch()
  private proofs: BaseEvidence | null = null
  private readonly views = new Map<string, BaseView>()

  /** Use {@link prepareBase}. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    let btf: Btf | null = null
    let problem: BtfError | null = null
    try {
      btf = readBtf(bytes)
    } catch (error) {
      if (!(error instanceof BtfError)) throw error
      problem = error
    }
    this.btf = btf
    this.problem = problem
    this.littleEndian = !(bytes[0] === 0xeb && bytes[1] === 0x9f)
  }

  /** What counts as evidence that a split BTF was not built on this base; null where it cannot be read. */
  get evidence(): BaseEvidence | null {
    if (this.btf === null) return null
    this.proofs ??= new BaseEvidence(this.btf)
    return this.proofs
  }

  /** The base as a kernel of this version parses it; parsed at the first call. */
  under(version: string): BaseView {
    const known = this.views.get(version)
    if (known !== undefined) return known
    const traits = traitsOf(version)
    const log = new KernelLog(traits.logPrefix)
    const parsed = parseBlob(
      this.bytes,
      null,
      { traits, littleEndian: this.littleEndian, log, quiet: false },
      this.scratch,
    )
    const view: BaseView =
      parsed instanceof TypeCheck
        ? { traits, tables: baseTables(parsed), refused: null, log: log.lines, named: null }
        : { traits, tables: null, refused: parsed, log: log.lines, named: null }
    if (this.views.size >= mostViews) this.views.clear()
    this.views.set(version, view)
    return view
  }
}

/** Indexes the base BTF of a running kernel, to be used for any number of modules. Does not throw: see `problem`. */
export function prepareBase(bytes: Uint8Array): RunningBase {
  return new RunningBase(bytes)
}

/**
 * What a kernel says of a base BTF when it parses it as its own (btf_parse_vmlinux). `errno` and `log` are those of the
 * parse; the kernel itself boots either way.
 * @throws BtfError `rules-invalid`
 */
export function checkBase(bytes: Uint8Array, rules: Rules): KernelAnswer {
  const { refused, log } = new RunningBase(bytes).under(rules.version)
  return refused === null ? { ...acceptedAnswer, log } : refusedAnswer('rejected', refused, log)
}

/**
 * What a running kernel does with a module's BTF when the module is loaded (btf_module_notify, btf_parse_module).
 * @throws BtfError `rules-invalid`
 */
export function checkModule(module: ModuleBtf, running: RunningBase, rules: Rules): KernelAnswer {
  const view = running.under(rules.version)
  const { traits } = view
  const { btf } = module
  if (!traits.moduleBtf || btf === null || btf.length === 0) return ignoredAnswer
  const allowed = traits.mismatchOption && rules.allowBtfMismatch === true
  const quiet = allowed && traits.quietMismatch
  const log = new KernelLog(traits.logPrefix)
  const result = parseModule(btf, module.distilled, running, view, log, quiet)
  if (result === null) return acceptedAnswer
  if ('crash' in result) {
    return {
      outcome: 'crashes',
      errno: 0,
      log: log.lines,
      reason: { code: result.crash, typeId: result.typeId },
    }
  }
  if ('ids' in result) {
    const { unbounded } = result
    if (unbounded === null) return acceptedAnswer
    return { ...acceptedAnswer, reason: { code: 'relocation-unbounded-read', typeId: unbounded } }
  }
  const name = module.name.replaceAll('-', '_')
  if (!quiet) log.line(`failed to validate module [${name}] BTF: -${result.errno}`)
  return refusedAnswer(allowed ? 'discarded' : 'rejected', result, log.lines)
}

/**
 * Where the types and names of a split BTF with a distilled base come to lie on a running base (btf_relocate); null where
 * the kernel does not relocate: it does not know .BTF.base, refuses, or crashes (see {@link checkModule}).
 * @throws BtfError `rules-invalid`
 */
export function relocate(
  btf: Uint8Array,
  distilled: Uint8Array,
  running: RunningBase,
  rules: Rules,
): Relocation | null {
  const view = running.under(rules.version)
  if (!view.traits.distilledBase) return null
  const log = new KernelLog(view.traits.logPrefix)
  const result = parseModule(btf, distilled, running, view, log, false)
  return result !== null && 'ids' in result ? result : null
}

/** null where the module was parsed on the running base itself. */
function parseModule(
  btf: Uint8Array,
  distilled: Uint8Array | null,
  running: RunningBase,
  view: BaseView,
  log: KernelLog,
  quiet: boolean,
): Relocation | Crash | Refusal | null {
  const { traits, tables } = view
  if (tables === null) return { errno: view.refused!.errno, reason: { code: 'base-invalid' } }
  const { scratch, littleEndian } = running
  const context = { traits, littleEndian, log, quiet }
  if (distilled === null || !traits.distilledBase) {
    const split = parseBlob(btf, tables, context, scratch)
    return split instanceof TypeCheck ? null : split
  }
  const base = parseBlob(distilled, null, context, scratch)
  if (!(base instanceof TypeCheck)) return base
  const ownBase = baseTables(base)
  const split = parseBlob(btf, ownBase, context, scratch)
  if (!(split instanceof TypeCheck)) return split
  view.named ??= namedTypes(tables, traits.kindMask)
  return relocateSplit(split, ownBase, tables, view.named, log)
}
