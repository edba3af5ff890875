import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GlobGrammar, globGrammars, globTest, likePattern } from '../src/index.js'
import { openTestLedger } from './support/ledger.js'

/** What a pattern means, written down without a thought of how long it takes. */
function fitsNaively(pattern: string, text: string, grammar: GlobGrammar): boolean {
  if (pattern === '') return text === ''
  const [head = ''] = pattern
  if (head === '*')
    return Array.from({ length: text.length + 1 }, (_, at) => text.slice(at)).some((rest) =>
      fitsNaively(pattern.slice(1), rest, grammar),
    )
  const same = (a: string, b: string) => a === b || (grammar.dashes && '-_'.includes(a) && '-_'.includes(b))
  if (text === '') return false
  const [character = ''] = text
  const then = (length: number) => fitsNaively(pattern.slice(length), text.slice(1), grammar)
  if (head === '?' && grammar.any) return then(1)
  const [whole, not, inside = ''] = (grammar.classes && /^\[(\^?)(\]?[^\]]*)\]/.exec(pattern)) || []
  if (whole !== undefined) {
    const regex = new RegExp(`[${inside.replace(/[\\^\]]/g, '\\$&').replace(/^-/, '\\-')}]`)
    const candidates = grammar.dashes && '-_'.includes(character) ? ['-', '_'] : [character]
    return candidates.some((one) => regex.test(one)) === (not === '') && then(whole.length)
  }
  if (head === '\\' && grammar.classes) return same(pattern[1] ?? '', character) && then(2)
  return same(head, character) && then(1)
}

const grammars = Object.entries(globGrammars)
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-', '_', ']', '/'), maxLength: 10 })
const token = fc.constantFrom(
  'a',
  'b',
  '/',
  '-',
  '_',
  '*',
  '**',
  '?',
  '[ab]',
  '[^a]',
  '[a-c]',
  '[]a]',
  '[-b]',
  '[^_]',
  '\\*',
  '\\a',
)
const pattern = fc.array(token, { maxLength: 8 }).map((tokens) => tokens.join(''))

/** A text that counts how often it is looked at. */
function counted(of: string) {
  const counter = {
    length: of.length,
    reads: 0,
    charCodeAt(at: number) {
      counter.reads++
      return of.charCodeAt(at)
    },
  }
  return counter
}

describe('a glob', () => {
  it.each(grammars)('of the grammar %s fits what it means', (_name, grammar) => {
    fc.assert(
      fc.property(pattern, text, (glob, name) => {
        expect(globTest(glob, grammar)(name)).toBe(fitsNaively(glob, name, grammar))
      }),
      { numRuns: 3000 },
    )
  })

  it('is for whole names, in their own case', () => {
    const fits = (glob: string, name: string) => globTest(glob, globGrammars.plain)(name)
    expect(fits('Factory', 'openSUSE:Factory')).toBe(false)
    expect(fits('*Factory', 'openSUSE:Factory')).toBe(true)
    expect(fits('opensuse:*', 'openSUSE:Factory')).toBe(false)
    expect(fits('a*a', 'a')).toBe(false)
    expect(fits('a.c', 'abc')).toBe(false)
    expect(fits('*', 'a/b/c')).toBe(true)
  })

  it.each([
    ['many stars', `${'*a'.repeat(120)}*b`],
    ['a long part', `*${'a'.repeat(200)}b*`],
    ['many long parts', `*${`${'a'.repeat(20)}*`.repeat(10)}${'a'.repeat(20)}b*`],
    ['characters of any kind', `*${'?'.repeat(100)}b*?*?*b`],
    ['classes', `*${'[a-b]'.repeat(40)}b*[^a]*`],
  ])('looks at each character a bounded number of times, however long the text: %s', (_what, glob) => {
    const longest = Math.max(
      ...glob
        .replace(/\[.*?\]/g, '?')
        .split('*')
        .map((part) => part.length),
    )
    const reads = [500, 1000, 2000, 4000].map((length) => {
      const subject = counted('a'.repeat(length))
      expect(globTest(glob, globGrammars.severities)(subject)).toBe(false)
      return subject.reads / length
    })
    for (const each of reads) expect(each).toBeLessThanOrEqual(longest + 1)
  })

  it('that no text can fit is refused', () => {
    for (const glob of ['[', 'a[', '[^', '[]', '[^]', 'x[a-', '\\', 'a*\\'])
      expect(() => globTest(glob, globGrammars.severities)).toThrow(RangeError)
    for (const glob of ['[', '\\']) expect(globTest(glob, globGrammars.plain)(glob)).toBe(true)
  })

  it('means the same to the database', async () => {
    await using test = await openTestLedger()
    const unit = fc.constantFrom('a', 'b', '%', '_', '\\', '*')
    const cases = fc.sample(
      fc.tuple(fc.string({ unit, maxLength: 8 }), fc.string({ unit, maxLength: 8 })),
      2000,
    )
    const rows = await test.query<{ fits: boolean }>(
      'SELECT name LIKE glob AS fits FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (name, glob, nth) ORDER BY nth',
      [cases.map(([, name]) => name), cases.map(([glob]) => likePattern(glob))],
    )
    expect(rows.map(({ fits }) => fits)).toEqual(
      cases.map(([glob, name]) => globTest(glob, globGrammars.plain)(name)),
    )
  })
})
