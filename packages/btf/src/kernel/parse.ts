import type { KernelTraits } from '../traits.js'
import type { KernelAnswer, KernelOutcome, Reason } from './answer.js'
import type { BaseTables } from './blob.js'
import { checkChains } from './chains.js'
import type { KernelLog } from './log.js'
import { dottedNames, nameStarts, plainNames } from './names.js'
import { type KernelReasonCode, kernelReasonCodes } from './reasons.js'
import { logRefusal, refusalReason } from './report.js'
import { checkSections } from './sections.js'
import { mostTypes, TypeCheck } from './types.js'

/** Why a blob was refused. */
export interface Refusal {
  readonly errno: number
  readonly reason: Reason
}

/** Makes a refusal without a type. */
export function refusal(code: KernelReasonCode, errno: number): Refusal {
  return { errno, reason: { code } }
}

/** How a blob is parsed. */
export interface ParseContext {
  readonly traits: KernelTraits
  readonly littleEndian: boolean
  readonly log: KernelLog
  /** Whether messages about types and members of a split BTF are kept back (only on a base). */
  readonly quiet: boolean
}

/** Room for the starts of a blob's records, used again for blob after blob. */
export class Scratch {
  private starts = new Uint32Array(1024)

  /** At least `count` places; valid until the next call. */
  room(count: number): Uint32Array {
    if (this.starts.length < count) this.starts = new Uint32Array(Math.max(count, this.starts.length * 2))
    return this.starts
  }
}

/**
 * Parses one blob as the kernel does at load time: header and sections, strings, each type, then chains of modifiers
 * (btf_parse_base, btf_parse_module). No type is resolved.
 */
export function parseBlob(
  bytes: Uint8Array,
  base: BaseTables | null,
  context: ParseContext,
  scratch: Scratch,
): TypeCheck | Refusal {
  const { traits, log } = context
  const sections = checkSections(bytes, traits, context.littleEndian, base !== null)
  if ('errno' in sections) {
    log.piece(kernelReasonCodes[sections.code])
    return refusal(sections.code, sections.errno)
  }
  const check = new TypeCheck(sections, base, traits, scratch.room(Math.ceil(sections.typeLen / 12)))
  if (!check.run()) {
    logRefusal(check, log, context.quiet && base !== null)
    return { errno: check.errno, reason: refusalReason(check) }
  }
  dropSurplusTypes(check, log)
  if (traits.chainCheck) {
    const refused = checkChains(check)
    if (refused !== null) {
      if (!refused.silent) log.piece(kernelReasonCodes[refused.code])
      return { errno: refused.errno, reason: { code: refused.code, typeId: refused.typeId } }
    }
  }
  return check
}

/**
 * A base has at most BTF_MAX_TYPE types, void among them. The kernel says so of each type that is too many (btf_add_type),
 * and goes on without it.
 */
function dropSurplusTypes(check: TypeCheck, log: KernelLog): void {
  if (check.base !== null) return
  for (; check.count > mostTypes - 1; check.count--) log.piece('Exceeded max num of types')
}

/** What a split BTF needs of a base that was parsed. */
export function baseTables(check: TypeCheck): BaseTables {
  const { traits, strings, words } = check
  const allowed = traits.dottedNames ? dottedNames : plainNames
  return {
    typesEnd: check.count + 1,
    stringsEnd: strings.length,
    words,
    starts: check.starts.slice(0, check.count),
    strings,
    identifiers: nameStarts(strings, allowed, traits.longestName),
  }
}

/** An answer for a blob that was refused. */
export function refusedAnswer(
  outcome: KernelOutcome,
  refused: Refusal,
  log: readonly string[],
): KernelAnswer {
  return { outcome, errno: refused.errno, log, reason: refused.reason }
}

export const acceptedAnswer: KernelAnswer = { outcome: 'accepted', errno: 0, log: [], reason: null }
export const ignoredAnswer: KernelAnswer = { outcome: 'ignored', errno: 0, log: [], reason: null }
