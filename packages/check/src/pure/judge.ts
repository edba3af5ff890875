import {
  BtfError,
  checkModule,
  type ModuleBtf,
  type Rules,
  type RunningBase,
  readBtf,
  recoverOriginLength,
  traitsOf,
} from '@basedrift/btf'
import { decide, type Evidence } from './decide.js'
import type { Judgement } from './verdicts.js'

/** What a module is judged by, besides the bytes of the running base. */
export interface JudgeContext {
  /** SHA-256 of the running base, lower-case hex. */
  readonly runningSha256: string
  /** SHA-256 of the base that the module was built on; null where it is not known. */
  readonly originSha256: string | null
  readonly rules: Rules
  /** What `recoverOriginLength` gives for the module, where that is known already; it is found out where this is left out. */
  readonly originStrings?: number | null
}

/**
 * The verdict on one module's BTF on a running kernel: what the kernel of that version and config does with it, and, where
 * it accepts it, whether the references bind to what they were built to mean (see `decide`).
 * @throws BtfError `rules-invalid`
 */
export function judge(module: ModuleBtf, running: RunningBase, context: JudgeContext): Judgement {
  const { btf, distilled } = module
  const { rules, runningSha256, originSha256 } = context
  const answer = checkModule(module, running, rules)
  // The length matters only where the kernel accepts, and takes as long as the kernel's own check.
  const recover = answer.outcome === 'accepted' && btf !== null
  const { originStrings = recover ? recoverOriginLength(btf) : null } = context
  return decide(answer, {
    runningSha256,
    runningStrings: running.btf?.stringsLength ?? null,
    originSha256,
    originStrings,
    distilled: distilled === null ? null : distilledEvidence(distilled, rules),
  })
}

function distilledEvidence(distilled: Uint8Array, rules: Rules): NonNullable<Evidence['distilled']> {
  const relocates = traitsOf(rules.version).distilledBase
  try {
    return { strings: readBtf(distilled).stringsLength, relocates }
  } catch (error) {
    if (error instanceof BtfError) return { strings: null, relocates }
    throw error
  }
}
