/**
 * The text of a row is its JSON. JSON holds no control characters, so that these stand for what differs from row to row:
 * the module's name, the row's next number, its next rare word, and (with the character after it) one of its numbers or
 * words that came before.
 */
const marks = { name: '\u0001', number: '\u0002', word: '\u0003', again: '\u0004' } as const

/** Added to the place of an earlier number or word, to make the character after `again`. */
const firstPlace = 0x20
const places = 64

/** A word stays in the template when it occurs as often as this; rarer ones would make a template of their own. */
const common = 3

const token = /[A-Za-z0-9_.]+/g
const canonicalNumber = /^(?:0|[1-9][0-9]{0,14})$/

/** A row's text taken apart. */
export interface Taken {
  readonly template: string
  readonly numbers: readonly number[]
  readonly words: readonly string[]
}

/** Counts in how many places each word of the texts occurs, so that rare ones can be told. */
export function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) {
    for (const [word] of text.matchAll(token)) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}

/** Takes a row's text apart into a template that other rows share, and what is its own. */
export function takeApart(text: string, name: string, counts: ReadonlyMap<string, number>): Taken {
  const numbers: number[] = []
  const words: string[] = []
  const seen: string[] = []
  const template = text.replaceAll(token, (word) => {
    if (word === name) return marks.name
    const isNumber = canonicalNumber.test(word)
    if (!isNumber && (counts.get(word) ?? 0) >= common) return word
    const place = seen.indexOf(word)
    if (place !== -1) return marks.again + String.fromCharCode(firstPlace + place)
    if (seen.length < places) seen.push(word)
    if (isNumber) {
      numbers.push(Number(word))
      return marks.number
    }
    words.push(word)
    return marks.word
  })
  return { template, numbers, words }
}

/**
 * Puts a row's text together again. `nextNumber` is called with the ordinal of the number in its row.
 * @throws RangeError where the template has a mark that leads nowhere
 */
export function putTogether(
  template: string,
  name: string,
  nextNumber: (ordinal: number) => number,
  nextWord: () => string,
): string {
  let text = ''
  let copied = 0
  let numbers = 0
  const seen: string[] = []
  const own = (word: string): string => {
    if (seen.length < places) seen.push(word)
    return word
  }
  for (let at = 0; at < template.length; at++) {
    const code = template.charCodeAt(at)
    if (code >= firstPlace) continue
    text += template.slice(copied, at)
    copied = at + 1
    const mark = template[at]
    if (mark === marks.name) text += name
    else if (mark === marks.number) text += own(String(nextNumber(numbers++)))
    else if (mark === marks.word) text += own(nextWord())
    else if (mark === marks.again) {
      const word = seen[template.charCodeAt(++at) - firstPlace]
      copied = at + 1
      if (word === undefined) throw new RangeError('a row repeats what did not come before')
      text += word
    } else throw new RangeError('a row has an unknown mark')
  }
  return text + template.slice(copied)
}
