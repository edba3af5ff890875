import type { Obstacle } from '@basedrift/btf'
import { cell, columns } from '../output/columns.js'
import { clipped, printable } from '../output/printable.js'
import { counted } from '../output/words.js'

/** What became of one module; keys in the order in which they are printed. */
export interface RebaseOutcome {
  readonly name: string
  readonly file: string
  /** Where it was written; null where it has no BTF, or types stand in the way. */
  readonly output: string | null
  /** Own types that the new base made necessary. */
  readonly appended: number
  readonly obstacles: readonly Obstacle[]
}

/** Types that are shown of each module. */
const shown = 20
const longestCell = 70

/** What became of modules that were to be rebased, for people: those that types stand in the way of, then the numbers. */
export function rebaseTable(outcomes: readonly RebaseOutcome[]): string {
  const obstructed = outcomes.filter(({ obstacles }) => obstacles.length > 0)
  const written = outcomes.filter(({ output }) => output !== null)
  const lines: string[] = []
  for (const { file, obstacles } of obstructed) {
    const stand = obstacles.length === 1 ? 'stands' : 'stand'
    lines.push(
      printable(`${file}: rebase-obstructed: ${counted(obstacles.length, 'type')} ${stand} in the way`),
    )
    const rows = obstacles
      .slice(0, shown)
      .map(({ is, type, from }) =>
        [
          is,
          clipped(type, longestCell),
          from === '' ? 'from .BTF_ids' : `from ${clipped(from, longestCell)}`,
        ].map((text) => cell(text)),
      )
    lines.push(...columns(rows, ['left', 'left', 'left'], '    '))
    if (obstacles.length > shown)
      lines.push(`    and ${counted(obstacles.length - shown, 'more type')}: --format json`)
  }
  const without = outcomes.length - obstructed.length - written.length
  const parts = [
    `Rebased ${counted(written.length, 'module')}`,
    ...(obstructed.length === 0 ? [] : [`${counted(obstructed.length, 'module')} obstructed`]),
    ...(without === 0 ? [] : [`${counted(without, 'module')} without BTF left as they were`]),
  ]
  return `${[...lines, parts.join('; ')].join('\n')}\n`
}
