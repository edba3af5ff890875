import type { CheckResult } from '@basedrift/check'
import { clipped, clippedPath, printable } from '../output/printable.js'
import { count, counted } from '../output/words.js'
import { loadSummary, missingSummary } from './load-words.js'
import { listedModules, moduleLines } from './modules-table.js'
import { sentence, type TableOptions } from './table-options.js'
import { headline } from './verdict-words.js'

/** A result for people: one sentence, the kernel, then the modules, grouped by verdict and reason if they are many. */
export function checkTable(result: CheckResult, options: TableOptions): string {
  const { style, width } = options
  const { summary, kernel, modules, notes = [] } = result
  const missing = missingSummary(modules)
  const lines = [
    ...sentence(headline(summary, summary.total), options).map((line) => style('strong', line)),
    ...(missing === null ? [] : sentence(missing, options).map((line) => style('doubtful', line))),
    '',
    ...kernelLines(kernel, width),
    ...loadSummary(modules).map((line, nth) =>
      clipped(`${nth === 0 ? 'Load    ' : '        '}${line}`, width),
    ),
    '',
    ...moduleLines(modules, options),
    ...(kernel.problems ?? []).map(({ code, file, message }) =>
      style('bad', printable(`Not read whole: ${file}: ${code}: ${message}`)),
    ),
    ...notes.flatMap((note) => sentence(`Note: ${note}`, options)),
  ]
  if (modules.some(({ basis }) => basis === 'no-origin')) {
    lines.push('To decide what is unknown, give the kernel that the modules were built with as --origin.')
  }
  if (missing !== null) {
    lines.push(
      'Where other packages export what is missing, give them among the modules too: they count as loaded.',
    )
  }
  if (modules.length > listedModules) {
    lines.push('Every module with its log: --format ndjson (one a line) or --format json.')
  }
  return `${lines.join('\n').trimEnd()}\n`
}

function kernelLines({ file, release, rules, base }: CheckResult['kernel'], width: number): string[] {
  const { version, allowBtfMismatch: allowed } = rules
  const mismatch =
    allowed === null ? 'BTF mismatch perhaps allowed' : `BTF mismatch ${allowed ? '' : 'not '}allowed`
  return [
    `Kernel  ${clippedPath(file, width - 8)}`,
    ...(release === null ? [] : [`        ${clipped(release, width - 8)}`]),
    `Rules   ${printable(version)}, ${mismatch}`,
    `Base    ${counted(base.types, 'type')}, ${count(base.strings)} bytes of strings, sha256 ${base.sha256.slice(0, 12)}…`,
  ]
}
