import { globGrammars, globTest } from '@basedrift/ledger'

/**
 * A test for names: a part of the name, or, where the pattern has a `*`, the whole name with any text for each `*`. Upper and
 * lower case are the same.
 */
export function nameFilter(pattern: string): (name: string) => boolean {
  const wanted = pattern.toLowerCase()
  if (!wanted.includes('*')) return (name) => name.toLowerCase().includes(wanted)
  const fits = globTest(wanted, globGrammars.plain)
  return (name) => fits(name.toLowerCase())
}
