import {
  breaks,
  type CheckResult,
  exitCodeOf,
  loadDoubtful,
  loadStops,
  type ModuleResult,
  symbolsMissing,
} from '@basedrift/check'
import { findingLines } from './findings.js'
import { loadLines } from './load-words.js'
import { whyOf } from './modules-table.js'

/** What a report says of one module: passed, or what is wrong. */
export interface Outcome {
  readonly state: 'passed' | 'failed' | 'undecided' | 'skipped'
  /**
   * Its verdict, or where that is not what counts against it: `refused`, `loads-misread`, `symbols-missing`,
   * `load-doubtful` where it lacks itself what that is told by, or `load-unknown` where not all else is known that the kernel compares.
   */
  readonly type: string
  /** One line. */
  readonly message: string
  /** All that is known: the kernel's log, what was found, what else the kernel compares. */
  readonly lines: readonly string[]
}

/** What a report says of a module: as the exit code has it, so that no reader takes for a pass what `check` does not. */
export function outcomeOf(module: ModuleResult): Outcome {
  const { verdict, basis, errno, log, load } = module
  const code = exitCodeOf([module])
  const otherwise = (code === 1 && !breaks(verdict)) || (code === 3 && verdict !== 'unknown')
  const type = otherwise ? typeOf(load) : verdict
  const why = whyOf(module)
  const head = verdict === 'error' ? (why ?? basis) : `${basis}${errno === 0 ? '' : `, errno ${errno}`}`
  const state = code === 1 ? 'failed' : code !== 0 ? 'undecided' : verdict === 'no-btf' ? 'skipped' : 'passed'
  return {
    state,
    type,
    message: otherwise ? `${type}: ${loadLines(module).join('; ')}` : `${type} (${head})`,
    lines: [
      ...log,
      ...findingLines(module),
      ...(why === null || verdict === 'error' ? [] : [why]),
      ...loadLines(module),
    ],
  }
}

/** What there is of a module besides its verdict. */
function typeOf(load: ModuleResult['load']): string {
  if (loadStops(load)) return 'refused'
  if (load.btfIds?.state === 'wrong') return 'loads-misread'
  if (symbolsMissing(load)) return 'symbols-missing'
  return loadDoubtful(load) ? 'load-doubtful' : 'load-unknown'
}

/** Names of the modules of a result; where a name is that of several files, with the file. */
export function moduleNames({ modules }: Pick<CheckResult, 'modules'>): string[] {
  const often = new Map<string, number>()
  for (const { name } of modules) often.set(name, (often.get(name) ?? 0) + 1)
  return modules.map(({ name, file }) => (often.get(name) === 1 ? name : `${name} (${file})`))
}
