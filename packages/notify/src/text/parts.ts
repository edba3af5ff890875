import { shown, tame } from './tame.js'

/** A piece of a line: text of ours, or a name from outside, which its target may show otherwise and must escape. */
export interface Part {
  readonly text: string
  readonly name: boolean
}

/** A number as people read it: `4,021`. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A name from outside. */
export function name(text: string): Part {
  return { text: tame(text, shown.name), name: true }
}

/** A sentence from outside. */
export function quoted(text: string): Part {
  return { text: tame(text, shown.sentence), name: true }
}

type Piece = string | number | Part | readonly Part[]

function partsOf(piece: Piece): readonly Part[] {
  if (typeof piece === 'number') return [{ text: number(piece), name: false }]
  if (typeof piece === 'string') return [{ text: piece, name: false }]
  return 'text' in piece ? [piece] : piece
}

/** A line of parts. Strings are text of ours: what comes from outside goes through `name` or `quoted`. */
export function line(texts: TemplateStringsArray, ...pieces: Piece[]): Part[] {
  return texts
    .flatMap((text, nth) => {
      const piece = pieces[nth]
      return [{ text, name: false }, ...(piece === undefined ? [] : partsOf(piece))]
    })
    .filter(({ text }) => text !== '')
}

/** Lists of parts with a text of ours between them. */
export function joined(lists: readonly (readonly Part[])[], between: string): Part[] {
  return lists.flatMap((parts, nth) => (nth === 0 ? parts : [{ text: between, name: false }, ...parts]))
}

/**
 * A line as its target shows it, at most `max` long as `measure` counts: the last part that does not fit is cut, with an ellipsis.
 * @param show escapes one part
 */
export function fitted(
  parts: readonly Part[],
  show: (part: Part) => string,
  max: number,
  measure: (text: string) => number = (text) => text.length,
): string {
  const whole = parts.map(show).join('')
  if (measure(whole) <= max) return whole
  let text = ''
  for (const part of parts) {
    const next = text + show(part)
    if (measure(`${next}…`) <= max) {
      text = next
      continue
    }
    const characters = [...part.text]
    const least = (count: number) =>
      text + (count === 0 ? '' : show({ ...part, text: characters.slice(0, count).join('') }))
    return `${least(largest(characters.length, (count) => measure(`${least(count)}…`) <= max))}…`
  }
  return text
}

/** The largest count up to `most` that fits, where fewer fit whenever more do; 0 where not even one does. */
export function largest(most: number, fits: (count: number) => boolean): number {
  let low = 0
  let high = most
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}
