import { breaks, type CheckResult, exitCodeOf, loadStops, type ModuleResult } from '@basedrift/check'
import { findingLines } from './findings.js'
import { loadLines } from './load-words.js'
import { whyOf } from './modules-table.js'

/** What a report says of one module: passed, or what is wrong. */
export interface Outcome {
  readonly state: 'passed' | 'failed' | 'undecided' | 'skipped'
  /** Its verdict, or `refused` or `loads-misread` where what stops it is not its BTF. */
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
  const otherwise = code === 1 && !breaks(verdict)
  const type = otherwise ? (loadStops(load) ? 'refused' : 'loads-misread') : verdict
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

/** Names of the modules of a result; where a name is that of several files, with the file. */
export function moduleNames({ modules }: Pick<CheckResult, 'modules'>): string[] {
  const often = new Map<string, number>()
  for (const { name } of modules) often.set(name, (often.get(name) ?? 0) + 1)
  return modules.map(({ name, file }) => (often.get(name) === 1 ? name : `${name} (${file})`))
}
