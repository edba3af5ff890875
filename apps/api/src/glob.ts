/**
 * A test for names: a part of the name, or, where the pattern has a `*`, the whole name with any text for each `*`. Upper and
 * lower case are the same. It looks at each character of a name once for every part of the pattern.
 */
export function nameFilter(pattern: string): (name: string) => boolean {
  const wanted = pattern.toLowerCase()
  if (!wanted.includes('*')) return (name) => name.toLowerCase().includes(wanted)
  const parts = wanted.split('*')
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  const between = parts.slice(1, -1)
  return (given) => {
    const name = given.toLowerCase()
    if (name.length < first.length + last.length) return false
    if (!name.startsWith(first) || !name.endsWith(last)) return false
    let at = first.length
    const end = name.length - last.length
    for (const part of between) {
      const found = name.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
