import type { Environment, Live } from '@basedrift/contract'
import { type Cell, cell, columns, fittedColumns } from '../output/columns.js'
import { clipped, printable } from '../output/printable.js'
import { minute } from '../output/words.js'
import type { TableOptions } from './table-options.js'

/** What a build brings, as far as it is ingested. */
function partsOf({ hasKernel, hasModules, kernelRelease, state }: Live): string {
  const kernel = hasKernel ? [clipped(kernelRelease ?? 'kernel', 32)] : []
  const parts = [...kernel, ...(hasModules ? ['modules'] : [])]
  return parts.length === 0 ? state : parts.join(' + ')
}

/** Live builds, a line each, in the order given. */
export function liveTable(
  environment: string,
  items: readonly Live[],
  { style, width, fit }: TableOptions,
): string {
  if (items.length === 0)
    return `Nothing that this token may see is live in ${printable(environment)}; \`basedrift live environments\` lists those there are.\n`
  const titles = ['stream', 'build', 'holds', 'entered (UTC)', 'by', 'left (UTC)', 'id']
  const head = titles.map((title) => cell(title, (text) => style('faint', text)))
  const rows = items.map((live): Cell[] => [
    cell(clipped(live.stream, 40)),
    cell(clipped(`${live.build.version}-${live.build.release}`, 32)),
    cell(partsOf(live), (text) => style(live.state === 'done' ? 'strong' : 'doubtful', text)),
    cell(minute(live.enteredAt)),
    cell(clipped(live.enteredBy, 24)),
    cell(live.leftAt === null ? '-' : minute(live.leftAt)),
    cell(live.build.id),
  ])
  const lines = fittedColumns([head, ...rows], ['left', 'left', 'left', 'left', 'left', 'left', 'left'], {
    width: fit ? width : Number.POSITIVE_INFINITY,
    drop: [
      ...(items.some(({ leftAt }) => leftAt !== null) ? [] : ['left (UTC)']),
      'id',
      'holds',
      'by',
      'entered (UTC)',
    ],
    shorten: 'stream',
  })
  return `${lines.join('\n')}\n`
}

/** Environments, a line each, in the order given. */
export function environmentsTable(items: readonly Environment[], { style }: TableOptions): string {
  if (items.length === 0) return 'Nothing that this token may see has entered an environment.\n'
  const head = ['environment', 'live builds'].map((title) => cell(title, (text) => style('faint', text)))
  const rows = items.map(({ name, live }): Cell[] => [cell(printable(name)), cell(String(live))])
  return `${columns([head, ...rows], ['left', 'right']).join('\n')}\n`
}
