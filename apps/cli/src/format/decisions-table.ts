import type { DecisionSummary, GateUse } from '@basedrift/contract'
import { type Cell, cell, fittedColumns } from '../output/columns.js'
import { clipped, printable, wrapped } from '../output/printable.js'
import { count, counted, minute } from '../output/words.js'
import { nameOf, outcomeTones } from './gate-words.js'
import type { TableOptions } from './table-options.js'

/** Answers of gates, a line each, in the order given. */
export function decisionsTable(
  decisions: readonly DecisionSummary[],
  { style, width, fit }: TableOptions,
): string {
  if (decisions.length === 0)
    return 'Of what was asked for, no gate has decided anything that this token may see.\n'
  const titles = ['answer', 'stream', 'build', 'environment', 'decided (UTC)', 'asked', 'id']
  const head = titles.map((title) => cell(title, (text) => style('faint', text)))
  const rows = decisions.map((one): Cell[] => [
    cell(one.answer, (text) => style(outcomeTones[one.answer], text)),
    cell(clipped(one.stream, 40)),
    cell(clipped(nameOf(one.build), 32)),
    cell(clipped(one.environment, 32)),
    cell(minute(one.createdAt)),
    cell(count(one.asked)),
    cell(one.id),
  ])
  const lines = fittedColumns([head, ...rows], ['left', 'left', 'left', 'left', 'left', 'right', 'left'], {
    width: fit ? width : Number.POSITIVE_INFINITY,
    drop: ['asked', 'stream', 'decided (UTC)', 'environment'],
    shorten: 'build',
  })
  return `${lines.join('\n')}\n`
}

/** Dry runs and broken glasses, a block each, in the order given. */
export function usesTable(uses: readonly GateUse[], { style, width }: TableOptions): string {
  if (uses.length === 0)
    return 'Of what was asked for, there is no dry run and no broken glass that this token may see.\n'
  const blocks = uses.map((use) => {
    const { kind, build, environment, decision, reason, by, onBehalfOf, at, times, lastAt } = use
    const often = times === 1 ? '' : `, ${counted(times, 'time')}, the last ${minute(lastAt)}`
    const who = `${minute(at)} UTC${often} by ${by}${onBehalfOf === null ? '' : ` for ${onBehalfOf}`}`
    return [
      `${style(kind === 'dry-run' ? 'faint' : 'bad', kind)}  ${style('strong', printable(`${build} into ${environment}`))}`,
      ...[who, ...(reason === null ? [] : [reason])]
        .flatMap((text) => wrapped(text, width - 2))
        .map((line) => `  ${line}`),
      `  ${decision === null ? 'no decision' : `decision ${decision}`}`,
    ].join('\n')
  })
  return `${blocks.join('\n\n')}\n`
}
