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
