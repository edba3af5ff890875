import { type Btf, definitionText } from '@basedrift/btf'
import { type StructuredPatch, structuredPatch } from 'diff'

/** The difference of two definitions of one type. */
export interface DefinitionDiff {
  /** Unified, `A` and `B` for the files; lines with a newline between them. null where it is not made. */
  readonly diff: string | null
  /** Lines that are the same in both but for the offset that they note. */
  readonly moved: number
}

/** Lines taken out and put in of one definition: more tell nobody anything. */
const mostEdits = 1000
/** Sum, over one report, of their squares, which the time goes by; and of the lines of definitions that are compared. */
const mostEffort = 4_000_000
const mostLines = 100_000
const context = 3

const notMade: DefinitionDiff = { diff: null, moved: 0 }

/** Makes the differences of one report, and stops making them where there were enough. */
export class DefinitionDiffs {
  private readonly a: Btf
  private readonly b: Btf
  private left: number
  private lines = mostLines
  private effort = mostEffort

  /** @param most definitions that are compared */
  constructor(a: Btf, b: Btf, most: number) {
    this.a = a
    this.b = b
    this.left = most
  }

  of(idA: number, idB: number): DefinitionDiff {
    if (this.left-- <= 0 || this.lines <= 0) return notMade
    const before = definitionText(this.a, idA)
    const after = definitionText(this.b, idB)
    this.lines -= before.length + after.length
    // One member more moves all that follow: those say nothing new unless there is nothing else to say.
    const shown = this.patch(before, after, withoutOffset)
    if (shown === null) return notMade
    if (shown.hunks.length > 0) return differenceOf(before, after, shown)
    const exact = this.patch(before, after, (line) => line)
    return exact === null || exact.hunks.length === 0 ? notMade : differenceOf(before, after, exact)
  }

  /** The patch between two texts whose lines are compared as `plain` gives them; null where it takes too much. */
  private patch(
    before: readonly string[],
    after: readonly string[],
    plain: (line: string) => string,
  ): StructuredPatch | null {
    const text = (lines: readonly string[]): string => lines.map((line) => `${plain(line)}\n`).join('')
    const maxEditLength = Math.min(mostEdits, Math.floor(Math.sqrt(this.effort)))
    const options = { context, maxEditLength }
    const patch = structuredPatch('A', 'B', text(before), text(after), undefined, undefined, options)
    const edits = patch === undefined ? maxEditLength : editsOf(patch)
    this.effort -= edits * edits
    return patch ?? null
  }
}

function editsOf({ hunks }: StructuredPatch): number {
  return hunks.reduce((sum, { lines }) => sum + lines.filter((line) => /^[+-]/.test(line)).length, 0)
}

/** A note of a member as `definitionText` writes it: offset, bit of a bit field, size. */
const offsetNote = /\/\* *\d+(?::[ \d]\d| {3}) +(\d+|\?) \*\/$/

function withoutOffset(line: string): string {
  return line.replace(offsetNote, '/* $1 */').replace(/ +(?=\/\*)/, ' ')
}

/** The difference that a patch shows, with the lines as they are. */
function differenceOf(
  before: readonly string[],
  after: readonly string[],
  patch: StructuredPatch,
): DefinitionDiff {
  const lines = ['--- A', '+++ B']
  let moved = 0
  let old = 0
  let now = 0
  const same = (): void => {
    if (before[old++] !== after[now++]) moved++
  }
  for (const { oldStart, oldLines, newStart, newLines, lines: hunk } of patch.hunks) {
    while (old < oldStart - 1) same()
    lines.push(`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`)
    for (const line of hunk) {
      if (line.startsWith('-')) lines.push(`-${before[old++]}`)
      else if (line.startsWith('+')) lines.push(`+${after[now++]}`)
      else if (line.startsWith(' ')) {
        lines.push(` ${after[now]}`)
        same()
      }
    }
  }
  while (old < before.length && now < after.length) same()
  return { diff: lines.join('\n'), moved }
}
