import type { BuildRef, Matrix, Cell as MatrixCell } from '@basedrift/contract'
import { clipped, printable } from '../output/printable.js'
import { count } from '../output/words.js'
import type { TableOptions } from './table-options.js'
import { toneOf, verdictsWorstFirst } from './verdict-words.js'

/** A line of a cell: what is seen, and that with its marks. */
interface Line {
  readonly text: string
  readonly shown: string
}

/** Columns that the name of a build may take. */
const nameWidth = 28
const gap = '   '

/** All cells of a stream's matrix, with the builds that they name. */
export type WholeMatrix = Pick<Matrix, 'cells' | 'builds'>

/**
 * The matrix: running kernels down, the builds of modules across, in the order in which the cells come; in several blocks
 * where the columns do not fit side by side.
 */
export function matrixTable(stream: string, matrix: WholeMatrix, options: TableOptions): string {
  const name = printable(stream)
  if (matrix.cells.length === 0) return `Nothing has been compared in ${name} yet.\n`
  const kernels = [...new Set(matrix.cells.map(({ kernelBuild }) => kernelBuild))]
  const modules = [...new Set(matrix.cells.map(({ moduleBuild }) => moduleBuild))]
  const builds = new Map(matrix.builds.map((build) => [build.id, build]))
  const cells = new Map(matrix.cells.map((cell) => [`${cell.kernelBuild} ${cell.moduleBuild}`, cell]))
  const labels = kernels.map((id) => plainLine(buildName(builds.get(id), id)))
  const labelWidth = Math.max(6, ...labels.map(({ text }) => text.length))
  const contents = modules.map((id) => {
    const head = plainLine(buildName(builds.get(id), id))
    const lines = kernels.map((kernel) => cellLines(cells.get(`${kernel} ${id}`), options))
    const width = Math.max(head.text.length, ...lines.flat().map(({ text }) => text.length))
    return { head, lines, width }
  })
  const out = [
    options.style('strong', `${name}: the modules of each build (across) on the kernel of each build (down)`),
  ]
  for (const block of blocks(contents, options.width - labelWidth)) {
    out.push('', row([plainLine('kernel'), ...block.map(({ head }) => head)], labelWidth, block))
    const tall = block.some(({ lines }) => lines.some((of) => of.length > 1))
    kernels.forEach((_, index) => {
      if (tall && index > 0) out.push('')
      const parts = [[labels[index]!], ...block.map(({ lines }) => lines[index]!)]
      const height = Math.max(...parts.map((of) => of.length))
      for (let line = 0; line < height; line++) {
        out.push(
          row(
            parts.map((of) => of[line] ?? plainLine('')),
            labelWidth,
            block,
          ),
        )
      }
    })
  }
  return `${out.join('\n')}\n`
}

function plainLine(text: string): Line {
  return { text, shown: text }
}

function buildName(build: BuildRef | undefined, id: string): string {
  return build === undefined
    ? clipped(id, nameWidth)
    : clipped(`${build.version}-${build.release}`, nameWidth)
}

/** A cell: a line for each verdict, worst first, with its count; or why there are none. */
function cellLines(cell: MatrixCell | undefined, { style }: TableOptions): Line[] {
  if (cell === undefined) return [plainLine('-')]
  if (cell.state === 'pending') return [{ text: 'comparing …', shown: style('faint', 'comparing …') }]
  if (cell.state === 'failed') {
    const text = clipped(`failed: ${cell.error?.code ?? 'not known why'}`, nameWidth)
    return [{ text, shown: style('bad', text) }]
  }
  const there = verdictsWorstFirst.filter((verdict) => (cell.counts[verdict] ?? 0) > 0)
  if (there.length === 0) return [plainLine('no modules')]
  const numbers = there.map((verdict) => count(cell.counts[verdict]!))
  const width = Math.max(...numbers.map((number) => number.length))
  return there.map((verdict, index) => {
    const number = numbers[index]!.padStart(width)
    return { text: `${number} ${verdict}`, shown: `${number} ${style(toneOf(verdict), verdict)}` }
  })
}

/** Splits columns into blocks that fit side by side; a column that is too wide for any stands alone. */
function blocks<Column extends { width: number }>(all: readonly Column[], room: number): Column[][] {
  const out: Column[][] = []
  let left = 0
  for (const column of all) {
    const needed = column.width + gap.length
    if (out.length === 0 || needed > left) {
      out.push([])
      left = room
    }
    out[out.length - 1]!.push(column)
    left -= needed
  }
  return out
}

function row(parts: readonly Line[], labelWidth: number, block: readonly { width: number }[]): string {
  const padded = parts.map(({ text, shown }, index) => {
    const width = index === 0 ? labelWidth : block[index - 1]!.width
    return shown + ' '.repeat(Math.max(0, width - text.length))
  })
  return padded.join(gap).trimEnd()
}
