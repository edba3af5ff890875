import type { Blast, ChangedDefinition, DriftReport, DriftSide } from '@basedrift/check'
import { classMeanings } from '@basedrift/check'
import { clipped, clippedPath, printable, wrapped } from '../output/printable.js'
import type { Tone } from '../output/style.js'
import { count, counted } from '../output/words.js'
import { diffLines, kindsText, movedText, placeText, shiftsText, toolsText } from './drift-words.js'
import type { TableOptions } from './table-options.js'
import { headline } from './verdict-words.js'

/** Types and functions of each sort, and broken modules, that are shown. */
const shownItems = 20
/** Changed types whose difference is shown, and lines of one. */
const shownDiffs = 20
const shownLines = 120

/** A drift for people: one sentence, the two kernels, what differs, what it does to modules, why, and what to do. */
export function driftTable(report: DriftReport, options: TableOptions): string {
  const { style } = options
  const lines = [
    style('strong', printable(report.headline)),
    '',
    ...sideLines('A', report.a, options.width),
    ...sideLines('B', report.b, options.width),
    ...classLines(report, options),
  ]
  if (report.class !== 'none') lines.push(...placeLines(report, options.width))
  lines.push(...changedLines(report, options))
  lines.push(...itemLines('Types that came', report.added, 'good', '+', typeName, options))
  lines.push(...itemLines('Types that went', report.removed, 'bad', '-', typeName, options))
  lines.push(...functionLines(report, options))
  lines.push(...blastLines('Modules of A on B', report.blast.ofAOnB, options))
  lines.push(...blastLines('Modules of B on A', report.blast.ofBOnA, options))
  lines.push(...configLines(report, options))
  if (report.hints.length > 0) {
    lines.push('', style('strong', 'What may have caused it'))
    for (const { message } of report.hints)
      lines.push(...wrapped(message, options.width - 2).map((line) => `  ${line}`))
  }
  const [first = '', ...rest] = wrapped(`What to do  ${report.remedy}`, options.width, ' '.repeat(12))
  lines.push('', first.replace('What to do', style('strong', 'What to do')), ...rest)
  return `${lines.join('\n')}\n`
}

function sideLines(name: string, side: DriftSide, width: number): string[] {
  const { types, strings, sha256 } = side.base
  const tools = toolsText(side)
  return [
    `${name}       ${clippedPath(side.file, width - 8)}`,
    ...(tools === '' ? [] : [`        ${clipped(tools, width - 8)}`]),
    `        ${counted(types, 'type')}, ${count(strings)} bytes of strings, sha256 ${sha256.slice(0, 12)}…`,
  ]
}

function classLines({ class: of }: DriftReport, { style, width }: TableOptions): string[] {
  const [first = '', ...rest] = wrapped(`Class   ${of}: ${classMeanings[of]}`, width, ' '.repeat(8))
  return [first.replace(of, style(of === 'none' ? 'good' : 'bad', of)), ...rest]
}

function placeLines({ firstDiverging, shifts, repeated }: DriftReport, width: number): string[] {
  const lines: string[] = []
  if (firstDiverging !== null) {
    const { id, a, b } = firstDiverging
    lines.push(`First   ${clipped(`id ${id}: ${placeText(a)} in A, ${placeText(b)} in B`, width - 8)}`)
  }
  lines.push(...wrapped(`Moved   ${shiftsText(shifts)}`, width, ' '.repeat(8)))
  if (repeated.a !== repeated.b) {
    lines.push(`        ${counted(repeated.a, 'repeated type')} in A, ${count(repeated.b)} in B`)
  }
  return lines
}

function typeName({ kind, name, id }: { kind: string; name: string; id: number }): string {
  return `${kind} ${name}  [${id}]`
}

/** A list of one sort: how many, by kind, and the first of them. */
function itemLines<Item>(
  title: string,
  found: {
    readonly total: number
    readonly byKind: Readonly<Record<string, number>>
    readonly listed: readonly Item[]
  },
  tone: Tone,
  sign: string,
  text: (item: Item) => string,
  { style, width }: TableOptions,
): string[] {
  if (found.total === 0) return []
  const shown = found.listed.slice(0, shownItems)
  const lines = ['', `${style('strong', title)}  ${count(found.total)} (${kindsText(found.byKind)})`]
  for (const item of shown) lines.push(style(tone, `  ${sign} ${clipped(text(item), width - 4)}`))
  if (found.total > shown.length)
    lines.push(`    and ${count(found.total - shown.length)} more: --format json`)
  return lines
}

