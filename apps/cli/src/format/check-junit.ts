import type { CheckResult } from '@basedrift/check'
import type { ErrorReport } from '../errors.js'
import { moduleNames, outcomeOf } from './check-report.js'
import { type Case, junit } from './junit.js'

const tags = { failed: 'failure', undecided: 'error', skipped: 'skipped' } as const

/** The results of a check as JUnit XML: a suite for each kernel, a case for each module, and one for what of a kernel was not read. */
export function checkJunit(results: readonly CheckResult[]): string {
  return junit(
    results.map((result) => {
      const { kernel, modules } = result
      const names = moduleNames(result)
      const unread = (kernel.problems ?? []).map(
        ({ code, file, message }): Case => ({
          name: `the kernel was read whole: ${file}`,
          within: { tag: 'error', type: code, message: `${code}: ${message}`, text: '' },
        }),
      )
      const cases = modules.map((module, nth): Case => {
        const { state, type, message, lines } = outcomeOf(module)
        const name = names[nth]!
        if (state === 'passed') return { name, within: null }
        return { name, within: { tag: tags[state], type, message, text: [module.file, ...lines].join('\n') } }
      })
      return { name: `basedrift check ${kernel.file}`, classname: kernel.file, cases: [...unread, ...cases] }
    }),
  )
}

/** What stands in the place of results where there are none. */
export function checkErrorJunit({ code, message }: ErrorReport): string {
  const within = { tag: 'error' as const, type: code, message, text: message }
  return junit([
    {
      name: 'basedrift check',
      classname: 'basedrift check',
      cases: [{ name: 'nothing was checked', within }],
    },
  ])
}
