import type { Token } from '@basedrift/contract'
import { type Cell, cell, fittedColumns } from '../output/columns.js'
import { clipped } from '../output/printable.js'
import type { Tone } from '../output/style.js'
import { minute } from '../output/words.js'
import type { TableOptions } from './table-options.js'

const minuteOrNone = (time: string | null): string => (time === null ? '-' : minute(time))

function stateOf({ revokedAt, expiresAt }: Token, now: Date): { word: string; tone: Tone } {
  if (revokedAt !== null) return { word: 'revoked', tone: 'faint' }
  if (expiresAt !== null && new Date(expiresAt) <= now) return { word: 'expired', tone: 'faint' }
  return { word: 'valid', tone: 'good' }
}

/** Access tokens, a line each, in the order given; `now` decides which have expired. */
export function tokensTable(
  tokens: readonly Token[],
  { style, width, fit }: TableOptions,
  now: Date,
): string {
  const head = ['name', 'scopes', 'streams', 'state', 'expires (UTC)', 'last used', 'made by', 'id'].map(
    (title) => cell(title, (text) => style('faint', text)),
  )
  const rows = tokens.map((token): Cell[] => {
    const { word, tone } = stateOf(token, now)
    return [
      cell(clipped(token.name, 40)),
      cell(token.scopes.join(',')),
      cell(clipped(token.streams.join(' '), 40)),
      cell(word, (text) => style(tone, text)),
      cell(minuteOrNone(token.expiresAt)),
      cell(minuteOrNone(token.lastUsedAt)),
      cell(clipped(token.createdBy, 40)),
      cell(token.id),
    ]
  })
  const lines = fittedColumns(
    [head, ...rows],
    head.map(() => 'left' as const),
    {
      width: fit ? width : Number.POSITIVE_INFINITY,
      drop: ['made by', 'last used', 'expires (UTC)', 'streams', 'scopes'],
      shorten: 'name',
    },
  )
  return `${lines.join('\n')}\n`
}
