/** Small writers of the formats that the readers read: just enough to make every shape of input in a few lines. */

export interface SectionSpec {
  readonly name: string
  readonly data?: Uint8Array | readonly number[]
  /** `sh_type`; 1 (SHT_PROGBITS) unless given. */
  readonly type?: number
  /** `sh_flags`; SHF_ALLOC for what modules have in memory, unless given. */
  readonly flags?: number
  /** Name of the section that `sh_link` or `sh_info` points to. */
  readonly link?: string
  readonly info?: string
  /** `sh_addr`; 0 unless given. */
  readonly address?: number
  /** Written in place of the true size. */
  readonly claimedSize?: number
}

export interface ElfSpec {
  readonly bits?: 32 | 64
  readonly little?: boolean
  /** `e_type`; 1 (relocatable) unless given. */
  readonly type?: number
  readonly sections: readonly SectionSpec[]
  /** Keep counts and the name table's index in section header 0 even where they fit. */
  readonly extended?: boolean
  readonly segments?: readonly { readonly type: number; readonly data: Uint8Array }[]
}

/** What modules are built with in memory. */
const allocated =
  /^(?:\.modinfo|__versions|__version_ext_\w+|__k\w+tab\w*|\.BTF_ids|\.gnu\.linkonce\.this_module)$/

/** Bytes of an ASCII string, without a NUL. */
export function chars(value: string): Uint8Array {
  return Uint8Array.from(value, (char) => char.charCodeAt(0))
}

