import { Interner, Key } from '@basedrift/btf'
import { ascii, cString, matchesAt } from './binary.js'
import { type Elf, type ElfSection, sectionIndex, sectionType } from './elf.js'
import type { ArtifactErrorCode } from './errors.js'
import { byteLimits } from './limits.js'
import { noSymbols, type SymbolList, SymbolListWriter, symbolFlags } from './symbol-list.js'
import { nameEnd, type SymbolTable, symbolSection, tooMany } from './symbol-table.js'
import type { LinkFacts, VersionTable } from './types.js'

const versionsName = ascii('__versions')
const extendedCrcsName = ascii('__version_ext_crcs')
const extendedNamesName = ascii('__version_ext_names')
const moduleLayout = ascii('module_layout')
/** Symbols that linkers leave undefined and no kernel looks for (`ignore_undef_symbol`). */
const ignored = ['_GLOBAL_OFFSET_TABLE_', '.TOC.', '_gp_disp'].map(ascii)

/** Entries of a version table: where each name stands in the file, and its CRC. */
interface Versions {
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly crcs: Uint32Array
}

/** What a module asks of the kernel's exports. */
export type Imports = Pick<LinkFacts, 'imports' | 'extendedImports' | 'basicVersions' | 'extendedVersions'>

/** Tells of what cannot be used: code, where, and what was seen. */
export type Report = (code: ArtifactErrorCode, at: string, detail?: string) => void

/**
 * `__versions`: records of 64 bytes, an `unsigned long` CRC and a NUL-padded name (8 + 56 bytes, 4 + 60 on 32 bit). What is
 * left behind the last whole record is not looked at. null where a long is more than 32 bits: `check_version` compares all of
 * it, so that it is no CRC of any export.
 */
function readBasic(elf: Elf, section: ElfSection): Versions | null {
  const count = Math.floor(section.size / 64)
  if (count > byteLimits.symbolCrcs) return null
  const first = elf.bits / 8
  const low = elf.bits === 64 && !elf.little ? 4 : 0
  const high = elf.bits === 32 ? null : 4 - low
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  const crcs = new Uint32Array(count)
  for (let index = 0; index < count; index++) {
    const at = section.offset + index * 64
    starts[index] = at + first
    ends[index] = nameEnd(elf.bytes, at + first, at + 64)
    crcs[index] = elf.u32(at + low)
    if (high !== null && elf.u32(at + high) !== 0) return null
  }
  return { starts, ends, crcs }
}

/**
 * `__version_ext_crcs` (u32 each, whole ones) with `__version_ext_names` (NUL-terminated, in the same order). null where names are
 * missing (`elf_validity_cache_index_versions`).
 */
function readExtended(elf: Elf, crcSection: ElfSection, names: ElfSection): Versions | null {
  const count = Math.floor(crcSection.size / 4)
  if (count > byteLimits.symbolCrcs) return null
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  const crcs = new Uint32Array(count)
  const end = names.offset + names.size
  let at = names.offset
  for (let index = 0; index < count; index++) {
    const nul = elf.bytes.indexOf(0, at)
    if (nul < 0 || nul >= end) return null
    starts[index] = at
    ends[index] = nul
    crcs[index] = elf.u32(crcSection.offset + index * 4)
    at = nul + 1
  }
  return { starts, ends, crcs }
}

/** A section that the kernel finds (`find_sec`) and whose content can be used; a compressed one is reported. */
export function usable(elf: Elf, name: Uint8Array, report: Report): ElfSection | null {
  const section = elf.findAllocated(name)
  if (section === null || section.type === sectionType.nobits) return null
  if (!section.compressed) return section
  report('section-compressed', elf.sectionName(section.index))
  return null
}

/** A version table, and what was found of it. */
interface Table {
  readonly is: VersionTable
  readonly versions: Versions | null
}

/** `__versions`. */
function basicTable(elf: Elf, report: Report): Table {
  if (elf.findAllocated(versionsName) === null) return { is: 'absent', versions: null }
  const section = usable(elf, versionsName, report)
  const versions = section === null ? null : readBasic(elf, section)
  if (section !== null && (versions === null || section.size % 64 !== 0))
    report(
      'versions-malformed',
      '__versions',
      `${section.size} bytes are not records of 64 with CRCs of 32 bits`,
    )
  return { is: versions === null ? 'unreadable' : 'read', versions }
}

/** The extended versions: a kernel that knows them refuses a module that has one of the two sections alone. */
function extendedTable(elf: Elf, report: Report): Table {
  const sections = [extendedCrcsName, extendedNamesName]
  const missing = sections.filter((name) => elf.findAllocated(name) === null)
  if (missing.length === sections.length) return { is: 'absent', versions: null }
  const crcs = usable(elf, extendedCrcsName, report)
  const names = usable(elf, extendedNamesName, report)
  const both = crcs !== null && names !== null
  const versions = both ? readExtended(elf, crcs, names) : null
  if (missing.length > 0 || (both && versions === null))
    report('versions-malformed', '__version_ext_names', 'Names and CRCs do not pair')
  return { is: versions === null ? 'unreadable' : 'read', versions }
}

