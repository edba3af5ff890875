import type { Delivery } from '@basedrift/contract'
import { type Cell, cell, columns } from '../output/columns.js'
import { clipped } from '../output/printable.js'
import { minute } from '../output/words.js'
import type { TableOptions } from './table-options.js'

function eventsOf({ events, eventsTotal }: Delivery): string {
  const [first] = events
  if (eventsTotal !== 1 || first === undefined) return `${eventsTotal} events`
  return first.stream === null ? first.kind : `${first.kind} ${first.stream}`
}

/** What came of it, with what the other side said. */
function answerOf({ lastCode, lastStatus, lastAnswer }: Delivery): string {
  return [lastCode, lastStatus, lastAnswer]
    .filter((part) => part !== null && part !== '')
    .map(String)
    .join(' ')
}

/** One delivery in a line. */
export function deliveryLine(delivery: Delivery): string {
  const { channel, state, attempt } = delivery
  const answer = answerOf(delivery)
  const tried = attempt === 1 ? '1 attempt' : `${attempt} attempts`
  return clipped(`${channel.name}: ${state} after ${tried}${answer === '' ? '' : `: ${answer}`}`, 400)
}

/** Deliveries, a line each, in the order given. */
export function deliveriesTable(items: readonly Delivery[], { style }: TableOptions): string {
  if (items.length === 0) return 'Nothing was sent.\n'
  const titles = ['made (UTC)', 'channel', 'event', 'state', 'tried', 'next (UTC)', 'answer', 'id']
  const head = titles.map((title) => cell(title, (text) => style('faint', text)))
  const rows = items.map((delivery): Cell[] => [
    cell(minute(delivery.createdAt)),
    cell(clipped(delivery.channel.name, 24)),
    cell(clipped(eventsOf(delivery), 48)),
    cell(delivery.state, (text) => (delivery.state === 'dead' ? style('doubtful', text) : text)),
    cell(String(delivery.attempt)),
    cell(delivery.nextAt === null ? '-' : minute(delivery.nextAt)),
    cell(clipped(answerOf(delivery), 40)),
    cell(delivery.id),
  ])
  const lines = columns([head, ...rows], ['left', 'left', 'left', 'left', 'right', 'left', 'left', 'left'])
  return `${lines.join('\n')}\n`
}
