import { matchesAt } from './binary.js'
import { type Elf, type ElfSection, sectionIndex, sectionType } from './elf.js'
import { ArtifactError } from './errors.js'
import { byteLimits } from './limits.js'

/** `.symtab` with its names and, for more than 65,279 sections, its SHT_SYMTAB_SHNDX. */
export interface SymbolTable {
  readonly start: number
  readonly count: number
  readonly entry: number
  readonly namesStart: number
  readonly namesEnd: number
  readonly extended: ElfSection | null
}

/** True for a section whose bytes are in the file as they are. */
export function inFile(elf: Elf, section: ElfSection): boolean {
  return (
    section.type !== sectionType.nobits &&
    !section.compressed &&
    section.offset + section.size <= elf.bytes.length
  )
}

/** The error of a symbol table beyond the limits. */
export function tooMany(what: string): ArtifactError {
  return new ArtifactError('limit-exceeded', '.symtab', `It has too many ${what}`)
}

/**
 * The first symbol table; null where there is none that can be read, or it has no section of names (`sh_link` 0), with which no
 * kernel loads a module: from 5.12 on `elf_validity_check` refuses it, before names are read from the file's header. Throws
 * `limit-exceeded`.
 */
export function symbolTable(elf: Elf): SymbolTable | null {
  let table: ElfSection | null = null
  let extended: ElfSection | null = null
  for (let index = 1; index < elf.sectionCount; index++) {
    const type = elf.sectionType(index)
    if (type === sectionType.symtab && table === null) table = elf.section(index)
    else if (type === sectionType.symtabShndx && extended === null) extended = elf.section(index)
  }
  if (table === null || !inFile(elf, table)) return null
  if (table.link === 0 || table.link >= elf.sectionCount) return null
  const names = elf.section(table.link)
  if (!inFile(elf, names)) return null
  const entry = elf.bits === 64 ? 24 : 16
  const count = Math.floor(table.size / entry)
  if (count > byteLimits.elfSymbols) throw tooMany('symbols')
  return {
    start: table.offset,
    count,
    entry,
    namesStart: names.offset,
    namesEnd: names.offset + names.size,
    extended: extended !== null && inFile(elf, extended) ? extended : null,
  }
}

/** `st_shndx` of a symbol, followed through SHT_SYMTAB_SHNDX. */
export function symbolSection(elf: Elf, table: SymbolTable, index: number): number {
  const at = table.start + index * table.entry
  const section = elf.u16(at + (elf.bits === 64 ? 6 : 14))
  if (section !== sectionIndex.extended) return section
  if (table.extended === null || (index + 1) * 4 > table.extended.size) return sectionIndex.undefined
  return elf.u32(table.extended.offset + index * 4)
}

/** `st_value` of a symbol. */
export function symbolValue(elf: Elf, table: SymbolTable, index: number): number {
  const at = table.start + index * table.entry
  if (elf.bits === 32) return elf.u32(at + 4)
  const high = elf.u32(at + (elf.little ? 12 : 8))
  return high * 0x100000000 + elf.u32(at + (elf.little ? 8 : 12))
}

/** Where the name that starts at `start` ends: its NUL, `end`, or the longest name that is read. */
export function nameEnd(bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + byteLimits.nameBytes, bytes.length)
  let at = start
  while (at < last && bytes[at] !== 0) at++
  return at
}

/** A symbol whose name starts with a given prefix: where the rest of its name starts in the file, and its index. */
export interface Label {
  readonly name: number
  readonly index: number
}

/** The symbols whose names start with `prefix` (`__` and more), in the order of the table. */
export function labels(elf: Elf, table: SymbolTable, prefix: Uint8Array): Label[] {
  const out: Label[] = []
  const { bytes } = elf
  const third = prefix[2]
  for (let index = 1; index < table.count; index++) {
    const name = table.namesStart + elf.u32(table.start + index * table.entry)
    // Nearly all others are passed over by one byte.
    if (name + prefix.length >= table.namesEnd || bytes[name + 2] !== third) continue
    if (!matchesAt(bytes, name, prefix)) continue
    if (out.length === byteLimits.symbolCrcs) throw tooMany('symbols of one kind')
    out.push({ name: name + prefix.length, index })
  }
  return out
}
