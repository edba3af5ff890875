import type { Btf } from '../btf.js'
import { latin1, latin1Bytes, stringEnd } from '../latin1.js'

/** Offsets of the strings of one string section by their text: where a string stands twice, the first. */
type Offsets = ReadonlyMap<string, number>

const indexed = new WeakMap<Btf, Offsets>()

/** Every whole string of this blob's own section (not the ends of others), by its text; made once for each blob. */
function ownOffsets(btf: Btf): Offsets {
  const known = indexed.get(btf)
  if (known !== undefined) return known
  const { strings, startStr } = btf
  const offsets = new Map<string, number>()
  for (let at = 0; at < strings.length; ) {
    const end = stringEnd(strings, at)
    const text = latin1(strings, at, end)
    if (!offsets.has(text)) offsets.set(text, startStr + at)
    at = end + 1
  }
  indexed.set(btf, offsets)
  return offsets
}

/**
 * The string section of a BTF that is being written: each string once, in the order in which they are first asked for, and
 * none that the base has already (libbpf's btf__add_str). Texts have one character a byte.
 */
export class StringTable {
  readonly base: Btf | StringTable | null
  private readonly start: number
  private readonly offsets = new Map<string, number>()
  private readonly texts: string[] = []
  private size = 0

  /** A section without a base starts with the empty string. */
  constructor(base: Btf | StringTable | null) {
    this.base = base
    this.start = base === null ? 0 : base.stringsEnd
    if (base === null) this.add('')
  }

  /** The first offset beyond this section. */
  get stringsEnd(): number {
    return this.start + this.size
  }

  /** The offset of a string, here or below; null where it is in neither. */
  find(text: string): number | null {
    // No name is offset 0, whatever stands there.
    if (text === '') return 0
    for (let table = this.base; table !== null; table = table.base) {
      const offset = table instanceof StringTable ? table.offsets.get(text) : ownOffsets(table).get(text)
      if (offset !== undefined) return offset
    }
    return this.offsets.get(text) ?? null
  }

  /** The offset of a string, which is added where it is not there yet. */
  offsetOf(text: string): number {
    return this.find(text) ?? this.add(text)
  }

  /** The section's bytes. */
  bytes(): Uint8Array {
    return latin1Bytes(this.texts.join(''))
  }

  private add(text: string): number {
    const offset = this.stringsEnd
    this.offsets.set(text, offset)
    this.texts.push(`${text}\0`)
    this.size += text.length + 1
    return offset
  }
}
