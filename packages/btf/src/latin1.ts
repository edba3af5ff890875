/** The characters of `bytes[from, to)`, one per byte: BTF names have no encoding, so every byte is kept as it is. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at += chunk) {
    text += String.fromCharCode.apply(
      null,
      bytes.subarray(at, Math.min(to, at + chunk)) as unknown as number[],
    )
  }
  return text
}

/** Bytes turned into characters in one call: bounded, since each is an argument on the stack. */
const chunk = 4096

/** The bytes of a text whose characters are all below 256 (what {@link latin1} gives). */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** The end of the C string that starts at `from`: its NUL, or the end of `bytes`. */
export function stringEnd(bytes: Uint8Array, from: number): number {
  const nul = bytes.indexOf(0, from)
  return nul < 0 ? bytes.length : nul
}
