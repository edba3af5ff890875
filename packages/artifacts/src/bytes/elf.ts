import { cString, viewOf } from './binary.js'
import { ArtifactError } from './errors.js'
import { byteLimits } from './limits.js'

/** `e_type`: a relocatable file, as modules are; an executable or a position-independent image, as kernels are. */
export const elfType = { relocatable: 1, executable: 2, shared: 3 } as const

/** `sh_type` of the sections that readers here treat by type. */
export const sectionType = {
  null: 0,
  progbits: 1,
  symtab: 2,
  strtab: 3,
  rela: 4,
  note: 7,
  nobits: 8,
  rel: 9,
  symtabShndx: 18,
} as const

/** `st_shndx`: undefined, an absolute value, or "look in SHT_SYMTAB_SHNDX". */
export const sectionIndex = { undefined: 0, absolute: 0xfff1, extended: 0xffff } as const

const shfAlloc = 2
const shfCompressed = 0x800
const phnumExtended = 0xffff
const shstrndxExtended = 0xffff

/** One section header; offsets and sizes are bytes. */
export interface ElfSection {
  readonly index: number
  readonly type: number
  /** `SHF_ALLOC`: it takes memory when it is loaded. */
  readonly allocated: boolean
  /** `SHF_COMPRESSED`: the content starts with a compression header, which the kernel does not look at. */
  readonly compressed: boolean
  readonly offset: number
  readonly size: number
  readonly link: number
  readonly info: number
}

/** One program header; only what finding notes needs. */
export interface ElfSegment {
  readonly type: number
  readonly offset: number
  readonly size: number
}

/** An ELF file of either class and byte order. Headers are read on demand; every range is checked before it is sliced. */
export class Elf {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** 32 or 64. */
  readonly bits: 32 | 64
  readonly little: boolean
  /** `e_type`, see `elfType`. */
  readonly type: number
  /** `e_machine`. */
  readonly machine: number
  readonly sectionCount: number
  /** File offset of section header 0; 0 where there are none. */
  readonly sectionTable: number
  /** Index of the section name table; 0 where there is none. */
  readonly namesIndex: number
  readonly #sectionEntry: number
  readonly #segmentTable: number
  readonly #segmentEntry: number
  readonly #segmentCount: number
  #namesStart = 0
  #namesEnd = 0

  /** Reads the file header and checks that the section header table lies in the file. See `readElf`. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = viewOf(bytes)
    if (bytes.length < 16) throw new ArtifactError('elf-truncated', 'e_ident', `It has ${bytes.length} bytes`)
    if (bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
      throw new ArtifactError('elf-malformed', 'e_ident', 'The ELF magic is missing')
    const classByte = bytes[4]
    const dataByte = bytes[5]
    if ((classByte !== 1 && classByte !== 2) || (dataByte !== 1 && dataByte !== 2))
      throw new ArtifactError('elf-malformed', 'e_ident', 'Class or byte order is not one of the two')
    this.bits = classByte === 2 ? 64 : 32
    this.little = dataByte === 1
    const wide = this.bits === 64
    if (bytes.length < (wide ? 64 : 52)) throw new ArtifactError('elf-truncated', 'the ELF header')
    this.type = this.u16(16)
    this.machine = this.u16(18)
    this.#segmentTable = this.word(wide ? 32 : 28)
    this.sectionTable = this.word(wide ? 40 : 32)
    const counts = wide ? 54 : 42
    this.#segmentEntry = this.u16(counts)
    this.#sectionEntry = this.u16(counts + 4)
    let segments = this.u16(counts + 2)
    let sections = this.u16(counts + 6)
    let names = this.u16(counts + 8)
    if (this.sectionTable === 0) {
      sections = 0
    } else {
      if (this.#sectionEntry !== (wide ? 64 : 40))
        throw new ArtifactError('elf-malformed', 'e_shentsize', `It is ${this.#sectionEntry}`)
      this.#checkTable('section header 0', this.sectionTable, this.#sectionEntry, 1)
      // gABI "extended numbering": what does not fit the file header is kept in section header 0.
      const zero = this.section(0)
      if (sections === 0) sections = zero.size
      if (names === shstrndxExtended) names = zero.link
      if (segments === phnumExtended) segments = zero.info
    }
    if (sections > byteLimits.elfSections)
      throw new ArtifactError('limit-exceeded', 'e_shnum', `It names ${sections} sections`)
    if (sections > 0)
      this.#checkTable('section header table', this.sectionTable, this.#sectionEntry, sections)
    this.sectionCount = sections
    this.namesIndex = sections === 0 ? 0 : names
    this.#segmentCount = this.#segmentTable === 0 ? 0 : segments
    if (names !== 0 && sections > 0) {
      if (names >= sections)
        throw new ArtifactError('elf-malformed', 'e_shstrndx', `Section ${names} of ${sections}`)
      const table = this.section(names)
      if (table.type !== sectionType.nobits) {
        this.#check('section name table', table.offset, table.size)
        this.#namesStart = table.offset
        this.#namesEnd = table.offset + table.size
      }
    }
  }

  /** Unsigned 16 bits at a file offset that the caller has checked. */
  u16(at: number): number {
    return this.view.getUint16(at, this.little)
  }

  /** Unsigned 32 bits at a file offset that the caller has checked. */
  u32(at: number): number {
    return this.view.getUint32(at, this.little)
  }

  /** An address-sized unsigned number (4 or 8 bytes) at a checked file offset. Throws `elf-malformed` from 2^53 on. */
  word(at: number): number {
    if (this.bits === 32) return this.u32(at)
    const high = this.u32(this.little ? at + 4 : at)
    if (high >= 0x200000) throw new ArtifactError('elf-malformed', `byte ${at}`, 'An offset is beyond 2^53')
    return high * 0x100000000 + this.u32(this.little ? at : at + 4)
  }

