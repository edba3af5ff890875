/** May be the first character of an identifier. */
const firstOk = 1
/** May follow in an identifier. */
const restOk = 2

/** isalpha of the kernel's Latin-1 ctype table: ASCII letters, and 0xC0 up to 0xFF without × and ÷. */
function isAlpha(byte: number): boolean {
  const letter = byte | 0x20
  return (letter >= 0x61 && letter <= 0x7a && byte < 0x80) || (byte >= 0xc0 && byte !== 0xd7 && byte !== 0xf7)
}

function table(first: (byte: number) => boolean, rest: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from(
    { length: 256 },
    (_, byte) => (first(byte) ? firstOk : 0) | (rest(byte) ? restOk : 0),
  )
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const isPlain = (byte: number): boolean => isAlpha(byte) || byte === 0x5f
const isDotted = (byte: number): boolean => isPlain(byte) || byte === 0x2e
/** isprint of the same table: it counts the space and 0xA0 as printable. */
const isPrintable = (byte: number): boolean => (byte >= 0x20 && byte <= 0x7e) || byte >= 0xa0

/** What characters a name may have, by byte (btf_name_valid_identifier, btf_name_valid_section). */
export const plainNames = table(isPlain, (byte) => isPlain(byte) || isDigit(byte))
export const dottedNames = table(isDotted, (byte) => isDotted(byte) || isDigit(byte))
export const printableNames = table(isPrintable, isPrintable)

/** Whether the string at `from`, which ends with a NUL within `strings`, is a name of at most `longest` bytes. */
export function isName(strings: Uint8Array, from: number, allowed: Uint8Array, longest: number): boolean {
  if ((allowed[strings[from]!]! & firstOk) === 0) return false
  const limit = from + longest
  let at = from + 1
  while (at < limit && (allowed[strings[at]!]! & restOk) !== 0) at++
  return strings[at] === 0
}

/** For every offset of a string section that ends with a NUL: 1 where a name starts there, else 0. One pass. */
export function nameStarts(strings: Uint8Array, allowed: Uint8Array, longest: number): Uint8Array {
  const starts = new Uint8Array(strings.length)
  let length = -1
  for (let at = strings.length - 1; at >= 0; at--) {
    const byte = strings[at]!
    if (byte === 0) length = 0
    else if (length >= 0) {
      const flags = allowed[byte]!
      if ((flags & firstOk) !== 0 && length < longest) starts[at] = 1
      length = (flags & restOk) !== 0 ? length + 1 : -1
    }
  }
  return starts
}
