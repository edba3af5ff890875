import { clipped } from '../output/printable.js'
import { counted } from '../output/words.js'

/** Differences that are shown of two declarations, and how deep these are looked into. */
const shown = 5
const deepest = 8

/** The leaves of a declaration by their paths: `provenance.obs.bcnt` and its value as JSON. */
function leaves(value: unknown, path: readonly string[] = []): [string, string][] {
  const isInner = path.length < deepest && typeof value === 'object' && value !== null
  if (!isInner) return [[path.join('.'), JSON.stringify(value) ?? 'null']]
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
}

/** Where another declaration differs from the recorded one, a line each: what came, and what is recorded. */
export function declarationLines(recorded: unknown, given: unknown, width: number): string[] {
  const [before, after] = [new Map(leaves(recorded)), new Map(leaves(given))]
  const paths = [...new Set([...before.keys(), ...after.keys()])]
  const differing = paths.filter((path) => before.get(path) !== after.get(path)).sort()
  const lines = differing.slice(0, shown).map((path) => {
    const name = clipped(path, Math.floor(width / 2))
    const room = Math.floor((width - name.length - ':  came,  is recorded'.length) / 2)
    const of = (values: Map<string, string>) => clipped(values.get(path) ?? 'nothing', room)
    return `${name}: ${of(after)} came, ${of(before)} is recorded`
  })
  const more = differing.length - lines.length
  return more > 0 ? [...lines, `and ${counted(more, 'more difference')}: --format json`] : lines
}
