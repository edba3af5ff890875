/** Most characters of a name in a message, and of a sentence by somebody else. */
export const shown = { name: 128, sentence: 240 } as const

/** What has no place in one line of text: controls, line ends, format characters (bidi, zero width, tags), half surrogates, unassigned. */
const hostile = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}\p{Co}\p{Cn}]/gu

/** More combining marks on one character than any script needs: they would be drawn over the lines around. */
const piled = /(\p{M}{4})\p{M}+/gu

/** Cuts to a number of characters, none in its middle, with an ellipsis. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text
  const characters = [...text]
  return characters.length <= max ? text : `${characters.slice(0, Math.max(0, max - 1)).join('')}…`
}

/**
 * A name or text from outside as one line of ordinary characters, not longer than `max`. What is hostile is shown as U+FFFD, blanks
 * are one space. It is still to be escaped for where it goes.
 */
export function tame(text: string, max: number): string {
  const head = text.length > max * 8 ? text.slice(0, max * 8) : text
  const line = head
    .replace(/[\t\n\v\f\r]+/g, ' ')
    .replace(hostile, '\ufffd')
    .replace(piled, '$1')
    .replace(/\p{Zs}+/gu, ' ')
    .trim()
  return cut(line === '' ? '\ufffd' : line, max)
}

/**
 * Breaks what programs turn into links or mentions in plain text, with a zero-width space: `scheme:`, `www.`, `@name`, `#channel`.
 * Nothing is lost to the eye.
 */
export function unlinked(text: string): string {
  return text
    .replace(/(?<=\p{L}[\p{L}\p{N}+.-]*:)(?=\/)/gu, '\u200b')
    .replace(/(mailto|javascript|data|tel|file|vbscript|sip|sms|xmpp|matrix)(?=:)/gi, '$1\u200b')
    .replace(/www(?=\.)/gi, '$&\u200b')
    .replace(/[@＠#＃]/g, '$&\u200b')
}
