import { brotliDecompressSync } from 'node:zlib'
import type { ModuleTerms } from '@basedrift/artifacts'
import { FieldReader, OutOfBytes } from '../bytes.js'
import { CheckError } from '../errors.js'
import type { Provides } from '../provides.js'
import {
  type LoadModule,
  type ModuleIds,
  type ModulePlace,
  type NamePool,
  noPooledSymbols,
  type OwnModule,
  onlySymbols,
  type PooledSymbols,
  symbolBits,
  type VersionTable,
} from '../pure/index.js'
import {
  headBytes,
  joinedProvides,
  kernelBits,
  lackings,
  magic,
  moduleBits,
  modulelessProvides,
  providesCodec,
  symbolsCodec,
  termlessModules,
  termlessProvides,
} from './format.js'

/** Versions of what a kernel gives that are read besides the newest. */
const olderProvides: ReadonlySet<number> = new Set([joinedProvides, termlessProvides, modulelessProvides])

/** Bounds of what a reader takes. */
const limits = { inflatedBytes: 256 * 2 ** 20, symbols: 2 ** 26 } as const

/** A module's symbols as they are stored; its vermagic and its place are in the manifest. */
export type StoredModule = Omit<LoadModule, 'vermagic' | keyof ModulePlace> & {
  readonly btfIds: ModuleIds | null
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
    const count = this.count()
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
    const count = this.count()
    this.#left -= count
    if (this.#left < 0) throw new OutOfBytes()
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
    for (let left = this.count(); left > 0; left--) {
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
    return { license, namespaces: Array.from({ length: this.count() }, () => this.text()) }
  }

  /** How many follow, of which each takes a byte at least. */
  count(): number {
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
    return Array.from({ length: reader.count() }, () => {
      const has = reader.fields.u8()
      const structSize = has & moduleBits.structSize ? reader.fields.varint() : null
      const btfIds = has & moduleBits.btfIds ? idsOf(JSON.parse(reader.text())) : null
      const extendedVersions = tableOf(has, moduleBits.extendedVersions, moduleBits.extendedUnreadable)
      return {
        basicVersions: tableOf(has, moduleBits.basicVersions, moduleBits.basicUnreadable),
        extendedVersions,
        flagTable: (has & moduleBits.flagTable) !== 0,
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