  /** Section header `index` (less than `sectionCount`). */
  section(index: number): ElfSection {
    const at = this.sectionTable + index * this.#sectionEntry
    const wide = this.bits === 64
    // Both flags are in the low word of sh_flags.
    const flags = this.u32(at + 8 + (wide && !this.little ? 4 : 0))
    return {
      index,
      type: this.u32(at + 4),
      allocated: (flags & shfAlloc) !== 0,
      compressed: (flags & shfCompressed) !== 0,
      offset: this.word(at + (wide ? 24 : 16)),
      size: this.word(at + (wide ? 32 : 20)),
      link: this.u32(at + (wide ? 40 : 24)),
      info: this.u32(at + (wide ? 44 : 28)),
    }
  }

  /** `sh_type` of section `index` (less than `sectionCount`), without reading the rest of its header. */
  sectionType(index: number): number {
    return this.u32(this.sectionTable + index * this.#sectionEntry + 4)
  }

  /** The low 32 bits of `sh_addr` of section `index` (less than `sectionCount`). */
  sectionAddress(index: number): number {
    const at = this.sectionTable + index * this.#sectionEntry
    return this.u32(this.bits === 32 ? at + 12 : this.little ? at + 16 : at + 20)
  }

  /** `sh_name` of a section as text; empty where the name table does not hold it. */
  sectionName(index: number): string {
    const at = this.#nameOffset(index)
    return at < 0 ? '' : cString(this.bytes, at, this.#namesEnd, byteLimits.nameBytes)
  }

  /** The first section of exactly this name, as the kernel's `find_any_sec` finds it; null if none. */
  find(name: Uint8Array, from = 1): ElfSection | null {
    const { bytes } = this
    const length = name.length
    for (let index = from; index < this.sectionCount; index++) {
      const at = this.#nameOffset(index)
      // The terminating NUL is looked at first: it rules out nearly every other name.
      if (at < 0 || at + length >= this.#namesEnd || bytes[at + length] !== 0) continue
      let same = 0
      while (same < length && bytes[at + same] === name[same]) same++
      if (same === length) return this.section(index)
    }
    return null
  }

  /** The first section of this name with SHF_ALLOC: what the kernel's `find_sec` finds; null if none. */
  findAllocated(name: Uint8Array): ElfSection | null {
    let section = this.find(name)
    while (section !== null && !section.allocated) section = this.find(name, section.index + 1)
    return section
  }

  /** The bytes of a section, as a subarray; empty for SHT_NOBITS. Throws `elf-truncated` when they are not all in the file. */
  content(section: ElfSection): Uint8Array {
    if (section.type === sectionType.nobits) return this.bytes.subarray(0, 0)
    if (section.offset + section.size > this.bytes.length) this.#truncated(section)
    return this.bytes.subarray(section.offset, section.offset + section.size)
  }

  /** Checks that every section lies in the file, as the kernel's `elf_validity_check` does before it uses any. */
  checkSections(): void {
    const { bits, little, view, bytes } = this
    const typeAt = 4
    for (let index = 1; index < this.sectionCount; index++) {
      const at = this.sectionTable + index * this.#sectionEntry
      const type = view.getUint32(at + typeAt, little)
      if (type === sectionType.null || type === sectionType.nobits) continue
      const end =
        bits === 64 ? this.word(at + 24) + this.word(at + 32) : this.u32(at + 16) + this.u32(at + 20)
      if (end > bytes.length) this.#truncated(this.section(index))
    }
  }

  /** Program headers, at most 65,536 of them; those outside the file throw `elf-truncated`. */
  *segments(): Generator<ElfSegment> {
    const wide = this.bits === 64
    if (this.#segmentCount === 0) return
    if (this.#segmentEntry !== (wide ? 56 : 32))
      throw new ArtifactError('elf-malformed', 'e_phentsize', `It is ${this.#segmentEntry}`)
    const count = Math.min(this.#segmentCount, 0x10000)
    this.#checkTable('program header table', this.#segmentTable, this.#segmentEntry, count)
    for (let index = 0; index < count; index++) {
      const at = this.#segmentTable + index * this.#segmentEntry
      yield {
        type: this.u32(at),
        offset: this.word(at + (wide ? 8 : 4)),
        size: this.word(at + (wide ? 32 : 16)),
      }
    }
  }

  #nameOffset(index: number): number {
    const at = this.#namesStart + this.u32(this.sectionTable + index * this.#sectionEntry)
    return at < this.#namesEnd ? at : -1
  }

  #checkTable(what: string, start: number, entry: number, count: number): void {
    this.#check(what, start, entry * count)
  }

  #check(what: string, start: number, size: number): void {
    if (start + size > this.bytes.length)
      throw new ArtifactError(
        'elf-truncated',
        what,
        `It would end at byte ${start + size} of ${this.bytes.length}`,
      )
  }

  #truncated(section: ElfSection): never {
    const name = this.sectionName(section.index)
    const where = name === '' ? `section ${section.index}` : name
    const end = section.offset + section.size
    throw new ArtifactError('elf-truncated', where, `It would end at byte ${end} of ${this.bytes.length}`)
  }
}

/**
 * Reads an ELF file: both classes, both byte orders, extended section and segment numbering. Only the headers are
 * looked at. Throws `elf-malformed`, `elf-truncated` or `limit-exceeded`.
 */
export function readElf(bytes: Uint8Array): Elf {
  return new Elf(bytes)
}
