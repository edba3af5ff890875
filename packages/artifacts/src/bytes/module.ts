import { ascii, cString } from './binary.js'
import { readBtfIds } from './btf-ids.js'
import { type Elf, elfType, readElf, sectionType } from './elf.js'
import { ArtifactError, problem, problemOf } from './errors.js'
import { readExports } from './exports.js'
import { type Report, readImports, usable } from './imports.js'
import { byteLimits } from './limits.js'
import { buildId } from './notes.js'
import { readStamp } from './stamp.js'
import { type SymbolTable, symbolTable } from './symbol-table.js'
import type { ModuleFacts, ModuleLack, ModuleTerms, Problem, Stamp } from './types.js'

const btfName = ascii('.BTF')
const btfBaseName = ascii('.BTF.base')
const modinfoName = ascii('.modinfo')
const thisModuleName = ascii('.gnu.linkonce.this_module')
const flagTableName = ascii('__kflagstab')

/** What the caller knows of a file that it hands in: its path (members after `!`), SHA-256 (hex) and size. */
export interface FileIdentity {
  readonly file: string
  readonly sha256: string
  readonly size: number
}

/** What an ELF file is to this package; `other` covers BPF objects, programs and libraries. */
export type ElfRole = 'module' | 'kernel' | 'other'

/**
 * Tells modules (relocatable, with `.modinfo` or `struct module`) from kernels (linked, not relocatable: ET_EXEC, or ET_DYN
 * where the kernel relocates itself) by content alone. A linked file counts as a kernel when it has a `.BTF` or the
 * kernel's own `__ksymtab` or `.notes`; programs and libraries have neither.
 */
export function elfRole(elf: Elf): ElfRole {
  if (elf.type === elfType.relocatable)
    return elf.find(modinfoName) !== null || elf.find(thisModuleName) !== null ? 'module' : 'other'
  if (elf.type !== elfType.executable && elf.type !== elfType.shared) return 'other'
  return kernelMarks.some((name) => elf.find(name) !== null) ? 'kernel' : 'other'
}
const kernelMarks = ['.BTF', '__ksymtab', '.notes', '__ex_table'].map(ascii)

/**
 * A module's name from its file name: the last part of the path, without `.ko` and a compression suffix, `_` for `-`
 * (as `KBUILD_MODNAME` is made).
 */
export function moduleNameFromPath(path: string): string {
  const last = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('!')) + 1)
  return last
    .replace(/\.(xz|zst|gz|bz2|lz4|lzma|lzo)$/, '')
    .replace(/\.(ko|btf)(\.debug)?$/, '')
    .replaceAll('-', '_')
}

/** The first value of each wanted `.modinfo` key, as the kernel's `get_modinfo` takes it, and all namespaces that it imports. */
function readModinfo(bytes: Uint8Array) {
  let name: string | null = null
  let vermagic: string | null = null
  let srcversion: string | null = null
  let license: string | null = null
  const namespaces: string[] = []
  let at = 0
  while (at < bytes.length) {
    const nul = bytes.indexOf(0, at)
    const end = nul < 0 ? bytes.length : nul
    // Long strings are descriptions and aliases: only the start decides whether a string is looked at.
    if (name === null && startsWith(bytes, at, end, nameKey)) name = value(bytes, at + 5, end)
    else if (vermagic === null && startsWith(bytes, at, end, vermagicKey))
      vermagic = value(bytes, at + 9, end)
    else if (srcversion === null && startsWith(bytes, at, end, srcversionKey))
      srcversion = value(bytes, at + 11, end)
    else if (license === null && startsWith(bytes, at, end, licenseKey)) license = value(bytes, at + 8, end)
    else if (startsWith(bytes, at, end, namespaceKey) && namespaces.length <= byteLimits.namespaces)
      namespaces.push(value(bytes, at + 10, end))
    at = end + 1
  }
  return { name, vermagic, srcversion, license, namespaces }
}
const nameKey = ascii('name=')
const vermagicKey = ascii('vermagic=')
const srcversionKey = ascii('srcversion=')
const licenseKey = ascii('license=')
const namespaceKey = ascii('import_ns=')

/** What is read of them; null where it imports more namespaces than are read. */
function termsOf({ license, namespaces }: ModuleTerms): ModuleTerms | null {
  return namespaces.length > byteLimits.namespaces ? null : { license, namespaces }
}