function changedLines({ changed, reaching }: DriftReport, options: TableOptions): string[] {
  if (changed.total === 0) return []
  const { style } = options
  const held = reaching === 0 ? '' : `; ${counted(reaching, 'other')} hold what differs by value`
  const lines = [
    '',
    `${style('strong', 'Types defined differently')}  ${count(changed.total)} (${kindsText(changed.byKind)})${held}`,
  ]
  const shown = changed.listed.slice(0, shownDiffs)
  for (const change of shown) lines.push(...changeLines(change, options))
  if (changed.total > shown.length) {
    lines.push(`    and ${count(changed.total - shown.length)} more: --format json or html`)
  }
  return lines
}

function changeLines(
  { kind, name, a, b, diff, moved }: ChangedDefinition,
  { style, width }: TableOptions,
): string[] {
  const title = `  ${clipped(`${kind} ${name}  [${a} → ${b}]`, width - 2)}`
  if (diff === null) return [title]
  const lines = diffLines(diff)
  const shown = lines.slice(0, shownLines).map((line) => {
    const text = `    ${clipped(line, width - 4)}`
    const tone = toneOf(line)
    return tone === null ? text : style(tone, text)
  })
  const hidden = lines.length - shown.length
  const rest = [hidden > 0 ? `… ${counted(hidden, 'more line')}` : null, movedText(moved)]
  return [title, ...shown, ...rest.flatMap((text) => (text === null ? [] : [style('faint', `    ${text}`)]))]
}

function toneOf(line: string): Tone | null {
  if (line.startsWith('+')) return 'good'
  if (line.startsWith('-')) return 'bad'
  return line.startsWith('@@') ? 'faint' : null
}

function functionLines({ functions }: DriftReport, options: TableOptions): string[] {
  const { added, removed, changed } = functions
  const prototype = (item: { prototype: string }): string => item.prototype
  const lines = [
    ...itemLines('Functions that came', added, 'good', '+', prototype, options),
    ...itemLines('Functions that went', removed, 'bad', '-', prototype, options),
  ]
  if (changed.total === 0) return lines
  const { style, width } = options
  lines.push('', `${style('strong', 'Functions with another prototype')}  ${count(changed.total)}`)
  const shown = changed.listed.slice(0, shownItems)
  for (const { a, b } of shown) {
    lines.push(style('bad', `  - ${clipped(a.prototype, width - 4)}`))
    lines.push(style('good', `  + ${clipped(b.prototype, width - 4)}`))
  }
  if (changed.total > shown.length)
    lines.push(`    and ${count(changed.total - shown.length)} more: --format json`)
  return lines
}

function blastLines(title: string, blast: Blast | null, { style, width }: TableOptions): string[] {
  if (blast === null) return []
  const { total, ...counts } = blast.summary
  const lines = ['', `${style('strong', title)}  ${headline(counts, total)}`]
  const shown = blast.broken.listed.slice(0, shownItems).map(({ name }) => clipped(name, 32))
  if (shown.length === 0) return lines
  let line = ' '
  for (const name of shown) {
    if (line.length + name.length + 1 > width && line.trim() !== '') {
      lines.push(line)
      line = ' '
    }
    line += ` ${name}`
  }
  lines.push(line)
  const hidden = blast.broken.total - shown.length
  if (hidden > 0) lines.push(`  and ${counted(hidden, 'more module')}: --format json`)
  return lines
}

function configLines({ configDifferences: found }: DriftReport, { style, width }: TableOptions): string[] {
  if (found === null || found.total === 0) return []
  const lines = ['', `${style('strong', 'Options that differ')}  ${count(found.total)}`]
  const shown = found.listed.slice(0, shownItems)
  for (const { option, a, b } of shown) {
    lines.push(`  ${clipped(`${option}  ${a ?? 'not set'} → ${b ?? 'not set'}`, width - 2)}`)
  }
  if (found.total > shown.length)
    lines.push(`    and ${count(found.total - shown.length)} more: --format json`)
  return lines
}
