import { btfMagic } from '../header.js'
import { hostIsLittleEndian } from '../words.js'

/** What a BTF blob is made of, as a {@link Btf} has it. */
export interface BtfParts {
  readonly littleEndian: boolean
  /** The records, in the machine's own byte order. */
  readonly words: Uint32Array
  /** The own string section. */
  readonly strings: Uint8Array
}

/** Bytes of `struct btf_header` as every kernel reads it; kernels from 7.0 on know 8 more, which may be absent. */
const headerBytes = 24
const btfVersion = 1

/** The bytes of a BTF blob: header, records, strings. Nothing is checked: see `BtfBuilder` for what makes sense. */
export function encodeBtf({ littleEndian, words, strings }: BtfParts): Uint8Array {
  const typeBytes = words.length * 4
  const bytes = new Uint8Array(headerBytes + typeBytes + strings.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, btfMagic, littleEndian)
  view.setUint8(2, btfVersion)
  const fields = [headerBytes, 0, typeBytes, typeBytes, strings.length]
  for (const [index, field] of fields.entries()) view.setUint32(4 + index * 4, field, littleEndian)
  if (littleEndian === hostIsLittleEndian) {
    new Uint32Array(bytes.buffer, headerBytes, words.length).set(words)
  } else {
    for (let at = 0; at < words.length; at++) view.setUint32(headerBytes + at * 4, words[at]!, littleEndian)
  }
  bytes.set(strings, headerBytes + typeBytes)
  return bytes
}