/** Whether no name stands twice. */
function areDistinct(bytes: Uint8Array, { starts, ends }: Versions): boolean {
  const names = new Interner()
  const key = new Key()
  for (let index = 0; index < starts.length; index++) {
    key.clear()
    key.pushBytes(bytes, starts[index]!, ends[index]!)
    names.intern(key)
  }
  return names.size === starts.length
}

/** Finds the version of a name: the tables are made in the order of the symbols, so that the next entry nearly always has it. */
class VersionFinder {
  readonly #bytes: Uint8Array
  readonly #versions: Versions
  #byName: Map<string, number> | null = null
  #last = -1
  /** Whether the entry that has a name is the only one. */
  readonly #areDistinct: boolean

  constructor(bytes: Uint8Array, versions: Versions) {
    this.#bytes = bytes
    this.#versions = versions
    this.#areDistinct = areDistinct(bytes, versions)
  }

  /** Index of the first entry of the name that starts at `start`, and has a NUL before `end`; -1 where there is none. */
  find(start: number, end: number): number {
    if (this.#areDistinct && this.#is(this.#last + 1, start)) return ++this.#last
    if (this.#areDistinct && this.#is(this.#last - 1, start)) return --this.#last
    this.#byName ??= this.#index()
    const found = this.#byName.get(cString(this.#bytes, start, end, byteLimits.nameBytes))
    if (found === undefined) return -1
    this.#last = found
    return found
  }

  #is(index: number, start: number): boolean {
    const { starts, ends } = this.#versions
    if (index < 0 || index >= starts.length) return false
    const bytes = this.#bytes
    const end = ends[index]!
    let at = start
    for (let to = starts[index]!; to < end; to++, at++) if (bytes[at] !== bytes[to]) return false
    return bytes[at] === 0
  }

  #index(): Map<string, number> {
    const byName = new Map<string, number>()
    const { starts, ends } = this.#versions
    for (let index = starts.length - 1; index >= 0; index--)
      byName.set(cString(this.#bytes, starts[index]!, ends[index]!, byteLimits.nameBytes), index)
    return byName
  }
}

/**
 * What a module imports: its undefined symbols, each with the CRC that a version table has for it, and `module_layout`,
 * which every kernel with modversions compares first (`check_modstruct_version`). Without a symbol table, which no module
 * loads without, the entries of the version table. Of entries of one name the first counts, as in `check_version`.
 */
export function readImports(elf: Elf, table: SymbolTable | null, report: Report): Imports {
  const basic = basicTable(elf, report)
  const extended = extendedTable(elf, report)
  return {
    imports: importsBy(elf, table, basic.versions),
    extendedImports: extended.versions === null ? noSymbols : importsBy(elf, table, extended.versions),
    basicVersions: basic.is,
    extendedVersions: extended.is,
  }
}

/** The imports with the CRCs of one version table. */
function importsBy(elf: Elf, table: SymbolTable | null, versions: Versions | null): SymbolList {
  const symbols = new SymbolListWriter()
  if (table === null) {
    for (let index = 0; versions !== null && index < versions.crcs.length; index++)
      symbols.add(elf.bytes, versions.starts[index]!, versions.ends[index]!, versions.crcs[index]!)
  } else undefinedSymbols(elf, table, versions, symbols)
  return symbols.take()
}

function undefinedSymbols(
  elf: Elf,
  table: SymbolTable,
  versions: Versions | null,
  out: SymbolListWriter,
): void {
  const { bytes, view, little } = elf
  const finder = versions === null ? null : new VersionFinder(bytes, versions)
  if (versions !== null && finder !== null) {
    const layout = layoutVersion(bytes, versions)
    if (layout >= 0) out.add(bytes, versions.starts[layout]!, versions.ends[layout]!, versions.crcs[layout]!)
  }
  const sectionAt = elf.bits === 64 ? 6 : 14
  const infoAt = elf.bits === 64 ? 4 : 12
  for (let index = 1; index < table.count; index++) {
    const at = table.start + index * table.entry
    const section = view.getUint16(at + sectionAt, little)
    if (section !== sectionIndex.undefined && section !== sectionIndex.extended) continue
    if (symbolSection(elf, table, index) !== sectionIndex.undefined) continue
    // The kernel looks for one without a name too, and finds none.
    const start = Math.min(table.namesStart + view.getUint32(at, little), table.namesEnd)
    const version = finder === null || start === table.namesEnd ? -1 : finder.find(start, table.namesEnd)
    const end =
      version < 0
        ? nameEnd(bytes, start, table.namesEnd)
        : start + versions!.ends[version]! - versions!.starts[version]!
    if (version < 0 && isIgnored(bytes, start, end)) continue
    if (out.length === byteLimits.symbolCrcs) throw tooMany('imports')
    const weak = bytes[at + infoAt]! >>> 4 === 2
    out.add(bytes, start, end, version < 0 ? null : versions!.crcs[version]!, weak ? symbolFlags.weak : 0)
  }
}

function layoutVersion(bytes: Uint8Array, { starts, ends }: Versions): number {
  for (let index = 0; index < starts.length; index++) {
    const start = starts[index]!
    if (ends[index]! - start === moduleLayout.length && matchesAt(bytes, start, moduleLayout)) return index
  }
  return -1
}

function isIgnored(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start]
  if (first !== 0x5f && first !== 0x2e) return false
  return ignored.some((name) => name.length === end - start && matchesAt(bytes, start, name))
}
