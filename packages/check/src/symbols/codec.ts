import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import type { LinkFacts, ModuleTerms } from '@basedrift/artifacts'
import { FieldReader, FieldWriter, OutOfBytes } from '../bytes.js'
import { CheckError } from '../errors.js'
import type { Provides } from '../provides.js'
import {
  type LoadModule,
  type ModuleIds,
  type ModulePlace,
  type NamedSymbols,
  NamePool,
  noPooledSymbols,
  type OwnModule,
  onlySymbols,
  type PooledSymbols,
  symbolBits,
  type VersionTable,
} from '../pure/index.js'

/**
 * The symbols of a build, in two files of one form: what its modules import and export, and what its kernel gives to modules.
 * The 7 bytes `BDSYMBL` and a version, 4 or of a kernel 6, then a Brotli stream. In it, numbers as LEB128: the number of names, then length and
 * bytes of each; for each name the flags (1 byte) and the CRC (4 bytes, where the flags say that there is one) with which it
 * comes first; then the content. A list of symbols is its length and, for each, twice its name's number, plus 1 where flags or CRC
 * are other than those that the name came with first: they follow then.
 *
 * Content of the modules, in the order of the manifest: their number, and for each a byte (1: `__versions`, 2: `__kflagstab`,
 * 4: the size of `struct module` follows, 8: the ids of `.BTF_ids` follow as length and JSON, 16: `__versions` cannot be read,
 * 32: extended versions, 64: these cannot be read), the `e_machine` plus 1 or 0, what it lacks (1: symbols, 2:
 * `.gnu.linkonce.this_module`, 0: nothing), what is known of its terms (0: nothing, 1: it has no license, 2: its license follows; then how many
 * namespaces it imports, and each), imports, the imports with their extended versions where these can be read, and
 * exports. Content of a kernel: a byte (1: vermagic follows as length and UTF-8; 2: modversions are known, 4: it has them; 8: its
 * exports follow; 16: whether modules load by force is known, 32: they do; 64: whether namespaces need not be imported is known,
 * 128: they need not), its `e_machine` plus 1 or 0, its exports, those of its modules, and these themselves: their number plus 1, or 0 where
 * no more is known of them; of each its name, and two lists without namespaces: its exports that others of them import, and what it imports of them. Behind a list of exports stands how many of them are in
 * a namespace, and for each its place in the list and the namespace. Texts are their length and UTF-8.
 *
 * Version 5 of a kernel did not tell its modules one by one. Version 3 of the modules and 4 of a kernel had no terms, nor what exports are for: nothing is concluded of that. Version 1 did not tell what could not be read, and 2 not what a module lacks: nothing is concluded from such files. In 3 what a kernel
 * exports had the lines of each Module.symvers behind what the image tells: it is read as far as no name repeats.
 */
export const symbolsCodec = 4
const termlessModules = 3
const providesCodec = 6
const modulelessProvides = 5
const termlessProvides = 4
const joinedProvides = 3
/** Versions of what a kernel gives that are read besides the newest. */
const olderProvides: ReadonlySet<number> = new Set([joinedProvides, termlessProvides, modulelessProvides])

const magic = Uint8Array.of(0x42, 0x44, 0x53, 0x59, 0x4d, 0x42, 0x4c)

const headBytes = magic.length + 1

/** Bounds of what a reader takes. */
const limits = { inflatedBytes: 256 * 2 ** 20, symbols: 2 ** 26 } as const

/** A module's symbols as they are stored; its vermagic and its place are in the manifest. */
export type StoredModule = Omit<LoadModule, 'vermagic' | keyof ModulePlace> & {
  readonly btfIds: ModuleIds | null
}

const bits = {
  basicVersions: 1,
  flagTable: 2,
  structSize: 4,
  btfIds: 8,
  basicUnreadable: 16,
  extendedVersions: 32,
  extendedUnreadable: 64,
} as const
/** By number: what a module may lack. */
const lackings = [null, 'symbols', 'this-module'] as const
const kernelBits = {
  vermagic: 1,
  modversionsKnown: 2,
  modversions: 4,
  exports: 8,
  forceLoadKnown: 16,
  forceLoad: 32,
  missingNamespacesKnown: 64,
  missingNamespaces: 128,
} as const

/** Collects lists of symbols under one table of names. */
class ListWriter {
  readonly #names: NamePool
  readonly #flags: number[] = []
  readonly #crcs: number[] = []
  readonly content = new FieldWriter()

  constructor(names: NamePool) {
    this.#names = names
  }

