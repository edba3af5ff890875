import type { DriftReport } from '@basedrift/check'
import { count, counted } from '../output/words.js'

/** `STRUCT 2, TYPEDEF 1`: counts per kind, largest first. */
export function kindsText(byKind: Readonly<Record<string, number>>): string {
  return Object.entries(byKind)
    .sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
    .map(([kind, many]) => `${kind} ${count(many)}`)
    .join(', ')
}

/** What a place holds: `STRUCT foo`, or the type as C has it where it has no name. */
export function placeText(place: NonNullable<DriftReport['firstDiverging']>['a']): string {
  if (place === null) return 'nothing'
  return `${place.kind} ${place.name === '' ? place.text : place.name}`
}

/** Shifts that are put into a sentence. */
const mostShifts = 4

/** How many types moved, and by how much. */
export function shiftsText({ corresponding, moved, distinct, buckets }: DriftReport['shifts']): string {
  if (moved === 0) return `none of the ${counted(corresponding, 'type')} that both have`
  const shown = buckets.filter(({ by }) => by !== 0).slice(0, mostShifts)
  const parts = shown.map(({ by, types }) => `${count(types)} by ${by > 0 ? '+' : '-'}${count(Math.abs(by))}`)
  const still = corresponding - moved
  const hidden = distinct - shown.length - (still > 0 ? 1 : 0)
  const more = hidden > 0 ? `, ${counted(hidden, 'more shift')}` : ''
  return `${count(moved)} of the ${counted(corresponding, 'type')} that both have: ${parts.join(', ')}${more}`
}

/** What stands after a kernel's file: release, compiler and pahole, where they are known. */
export function toolsText({ release, compiler, pahole }: DriftReport['a']): string {
  return [release, compiler, pahole === null ? null : `pahole ${pahole}`]
    .filter((part) => part !== null)
    .join('; ')
}

/** Columns of a tab. */
const tab = 8

/** The lines of a difference, tabs as wide as kernel headers have them. */
export function diffLines(diff: string): string[] {
  return diff.split('\n').map((line) => line.replaceAll('\t', ' '.repeat(tab)))
}

/** What is said of the lines that a difference leaves out; null where there are none. */
export function movedText(moved: number): string | null {
  return moved === 0 ? null : `${counted(moved, 'line')} the same but for the offset`
}
