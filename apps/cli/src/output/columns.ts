import { clipped, wrapped } from './printable.js'

/** How a column stands: text to the left, numbers to the right. */
export type Align = 'left' | 'right'

/** A cell: what is shown, and how wide it is where it holds more than what is seen (colours). */
export interface Cell {
  readonly text: string
  readonly shown: string
}

/** A cell whose text is marked: `mark` gets the bare text, whose length counts. */
export function cell(text: string, mark: (text: string) => string = (bare) => bare): Cell {
  return { text, shown: mark(text) }
}

/**
 * Lines of aligned columns, two blanks apart, without trailing blanks. Every cell must be printable and of one line.
 */
export function columns(rows: readonly (readonly Cell[])[], aligns: readonly Align[], indent = ''): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach(({ text }, index) => {
      widths[index] = Math.max(widths[index] ?? 0, text.length)
    })
  }
  return rows.map((row) => {
    const parts = row.map(({ text, shown }, index) => {
      const pad = ' '.repeat(widths[index]! - text.length)
      return aligns[index] === 'right' ? pad + shown : shown + pad
    })
    return (indent + parts.join('  ')).trimEnd()
  })
}

/** No column is clipped below this. */
const shortest = 12

/**
 * Lines of a table with titles in its first row, which fit `width`: columns of `drop` are left out in that order, then the one called
 * `shorten` is clipped. Every other column stays as it is. Last it is said what was left out; a command that shows such a table has
 * `--format json`, too.
 */
export function fittedColumns(
  [head = [], ...rows]: readonly (readonly Cell[])[],
  aligns: readonly Align[],
  { width, drop, shorten }: { width: number; drop: readonly string[]; shorten: string },
): string[] {
  const titles = head.map(({ text }) => text)
  const all = [head, ...rows]
  const widths = titles.map((_, index) => Math.max(...all.map((row) => row[index]?.text.length ?? 0)))
  const left = new Set<string>()
  const taken = () =>
    widths.reduce((sum, one, index) => (left.has(titles[index]!) ? sum : sum + one + 2), 0) - 2
  for (const title of drop) if (taken() > width && titles.includes(title)) left.add(title)
  const clippedAt = Math.max(shortest, (widths[titles.indexOf(shorten)] ?? 0) - Math.max(0, taken() - width))
  const kept = all.map((row) =>
    row.flatMap((one, index) => {
      if (left.has(titles[index]!)) return []
      return titles[index] === shorten && one.text.length > clippedAt
        ? [cell(clipped(one.text, clippedAt))]
        : [one]
    }),
  )
  const lines = columns(
    kept,
    aligns.filter((_, index) => !left.has(titles[index]!)),
  )
  const names = titles.filter((title) => left.has(title))
  return names.length === 0
    ? lines
    : [
        ...lines,
        '',
        ...wrapped(`Not shown for want of room: ${names.join(', ')}. --format json has all.`, width),
      ]
}
