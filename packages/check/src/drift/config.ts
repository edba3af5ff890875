/** An option that two configs have differently; null where it is not set. */
export interface ConfigDifference {
  readonly option: string
  readonly a: string | null
  readonly b: string | null
}

/** The options that differ, by name; how many, and the first of them. */
export interface ConfigDifferences {
  readonly total: number
  readonly listed: readonly ConfigDifference[]
}

/** Characters of a value that are shown. */
const longestValue = 200

/** Compares two configs as texts; null where one is not at hand. An option that is `not set` counts as one that is absent. */
export function configDifferences(
  a: string | null,
  b: string | null,
  most: number,
): ConfigDifferences | null {
  if (a === null || b === null) return null
  const left = optionsOf(a)
  const right = optionsOf(b)
  const names = [...new Set([...left.keys(), ...right.keys()])].sort()
  const differing = names.filter((name) => left.get(name) !== right.get(name))
  const valueIn = (options: ReadonlyMap<string, string>, name: string): string | null =>
    options.get(name)?.slice(0, longestValue) ?? null
  const listed = differing
    .slice(0, most)
    .map((option) => ({ option, a: valueIn(left, option), b: valueIn(right, option) }))
  return { total: differing.length, listed }
}

function optionsOf(text: string): Map<string, string> {
  const options = new Map<string, string>()
  for (const line of text.split('\n')) {
    const found = /^(CONFIG_\w+)=(.*?)\r?$/.exec(line)
    if (found !== null) options.set(found[1]!, found[2]!)
  }
  return options
}
