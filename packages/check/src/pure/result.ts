import { BtfError, type ModuleBtf, type RunningBase } from '@basedrift/btf'
import { type JudgeContext, judge } from './judge.js'
import { overallOf } from './overall.js'
import { type Judgement, type Load, loadUnknown, type ModuleResult } from './verdicts.js'

/** Which module a result is of. */
export interface Subject {
  /** The kernel's name of the module: `_` for `-`. */
  readonly name: string
  /** The path given, members after `!`. */
  readonly file: string
  /** SHA-256 of its file, lower-case hex; null where it could not be read as a module. */
  readonly sha256: string | null
}

/** A module's row from its verdict and from what else the kernel compares; keys in the order in which they are printed. */
export function resultOf(subject: Subject, judgement: Judgement, load: Load = loadUnknown): ModuleResult {
  const { name, file, sha256 } = subject
  const { verdict, basis, errno, log, ...why } = judgement
  return {
    name,
    file,
    sha256,
    verdict,
    basis,
    errno,
    log,
    ...why,
    load,
    overall: overallOf(verdict, load),
  }
}

/** The judgement on a module of which nothing can be said: the code of what failed, where, and what was found. */
export function errorJudgement(code: string, at: string | null, found: string): Judgement {
  const reason = { code, ...(at === null ? {} : { path: at }), actual: found }
  return { verdict: 'error', basis: code, errno: 0, log: [], reason }
}

/**
 * Judges one module of many: a fault of the engine is a row of its own, `engine-failed`, and costs no other module.
 * @throws BtfError `rules-invalid`
 */
export function judgeSubject(
  subject: Subject,
  sections: Pick<ModuleBtf, 'btf' | 'distilled'>,
  running: RunningBase,
  context: JudgeContext,
): ModuleResult {
  let judgement: Judgement
  try {
    judgement = judge({ ...sections, name: subject.name }, running, context)
  } catch (error) {
    if (error instanceof BtfError && error.code === 'rules-invalid') throw error
    const code = error instanceof BtfError ? error.code : 'engine-failed'
    judgement = errorJudgement(code, null, error instanceof Error ? error.message : String(error))
  }
  return resultOf(subject, judgement)
}
