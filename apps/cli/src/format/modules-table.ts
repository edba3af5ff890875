import type { ModuleResult } from '@basedrift/check'
import { cell, columns } from '../output/columns.js'
import { clipped, clippedPath, printable } from '../output/printable.js'
import type { Style } from '../output/style.js'
import { count, counted } from '../output/words.js'
import { findingLines, findingSummary } from './findings.js'
import { loadLines } from './load-words.js'
import { sentence, type TableOptions } from './table-options.js'
import { meaningOf, toneOf, verdictsWorstFirst } from './verdict-words.js'

/** Up to this many modules are listed one by one; more are grouped. */
export const listedModules = 12
/** Names shown of each group. */
const namesShown = 4
/** Groups shown of each verdict. */
const groupsShown = 8
/** Columns that a reason's code may take. */
const codeWidth = 32
/** Columns that a module's name may take in a list of names: the longest that a kernel takes is 55. */
const nameWidth = 56

/**
 * The lines for the modules of a result, each block followed by an empty line: one by one with the kernel's log, or grouped
 * by verdict and reason if they are many.
 */
export function moduleLines(modules: readonly ModuleResult[], options: TableOptions): string[] {
  const { style, width } = options
  if (modules.length <= listedModules) return modules.flatMap((module) => moduleBlock(module, style, width))
  return verdictsWorstFirst.flatMap((verdict) => {
    const these = modules.filter((module) => module.verdict === verdict)
    if (these.length === 0) return []
    const said = `${counted(these.length, verdict === 'error' ? 'file' : 'module')}: ${meaningOf(verdict)}`
    const indent = verdict.length + 2
    const titles = sentence(said, { ...options, width: width - indent }).map((line, nth) =>
      nth === 0 ? `${style(toneOf(verdict), verdict)}  ${line}` : ' '.repeat(indent) + line,
    )
    return [...titles, ...groupLines(these, style, width), '']
  })
}

/** One module in full: verdict, basis, file, the kernel's log and the reason. */
export function moduleBlock(module: ModuleResult, style: Style, width: number): string[] {
  const { name, verdict, basis, errno, log } = module
  const shown = style('strong', clipped(name, width - verdict.length - 2))
  const why = whyOf(module)
  return [
    `${style(toneOf(verdict), verdict)}  ${shown}  (${printable(basis)}${errno === 0 ? '' : `, errno ${errno}`})`,
    `    ${clippedPath(module.file, width - 4)}`,
    ...log.map((line) => `    ${printable(line)}`),
    ...findingLines(module).map((line) => `    ${clipped(line, width - 4)}`),
    ...(why === null ? [] : [style('faint', `    ${printable(why)}`)]),
    ...loadLines(module).map((line) => `    ${clipped(line, width - 4)}`),
    '',
  ]
}

/** What a reason says, for people; null where there is none. */
export function whyOf({ reason, verdict }: Pick<ModuleResult, 'reason' | 'verdict'>): string | null {
  if (reason === undefined) return null
  const { code, typeId, path, expected, actual } = reason
  const places = [path, typeId === undefined ? undefined : `type ${typeId}`].filter(
    (place) => place !== undefined,
  )
  const at = places.length === 0 ? '' : ` at ${places.join(', ')}`
  // What stands there is then a sentence that says what to do.
  if (verdict === 'error' && actual !== undefined) return `${code}${at}: ${actual}`
  const wanted = expected === undefined ? '' : `, expected ${expected}`
  const found = actual === undefined ? '' : `, found ${actual === '' ? 'an empty name' : actual}`
  return `${code}${at}${wanted}${found}`
}

/** The first names, whole so that they can be copied, as many as fit but one at least; and how many more there are. */
function firstNames(modules: readonly ModuleResult[], width: number): string {
  const told = (shown: number) => {
    const names = modules.slice(0, shown).map(({ name }) => clipped(name, nameWidth))
    const more = modules.length - names.length
    return `${names.join(', ')}${more > 0 ? ` and ${count(more)} more` : ''}`
  }
  let shown = Math.min(namesShown, modules.length)
  while (shown > 1 && told(shown).length > width) shown--
  return told(shown)
}

function groupLines(modules: readonly ModuleResult[], style: Style, width: number): string[] {
  const groups = new Map<string, ModuleResult[]>()
  for (const module of modules) {
    const key = module.reason?.code ?? module.basis
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [module])
    else group.push(module)
  }
  const largest = [...groups].sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1))
  const shown = largest.slice(0, groupsShown)
  const longest = (texts: readonly string[]) => Math.max(...texts.map(({ length }) => length))
  const codes = shown.map(([key]) => clipped(key, codeWidth))
  const counts = shown.map(([, group]) => count(group.length))
  const room = width - longest(codes) - longest(counts) - 8
  const rows = shown.map(([, group], nth) => [
    cell(codes[nth]!),
    cell(counts[nth]!),
    cell(firstNames(group, room)),
  ])
  const table = columns(rows, ['left', 'right', 'left'], '    ')
  const lines = shown.flatMap(([, group], index) => {
    const example = exampleOf(group[0]!, width - 8)
    const said = example === null ? [] : [style('faint', `        ${clipped(example, width - 8)}`)]
    return [table[index]!, ...said]
  })
  const hidden = largest.length - shown.length
  if (hidden > 0) lines.push(`    and ${counted(hidden, 'more reason')}`)
  return lines
}

/** What the kernel said of a module, or else what was found, in one line; null where there is nothing to say. */
function exampleOf(module: ModuleResult, width: number): string | null {
  const said = module.log.filter((line) => !line.startsWith('failed to validate'))
  if (said.length > 0) return `${module.name}: ${said.map((line) => line.trim()).join(' | ')}`
  const found = findingSummary(module, width - module.name.length - 2)
  if (found !== null) return `${module.name}: ${found}`
  const why = whyOf(module)
  return why === null || why === module.reason?.code ? null : `${module.name}: ${why}`
}
