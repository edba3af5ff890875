import type { BuildRef, Explanation, Pair } from '@basedrift/contract'
import { clipped, printable, wrapped } from '../output/printable.js'
import { count } from '../output/words.js'
import { loadSummary, missingSummary } from './load-words.js'
import { listedModules, moduleBlock, moduleLines } from './modules-table.js'
import { sentence, type TableOptions } from './table-options.js'
import { headline } from './verdict-words.js'

function named(builds: readonly BuildRef[], id: string): string {
  const build = builds.find((candidate) => candidate.id === id)
  return printable(build === undefined ? id : `${build.version}-${build.release}`)
}

function title({
  builds,
  kernelBuild,
  moduleBuild,
}: Pick<Pair, 'builds' | 'kernelBuild' | 'moduleBuild'>): string {
  return `The modules of ${named(builds, moduleBuild)} on the kernel of ${named(builds, kernelBuild)}`
}

/** A pair: the counts in one sentence, then the modules that the filter let through. */
export function pairTable(pair: Pair, options: TableOptions): string {
  const { style } = options
  const total = Object.values(pair.counts).reduce((sum, count) => sum + count, 0)
  const lines = [style('strong', title(pair))]
  if (pair.state === 'pending') lines.push('They have not been compared yet.')
  else if (pair.state === 'failed') {
    const { code, message } = pair.error ?? { code: 'unknown', message: 'Nothing is recorded of why.' }
    lines.push(style('bad', printable(`They cannot be compared: ${code}: ${message}`)))
  } else {
    const missing = missingSummary(pair.rows)
    lines.push(...sentence(headline(pair.counts, total), options))
    if (missing !== null) lines.push(...sentence(missing, options).map((line) => style('doubtful', line)))
    if (pair.rows.length > listedModules)
      lines.push(
        ...loadSummary(pair.rows).map((line, nth) =>
          clipped(`${nth === 0 ? 'Load    ' : '        '}${line}`, options.width),
        ),
      )
    lines.push('', ...moduleLines(pair.rows, options))
    if (pair.rows.some(({ basis }) => basis === 'no-origin'))
      lines.push(
        ...wrapped(
          'no-origin: nothing says which kernel these modules were built on, and they prove nothing by themselves. Push that kernel, and name it as --built-for of their build, or stamp them when they are built (basedrift stamp).',
          options.width,
        ),
      )
    if (pair.rows.length > listedModules) {
      lines.push(
        ...wrapped(
          'One module in full: --module NAME. Every module: --format ndjson or json. Some: --verdict VERDICT.',
          options.width,
        ),
      )
    }
  }
  return `${lines.join('\n').trimEnd()}\n`
}

/** All that is known of one module on one kernel build. */
export function explanationTable(explanation: Explanation, { style, width }: TableOptions): string {
  const { result, origin, kernel, happened, remedy } = explanation
  const lines = [style('strong', title(explanation)), '', ...moduleBlock(result, style, width)]
  lines.push(
    `Running kernel  ${printable(kernel.release ?? kernel.file)}, base ${kernel.base.sha256.slice(0, 12)}…`,
  )
  const base = origin.base === null ? 'not recorded' : `base ${origin.base.sha256.slice(0, 12)}…`
  const from =
    origin.build === null ? '' : `${printable(`${origin.build.version}-${origin.build.release}`)}, `
  const found = origin.source === 'found' ? 'not known; of the stream’s bases this alone fits: ' : ''
  lines.push(`Built on        ${found}${from}${base}`)
  if (origin.strings !== null) {
    lines.push(
      `                the module tells ${count(origin.strings)} bytes of strings; running: ${count(kernel.base.strings)}`,
    )
  }
  if (happened.length > 0) lines.push('', ...happened.flatMap((text) => wrapped(text, width)))
  if (remedy.length > 0) {
    const items = remedy.flatMap((text) => wrapped(`- ${text}`, width - 2, '  '))
    lines.push('', 'What would change it:', ...items.map((line) => `  ${line}`))
  }
  return `${lines.join('\n').trimEnd()}\n`
}
