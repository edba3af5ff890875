import type { ErrorReport } from '../errors.js'
import { printable } from '../output/printable.js'

const schema = 'https://json.schemastore.org/sarif-2.1.0.json'

/** What a run of SARIF 2.1.0 holds: the rules that its results name, and what became of the invocation. */
export interface SarifRun {
  readonly rules: readonly unknown[]
  readonly results: readonly unknown[]
  /** Whether the run came to an end that can be relied on. */
  readonly successful: boolean
  readonly notifications?: readonly unknown[]
  readonly properties?: Readonly<Record<string, unknown>>
}

/** A SARIF log of one run. */
export function sarif({ rules, results, successful, notifications = [], properties }: SarifRun): unknown {
  const invocation = {
    executionSuccessful: successful,
    ...(notifications.length === 0 ? {} : { toolExecutionNotifications: notifications }),
  }
  return {
    $schema: schema,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'basedrift', rules } },
        invocations: [invocation],
        results,
        ...(properties === undefined ? {} : { properties }),
      },
    ],
  }
}

/** Something that is said of a run itself. */
export function notification(level: 'error' | 'warning' | 'note', id: string, text: string): unknown {
  return { level, descriptor: { id }, message: { text: printable(text) } }
}

/** What stands in the place of results where there are none: a run that did not succeed. */
export function errorSarif({ code, message }: ErrorReport): unknown {
  const notifications = [notification('error', code, message)]
  return sarif({ rules: [], results: [], successful: false, notifications })
}
