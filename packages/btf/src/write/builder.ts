import type { Btf } from '../btf.js'
import { BtfError } from '../errors.js'
import { lastKind } from '../kinds.js'
import { recordStringReferences, recordTypeReferences } from '../references.js'
import { encodeBtf } from './encode.js'
import { StringTable } from './strings.js'

/** BTF_MAX_TYPE: the highest id that a type may have. */
const maxTypeId = 0xfffff
/** BTF_MAX_NAME_OFFSET */
const maxNameOffset = 0xffffff

/** Writes a BTF record after record: a base, or a split BTF on a base that is read or being written. */
export class BtfBuilder {
  readonly strings: StringTable
  /** The id of the first type that is added. */
  readonly startId: number
  private readonly littleEndian: boolean
  private readonly words: number[] = []
  private readonly starts: number[] = []

  constructor(littleEndian: boolean, base: Btf | BtfBuilder | null) {
    this.littleEndian = littleEndian
    this.startId = base === null ? 1 : base.lastId + 1
    this.strings = new StringTable(base instanceof BtfBuilder ? base.strings : base)
  }

  /** The id of the type that was added last; that of the base's last type where there is none. */
  get lastId(): number {
    return this.startId + this.starts.length - 1
  }

  /** Adds a record without entries and without references but its name, and gives its id. */
  add(kind: number, name: string, third: number): number {
    this.starts.push(this.words.length)
    this.words.push(this.strings.offsetOf(name), (kind << 24) >>> 0, third)
    return this.lastId
  }

  /**
   * Adds a copy of type `id` of another BTF, and gives its id here. Type ids are copied as they are: see
   * {@link renumber}; strings come to lie in this BTF's sections.
   * @throws BtfError `btf-kind` where it is not known what of its kind is a reference; `btf-dangling`
   */
  copy(from: Btf, id: number): number {
    const kind = from.kind(id)
    if (kind > lastKind) {
      throw new BtfError('btf-kind', `Type ${id} has kind ${kind}, which cannot be written.`)
    }
    const record = from.record(id).slice()
    // Bits that the reader took for no part of kind or number are not passed on.
    record[1] = (((from.kindFlag(id) ? 1 : 0) << 31) | (kind << 24) | from.vlen(id)) >>> 0
    recordStringReferences(record, 0, kind, from.vlen(id), (offset, index) => {
      if (offset === 0) return
      const text = from.stringAt(offset)
      if (text === null) throw new BtfError('btf-dangling', `Type ${id} refers to string ${offset}.`)
      record[index] = this.strings.offsetOf(text)
    })
    this.starts.push(this.words.length)
    for (const word of record) this.words.push(word)
    return this.lastId
  }

  /** Passes every type id of every record, void left out, through `map`. */
  renumber(map: (id: number) => number): void {
    const words = Uint32Array.from(this.words)
    for (const at of this.starts) {
      const info = words[at + 1]!
      recordTypeReferences(words, at, (info >>> 24) & 0x7f, info & 0xffffff, (id, index) => {
        if (id !== 0) this.words[at + index] = map(id)
      })
    }
  }

  /**
   * The bytes of what was added.
   * @throws BtfError `btf-too-large`
   */
  encode(): Uint8Array {
    const { words, strings, littleEndian, lastId } = this
    if (lastId > maxTypeId || strings.stringsEnd > maxNameOffset + 1) {
      const size = `${lastId} types and ${strings.stringsEnd} bytes of strings`
      throw new BtfError('btf-too-large', `It would reach up to ${size}; BTF holds 1048575 and 16777216.`)
    }
    return encodeBtf({ littleEndian, words: Uint32Array.from(words), strings: strings.bytes() })
  }
}
