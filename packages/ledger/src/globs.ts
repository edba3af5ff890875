/** What has a meaning in a pattern besides `*`, which stands for any text, also none. */
export interface GlobGrammar {
  /** `?` stands for one character. */
  readonly any: boolean
  /** `[ab]`, `[a-c]`, `[^ab]` stand for one character, `\` takes its meaning from the next one. */
  readonly classes: boolean
  /** `-` and `_` are the same character, as in names of modules. */
  readonly dashes: boolean
}

/** The grammars of the house. */
export const globGrammars = {
  /** Streams of a token, and filters of names. */
  plain: { any: false, classes: false, dashes: false },
  /** Streams of a channel. */
  routes: { any: true, classes: false, dashes: false },
  /** SUSE's kabi/severities, whose tools match as wildmat does. */
  severities: { any: true, classes: true, dashes: true },
} as const satisfies Record<string, GlobGrammar>

/** What a matcher looks at of a text. */
export type GlobText = Pick<string, 'length' | 'charCodeAt'>

/** Anything else than this character code, or a test for one. */
type One = number | ((code: number) => boolean)

const anyOne = (): boolean => true
const isDash = (code: number): boolean => code === 0x2d || code === 0x5f

/** The class that begins at `[` of a pattern, and where it ends. @throws RangeError where it does not */
function classAt(pattern: string, from: number, dashes: boolean): { one: One; end: number } {
  let at = from + 1
  const inverted = pattern[at] === '^'
  if (inverted) at++
  const ranges: [low: number, high: number][] = []
  // The first stands for itself, also where it is a bracket.
  for (const first = at; at === first || pattern[at] !== ']'; at++) {
    if (at >= pattern.length) throw new RangeError('its [ is not closed')
    const low = pattern.charCodeAt(at)
    if (pattern[at + 1] === '-' && at + 2 < pattern.length && pattern[at + 2] !== ']') {
      at += 2
      ranges.push([low, pattern.charCodeAt(at)])
    } else ranges.push([low, low])
  }
  const has = (code: number) => ranges.some(([low, high]) => low <= code && code <= high)
  const hasDash = dashes && (has(0x2d) || has(0x5f))
  return { one: (code) => (has(code) || (hasDash && isDash(code))) !== inverted, end: at }
}

/** The parts of a pattern between its stars. @throws RangeError where it is none, with why */
function partsOf(pattern: string, { any, classes, dashes }: GlobGrammar): One[][] {
  const parts: One[][] = [[]]
  const add = (one: One) =>
    parts.at(-1)?.push(dashes && typeof one === 'number' && isDash(one) ? isDash : one)
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]
    if (character === '*') parts.push([])
    else if (any && character === '?') add(anyOne)
    else if (classes && character === '[') {
      const { one, end } = classAt(pattern, at, dashes)
      add(one)
      at = end
    } else {
      if (classes && character === '\\' && ++at === pattern.length)
        throw new RangeError('nothing stands after its \\')
      add(pattern.charCodeAt(at))
    }
  }
  return parts
}

function standsAt(part: readonly One[], text: GlobText, at: number): boolean {
  for (let nth = 0; nth < part.length; nth++) {
    const one = part[nth] as One
    const code = text.charCodeAt(at + nth)
    if (typeof one === 'number' ? one !== code : !one(code)) return false
  }
  return true
}

/** Where a part first stands in a text at or after `from` and ends before `end`; -1 where it does not. */
function find(part: readonly One[], text: GlobText, from: number, end: number): number {
  for (let at = from; at + part.length <= end; at++) if (standsAt(part, text, at)) return at
  return -1
}

/**
 * A test for whole texts by a pattern. The parts between stars are looked for one after the other, each where it first stands, and
 * never again: no character of a text is looked at more often than the longest part is long, whatever the pattern.
 * @throws RangeError where a pattern has a class that does not end, or nothing after its last `\`
 */
export function globTest(pattern: string, grammar: GlobGrammar): (text: GlobText) => boolean {
  const parts = partsOf(pattern, grammar)
  const first = parts[0] ?? []
  const last = parts.at(-1) ?? []
  const between = parts.slice(1, -1)
  if (parts.length === 1) return (text) => text.length === first.length && standsAt(first, text, 0)
  return (text) => {
    const end = text.length - last.length
    if (end < first.length) return false
    if (!standsAt(first, text, 0) || !standsAt(last, text, end)) return false
    let at = first.length
    for (const part of between) {
      const found = find(part, text, at, end)
      if (found < 0) return false
      at = found + part.length
    }
    return true
  }
}

/** The pattern of SQL's LIKE that a pattern of the plain grammar stands for. */
export function likePattern(glob: string): string {
  return glob.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%')
}