/** All parts, one after the other. */
export function join(...parts: readonly (Uint8Array | readonly number[] | string)[]): Uint8Array {
  const arrays = parts.map((part) => (typeof part === 'string' ? chars(part) : Uint8Array.from(part)))
  const out = new Uint8Array(arrays.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of arrays) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Numbers of given sizes (1, 2, 4 or 8 bytes) in one byte order. */
export class Writer {
  readonly #bytes: number[] = []
  readonly little: boolean

  constructor(little: boolean) {
    this.little = little
  }

  int(size: number, value: number): this {
    const digits: number[] = []
    let rest = value < 0 ? value + 2 ** 32 : value
    for (let i = 0; i < size; i++) {
      digits.push(rest % 256)
      rest = Math.floor(rest / 256)
    }
    this.#bytes.push(...(this.little ? digits : digits.reverse()))
    return this
  }

  raw(part: Uint8Array | readonly number[] | string): this {
    for (const byte of typeof part === 'string' ? chars(part) : part) this.#bytes.push(byte)
    return this
  }

  /** A string in a field of `size` bytes, padded with NUL. */
  padded(value: string, size: number): this {
    return this.raw(value).raw(new Uint8Array(size - value.length))
  }

  get length(): number {
    return this.#bytes.length
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}

/** An ELF file: header, segments, section contents, name table, section headers. */
export function writeElf(spec: ElfSpec): Uint8Array {
  const wide = (spec.bits ?? 64) === 64
  const little = spec.little ?? true
  const word = wide ? 8 : 4
  const names: number[] = [0]
  const sections = [...spec.sections, { name: '.shstrtab', type: 3 } as SectionSpec]
  const nameAt = sections.map((section) => {
    const at = names.length
    names.push(...chars(section.name), 0)
    return at
  })
  const segments = spec.segments ?? []
  const headerSize = wide ? 64 : 52
  const segmentSize = wide ? 56 : 32
  const body: number[] = []
  const bodyStart = headerSize + segments.length * segmentSize
  const put = (data: ArrayLike<number>): number => {
    while ((bodyStart + body.length) % 8 !== 0) body.push(0)
    const at = bodyStart + body.length
    for (let i = 0; i < data.length; i++) body.push(data[i]!)
    return at
  }
  const segmentAt = segments.map((segment) => put(segment.data))
  const contents = sections.map((section, index) => {
    const data = index === sections.length - 1 ? names : (section.data ?? [])
    return { at: put(data), size: section.claimedSize ?? data.length }
  })
  const table = put([])
  const count = sections.length + 1
  const extended = spec.extended === true || count >= 0xff00
  const position = (name: string | undefined) =>
    name === undefined ? 0 : sections.findIndex((section) => section.name === name) + 1

  const header = new Writer(little)
  header.raw([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  header
    .int(2, spec.type ?? 1)
    .int(2, 62)
    .int(4, 1)
  header
    .int(word, 0)
    .int(word, segments.length === 0 ? 0 : headerSize)
    .int(word, table)
  header.int(4, 0).int(2, headerSize).int(2, segmentSize)
  header.int(2, extended && segments.length > 0 ? 0xffff : segments.length)
  header.int(2, wide ? 64 : 40)
  header.int(2, extended ? 0 : count).int(2, extended ? 0xffff : count - 1)
  segments.forEach((segment, index) => {
    const at = segmentAt[index]!
    const size = segment.data.length
    if (wide)
      header.int(4, segment.type).int(4, 4).int(8, at).int(8, 0).int(8, 0).int(8, size).int(8, size).int(8, 4)
    else
      header.int(4, segment.type).int(4, at).int(4, 0).int(4, 0).int(4, size).int(4, size).int(4, 4).int(4, 4)
  })

  const headers = new Writer(little)
  const entry = (
    name: number,
    type: number,
    flags: number,
    at: number,
    size: number,
    link: number,
    info: number,
    address = 0,
  ) => {
    headers.int(4, name).int(4, type).int(word, flags).int(word, address).int(word, at).int(word, size)
    headers.int(4, link).int(4, info).int(word, 1).int(word, 0)
  }
  entry(0, 0, 0, 0, extended ? count : 0, extended ? count - 1 : 0, extended ? segments.length : 0)
  sections.forEach((section, index) => {
    const { at, size } = contents[index]!
    entry(
      nameAt[index]!,
      section.type ?? 1,
      section.flags ?? (allocated.test(section.name) ? 2 : 0),
      at,
      size,
      position(section.link),
      position(section.info),
      section.address,
    )
  })
  const out = new Uint8Array(table + headers.length)
  out.set(header.done(), 0)
  out.set(body, bodyStart)
  out.set(headers.done(), table)
  return out
}

/** Both sizes of words, in both byte orders: bits, and whether little endian. */
export const elfForms = [
  [32, true],
  [32, false],
  [64, true],
  [64, false],
] as const

/** A module, as its `struct module` says, which stands behind what else it has. */
export const moduleElf = (spec: ElfSpec): Uint8Array =>
  writeElf({ ...spec, sections: [...spec.sections, { name: '.gnu.linkonce.this_module', data: [0] }] })

/** `.note.gnu.build-id` with this id. */
export function buildIdNote(id: readonly number[], little = true): Uint8Array {
  return new Writer(little).int(4, 4).int(4, id.length).int(4, 3).raw('GNU\0').raw(id).done()
}

/** `__versions` records of a word size and byte order. */
export function versionRecords(
  entries: readonly (readonly [name: string, crc: number])[],
  bits: 32 | 64 = 64,
  little = true,
): Uint8Array {
  const out = new Writer(little)
  for (const [name, crc] of entries) out.int(bits / 8, crc).padded(name, 64 - bits / 8)
  return out.done()
}

/** `st_info` of a symbol without a type (elf.h: STB_GLOBAL, STB_WEAK). */
export const globalSymbol = 0x10
export const weakSymbol = 0x20

export interface SymbolSpec {
  readonly name: string
  readonly value: number
  /** Name of the section it is in, or an index such as 0xfff1 (SHN_ABS). */
  readonly section: string | number
  /** `st_info`; 0 (a local symbol) unless given. */
  readonly info?: number
}

/** `.symtab` and `.strtab` for symbols; `sections` are the names in the order in which they will be written. */
export function symbolSections(
  symbols: readonly SymbolSpec[],
  sections: readonly string[],
  bits: 32 | 64 = 64,
  little = true,
): SectionSpec[] {
  const strings: number[] = [0]
  const table = new Writer(little).raw(new Uint8Array(bits === 64 ? 24 : 16))
  for (const { name, value, section, info = 0 } of symbols) {
    const at = strings.length
    strings.push(...chars(name), 0)
    const home = typeof section === 'number' ? section : sections.indexOf(section) + 1
    if (bits === 64) table.int(4, at).int(1, info).int(1, 0).int(2, home).int(8, value).int(8, 0)
    else table.int(4, at).int(4, value).int(4, 0).int(1, info).int(1, 0).int(2, home)
  }
  return [
    { name: '.symtab', type: 2, data: table.done(), link: '.strtab' },
    { name: '.strtab', type: 3, data: strings },
  ]
}

/** A base BTF with `INT` types `t1` … `tN` and a pointer to the last. */
export function writeBtf(count: number, little = true): Uint8Array {
  const strings: number[] = [0]
  const types = new Writer(little)
  for (let id = 1; id <= count; id++) {
    types.int(4, strings.length).int(4, 0x01000000).int(4, 4).int(4, 32)
    strings.push(...chars(`t${id}`), 0)
  }
  types.int(4, 0).int(4, 0x02000000).int(4, count)
  const header = new Writer(little).int(2, 0xeb9f).int(1, 1).int(1, 0).int(4, 24)
  header.int(4, 0).int(4, types.length).int(4, types.length).int(4, strings.length)
  return join(header.done(), types.done(), strings)
}

/** A bzImage whose setup code has `sectors` sectors, around a payload as it is to stand in the file. */
export function writeBzImage(payload: Uint8Array, kernelVersion = '', sectors = 4): Uint8Array {
  const start = (sectors + 1) * 512
  const out = new Uint8Array(start + 0x20 + payload.length + 16)
  const view = new DataView(out.buffer)
  out[0x1f1] = sectors === 4 ? 0 : sectors
  view.setUint16(0x1fe, 0xaa55, true)
  out.set(chars('HdrS'), 0x202)
  view.setUint16(0x206, 0x20f, true)
  view.setUint16(0x20e, kernelVersion === '' ? 0 : 0x200, true)
  out.set(chars(kernelVersion), 0x400)
  view.setUint32(0x248, 0x20, true)
  view.setUint32(0x24c, payload.length, true)
  out.set(payload, start + 0x20)
  return out
}

/** An EFI zboot image around a payload as it is to stand in the file; `behind` follows it and is not counted. */
export function writeZboot(
  payload: Uint8Array,
  compression: string,
  behind: readonly number[] = [],
): Uint8Array {
  const head = new Writer(true).raw('MZ\0\0zimg').int(4, 0x50).int(4, payload.length).int(8, 0)
  const rest = new Writer(true)
    .padded(compression, 0x38 - 24)
    .int(4, 0x818223cd)
    .int(4, 0x40)
    .raw('PE\0\0')
  return join(head.done(), rest.done(), new Uint8Array(12), payload, behind, new Uint8Array(32))
}

/** LZ4 legacy format, every block stored as literals. */
export function writeLz4Legacy(data: Uint8Array, blockSize = 8 << 20): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x02, 0x21, 0x4c, 0x18)]
  for (let at = 0; at < data.length; at += blockSize) {
    const block = literalBlock(data.subarray(at, at + blockSize))
    parts.push(new Writer(true).int(4, block.length).done(), block)
  }
  return join(...parts)
}

/** One LZ4 block of literals only. */
export function literalBlock(data: Uint8Array): Uint8Array {
  if (data.length < 15) return join([data.length << 4], data)
  const rest = data.length - 15
  return join([0xf0], new Uint8Array(Math.floor(rest / 255)).fill(255), [rest % 255], data)
}

/** A flat arm64 `Image` around this content, or one with the magic of another machine. */
export function writeArm64Image(content: Uint8Array, magic = 'ARMd'): Uint8Array {
  const header = new Uint8Array(64)
  header.set(chars(magic), 0x38)
  return join(header, content)
}

export const banner =
  'Linux version 6.1.0-56-test (builder@example.org) (gcc-12 (Debian 12.2.0) 12.2.0) #1 SMP Debian 6.1.192-2 (2026-01-01)'

export const identity = { file: 'pkg.deb!lib/modules/6.1.0-56-test/kernel/a-b.ko', sha256: 'ab', size: 1 }
