import { ascii, cString, matchesAt } from './binary.js'
import { type Elf, type ElfSection, sectionIndex, sectionType } from './elf.js'
import { ArtifactError } from './errors.js'
import { byteLimits } from './limits.js'
import type { SymbolCrc } from './types.js'

/** Export tables with their CRC tables. The GPL pair is gone from 7.2 on, where `__kflagstab` has a bit for it. */
const tables = [
  { entries: ascii('__ksymtab'), crcs: ascii('__kcrctab') },
  { entries: ascii('__ksymtab_gpl'), crcs: ascii('__kcrctab_gpl') },
]
const stringsName = ascii('__ksymtab_strings')
const ksymtabPrefix = ascii('__ksymtab_')
const crcPrefix = ascii('__crc_')

/** What a module's export tables tell, and whether a table was there whose names could not be told. */
export interface ModuleExports {
  readonly symbols: readonly SymbolCrc[]
  readonly unnamed: boolean
}

/** A symbol table with its names and, for more than 65,279 sections, its SHT_SYMTAB_SHNDX. */
interface SymbolTable {
  readonly start: number
  readonly count: number
  readonly entry: number
  readonly namesStart: number
  readonly namesEnd: number
  readonly extended: ElfSection | null
}

function inFile(elf: Elf, section: ElfSection): boolean {
  return (
    section.type !== sectionType.nobits &&
    !section.compressed &&
    section.offset + section.size <= elf.bytes.length
  )
}

function tooMany(what: string): ArtifactError {
  return new ArtifactError('limit-exceeded', '.symtab', `It has too many ${what}`)
}

