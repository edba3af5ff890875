import { cString } from './binary.js'
import { type Elf, type ElfSection, sectionType } from './elf.js'
import { type Exports, exportStrings, exportTables, kernelFlags } from './exports.js'
import { byteLimits } from './limits.js'
import { noSymbols, SymbolListWriter, symbolFlags } from './symbol-list.js'
import { inFile, nameEnd } from './symbol-table.js'

/** The forms of `struct kernel_symbol`: where the name's field stands in an entry of how many bytes, and how it points. */
interface Form {
  readonly entry: number
  readonly name: number
  readonly relative: boolean
}

/**
 * Three self-relative words (HAVE_ARCH_PREL32_RELOCATIONS: x86-64, arm64, s390, ppc64, riscv), else three pointers; value,
 * name, namespace.
 */
function formsOf(elf: Elf): Form[] {
  const word = elf.bits / 8
  return [
    { entry: 12, name: 4, relative: true },
    { entry: word * 3, name: word, relative: false },
  ]
}

/**
 * Where the names of a table stand in the file; null where one of its fields points to no name. (Linkers let a
 * name start within another: `memcpy` in `__memcpy`.) Addresses are compared by their low 32 bits: a kernel lies within less than 4 GiB.
 */
function namesIn(elf: Elf, table: ElfSection, strings: ElfSection, form: Form): Uint32Array | null {
  const count = table.size / form.entry
  if (!Number.isInteger(count) || count > byteLimits.symbolCrcs) return null
  const tableAddress = elf.sectionAddress(table.index)
  const stringsAddress = elf.sectionAddress(strings.index)
  // The low word of a pointer.
  const low = !form.relative && elf.bits === 64 && !elf.little ? 4 : 0
  const starts = new Uint32Array(count)
  for (let index = 0; index < count; index++) {
    const field = index * form.entry + form.name + low
    const value = elf.u32(table.offset + field)
    const address = form.relative ? tableAddress + field + value : value
    const offset = (address - stringsAddress) >>> 0
    if (offset >= strings.size) return null
    if (!isName(elf.bytes, strings.offset + offset, strings.offset + strings.size)) return null
    starts[index] = strings.offset + offset
  }
  return starts
}

/**
 * The namespaces of the entries of a table, which a field behind the name's leads to, the empty one or no place (5.4 to 5.7) being none. One
 * that leads out of the strings is none: nothing is concluded from it.
 */
function spacesIn(elf: Elf, table: ElfSection, strings: ElfSection, { entry, name, relative }: Form) {
  const tableAddress = elf.sectionAddress(table.index)
  const stringsAddress = elf.sectionAddress(strings.index)
  const word = relative ? 4 : elf.bits / 8
  const low = word === 8 && !elf.little ? 4 : 0
  return (index: number): string => {
    const field = index * entry + name + word + low
    const value = elf.u32(table.offset + field)
    const offset = ((relative ? tableAddress + field + value : value) - stringsAddress) >>> 0
    if (value === 0 || offset >= strings.size) return ''
    const end = strings.offset + strings.size
    const start = strings.offset + offset
    return isName(elf.bytes, start, end) ? cString(elf.bytes, start, end, byteLimits.nameBytes) : ''
  }
}

/** Printable bytes without a blank, and at least one. */
function isName(bytes: Uint8Array, start: number, end: number): boolean {
  const stop = nameEnd(bytes, start, end)
  for (let at = start; at < stop; at++) if (bytes[at]! <= 0x20 || bytes[at]! >= 0x7f) return false
  return stop > start
}

/**
 * The CRCs of a table: plain words or, where every word leads from its own place into one section, the words there (up to
 * 5.18 on some architectures: MODULE_REL_CRCS). `absent` in a kernel without modversions.
 */
function crcsOf(elf: Elf, name: Uint8Array, count: number): Uint32Array | 'absent' | 'unreadable' {
  const table = elf.find(name)
  if (table === null) return 'absent'
  if (table.size !== count * 4 || !inFile(elf, table)) return 'unreadable'
  const plain = Uint32Array.from({ length: count }, (_, index) => elf.u32(table.offset + index * 4))
  return followed(elf, table, plain) ?? plain
}

/** Fewer words than this may lead into a section by chance. */
const fewestRelative = 16

function followed(elf: Elf, table: ElfSection, words: Uint32Array): Uint32Array | null {
  if (words.length < fewestRelative) return null
  const address = elf.sectionAddress(table.index)
  for (let index = 1; index < elf.sectionCount; index++) {
    if (elf.sectionType(index) !== sectionType.progbits) continue
    const home = elf.section(index)
    const from = elf.sectionAddress(index)
    if (from === 0 || !inFile(elf, home)) continue
    const offsetOf = (nth: number) => (address + nth * 4 + words[nth]! - from) >>> 0
    if (words.some((_, nth) => offsetOf(nth) + 4 > home.size)) continue
    return words.map((_, nth) => elf.u32(home.offset + offsetOf(nth)))
  }
  return null
}

const unreadable: Exports = { symbols: noSymbols, unreadable: true }

/**
 * What a linked kernel exports, from its own tables: they stay in the image that a bzImage packs, where symbols do not.
 * `unreadable` where there is a table whose names or CRCs cannot be told; no symbols where there is no table.
 */
export function readKernelExports(elf: Elf): Exports {
  const symbols = new SymbolListWriter()
  const strings = elf.find(exportStrings)
  for (const { entries, crcs: crcName, bytes, flags } of exportTables) {
    const table = elf.find(entries)
    if (table === null || table.size === 0) continue
    if (!inFile(elf, table) || strings === null || !inFile(elf, strings)) return unreadable
    let starts: Uint32Array | null = null
    let spaceOf = (_: number) => ''
    for (const form of formsOf(elf)) {
      starts = namesIn(elf, table, strings, form)
      spaceOf = spacesIn(elf, table, strings, form)
      if (starts !== null) break
    }
    if (starts === null) return unreadable
    const crcs = crcsOf(elf, crcName, starts.length)
    if (crcs === 'unreadable') return unreadable
    const flagsOf = kernelFlags(elf, bytes === null ? null : elf.find(bytes), starts.length)
    if (flagsOf === null) return unreadable
    const end = strings.offset + strings.size
    starts.forEach((start, index) => {
      const crc = crcs === 'absent' ? null : crcs[index]!
      const bits = (flags & symbolFlags.gplOnly) | flagsOf(index)
      symbols.add(elf.bytes, start, nameEnd(elf.bytes, start, end), crc, bits, spaceOf(index))
    })
  }
  return { symbols: symbols.take(), unreadable: false }
}
