/** Fields of one type record; `rest` is what follows the three common words. */
export interface Record {
  readonly kind: number
  readonly name?: number
  readonly vlen?: number
  readonly flag?: boolean
  /** Size or type id. */
  readonly third?: number
  readonly rest?: readonly number[]
}

export interface Form {
  readonly bigEndian?: boolean
  /** Length of the header; 32 has room for the layout section. */
  readonly hdrLen?: number
  /** Bytes of a layout section, placed after the strings. */
  readonly layout?: readonly number[]
}

/** Writes BTF by hand, for tests: strings first, then records, in the order given. */
export class Builder {
  private readonly text: number[] = []
  private readonly words: number[] = []
  private readonly startStr: number

  /** A split BTF starts its strings at the length of its base's strings; a base starts with the empty string. */
  constructor(startStr = 0) {
    this.startStr = startStr
    if (startStr === 0) this.text.push(0)
  }

  /** Adds a string, and gives its offset. */
  str(text: string): number {
    const offset = this.startStr + this.text.length
    for (const character of text) this.text.push(character.charCodeAt(0))
    this.text.push(0)
    return offset
  }

  add({ kind, name = 0, vlen = 0, flag = false, third = 0, rest = [] }: Record): this {
    this.words.push(name, ((flag ? 0x80000000 : 0) | (kind << 24) | vlen) >>> 0, third)
    for (const word of rest) this.words.push(word)
    return this
  }

  bytes({ bigEndian = false, hdrLen = 24, layout = [] }: Form = {}): Uint8Array {
    const typeLen = this.words.length * 4
    const bytes = new Uint8Array(hdrLen + typeLen + this.text.length + layout.length)
    const view = new DataView(bytes.buffer)
    const header = [hdrLen, 0, typeLen, typeLen, this.text.length]
    if (layout.length > 0) header.push(typeLen + this.text.length, layout.length)
    view.setUint16(0, 0xeb9f, !bigEndian)
    bytes[2] = 1
    for (const [index, word] of header.entries()) view.setUint32(4 + index * 4, word, !bigEndian)
    for (const [index, word] of this.words.entries())
      view.setUint32(hdrLen + index * 4, word >>> 0, !bigEndian)
    bytes.set(this.text, hdrLen + typeLen)
    bytes.set(layout, hdrLen + typeLen + this.text.length)
    return bytes
  }
}
