import type { DriftSide, DriftSummary } from '@basedrift/contract'
import { type Cell, cell, fittedColumns } from '../output/columns.js'
import { clipped } from '../output/printable.js'
import { count } from '../output/words.js'
import type { TableOptions } from './table-options.js'

/** Verdicts of modules that a drift breaks. */
const breaking = ['rejected', 'discarded', 'misread', 'changed', 'crashes'] as const

const nameOf = ({ version, release }: DriftSummary['from']) => clipped(`${version}-${release}`, 28)

/** How many modules of one build the kernel of the other breaks. */
function brokenOn(side: DriftSide | null): string {
  if (side === null) return '-'
  if (side.state !== 'done') return side.state
  const total = Object.values(side.counts).reduce((sum, of) => sum + of, 0)
  const broken = breaking.reduce((sum, verdict) => sum + (side.counts[verdict] ?? 0), 0)
  return `${count(broken)} of ${count(total)}`
}

/** Drifts, a line each, in the order given, with how many old modules break on the new kernel, and new ones on the old. */
export function driftsTable(drifts: readonly DriftSummary[], { style, width, fit }: TableOptions): string {
  if (drifts.length === 0)
    return 'There are no drifts yet: a stream has them from its second kernel build on.\n'
  const titles = ['from', 'to', 'class', 'old broken', 'new broken', 'id']
  const head = titles.map((title) => cell(title, (text) => style('faint', text)))
  const rows = drifts.map((drift): Cell[] => [
    cell(nameOf(drift.from)),
    cell(nameOf(drift.to)),
    cell(drift.class ?? drift.error?.code ?? drift.state, (text) =>
      style(drift.class === 'none' ? 'good' : drift.class === null ? 'doubtful' : 'bad', text),
    ),
    cell(brokenOn(drift.oldOnNew)),
    cell(brokenOn(drift.newOnOld)),
    cell(drift.id),
  ])
  const lines = fittedColumns([head, ...rows], ['left', 'left', 'left', 'right', 'right', 'left'], {
    width: fit ? width : Number.POSITIVE_INFINITY,
    drop: ['id', 'class'],
    shorten: 'to',
  })
  return `${lines.join('\n')}\n`
}
