import type { CheckResult, ModuleResult } from '@basedrift/check'
import { printable } from '../output/printable.js'
import { moduleNames, outcomeOf } from './check-report.js'
import { notification, sarif } from './sarif.js'
import { meaningOf } from './verdict-words.js'

/** Rules that are none of the verdicts, and what they mean. */
const otherRules: Readonly<Record<string, string>> = {
  refused: 'the kernel refuses the module for what it compares besides BTF',
  'loads-misread': 'the kernel takes type ids in the code of the module for something else',
  'symbols-missing':
    'the module imports symbols that nothing known exports: the kernel refuses it unless something else brings them',
  'load-doubtful':
    'the module lacks symbol versions or vermagic: the kernel takes it by force alone, if at all, and compares nothing; or modules of the kernel ' +
    'import what it lacks in the place of one of them',
  'load-unknown': 'not all is known that the kernel compares besides BTF',
}

/** A path as a relative reference of a URI: whatever is in it, no reader takes it for an address. */
function uriOf(path: string): string {
  const archive = path.split('!', 1)[0]!
  const encoded = Buffer.from(archive)
    .toString('latin1')
    .replace(
      /[^A-Za-z0-9._~/-]/g,
      (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
  return encoded.startsWith('//') ? encoded.replace(/^\/+/, '/') : encoded
}

function locationOf({ name, file }: ModuleResult) {
  return {
    physicalLocation: { artifactLocation: { uri: uriOf(file) } },
    logicalLocations: [{ name: printable(name), fullyQualifiedName: printable(file), kind: 'module' }],
  }
}

/** The results of a check as SARIF 2.1.0: a result for each module on each kernel that does not fit, or of which that is not known. */
export function checkSarif(results: readonly CheckResult[]): unknown {
  const found = results.flatMap((result) => {
    const { kernel, modules } = result
    const names = moduleNames(result)
    return modules.flatMap((module, nth) => {
      const { state, type, message, lines } = outcomeOf(module)
      if (state === 'passed' || state === 'skipped') return []
      const text = [`${names[nth]} on ${kernel.file}: ${message}`, ...lines].map(printable).join('\n')
      return [
        {
          ruleId: type,
          level: state === 'failed' ? 'error' : 'warning',
          message: { text },
          locations: [locationOf(module)],
          properties: { kernel: printable(kernel.file), verdict: module.verdict, overall: module.overall },
        },
      ]
    })
  })
  const rules = [...new Set(found.map(({ ruleId, level }) => `${level} ${ruleId}`))].map((rule) => {
    const [level, id = ''] = rule.split(' ')
    return {
      id,
      shortDescription: { text: meaningOf(id) || (otherRules[id] ?? id) },
      defaultConfiguration: { level },
    }
  })
  const notifications = results.flatMap(({ kernel, notes = [] }) => [
    ...(kernel.problems ?? []).map(({ code, file, message }) =>
      notification('error', code, `${file}: ${message}`),
    ),
    ...notes.map((note) => notification('note', 'note', note)),
  ])
  const successful = results.every(({ kernel }) => kernel.problems === undefined)
  return sarif({ rules, results: found, successful, notifications })
}
