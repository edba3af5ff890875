import { printable } from './printable.js'

/** A word as a shell takes it: names are data, and may hold anything. */
function shellWord(word: string): string {
  const shown = printable(word)
  return /^[\w@%+=:,./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`
}

/**
 * A command to be typed, in lines of at most `width` characters where its words allow it; broken so that it can be copied as it stands.
 * An option and its value stay together.
 */
export function commandLines(words: readonly string[], width: number, indent: string): string[] {
  const parts: string[] = []
  for (const word of words) {
    const [last] = parts.slice(-1)
    if (last !== undefined && /^--[a-z-]+$/.test(last) && !word.startsWith('--'))
      parts[parts.length - 1] = `${last} ${shellWord(word)}`
    else parts.push(shellWord(word))
  }
  const lines: string[] = []
  let line = ''
  for (const part of parts) {
    // Room for the blank and the backslash.
    if (line !== '' && indent.length + line.length + 1 + part.length + 2 > width) {
      lines.push(`${indent}${line} \\`)
      line = `  ${part}`
    } else line = line === '' ? part : `${line} ${part}`
  }
  return [...lines, `${indent}${line}`]
}