  list({ ids, crcs, flags }: PooledSymbols): void {
    const { content } = this
    content.varint(ids.length)
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index]!
      const crc = crcs[index]!
      const own = flags[index]!
      if (this.#flags[id] === undefined) {
        this.#flags[id] = own
        this.#crcs[id] = crc
      }
      const usual = this.#flags[id] === own && this.#crcs[id] === crc
      content.varint(id * 2 + (usual ? 0 : 1))
      if (!usual) putSymbol(content, own, crc)
    }
  }

  exports(list: PooledSymbols): void {
    this.list(list)
    this.content.varint(list.spaces.size)
    for (const [index, space] of list.spaces) {
      this.content.varint(index)
      this.text(space)
    }
  }

  terms(terms: ModuleTerms | null): void {
    this.content.u8(terms === null ? 0 : terms.license === null ? 1 : 2)
    if (terms === null) return
    if (terms.license !== null) this.text(terms.license)
    this.content.varint(terms.namespaces.length)
    for (const space of terms.namespaces) this.text(space)
  }

  text(text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.content.varint(bytes.length)
    this.content.put(bytes)
  }

  finish(version: number): Uint8Array {
    const fields = new FieldWriter()
    fields.varint(this.#names.size)
    for (let id = 0; id < this.#names.size; id++) {
      const bytes = this.#names.bytesOf(id)
      fields.varint(bytes.length)
      fields.put(bytes)
      putSymbol(fields, this.#flags[id] ?? symbolBits.noCrc, this.#crcs[id] ?? 0)
    }
    fields.put(this.content.bytes())
    const packed = brotliCompressSync(fields.bytes(), { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })
    const bytes = new Uint8Array(headBytes + packed.length)
    bytes.set(magic)
    bytes[magic.length] = version
    bytes.set(packed, headBytes)
    return bytes
  }
}

function putSymbol(fields: FieldWriter, flags: number, crc: number): void {
  fields.u8(flags)
  if ((flags & symbolBits.noCrc) === 0) fields.u32(crc)
}

/** Packs the symbols of modules, in their order. */
export function encodeModuleSymbols(modules: Iterable<LinkFacts>): Uint8Array {
  const names = new NamePool()
  const writer = new ListWriter(names)
  const { content } = writer
  const all = [...modules]
  content.varint(all.length)
  const pool = (list: NamedSymbols) => names.pool(list)
  for (const module of all) {
    const { basicVersions, extendedVersions, structSize, flagTable, machine, lacks, btfIds } = module
    content.u8(
      (basicVersions === 'absent' ? 0 : bits.basicVersions) |
        (basicVersions === 'unreadable' ? bits.basicUnreadable : 0) |
        (extendedVersions === 'absent' ? 0 : bits.extendedVersions) |
        (extendedVersions === 'unreadable' ? bits.extendedUnreadable : 0) |
        (flagTable ? bits.flagTable : 0) |
        (structSize === null ? 0 : bits.structSize) |
        (btfIds === null ? 0 : bits.btfIds),
    )
    if (structSize !== null) content.varint(structSize)
    if (btfIds !== null) writer.text(JSON.stringify(btfIds))
    content.varint(machine === null ? 0 : machine + 1)
    content.u8(lackings.indexOf(lacks))
    writer.terms(module.terms)
    writer.list(pool(module.imports))
    if (extendedVersions === 'read') writer.list(pool(module.extendedImports))
    writer.exports(pool(module.exports))
  }
  return writer.finish(symbolsCodec)
}

/** Packs what a kernel gives to modules, whose symbols are numbered by `names`. */
export function encodeProvides(provides: Provides, names: NamePool): Uint8Array {
  const { vermagic, modversions, forceLoad, missingNamespaces, machine, exports, moduleExports, ownModules } =
    provides
  const writer = new ListWriter(names)
  writer.content.u8(
    (vermagic === null ? 0 : kernelBits.vermagic) |
      (modversions === null ? 0 : kernelBits.modversionsKnown) |
      (modversions === true ? kernelBits.modversions : 0) |
      (forceLoad === null ? 0 : kernelBits.forceLoadKnown) |
      (forceLoad === true ? kernelBits.forceLoad : 0) |
      (missingNamespaces === null ? 0 : kernelBits.missingNamespacesKnown) |
      (missingNamespaces === true ? kernelBits.missingNamespaces : 0) |
      (exports === null ? 0 : kernelBits.exports),
  )
  if (vermagic !== null) writer.text(vermagic)
  writer.content.varint(machine === null ? 0 : machine + 1)
  if (exports !== null) writer.exports(exports)
  writer.exports(moduleExports)
  writer.content.varint(ownModules === null ? 0 : ownModules.length + 1)
  for (const own of ownModules ?? []) {
    writer.text(own.name)
    writer.list(own.exports)
    writer.list(own.imports)
  }
  return writer.finish(providesCodec)
}

/** Reads lists of symbols, numbered by a pool that may hold other names already. */
class ListReader {
  readonly fields: FieldReader
  readonly #ids: Uint32Array
  readonly #flags: Uint8Array
  readonly #crcs: Uint32Array
  #left: number = limits.symbols
  /** Whether what exports are for, and terms of modules, are there. */
  readonly #hasTerms: boolean

  constructor(bytes: Uint8Array, version: number, hasTerms: boolean, names: NamePool) {
    this.#hasTerms = hasTerms
    this.fields = new FieldReader(inflate(bytes, version))
    const count = this.fields.varint()
    if (count > this.fields.left) throw new OutOfBytes()
    this.#ids = new Uint32Array(count)
    this.#flags = new Uint8Array(count)
    this.#crcs = new Uint32Array(count)
    for (let nth = 0; nth < count; nth++) {
      const name = this.fields.take(this.fields.varint())
      this.#ids[nth] = names.add(name, 0, name.length)
      this.#symbol(nth, this.#flags, this.#crcs)
    }
  }

  list(): PooledSymbols {
    const count = this.fields.varint()
    this.#left -= count
    if (count > this.fields.left || this.#left < 0) throw new OutOfBytes()
    const found = {
      ids: new Uint32Array(count),
      crcs: new Uint32Array(count),
      flags: new Uint8Array(count),
      spaces: new Map<number, string>(),
    }
    for (let index = 0; index < count; index++) {
      const word = this.fields.varint()
      const id = Math.floor(word / 2)
      if (id >= this.#ids.length) throw new OutOfBytes()
      found.ids[index] = this.#ids[id]!
      if (word % 2 === 1) this.#symbol(index, found.flags, found.crcs)
      else {
        found.flags[index] = this.#flags[id]!
        found.crcs[index] = this.#crcs[id]!
      }
    }
    return found
  }

  exports(): PooledSymbols {
    const found = this.list()
    if (!this.#hasTerms) return found
    const spaces = new Map<number, string>()
    for (let left = this.#count(); left > 0; left--) {
      const index = this.fields.varint()
      if (index >= found.ids.length) throw new OutOfBytes()
      spaces.set(index, this.text())
    }
    return { ...found, spaces }
  }

  terms(): ModuleTerms | null {
    const known = this.#hasTerms ? this.fields.u8() : 0
    if (known === 0) return null
    const license = known === 1 ? null : this.text()
    return { license, namespaces: Array.from({ length: this.#count() }, () => this.text()) }
  }

  /** How many follow, of which each takes a byte at least. */
  #count(): number {
    const count = this.fields.varint()
    if (count > this.fields.left) throw new OutOfBytes()
    return count
  }

  text(): string {
    return new TextDecoder().decode(this.fields.take(this.fields.varint()))
  }

  #symbol(at: number, flags: Uint8Array, crcs: Uint32Array): void {
    flags[at] = this.fields.u8()
    crcs[at] = flags[at]! & symbolBits.noCrc ? 0 : this.fields.u32()
  }
}

/** The version of a file; null of what is none. */
function versionOf(bytes: Uint8Array): number | null {
  return magic.every((byte, at) => bytes[at] === byte) ? (bytes[magic.length] ?? null) : null
}

/** Whether a file is of a version before this one. */
function isOlder(bytes: Uint8Array, current: number): boolean {
  const version = versionOf(bytes)
  return version !== null && version > 0 && version < current
}

function inflate(bytes: Uint8Array, version: number): Uint8Array {
  if (versionOf(bytes) !== version) throw malformed('They start otherwise')
  try {
    return brotliDecompressSync(bytes.subarray(headBytes), { maxOutputLength: limits.inflatedBytes })
  } catch (error) {
    throw malformed(`They cannot be inflated (${error instanceof Error ? error.message : String(error)})`)
  }
}

function tableOf(has: number, there: number, unreadable: number): VersionTable {
  if ((has & there) === 0) return 'absent'
  return has & unreadable ? 'unreadable' : 'read'
}

function machineOf(stored: number): number | null {
  return stored === 0 ? null : stored - 1
}

function lackOf(stored: number): StoredModule['lacks'] {
  const lacks = lackings[stored]
  if (lacks === undefined) throw new TypeError('a lack that is none')
  return lacks
}

/**
 * Reads the symbols of modules, in the order in which they were packed; null where an older version packed them.
 * @throws CheckError `symbols-malformed`
 */
export function decodeModuleSymbols(bytes: Uint8Array, names: NamePool): StoredModule[] | null {
  const version = versionOf(bytes) === termlessModules ? termlessModules : symbolsCodec
  if (isOlder(bytes, version)) return null
  return reading(() => {
    const reader = new ListReader(bytes, version, version === symbolsCodec, names)
    const count = reader.fields.varint()
    if (count > reader.fields.left) throw new OutOfBytes()
    return Array.from({ length: count }, () => {
      const has = reader.fields.u8()
      const structSize = has & bits.structSize ? reader.fields.varint() : null
      const btfIds = has & bits.btfIds ? idsOf(JSON.parse(reader.text())) : null
      const extendedVersions = tableOf(has, bits.extendedVersions, bits.extendedUnreadable)
      return {
        basicVersions: tableOf(has, bits.basicVersions, bits.basicUnreadable),
        extendedVersions,
        flagTable: (has & bits.flagTable) !== 0,
        structSize,
        btfIds,
        machine: machineOf(reader.fields.varint()),
        lacks: lackOf(reader.fields.u8()),
        terms: reader.terms(),
        imports: reader.list(),
        extendedImports: extendedVersions === 'read' ? reader.list() : noPooledSymbols,
        exports: reader.exports(),
      }
    })
  })
}

/**
 * Reads what a kernel gives to modules; null where an older version packed it.
 * @throws CheckError `symbols-malformed`
 */
export function decodeProvides(bytes: Uint8Array, names: NamePool): Provides | null {
  const stored = versionOf(bytes)
  const version = stored !== null && olderProvides.has(stored) ? stored : providesCodec
  if (isOlder(bytes, version)) return null
  return reading(() => {
    const reader = new ListReader(bytes, version, version >= modulelessProvides, names)
    const has = reader.fields.u8()
    const vermagic = has & kernelBits.vermagic ? reader.text() : null
    const machine = machineOf(reader.fields.varint())
    const exports = has & kernelBits.exports ? reader.exports() : null
    const modversions = has & kernelBits.modversionsKnown ? (has & kernelBits.modversions) !== 0 : null
    const forceLoad = has & kernelBits.forceLoadKnown ? (has & kernelBits.forceLoad) !== 0 : null
    const missingNamespaces =
      has & kernelBits.missingNamespacesKnown ? (has & kernelBits.missingNamespaces) !== 0 : null
    const moduleExports = reader.exports()
    const ownModules = version === providesCodec ? ownModulesOf(reader) : null
    const provides = {
      vermagic,
      modversions,
      forceLoad,
      missingNamespaces,
      machine,
      exports,
      moduleExports,
      ownModules,
    }
    return version === joinedProvides ? parted(provides) : provides
  })
}

function ownModulesOf(reader: ListReader): readonly OwnModule[] | null {
  const count = reader.fields.varint() - 1
  if (count > reader.fields.left) throw new OutOfBytes()
  if (count < 0) return null
  return Array.from({ length: count }, () => ({
    name: reader.text(),
    exports: reader.list(),
    imports: reader.list(),
  }))
}

/** What the image and the modules of a kernel told, of what was joined with the lines of each Module.symvers. */
function parted({ exports, moduleExports, ...rest }: Provides): Provides {
  const said = (bits: number) => (bits & symbolBits.ofModule) === 0
  return {
    ...rest,
    exports: exports && untilRepeated(exports),
    moduleExports: moduleExports.flags.some(said) ? onlySymbols(moduleExports, said) : moduleExports,
  }
}

function untilRepeated({ ids, crcs, flags, spaces }: PooledSymbols): PooledSymbols {
  const seen = new Set<number>()
  const end = ids.findIndex((id) => seen.size === seen.add(id).size)
  if (end < 0) return { ids, crcs, flags, spaces }
  return { ids: ids.subarray(0, end), crcs: crcs.subarray(0, end), flags: flags.subarray(0, end), spaces }
}

/** Makes sure that ids have their shape. */
function idsOf(value: unknown): ModuleIds {
  const { complete, sets, list } = value as Partial<ModuleIds>
  const isSymbol = (one: { kind?: unknown; name?: unknown }) =>
    typeof one.kind === 'string' && typeof one.name === 'string'
  const fits =
    typeof complete === 'boolean' &&
    Array.isArray(sets) &&
    Array.isArray(list) &&
    list.every((one) => isSymbol(one) && Number.isInteger(one.id) && Number.isInteger(one.at)) &&
    sets.every(
      (set) =>
        isSymbol(set) &&
        Number.isInteger(set.flags) &&
        Array.isArray(set.ids) &&
        set.ids.every(Number.isInteger) &&
        Array.isArray(set.members) &&
        set.members.every(isSymbol),
    )
  if (!fits) throw new TypeError('ids without their shape')
  return { complete, sets, list }
}

function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof OutOfBytes) throw malformed('They end early')
    if (error instanceof SyntaxError || error instanceof TypeError) throw malformed(error.message)
    throw error
  }
}

function malformed(what: string): CheckError {
  return new CheckError('symbols-malformed', what)
}
