import { ascii, cString, matchesAt } from './binary.js'
import { type Elf, type ElfSection, sectionIndex, sectionType } from './elf.js'
import type { ArtifactErrorCode } from './errors.js'
import { byteLimits } from './limits.js'
import { type SymbolList, SymbolListWriter, symbolFlags } from './symbol-list.js'
import { nameEnd, type SymbolTable, symbolSection, tooMany } from './symbol-table.js'

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
export interface Imports {
  readonly symbols: SymbolList
  /** Whether there is a `__versions`: kernels then leave the release out of vermagic (`same_magic`). */
  readonly basicVersions: boolean
}

/** Tells of what cannot be used: code, where, and what was seen. */
export type Report = (code: ArtifactErrorCode, at: string, detail?: string) => void

/**
 * `__versions`: records of 64 bytes, an `unsigned long` CRC and a NUL-padded name (8 + 56 bytes, 4 + 60 on 32 bit). The
 * CRC is the low word of the long.
 */
function readBasic(elf: Elf, section: ElfSection): Versions | null {
  const count = section.size / 64
  if (!Number.isInteger(count) || count > byteLimits.symbolCrcs) return null
  const first = elf.bits / 8
  const low = elf.bits === 64 && !elf.little ? 4 : 0
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  const crcs = new Uint32Array(count)
  for (let index = 0; index < count; index++) {
    const at = section.offset + index * 64
    starts[index] = at + first
    ends[index] = nameEnd(elf.bytes, at + first, at + 64)
    crcs[index] = elf.u32(at + low)
  }
  return { starts, ends, crcs }
}

/** `__version_ext_crcs` (u32 each) with `__version_ext_names` (NUL-terminated, in the same order), from 6.14 on. */
function readExtended(elf: Elf, crcSection: ElfSection, names: ElfSection): Versions | null {
  const count = crcSection.size / 4
  if (!Number.isInteger(count) || count > byteLimits.symbolCrcs) return null
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

/** A section whose content can be used; a compressed one is reported. */
export function usable(elf: Elf, name: Uint8Array, report: Report): ElfSection | null {
  const section = elf.find(name)
  if (section === null || section.type === sectionType.nobits) return null
  if (!section.compressed) return section
  report('section-compressed', elf.sectionName(section.index))
  return null
}

/** The table that the kernel goes by: the extended one alone where there is one (`check_version`). */
function readVersions(elf: Elf, basic: ElfSection | null, report: Report): Versions | null {
  const crcs = usable(elf, extendedCrcsName, report)
  const names = usable(elf, extendedNamesName, report)
  if (crcs !== null && names !== null) {
    const extended = readExtended(elf, crcs, names)
    if (extended !== null) return extended
    report('versions-malformed', '__version_ext_names', 'Names and CRCs do not pair')
  }
  if (basic === null) return null
  const versions = readBasic(elf, basic)
  if (versions === null)
    report('versions-malformed', '__versions', `${basic.size} bytes are not records of 64`)
  return versions
}

/** Finds the version of a name: the tables are made in the order of the symbols, so that the next entry nearly always has it. */
class VersionFinder {
  readonly #bytes: Uint8Array
  readonly #versions: Versions
  #byName: Map<string, number> | null = null
  #last = -1

  constructor(bytes: Uint8Array, versions: Versions) {
    this.#bytes = bytes
    this.#versions = versions
  }

  /** Index of the first entry of the name that starts at `start`, and has a NUL before `end`; -1 where there is none. */
  find(start: number, end: number): number {
    if (this.#is(this.#last + 1, start)) return ++this.#last
    if (this.#is(this.#last - 1, start)) return --this.#last
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
 * What a module imports: its undefined symbols, each with the CRC that its version table has for it, and `module_layout`,
 * which every kernel with modversions compares first (`check_modstruct_version`). Without a symbol table, which no module
 * loads without, the entries of the version table.
 */
export function readImports(elf: Elf, table: SymbolTable | null, report: Report): Imports {
  const basic = usable(elf, versionsName, report)
  const versions = readVersions(elf, basic, report)
  const symbols = new SymbolListWriter()
  if (table === null) {
    for (let index = 0; versions !== null && index < versions.crcs.length; index++)
      symbols.add(elf.bytes, versions.starts[index]!, versions.ends[index]!, versions.crcs[index]!)
  } else undefinedSymbols(elf, table, versions, symbols)
  return { symbols: symbols.take(), basicVersions: basic !== null }
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
    const start = table.namesStart + view.getUint32(at, little)
    if (start >= table.namesEnd || bytes[start] === 0) continue
    const version = finder === null ? -1 : finder.find(start, table.namesEnd)
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
