import { ascii, matchesAt, viewOf } from './binary.js'
import { type Elf, type ElfSection, elfType, readElf, sectionType } from './elf.js'
import { ArtifactError } from './errors.js'

/** The new content of a section; a section that is not there is added behind the others. */
export interface SectionChange {
  /** ASCII; the first section of exactly this name is meant. */
  readonly name: string
  readonly content: Uint8Array
  /** `sh_type` and `sh_addralign` of a section that is added. */
  readonly type: number
  readonly align: number
}

/** What scripts/sign-file puts at the end of a signed module. */
const signatureMark = ascii('~Module signature appended~\n')

/** Content starts at a multiple of this, whatever its section asks for: BTF is read in words. */
const leastAlign = 8
/** The greatest alignment that is kept; more than a page is of no use to a module. */
const mostAlign = 4096
/** SHN_LORESERVE: from so many sections on, their number stands in section header 0. */
const reservedIndex = 0xff00

/** Where the fields of a section header stand, and how long it is. */
interface HeaderLayout {
  readonly bytes: number
  readonly offset: number
  readonly size: number
  readonly align: number
}
const headerLayouts = {
  32: { bytes: 40, offset: 16, size: 20, align: 32 },
  64: { bytes: 64, offset: 24, size: 32, align: 48 },
} as const satisfies Record<32 | 64, HeaderLayout>

/**
 * A module (`.ko`, uncompressed) with other content in some sections, or with sections added. All other bytes stay as and
 * where they are, and no section changes its index: content goes where the old one stood if it fits, else to the end, as
 * do the name table and the section headers when sections are added.
 * @throws ArtifactError `module-signed`, `section-compressed`, and as `readElf` does
 */
export function writeSections(bytes: Uint8Array, changes: readonly SectionChange[]): Uint8Array {
  const marked = bytes.length - signatureMark.length
  if (marked >= 0 && matchesAt(bytes, marked, signatureMark))
    throw new ArtifactError('module-signed', `byte ${marked}`)
  const elf = readElf(bytes)
  if (elf.type !== elfType.relocatable)
    throw new ArtifactError('elf-unsupported', 'e_type', 'The file is not relocatable, as modules are')
  elf.checkSections()
  const writer = new SectionWriter(elf)
  for (const change of changes) writer.change(change)
  return writer.finish()
}

class SectionWriter {
  readonly #elf: Elf
  readonly #layout: HeaderLayout
  /** A copy of the file with what changes in place. */
  readonly #bytes: Uint8Array
  /** What is put behind it. */
  readonly #tail: Uint8Array[] = []
  #length: number
  /** Section headers, old and new. */
  #headers: Uint8Array
  /** Names of added sections, with their NULs. */
  #names = ''

  constructor(elf: Elf) {
    this.#elf = elf
    this.#layout = headerLayouts[elf.bits]
    // Not `slice`: of a Buffer that is a view of the same memory.
    this.#bytes = new Uint8Array(elf.bytes)
    this.#length = elf.bytes.length
    const { sectionTable, sectionCount } = elf
    const end = sectionTable + sectionCount * this.#layout.bytes
    this.#headers = new Uint8Array(elf.bytes.subarray(sectionTable, end))
  }

  change({ name, content, type, align }: SectionChange): void {
    const section = this.#elf.find(ascii(name))
    if (section === null) this.#add(name, content, type, align)
    else if (section.compressed) throw new ArtifactError('section-compressed', name)
    else this.#replace(section, content)
  }

