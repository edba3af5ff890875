import type { ModuleResult } from '@basedrift/check'
import { clipped, printable } from '../output/printable.js'
import { count, counted } from '../output/words.js'

/** What a module's references came to mean, or which of its types are defined differently: a line each. */
export function findingLines(module: ModuleResult): string[] {
  const { misbound = [], misboundTotal = 0, changed = [], changedTotal = 0 } = module
  const lines = [
    ...misbound.map(
      ({ from, expected, actual, strOff }) =>
        `${from}: ${strOff === undefined ? expected : quoted(expected)} is read as ${strOff === undefined ? actual : quoted(actual)}`,
    ),
    ...changed.map(({ type, from }) => `${type} is defined differently (reached by ${from})`),
  ].map(printable)
  const total = misboundTotal + changedTotal
  const more = total - lines.length
  if (more <= 0) return lines
  if (lines.length > 0) return [...lines, `and ${count(more)} more`]
  return [
    misboundTotal > 0
      ? `${counted(more, 'reference')} ${more === 1 ? 'binds' : 'bind'} to something else`
      : `${counted(more, 'type')} ${more === 1 ? 'is' : 'are'} defined differently`,
  ]
}

/** The first finding of a module and how many there are, in one line; null where there is none. */
export function findingSummary(module: ModuleResult, width: number): string | null {
  const [first] = findingLines({
    ...module,
    misbound: module.misbound?.slice(0, 1) ?? [],
    changed: module.changed?.slice(0, 1) ?? [],
  })
  if (first === undefined) return null
  const total = (module.misboundTotal ?? 0) + (module.changedTotal ?? 0)
  const rest = total > 1 && !first.startsWith(count(total)) ? ` (1 of ${count(total)})` : ''
  return clipped(first, width - rest.length) + rest
}

const quoted = (name: string): string => `“${name}”`
