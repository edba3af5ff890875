import type { Channel } from '@basedrift/contract'
import { type Cell, cell, columns } from '../output/columns.js'
import { clipped } from '../output/printable.js'
import type { TableOptions } from './table-options.js'

/** `openSUSE:* drift,gate ≥warning`, for each route. */
function routesOf({ routes }: Channel): string {
  return routes
    .map(({ stream, kinds, minSeverity }) =>
      [
        stream,
        ...(kinds.length === 0 ? [] : [kinds.join(',')]),
        ...(minSeverity === 'info' ? [] : [`≥${minSeverity}`]),
      ].join(' '),
    )
    .join('; ')
}

/** Channels, a line each, in the order given. */
export function channelsTable(items: readonly Channel[], { style }: TableOptions): string {
  if (items.length === 0) return 'There are no channels.\n'
  const titles = ['name', 'kind', 'host', 'told of', 'mode', 'state', 'wait', 'dead', 'id']
  const head = titles.map((title) => cell(title, (text) => style('faint', text)))
  const rows = items.map((channel): Cell[] => [
    cell(clipped(channel.name, 32)),
    cell(channel.kind),
    cell(clipped(channel.host ?? '-', 40)),
    cell(clipped(routesOf(channel), 48)),
    cell(channel.mode),
    cell(clipped(channel.reason?.code ?? channel.state, 24), (text) =>
      style(channel.state === 'active' ? 'strong' : 'doubtful', text),
    ),
    cell(String(channel.waiting)),
    cell(String(channel.dead), (text) => (channel.dead === 0 ? text : style('doubtful', text))),
    cell(channel.id),
  ])
  const lines = columns(
    [head, ...rows],
    ['left', 'left', 'left', 'left', 'left', 'left', 'right', 'right', 'left'],
  )
  return `${lines.join('\n')}\n`
}
