import { brotliCompressSync, constants } from 'node:zlib'
import type { LinkFacts, ModuleTerms } from '@basedrift/artifacts'
import { FieldWriter } from '../bytes.js'
import type { Provides } from '../provides.js'
import { type NamedSymbols, NamePool, type PooledSymbols, symbolBits } from '../pure/index.js'
import { headBytes, kernelBits, lackings, magic, moduleBits, providesCodec, symbolsCodec } from './format.js'

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
      (basicVersions === 'absent' ? 0 : moduleBits.basicVersions) |
        (basicVersions === 'unreadable' ? moduleBits.basicUnreadable : 0) |
        (extendedVersions === 'absent' ? 0 : moduleBits.extendedVersions) |
        (extendedVersions === 'unreadable' ? moduleBits.extendedUnreadable : 0) |
        (flagTable ? moduleBits.flagTable : 0) |
        (structSize === null ? 0 : moduleBits.structSize) |
        (btfIds === null ? 0 : moduleBits.btfIds),
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
