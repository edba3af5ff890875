import { type CheckResult, type ModuleResult, type Summary, summary } from '@basedrift/check'
import { clippedPath } from '../output/printable.js'
import { checkTable } from './check-table.js'
import type { TableOptions } from './table-options.js'

/** The results of one check on several kernels as one document; keys in the order in which they are printed. */
export interface SeveralChecks {
  readonly engine: string
  /** One for each kernel, in the order in which they were given. */
  readonly checks: readonly Omit<CheckResult, 'engine'>[]
  /** Over all of them: a module counts once for each kernel. */
  readonly summary: Summary
}

function modulesOf(results: readonly CheckResult[]): ModuleResult[] {
  return results.flatMap(({ modules }) => modules)
}

/** `results` is not empty. */
export function severalJson(results: readonly CheckResult[]): SeveralChecks {
  return {
    engine: results[0]!.engine,
    checks: results.map(({ engine: _, ...check }) => check),
    summary: summary(modulesOf(results)),
  }
}

/**
 * A line for each module on each kernel, whose `kernel` is the kernel's `file`: a release or a base may be that of several. Behind the
 * lines of a kernel comes its summary, and at the end that over all.
 */
export function severalNdjson(results: readonly CheckResult[]): string {
  const lines = results.flatMap(({ kernel: { file: kernel }, modules, summary: counts }) => [
    ...modules.map((module) => JSON.stringify({ kernel, ...module })),
    JSON.stringify({ kernel, summary: counts }),
  ])
  lines.push(JSON.stringify({ summary: summary(modulesOf(results)) }))
  return `${lines.join('\n')}\n`
}

/** One table for each kernel, under its name. */
export function severalTables(results: readonly CheckResult[], options: TableOptions): string {
  const { style, width } = options
  return results
    .map(
      (result) =>
        `${style('strong', clippedPath(`On ${result.kernel.file}`, width))}\n${checkTable(result, options)}`,
    )
    .join('\n')
}
