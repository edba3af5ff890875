import { ascii, cString } from './binary.js'
import { type Elf, type ElfSection, sectionIndex, sectionType } from './elf.js'
import { byteLimits } from './limits.js'
import { noSymbols, type SymbolList, SymbolListWriter, symbolFlags } from './symbol-list.js'
import {
  inFile,
  type Label,
  labels,
  nameEnd,
  type SymbolTable,
  symbolSection,
  symbolTable,
  symbolValue,
  tooMany,
} from './symbol-table.js'

/**
 * Export tables with their CRC tables. From 7.1 on the GPL pair is gone: one table holds all, and `__kflagstab` has a byte for
 * each entry; a GPL table in a module is then ignored (`find_module_sections`).
 */
export const exportTables = [
  { entries: ascii('__ksymtab'), crcs: ascii('__kcrctab'), bytes: ascii('__kflagstab'), flags: 0 },
  {
    entries: ascii('__ksymtab_gpl'),
    crcs: ascii('__kcrctab_gpl'),
    bytes: null,
    flags: symbolFlags.gplTable | symbolFlags.gplOnly,
  },
] as const
export const exportStrings = ascii('__ksymtab_strings')
const ksymtabPrefix = ascii('__ksymtab_')
const crcPrefix = ascii('__crc_')

/** `KSYM_FLAG_GPL_ONLY`, in a byte of `__kflagstab`. */
const gplOnlyBit = 1

/**
 * What `__kflagstab` says of the nth of `count` exports, as `symbolFlags`: nothing where there is none, as before 7.1. null where it is of another
 * size or not in the file, so that nobody can tell which of its bytes is whose.
 */
export function kernelFlags(
  elf: Elf,
  table: ElfSection | null,
  count: number,
): ((nth: number) => number) | null {
  if (table === null) return () => 0
  if (table.size !== count || !inFile(elf, table)) return null
  return (nth) => (elf.bytes[table.offset + nth]! & gplOnlyBit ? symbolFlags.gplOnly : 0)
}

/** What export tables tell, and whether a table was there of which they could not be told. */
export interface Exports {
  readonly symbols: SymbolList
  readonly unreadable: boolean
}

/** A name in the file: `bytes[start, end)`. */
interface Name {
  readonly start: number
  readonly end: number
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

/** Names of the entries of one export table by the `__ksymtab_NAME` symbols that label them, in the order of the entries. */
function byLabels(elf: Elf, table: SymbolTable, found: readonly Label[], home: ElfSection): Name[] {
  return found
    .filter((label) => symbolSection(elf, table, label.index) === home.index)
    .map((label) => ({ start: label.name, value: symbolValue(elf, table, label.index) }))
    .sort((a, b) => a.value - b.value)
    .map(({ start }) => ({ start, end: nameEnd(elf.bytes, start, table.namesEnd) }))
}

/** A string that a field of an export table leads to: its place in the table, and the string. */
interface Pointed {
  readonly at: number
  readonly name: Name
}

/** What the relocations of an export table lead to in `__ksymtab_strings`, in the order of their places. */
function pointed(elf: Elf, table: SymbolTable, home: ElfSection, strings: ElfSection | null): Pointed[] {
  if (strings === null || !inFile(elf, strings)) return []
  const found: Pointed[] = []
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
    const start = strings.offset + offset
    const end = nameEnd(elf.bytes, start, strings.offset + strings.size)
    // The empty namespace is the most common one.
    if (end > start) found.push({ at: target, name: { start, end } })
    if (found.length > byteLimits.symbolCrcs) throw tooMany('exports')
  }
  return found.sort((a, b) => a.at - b.at)
}

/**
 * The namespaces of the entries of an export table, by their place: what the last of three words of an entry leads to (from 5.4 on). Where the
 * entries have another form none is told.
 */
function spacesOf(found: readonly Pointed[], { size }: ElfSection, count: number): Map<number, Name> {
  const entry = size / count
  const word = entry / 3
  if (word !== 4 && word !== 8) return new Map()
  return new Map(
    found.filter(({ at }) => at % entry === 2 * word).map(({ at, name }) => [Math.floor(at / entry), name]),
  )
}

/** The names in an export table where labels were stripped: the first string of each entry, which is 12 bytes (three self-relative words), else three, else two pointers. */
function namesOfEntries(found: readonly Pointed[], size: number): Name[] {
  for (const entry of [12, 8, 24, 16]) {
    const count = size / entry
    if (!Number.isInteger(count)) continue
    const names: Name[] = []
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
 * that in (up to 5.18), from the symbol `__crc_NAME`; none where there is none (no modversions). Throws `limit-exceeded`
 * for more symbols than `byteLimits` allows.
 */
export function readExports(elf: Elf, table: SymbolTable | null = symbolTable(elf)): Exports {
  const homes: { entries: ElfSection; crcs: ElfSection | null; bytes: ElfSection | null; flags: number }[] =
    []
  for (const { entries: name, crcs, bytes, flags } of exportTables) {
    const entries = elf.findAllocated(name)
    if (entries === null || entries.size === 0) continue
    homes.push({
      entries,
      crcs: elf.findAllocated(crcs),
      bytes: bytes === null ? null : elf.findAllocated(bytes),
      flags,
    })
  }
  if (homes.length === 0) return { symbols: noSymbols, unreadable: false }
  if (table === null) return { symbols: noSymbols, unreadable: true }
  const entryLabels = labels(elf, table, ksymtabPrefix)
  const strings = elf.find(exportStrings)
  const symbols = new SymbolListWriter()
  let crcSymbols: Map<string, number> | null = null
  let unreadable = false
  const nameOf = ({ start, end }: Name) => cString(elf.bytes, start, end, byteLimits.nameBytes)
  for (const { entries, crcs, bytes, flags } of homes) {
    const strung = pointed(elf, table, entries, strings)
    let names = byLabels(elf, table, entryLabels, entries)
    if (names.length === 0) names = namesOfEntries(strung, entries.size)
    const spaces = spacesOf(strung, entries, names.length)
    const flagsOf = kernelFlags(elf, bytes, names.length)
    if (names.length === 0 || flagsOf === null) unreadable = true
    const plain = plainCrcs(elf, crcs, names.length)
    if (plain === null && crcs !== null) crcSymbols ??= crcLabels(elf, table, nameOf)
    names.forEach((name, index) => {
      let crc: number | null = null
      if (plain !== null) crc = elf.u32(plain.offset + index * 4)
      else {
        const symbol = crcSymbols?.get(nameOf(name))
        if (symbol !== undefined) crc = crcOf(elf, table, symbol)
      }
      const space = spaces.get(index)
      const bits = flags | (flagsOf?.(index) ?? 0)
      symbols.add(elf.bytes, name.start, name.end, crc, bits, space === undefined ? '' : nameOf(space))
    })
  }
  return { symbols: symbols.take(), unreadable }
}

/** The `__crc_NAME` symbols by NAME. */
function crcLabels(elf: Elf, table: SymbolTable, nameOf: (name: Name) => string): Map<string, number> {
  return new Map(
    labels(elf, table, crcPrefix).map(({ name: start, index }) => [
      nameOf({ start, end: nameEnd(elf.bytes, start, table.namesEnd) }),
      index,
    ]),
  )
}
