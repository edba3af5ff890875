import {
  type BindOptions,
  type Btf,
  bindRelocated,
  checkModule,
  type ModuleBtf,
  prepareBase,
  type Rules,
  type RunningBase,
  recoverOriginLength,
  relocate,
  TypeClasses,
  traitsOf,
} from '@basedrift/btf'
import { accepted, decideBound, refusalOf, withoutOrigin } from './decide.js'
import { contradictedClaim, lengthProof, OriginBase, type OriginProof, proofAgainst } from './origin.js'
import { readable } from './readable.js'
import { contradictedStamp, type StampClaim, stampedElsewhere, stampedOrigin } from './stamp.js'
import type { Judgement, VerdictReason } from './verdicts.js'

/** What a module is judged by, besides the bytes of the running base. */
export interface JudgeContext extends BindOptions {
  /** SHA-256 of the running base, lower-case hex. */
  readonly runningSha256: string
  /** The base that the module is said to have been built on; null where nothing says so. */
  readonly origin: OriginBase | null
  /** What the module's own origin note says; null or left out where it has none. It goes before `origin`. */
  readonly stamp?: StampClaim | null
  readonly rules: Rules
  /** What `recoverOriginLength` gives for the module, where that is known already; it is found out where this is left out. */
  readonly originStrings?: number | null
  /** What `proofAgainst` gives for the module and `origin`, where that is known already; likewise. */
  readonly originProof?: OriginProof | null | undefined
}

/**
 * The verdict on one module's BTF on a running kernel: what the kernel of that version and config does with it, and, where
 * it accepts it, whether its references bind to what they were built to mean.
 *
 * - With the origin base: by comparing every reference in both bases. A statement of the origin that the module itself
 *   contradicts, by the length of strings that it betrays or by a reference that nothing builds, counts for nothing.
 * - A stamp names the origin base, and goes before what is said otherwise; one that the BTF contradicts is an `error`.
 * - Without: `misread` where the module proves that the running base is not its origin, else `unknown`.
 * - A module with a `.BTF.base` was built on that, and on no kernel's base. Where the kernel relocates it, its references
 *   bind by name, and an origin base that lacks one of its types counts for nothing; where the kernel is older and reads it on the running base, they are compared with those on its own.
 * @throws BtfError `rules-invalid`, `btf-names`
 */
export function judge(module: ModuleBtf, running: RunningBase, given: JudgeContext): Judgement {
  const answer = checkModule(module, running, given.rules)
  const refused = refusalOf(answer)
  if (refused?.verdict === 'no-btf' || refused?.verdict === 'crashes') return refused
  const { stamp = null, runningSha256 } = given
  const named =
    stamp === null ? null : stampedOrigin(stamp, [given.origin, { sha256: runningSha256, base: running }])
  if (stamp !== null && named !== null && module.distilled === null) {
    const contradicted = contradictedStamp(module.btf!, stamp, named)
    if (contradicted !== null) return contradicted
  }
  if (refused !== null) return refused
  const context = named === null ? given : { ...given, origin: named, originProof: undefined }
  const split = readable(module.btf!)
  if (split === null) return accepted('unknown', 'no-origin')
  const { originStrings = recoverOriginLength(split) } = context
  if (module.distilled === null) return onOrigin(split, running, context, originStrings)
  const own = prepareBase(module.distilled)
  if (!traitsOf(context.rules.version).distilledBase)
    return onDistilled(split, running, own, context, originStrings)
  // The kernel accepts it, though it took something at random for one of its references.
  if (answer.reason !== null) return { ...accepted('unknown', 'relocation'), reason: { ...answer.reason } }
  return afterRelocation(module, split, running, own, context, originStrings)
}

/** The verdict on an accepted module without a `.BTF.base`. */
function onOrigin(
  split: Btf,
  running: RunningBase,
  context: JudgeContext,
  originStrings: number | null,
): Judgement {
  const { origin, originProof, runningSha256 } = context
  const contradicted = origin === null ? null : contradictedClaim(split, origin, originStrings, originProof)
  if (origin !== null && contradicted === null) {
    if (origin.sha256 === runningSha256) return accepted('compatible', 'same-base')
    const binding = origin.bindingOn(running)
    if (binding !== null) return decideBound(binding.bind(split, context), 'equivalent-binding')
  }
  const { stamp = null } = context
  return alone(
    split,
    running,
    originStrings,
    contradicted ?? (stamp === null ? null : stampedElsewhere(stamp)),
  )
}

/** The verdict on an accepted module whose origin base is not at hand. */
function alone(
  split: Btf,
  running: RunningBase,
  originStrings: number | null,
  contradicted: VerdictReason | null,
): Judgement {
  const length = lengthProof(originStrings, running)
  if (length !== null) return withoutOrigin(length)
  const proof = proofAgainst(split, running)
  if (proof !== null) return withoutOrigin(proof)
  return { ...accepted('unknown', 'no-origin'), ...(contradicted === null ? {} : { reason: contradicted }) }
}

/** The verdict of a kernel that knows no `.BTF.base`, and reads on its own base what was built on the distilled one. */
function onDistilled(
  split: Btf,
  running: RunningBase,
  distilled: RunningBase,
  context: JudgeContext,
  originStrings: number | null,
): Judgement {
  const binding = new OriginBase('', distilled).bindingOn(running)
  const bound = binding?.bind(split, context) ?? null
  // Definitions are not compared: a distilled base has none.
  if (bound !== null && bound.misboundTotal > 0) return decideBound(bound, 'equivalent-binding')
  return alone(split, running, originStrings, null)
}

/** The verdict on a module that the kernel relocated from its distilled base. */
function afterRelocation(
  { btf, distilled }: ModuleBtf,
  split: Btf,
  running: RunningBase,
  own: RunningBase,
  { rules, origin, ...options }: JudgeContext,
  originStrings: number | null,
): Judgement {
  const proof = lengthProof(originStrings, own)
  if (proof !== null) return withoutOrigin(proof)
  const relocation = relocate(btf!, distilled!, running, rules)
  if (relocation === null || own.btf === null || running.btf === null)
    return accepted('unknown', 'relocation')
  const binding = origin?.bindingOn(running) ?? null
  const foreign = binding?.counterparts.lackingOf(own.btf) ?? null
  const target = binding?.running ?? new TypeClasses().add(running.btf)
  const known = foreign === null ? (binding?.counterparts ?? null) : null
  const bound = bindRelocated(split.onBase(own.btf), relocation, target, known, options)
  const judgement = decideBound(bound, 'relocated')
  if (foreign === null) return judgement
  return { ...judgement, reason: { code: 'origin-contradicted', path: '.BTF.base', ...foreign } }
}