  #replace(section: ElfSection, content: Uint8Array): void {
    const at = section.index * this.#layout.bytes
    const held = section.type !== sectionType.nobits && section.type !== sectionType.null
    if (held && content.length <= section.size && this.#standsAlone(section)) {
      this.#bytes.fill(0, section.offset, section.offset + section.size)
      this.#bytes.set(content, section.offset)
    } else {
      const align = this.#word(at + this.#layout.align)
      this.#setWord(at + this.#layout.offset, this.#append(content, align))
      if (!held) this.#set32(at + 4, sectionType.progbits)
    }
    this.#setWord(at + this.#layout.size, content.length)
  }

  #add(name: string, content: Uint8Array, type: number, align: number): void {
    const { namesIndex, sectionCount } = this.#elf
    const table = namesIndex === 0 ? null : this.#elf.section(namesIndex)
    if (table === null || table.type === sectionType.nobits || sectionCount === 0)
      throw new ArtifactError('elf-unsupported', 'e_shstrndx', 'The file has no section names')
    if (this.#names === '') this.#checkNames(table)
    const { bytes } = this.#layout
    const at = this.#headers.length
    const headers = new Uint8Array(at + bytes)
    headers.set(this.#headers)
    this.#headers = headers
    this.#set32(at, table.size + this.#names.length)
    this.#names += `${name}\0`
    this.#set32(at + 4, type)
    this.#setWord(at + this.#layout.offset, this.#append(content, align))
    this.#setWord(at + this.#layout.size, content.length)
    this.#setWord(at + this.#layout.align, align)
  }

  /** A name that ends beyond the table would become another one when the table grows. */
  #checkNames({ index, offset, size }: ElfSection): void {
    const broken = (what: string) => new ArtifactError('elf-malformed', `section ${index}`, what)
    if (size === 0 || this.#elf.bytes[offset + size - 1] !== 0)
      throw broken('Section names do not end in NUL')
    const headers = viewOf(this.#headers)
    for (let at = 0; at < this.#headers.length; at += this.#layout.bytes)
      if (headers.getUint32(at, this.#elf.little) >= size)
        throw broken('A section name lies beyond the table')
  }

  /** The file, with the headers where they were if there are no more of them. */
  finish(): Uint8Array {
    const { sectionTable, sectionCount, namesIndex, bits } = this.#elf
    if (this.#names === '') {
      this.#bytes.set(this.#headers, sectionTable)
      return this.#joined()
    }
    const table = this.#elf.section(namesIndex)
    const names = new Uint8Array(table.size + this.#names.length)
    names.set(this.#elf.content(table))
    names.set(ascii(this.#names), table.size)
    const at = namesIndex * this.#layout.bytes
    this.#setWord(at + this.#layout.offset, this.#append(names, 1))
    this.#setWord(at + this.#layout.size, names.length)
    const count = this.#headers.length / this.#layout.bytes
    const file = viewOf(this.#bytes)
    const wide = bits === 64
    const countAt = wide ? 60 : 48
    // Extended numbering is kept where it is used, and begun where the number no longer fits.
    const isExtended = file.getUint16(countAt, this.#elf.little) === 0 && sectionCount > 0
    if (isExtended || count >= reservedIndex) {
      file.setUint16(countAt, 0, this.#elf.little)
      this.#setWord(this.#layout.size, count)
    } else file.setUint16(countAt, count, this.#elf.little)
    const start = this.#append(this.#headers, leastAlign)
    if (wide) file.setBigUint64(40, BigInt(start), this.#elf.little)
    else file.setUint32(32, start, this.#elf.little)
    return this.#joined()
  }

  #joined(): Uint8Array {
    const out = new Uint8Array(this.#length)
    out.set(this.#bytes)
    let at = this.#bytes.length
    for (const part of this.#tail) {
      out.set(part, at)
      at += part.length
    }
    return out
  }

  /** Puts content at the end, aligned, and gives its file offset. */
  #append(content: Uint8Array, align: number): number {
    const step = Math.max(leastAlign, isPowerOfTwo(align) ? Math.min(align, mostAlign) : 1)
    const padding = (step - (this.#length % step)) % step
    const offset = this.#length + padding
    this.#tail.push(new Uint8Array(padding), content)
    this.#length = offset + content.length
    return offset
  }

  /** Whether nothing else of the file lies where this section's content does. */
  #standsAlone({ index, offset, size }: ElfSection): boolean {
    const end = offset + size
    const { sectionTable, sectionCount } = this.#elf
    const overlaps = (start: number, length: number): boolean => start < end && offset < start + length
    if (overlaps(0, 64) || overlaps(sectionTable, sectionCount * this.#layout.bytes)) return false
    for (let other = 1; other < sectionCount; other++) {
      if (other === index) continue
      const { type, offset: start, size: length } = this.#elf.section(other)
      if (type !== sectionType.null && type !== sectionType.nobits && overlaps(start, length)) return false
    }
    return true
  }

  #set32(at: number, value: number): void {
    viewOf(this.#headers).setUint32(at, value, this.#elf.little)
  }

  #setWord(at: number, value: number): void {
    if (this.#elf.bits === 32) this.#set32(at, value)
    else viewOf(this.#headers).setBigUint64(at, BigInt(value), this.#elf.little)
  }

  /** An address-sized field of a header; what is beyond 2^53 is of no use here and loses its low bits. */
  #word(at: number): number {
    const view = viewOf(this.#headers)
    return this.#elf.bits === 32
      ? view.getUint32(at, this.#elf.little)
      : Number(view.getBigUint64(at, this.#elf.little))
  }
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && value <= mostAlign && (value & (value - 1)) === 0
}
