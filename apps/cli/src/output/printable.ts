/**
 * Characters that would move a terminal's cursor, change its state, or make a text look like another: control characters,
 * invisible and direction-changing format characters, line and paragraph separators, halves of surrogate pairs.
 */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

function escaped(character: string): string {
  const code = character.codePointAt(0)!
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}

/**
 * A text that is safe to show on a terminal: names come from artifacts, and may hold anything. What is escaped is shown as
 * `\xNN` or `\u{N}`; a tab becomes a blank.
 */
export function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(unsafe, escaped)
}

/** A printable text of at most `width` characters; what was cut is marked with `…`. */
export function clipped(text: string, width: number): string {
  const shown = printable(text)
  return shown.length <= width ? shown : `${shown.slice(0, Math.max(0, width - 1))}…`
}

/** Like {@link clipped}, but cuts at the front: the end of a path says more. */
export function clippedPath(text: string, width: number): string {
  const shown = printable(text)
  return shown.length <= width ? shown : `…${shown.slice(shown.length - Math.max(0, width - 1))}`
}

/** A printable text in lines of at most `width` characters, broken at blanks where there are any; `indent` stands before all but the first. */
export function wrapped(text: string, width: number, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text).split(' ')) {
    const room = width - (lines.length === 0 ? 0 : indent.length)
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.map((one, nth) => (nth === 0 ? one : indent + one))
}
