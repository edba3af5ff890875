import type { AuditEntry } from '@basedrift/contract'
import { type Cell, cell, fittedColumns } from '../output/columns.js'
import { clipped, printable } from '../output/printable.js'
import { minute } from '../output/words.js'
import type { TableOptions } from './table-options.js'

/** Entries of the audit log, a line each, in the order given. */
export function auditTable(entries: readonly AuditEntry[], { style, width, fit }: TableOptions): string {
  if (entries.length === 0) return 'There are no entries of what was asked for.\n'
  const titles = ['at (UTC)', 'by', 'operation', 'answer', 'target', 'request']
  const head = titles.map((title) => cell(title, (text) => style('faint', text)))
  const rows = entries.map(({ at, by, operation, status, code, target, requestId }): Cell[] => [
    cell(minute(at)),
    cell(clipped(by, 24)),
    cell(printable(operation)),
    cell(code === null ? String(status) : printable(`${status} ${code}`), (text) =>
      style(code === null ? 'good' : 'bad', text),
    ),
    cell(printable(decoded(target))),
    cell(printable(requestId)),
  ])
  const lines = fittedColumns(
    [head, ...rows],
    head.map(() => 'left' as const),
    {
      width: fit ? width : Number.POSITIVE_INFINITY,
      drop: ['request'],
      shorten: 'target',
    },
  )
  return `${lines.join('\n')}\n`
}

/** An address with names of streams as people write them. */
function decoded(target: string): string {
  try {
    return decodeURIComponent(target)
  } catch {
    return target
  }
}
