/** The byte order of the machine this runs on. */
export const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/**
 * The whole 32-bit words of `bytes[from, from + length)` in the machine's own byte order; a last part of a word is left
 * out. A view of the bytes where alignment and byte order allow it, else a copy.
 */
export function wordsOf(bytes: Uint8Array, from: number, length: number, littleEndian: boolean): Uint32Array {
  const count = Math.floor(length / 4)
  const start = bytes.byteOffset + from
  if (littleEndian === hostIsLittleEndian) {
    if (start % 4 === 0) return new Uint32Array(bytes.buffer, start, count)
    // Not `slice`: of a Buffer that is a view of the same memory.
    return new Uint32Array(new Uint8Array(bytes.subarray(from, from + count * 4)).buffer, 0, count)
  }
  const view = new DataView(bytes.buffer, start, count * 4)
  const words = new Uint32Array(count)
  for (let at = 0; at < count; at++) words[at] = view.getUint32(at * 4, littleEndian)
  return words
}