function symbolTable(elf: Elf): SymbolTable | null {
  let table: ElfSection | null = null
  let extended: ElfSection | null = null
  for (let index = 1; index < elf.sectionCount; index++) {
    const type = elf.sectionType(index)
    if (type === sectionType.symtab && table === null) table = elf.section(index)
    else if (type === sectionType.symtabShndx && extended === null) extended = elf.section(index)
  }
  if (table === null || !inFile(elf, table) || table.link >= elf.sectionCount) return null
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
function symbolSection(elf: Elf, table: SymbolTable, index: number): number {
  const at = table.start + index * table.entry
  const section = elf.u16(at + (elf.bits === 64 ? 6 : 14))
  if (section !== sectionIndex.extended) return section
  if (table.extended === null || (index + 1) * 4 > table.extended.size) return sectionIndex.undefined
  return elf.u32(table.extended.offset + index * 4)
}

function symbolValue(elf: Elf, table: SymbolTable, index: number): number {
  const at = table.start + index * table.entry
  if (elf.bits === 32) return elf.u32(at + 4)
  const high = elf.u32(at + (elf.little ? 12 : 8))
  return high * 0x100000000 + elf.u32(at + (elf.little ? 8 : 12))
}

/**
 * The CRC that a `__crc_NAME` symbol stands for: its absolute value (up to 5.18), or the word that it labels: in `.rodata`
 * (MODULE_REL_CRCS, 4.11 to 5.18) or in `__kcrctab` (from 5.19 on).
 */
function crcOf(elf: Elf, table: SymbolTable, index: number): number | null {
  const section = symbolSection(elf, table, index)
  const value = symbolValue(elf, table, index)
  if (section === sectionIndex.absolute) return value % 0x100000000
  if (section === sectionIndex.undefined || section >= elf.sectionCount) return null
  const home = elf.section(section)
  if (!inFile(elf, home) || value + 4 > home.size) return null
  return elf.u32(home.offset + value)
}

/** A symbol whose name starts with a given prefix: the rest of its name, and its index in the table. */
interface Label {
  readonly name: string
  readonly index: number
}

/** The symbols whose names start with `prefix` (`__` and more), in the order of the table. */
function labels(elf: Elf, table: SymbolTable, prefix: Uint8Array): Label[] {
  const out: Label[] = []
  const { bytes } = elf
  const third = prefix[2]
  for (let index = 1; index < table.count; index++) {
    const name = table.namesStart + elf.u32(table.start + index * table.entry)
    // Nearly all others are passed over by one byte.
    if (name + prefix.length >= table.namesEnd || bytes[name + 2] !== third) continue
    if (!matchesAt(bytes, name, prefix)) continue
    if (out.length === byteLimits.symbolCrcs) throw tooMany('exports')
    out.push({ name: cString(bytes, name + prefix.length, table.namesEnd, byteLimits.nameBytes), index })
  }
  return out
}

/** Names of the entries of one export table by the `__ksymtab_NAME` symbols that label them, in the order of the entries. */
function byLabels(elf: Elf, table: SymbolTable, found: readonly Label[], home: ElfSection): string[] {
  return found
    .filter((label) => symbolSection(elf, table, label.index) === home.index)
    .map((label) => ({ name: label.name, value: symbolValue(elf, table, label.index) }))
    .sort((a, b) => a.value - b.value)
    .map((label) => label.name)
}

/**
 * Names by the relocations of an export table that point into `__ksymtab_strings`, in the order of the entries: what is
 * left when local symbols were stripped.
 */
function byRelocations(elf: Elf, table: SymbolTable, home: ElfSection, strings: ElfSection): string[] {
  const found: { at: number; name: string }[] = []
  const relocations = relocationsOf(elf, home)
  if (relocations === null || !inFile(elf, relocations)) return []
  const wide = elf.bits === 64
  const addends = relocations.type === sectionType.rela
  const entry = (wide ? 16 : 8) + (addends ? (wide ? 8 : 4) : 0)
  for (let at = relocations.offset; at + entry <= relocations.offset + relocations.size; at += entry) {
    const target = wide ? elf.u32(at + (elf.little ? 0 : 4)) : elf.u32(at)
    const symbol = wide ? elf.u32(at + (elf.little ? 12 : 8)) : elf.u32(at + 4) >>> 8
    if (symbol === 0 || symbol >= table.count) continue
    if (symbolSection(elf, table, symbol) !== strings.index) continue
    let addend = 0
    if (addends) addend = elf.u32(at + (wide ? (elf.little ? 16 : 20) : 8))
    else if (target + 4 <= home.size) addend = elf.u32(home.offset + target)
    const offset = symbolValue(elf, table, symbol) + addend
    if (offset >= strings.size) continue
    const end = strings.offset + strings.size
    const name = cString(elf.bytes, strings.offset + offset, end, byteLimits.nameBytes)
    // A namespace is a string too; the empty one is the most common, and the name comes first in each entry.
    if (name !== '') found.push({ at: target, name })
    if (found.length > byteLimits.symbolCrcs) throw tooMany('exports')
  }
  found.sort((a, b) => a.at - b.at)
  return namesOfEntries(found, home.size)
}

/** Keeps the first string of each entry: 12 bytes (three self-relative words), else three, else two pointers. */
function namesOfEntries(found: readonly { at: number; name: string }[], size: number): string[] {
  for (const entry of [12, 8, 24, 16]) {
    const count = size / entry
    if (!Number.isInteger(count)) continue
    const names: string[] = []
    let last = -1
    for (const { at, name } of found) {
      const index = Math.floor(at / entry)
      if (index === last) continue
      if (index !== last + 1) break
      names.push(name)
      last = index
    }
    if (names.length === count) return names
  }
  return []
}

/** The first section of relocations for another section; null if it has none. */
function relocationsOf(elf: Elf, home: ElfSection): ElfSection | null {
  for (let index = 1; index < elf.sectionCount; index++) {
    const type = elf.sectionType(index)
    if (type !== sectionType.rela && type !== sectionType.rel) continue
    const section = elf.section(index)
    if (section.info === home.index) return section
  }
  return null
}

/**
 * A table of CRCs whose words can be taken by position: one plain word for each of `count` entries, none of which a
 * relocation would have to fill in.
 */
function plainCrcs(elf: Elf, table: ElfSection | null, count: number): ElfSection | null {
  const plain = table !== null && table.size === count * 4 && inFile(elf, table)
  return plain && relocationsOf(elf, table) === null ? table : null
}

/**
 * What a module exports, in the order of its tables: names from the `__ksymtab_NAME` labels, or from relocations where
 * labels were stripped. A CRC is the word at the same position, as the kernel takes it, or, where relocations would fill
 * that in (up to 5.18), from the symbol `__crc_NAME`; null where there is none (no modversions). Throws `limit-exceeded`
 * for more symbols than `byteLimits` allows.
 */
export function readExports(elf: Elf): ModuleExports {
  const homes: { entries: ElfSection; crcs: ElfSection | null }[] = []
  for (const table of tables) {
    const entries = elf.find(table.entries)
    if (entries === null || entries.size === 0) continue
    homes.push({ entries, crcs: elf.find(table.crcs) })
  }
  if (homes.length === 0) return { symbols: [], unnamed: false }
  const table = symbolTable(elf)
  if (table === null) return { symbols: [], unnamed: true }
  const entryLabels = labels(elf, table, ksymtabPrefix)
  const strings = elf.find(stringsName)
  let crcSymbols: Map<string, number> | null = null
  const symbols: SymbolCrc[] = []
  let unnamed = false
  for (const { entries, crcs } of homes) {
    let names = byLabels(elf, table, entryLabels, entries)
    if (names.length === 0 && strings !== null && inFile(elf, strings))
      names = byRelocations(elf, table, entries, strings)
    if (names.length === 0) unnamed = true
    const plain = plainCrcs(elf, crcs, names.length)
    if (plain === null && crcs !== null)
      crcSymbols ??= new Map(labels(elf, table, crcPrefix).map(({ name, index }) => [name, index]))
    names.forEach((name, index) => {
      const symbol = crcSymbols?.get(name)
      if (plain !== null) symbols.push({ name, crc: elf.u32(plain.offset + index * 4) })
      else symbols.push({ name, crc: symbol === undefined ? null : crcOf(elf, table, symbol) })
    })
  }
  return { symbols, unnamed }
}