function startsWith(bytes: Uint8Array, at: number, end: number, key: Uint8Array): boolean {
  if (end - at < key.length || bytes[at] !== key[0]) return false
  for (let i = 1; i < key.length; i++) if (bytes[at + i] !== key[i]) return false
  return true
}

function value(bytes: Uint8Array, at: number, end: number): string {
  return cString(bytes, at, end, byteLimits.nameBytes)
}

/**
 * `.BTF` or `.BTF.base` as the kernel takes it (`any_section_objs`): the bytes where it lies, even where SHF_COMPRESSED says that
 * they are something else, which is reported, or SHT_NOBITS that there are none. Throws `elf-malformed` where such a section is
 * allocated, and the kernel would read zeros in its place.
 */
function btfSection(elf: Elf, name: Uint8Array, report: Report): Uint8Array | null {
  const section = elf.find(name)
  if (section === null) return null
  if (section.compressed) report('section-compressed', elf.sectionName(section.index))
  if (section.type !== sectionType.nobits) return elf.content(section)
  if (section.allocated)
    throw new ArtifactError('elf-malformed', elf.sectionName(section.index), 'It has no content in the file')
  return elf.content({ ...section, type: sectionType.progbits })
}

/** What the file lacks of what no kernel loads a module without (`setup_load_info`), the first that it looks for; null for nothing. */
function lackOf(elf: Elf, symbols: SymbolTable | null): ModuleLack | null {
  if (symbols === null || symbols.count === 0) return 'symbols'
  const section = elf.findAllocated(thisModuleName)
  return section === null || section.type === sectionType.nobits ? 'this-module' : null
}

/** The stamp, or null; one that cannot be used is reported. */
function usableStamp(elf: Elf, file: string, problems: Problem[]): Stamp | null {
  try {
    return readStamp(elf)
  } catch (error) {
    problems.push(problemOf(error, file))
    return null
  }
}

/**
 * Reads a module (`.ko`, uncompressed). Sections are taken by exact name, the first match, BTF whether SHF_ALLOC or not, the
 * others with it alone, as the kernel takes them. `btf` and `distilled` are subarrays of `bytes`: copy them to keep them longer. Throws
 * `elf-malformed`, `elf-truncated`, `elf-unsupported` (not relocatable, or no module and without BTF) or `limit-exceeded`.
 */
export function readModule(
  bytes: Uint8Array,
  identity: FileIdentity,
): { module: ModuleFacts; problems: Problem[] } {
  const elf = readElf(bytes)
  if (elf.type !== elfType.relocatable)
    throw new ArtifactError('elf-unsupported', 'e_type', 'The file is not relocatable, as modules are')
  elf.checkSections()
  const problems: Problem[] = []
  const report: Report = (code, at, detail) => problems.push(problem(code, identity.file, at, detail))
  const modinfo = usable(elf, modinfoName, report)
  const info = readModinfo(modinfo === null ? new Uint8Array(0) : elf.content(modinfo))
  const btf = btfSection(elf, btfName, report)
  // Any other object: nothing in it says that it has no BTF as a module has none.
  if (btf === null && elfRole(elf) !== 'module')
    throw new ArtifactError(
      'elf-unsupported',
      '.modinfo',
      'It has neither .modinfo nor .gnu.linkonce.this_module',
    )
  const distilled = btfSection(elf, btfBaseName, report)
  const symbols = symbolTable(elf)
  const exported = readExports(elf, symbols)
  const imported = readImports(elf, symbols, report)
  if (exported.unreadable) report('exports-unknown', '__ksymtab')
  const module: ModuleFacts = {
    type: 'module',
    name: (info.name ?? moduleNameFromPath(identity.file)).replaceAll('-', '_'),
    file: identity.file,
    sha256: identity.sha256,
    size: identity.size,
    vermagic: info.vermagic,
    srcversion: info.srcversion,
    buildId: buildId(elf),
    btf: btf === null || btf.length === 0 ? null : btf,
    distilled,
    stamp: usableStamp(elf, identity.file, problems),
    ...imported,
    exports: exported.symbols,
    structSize: elf.findAllocated(thisModuleName)?.size ?? null,
    flagTable: elf.findAllocated(flagTableName) !== null,
    machine: elf.machine,
    lacks: lackOf(elf, symbols),
    terms: modinfo === null ? null : termsOf(info),
    btfIds: readBtfIds(elf, symbols, report),
  }
  return { module, problems }
}
