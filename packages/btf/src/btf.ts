import type { BtfHeader } from './header.js'
import { latin1, stringEnd } from './latin1.js'

/**
 * A BTF blob, indexed: its records as 32-bit words in the machine's byte order, and where each record starts. A split BTF
 * has a `base`, whose ids and string offsets come first. Nothing is decoded before it is asked for, and no accessor throws
 * for an id or offset beyond every table.
 */
export class Btf {
  readonly header: BtfHeader
  /** The words of this blob's own type section. */
  readonly words: Uint32Array
  /** Index into {@link words} of each own record; the record of id `startId + i` is at `starts[i]`. */
  readonly starts: Uint32Array
  /** This blob's own string section. */
  readonly strings: Uint8Array
  readonly base: Btf | null
  /** The id of the first own type: the base's last id + 1, or 1. */
  readonly startId: number
  /** The string offset of this blob's own first string: the length of all strings below it, or 0. */
  readonly startStr: number
  private readonly kindMask: number
  private readonly vlenMask: number

  /** Use `readBtf`: the arrays here must belong together. */
  constructor(
    header: BtfHeader,
    words: Uint32Array,
    starts: Uint32Array,
    strings: Uint8Array,
    base: Btf | null,
    kindMask: number,
    vlenMask: number,
  ) {
    this.header = header
    this.words = words
    this.starts = starts
    this.strings = strings
    this.base = base
    this.startId = base === null ? 1 : base.lastId + 1
    this.startStr = base === null ? 0 : base.stringsEnd
    this.kindMask = kindMask
    this.vlenMask = vlenMask
  }

  /** The same split BTF read on another base of the same byte order: its bytes are taken as they are. */
  onBase(base: Btf): Btf {
    const { header, words, starts, strings, kindMask, vlenMask } = this
    return new Btf(header, words, starts, strings, base, kindMask, vlenMask)
  }

  get littleEndian(): boolean {
    return this.header.littleEndian
  }

  /** Number of own types, without void. */
  get typeCount(): number {
    return this.starts.length
  }

  /** The highest valid id, own or of the base; 0 where there are no types. */
  get lastId(): number {
    return this.startId + this.starts.length - 1
  }

  /** Length of the own string section, in bytes. */
  get stringsLength(): number {
    return this.strings.length
  }

  /** The first string offset beyond every table. */
  get stringsEnd(): number {
    return this.startStr + this.strings.length
  }

  /**
   * Whether the strings do not start with the empty string: then this was made to be read on a base. (A split BTF may
   * also have no strings, or be read on one already.)
   */
  get looksSplit(): boolean {
    return this.strings.length > 0 && this.strings[0] !== 0
  }

  /** Whether `id` is void or a type of this blob or its base. */
  has(id: number): boolean {
    return id <= this.lastId
  }

  /** The blob of this chain that holds type `id`; null for void and for ids beyond every table. */
  ownerOf(id: number): Btf | null {
    if (id <= 0 || id > this.lastId) return null
    let owner: Btf = this
    while (id < owner.startId) owner = owner.base!
    return owner
  }

  /** The index of type `id` in its owner's {@link words}; -1 for void and for ids beyond every table. */
  wordOf(id: number): number {
    const owner = this.ownerOf(id)
    return owner === null ? -1 : owner.starts[id - owner.startId]!
  }

  /** Word `index` of the record of type `id` (0 name_off, 1 info, 2 size or type, then what follows); 0 if there is none. */
  word(id: number, index: number): number {
    const owner = this.ownerOf(id)
    return owner === null ? 0 : (owner.words[owner.starts[id - owner.startId]! + index] ?? 0)
  }

  /** The kind of type `id`; 0 for void and for ids beyond every table (tell them apart with {@link has}). */
  kind(id: number): number {
    const owner = this.ownerOf(id)
    return owner === null ? 0 : (owner.words[owner.starts[id - owner.startId]! + 1]! >>> 24) & owner.kindMask
  }

  /** The number of entries of type `id`; for FUNC the linkage. */
  vlen(id: number): number {
    const owner = this.ownerOf(id)
    return owner === null ? 0 : owner.words[owner.starts[id - owner.startId]! + 1]! & owner.vlenMask
  }

  /** The top bit of the info word of type `id`. */
  kindFlag(id: number): boolean {
    return this.word(id, 1) >>> 31 === 1
  }

  /** The size in bytes, or the referenced type id, of type `id`: its third word. */
  sizeOrType(id: number): number {
    return this.word(id, 2)
  }

  /** The string offset of the name of type `id`; 0 where it has none. */
  nameOff(id: number): number {
    return this.word(id, 0)
  }

  /** The name of type `id`, one character a byte; empty where it has none or the offset is beyond every table. */
  name(id: number): string {
    return this.stringAt(this.nameOff(id)) ?? ''
  }

  /** The string that starts at `off` (also in the middle of another), one character a byte; null beyond every table. */
  stringAt(off: number): string | null {
    let owner: Btf = this
    while (off < owner.startStr) owner = owner.base!
    const from = off - owner.startStr
    if (!(from >= 0 && from < owner.strings.length)) return null
    return latin1(owner.strings, from, stringEnd(owner.strings, from))
  }

  /** The words of the record of type `id`, as a view; empty for void and for ids beyond every table. */
  record(id: number): Uint32Array {
    const owner = this.ownerOf(id)
    if (owner === null) return new Uint32Array(0)
    const index = id - owner.startId
    return owner.words.subarray(owner.starts[index]!, owner.starts[index + 1] ?? owner.words.length)
  }
}
