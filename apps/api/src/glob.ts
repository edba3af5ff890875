/**
 * A test for whole texts by a pattern in which each `*` stands for any text, also none. Upper and lower case differ. It looks at
 * each character of a text once for every part of the pattern.
 */
export function globTest(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*')
  if (parts.length === 1) return (text) => text === pattern
  const first = parts[0] ?? ''
  const last = parts.at(-1) ?? ''
  const between = parts.slice(1, -1)
  return (text) => {
    if (text.length < first.length + last.length) return false
    if (!text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    const end = text.length - last.length
    for (const part of between) {
      const found = text.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}

/**
 * A test for names: a part of the name, or, where the pattern has a `*`, the whole name with any text for each `*`. Upper and
 * lower case are the same.
 */
export function nameFilter(pattern: string): (name: string) => boolean {
  const wanted = pattern.toLowerCase()
  if (!wanted.includes('*')) return (name) => name.toLowerCase().includes(wanted)
  const fits = globTest(wanted)
  return (name) => fits(name.toLowerCase())
}
