import type { Verdict } from '@basedrift/check'
import type { Tone } from '../output/style.js'
import { count, counted, listed } from '../output/words.js'

/** How each verdict is said: of one module, of several, of all where that is the lack of something, what it means, and how it is marked. Worst first. */
const words: readonly (readonly [
  Verdict,
  { one: string; many: string; none?: string; meaning: string; tone: Tone },
])[] = [
  [
    'crashes',
    {
      one: 'crashes the kernel (crashes)',
      many: 'crash the kernel (crashes)',
      meaning: 'the kernel crashes or hangs on it: never load it',
      tone: 'bad',
    },
  ],
  [
    'rejected',
    { one: 'is rejected', many: 'are rejected', meaning: 'the kernel refuses the module', tone: 'bad' },
  ],
  [
    'discarded',
    {
      one: 'loses its BTF (discarded)',
      many: 'lose their BTF (discarded)',
      meaning: 'the kernel refuses the BTF and loads the module without it',
      tone: 'bad',
    },
  ],
  [
    'misread',
    {
      one: 'is misread',
      many: 'are misread',
      meaning: 'the kernel accepts the BTF, and takes it for something that it is not',
      tone: 'bad',
    },
  ],
  [
    'changed',
    {
      one: 'uses types that are defined differently (changed)',
      many: 'use types that are defined differently (changed)',
      meaning:
        'the kernel accepts the BTF, but defines types differently from what the module was compiled with',
      tone: 'bad',
    },
  ],
  [
    'error',
    {
      one: 'could not be read (error)',
      many: 'could not be read (error)',
      meaning: 'the file could not be read',
      tone: 'bad',
    },
  ],
  [
    'unknown',
    {
      one: 'cannot be decided (unknown)',
      many: 'cannot be decided (unknown)',
      none: 'can be decided (unknown)',
      meaning: 'the kernel accepts the BTF, but nothing tells what base it was built on',
      tone: 'doubtful',
    },
  ],
  [
    'no-btf',
    {
      one: 'has no BTF (no-btf)',
      many: 'have no BTF (no-btf)',
      none: 'has BTF (no-btf)',
      meaning: 'there is nothing to check',
      tone: 'faint',
    },
  ],
  [
    'compatible',
    {
      one: 'is compatible',
      many: 'are compatible',
      meaning: 'every reference binds as it was built',
      tone: 'good',
    },
  ],
]

/** The verdicts, worst first: the order of everything that is printed by verdict. */
export const verdictsWorstFirst: readonly Verdict[] = words.map(([verdict]) => verdict)

const wordsOf = new Map(words)

/** What a verdict means, as half a sentence. */
export function meaningOf(verdict: string): string {
  return wordsOf.get(verdict as Verdict)?.meaning ?? ''
}

/** How a verdict is marked. */
export function toneOf(verdict: Verdict): Tone {
  return wordsOf.get(verdict)?.tone ?? 'doubtful'
}

/** Counts per verdict as the engine, the ledger and the API have them: verdicts that did not occur are left out. */
export type Counts = Partial<Readonly<Record<Verdict, number>>>

/**
 * A sentence or two that sum a result up: `3,500 of 4,023 modules lose their BTF (discarded) and 523 are misread.` What could not be
 * read stands apart, as nobody knows that it is a module.
 */
export function headline(counts: Counts, total: number): string {
  if (total === 0) return 'There are no modules to check.'
  const unread = counts.error ?? 0
  const errors =
    unread === 0 ? '' : `${counted(unread, 'file')} ${wordsOf.get('error')![unread === 1 ? 'one' : 'many']}.`
  return [errors, ofModules(counts, total - unread)].filter((part) => part !== '').join(' ')
}

function ofModules(counts: Counts, total: number): string {
  const there = verdictsWorstFirst.filter((verdict) => verdict !== 'error' && (counts[verdict] ?? 0) > 0)
  const [first] = there
  if (first === undefined) return ''
  if (there.length === 1) {
    const { one, many, none } = wordsOf.get(first)!
    if (total === 1) return `The module ${one}.`
    return none === undefined
      ? `All ${count(total)} modules ${many}.`
      : `None of the ${count(total)} modules ${none}.`
  }
  const parts = there.map((verdict, index) => {
    const many = counts[verdict]!
    const { one, many: plural } = wordsOf.get(verdict)!
    return `${count(many)}${index === 0 ? ` of ${count(total)} modules` : ''} ${many === 1 ? one : plural}`
  })
  return `${listed(parts)}.`
}
