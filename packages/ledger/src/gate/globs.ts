/** Where a part first stands in a text at or after `from`; a `?` in it is any character. -1 where it does not. */
function find(part: string, text: string, from: number): number {
  if (!part.includes('?')) return text.indexOf(part, from)
  for (let at = from; at + part.length <= text.length; at++) if (standsAt(part, text, at)) return at
  return -1
}

function standsAt(part: string, text: string, at: number): boolean {
  if (at < 0 || at + part.length > text.length) return false
  if (!part.includes('?')) return text.startsWith(part, at)
  for (let nth = 0; nth < part.length; nth++) {
    if (part[nth] !== '?' && part[nth] !== text[at + nth]) return false
  }
  return true
}

/**
 * A test for whole texts by a shell pattern: `*` stands for any text, also none, `?` for one character; everything else for itself.
 * The parts between stars are looked for one after the other and never again, so no pattern takes longer than a text times its
 * longest part.
 */
export function wildcard(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  if (parts.length === 1) return (text) => text.length === first.length && standsAt(first, text, 0)
  const last = parts.at(-1) ?? ''
  const between = parts.slice(1, -1).filter((part) => part !== '')
  return (text) => {
    const end = text.length - last.length
    if (end < first.length || !standsAt(first, text, 0) || !standsAt(last, text, end)) return false
    let at = first.length
    for (const part of between) {
      const found = find(part, text, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
