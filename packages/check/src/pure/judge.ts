import {
  checkModule,
  type ModuleBtf,
  type Rules,
  type RunningBase,
  recoverOriginLength,
  traitsOf,
} from '@basedrift/btf'
import { decide } from './decide.js'
import type { Judgement } from './verdicts.js'

/** What a module is judged by, besides the bytes of the running base. */
export interface JudgeContext {
  /** SHA-256 of the running base, lower-case hex. */
  readonly runningSha256: string
  /** SHA-256 of the base that the module was built on; null where it is not known. */
  readonly originSha256: string | null
  readonly rules: Rules
  /**
   * Length of the module's origin base's strings where it was recovered before (null: it cannot be told); recovered from
   * the module when left out.
   */
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
  const relocates = distilled !== null && traitsOf(rules.version).distilledBase
  const answer = checkModule(module, running, rules)
  const accepted = answer.outcome === 'accepted'
  if (relocates && accepted) return relocated
  return decide(answer, {
    runningSha256,
    runningStrings: running.btf?.stringsLength ?? 0,
    originSha256,
    originStrings: accepted && btf !== null ? originLength(btf, context) : null,
    distilled: distilled === null ? null : { strings: null, relocates },
  })
}

function originLength(btf: Uint8Array, { originStrings }: JudgeContext): number | null {
  return originStrings === undefined ? recoverOriginLength(btf) : originStrings
}

const relocated: Judgement = { verdict: 'unknown', basis: 'no-origin', errno: 0, log: [] }
