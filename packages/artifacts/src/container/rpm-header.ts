import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'
import type { ByteReader } from '../source/reader.js'
import type { ListedFile } from './cpio.js'

/** The tags that are looked at (rpm, `rpmtag.h`). */
export const rpmTag = {
  sha256Header: 273,
  sha3Header: 279,
  fileSizes: 1028,
  fileModes: 1030,
  fileDevices: 1095,
  fileInodes: 1096,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  payloadFormat: 1124,
  longFileSizes: 5008,
  payloadSha256: 5092,
  payloadDigestAlgorithm: 5093,
  rpmFormat: 5114,
  payloadSha512: 5121,
  payloadSha3: 5123,
} as const

const prologueBytes = 16
const entryBytes = 16
const text = new TextDecoder()

/** Bytes of one element of the types that have a fixed size: CHAR, INT8, INT16, INT32, INT64, and BIN. */
const elementBytes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1 }

/** A header of an RPM: an index of tags, and a store that they point into. Everything is big endian. */
export class RpmHeader {
  readonly #view: DataView
  readonly #entries: number
  readonly #store: number

  /** `bytes` is the whole header: prologue, index and store; as long as its prologue says. */
  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#entries = this.#view.getUint32(8)
    this.#store = prologueBytes + this.#entries * entryBytes
  }

  /** Where a tag's value lies. Null when the header does not have the tag. */
  #find(tag: number): { type: number; at: number; count: number } | null {
    for (let i = 0; i < this.#entries; i++) {
      const entry = prologueBytes + i * entryBytes
      if (this.#view.getUint32(entry) !== tag) continue
      const type = this.#view.getUint32(entry + 4)
      const at = this.#store + this.#view.getUint32(entry + 8)
      const count = this.#view.getUint32(entry + 12)
      if (at + count * (elementBytes[type] ?? 1) > this.bytes.length) {
        throw new ArtifactError(
          'archive-malformed',
          `tag ${tag}`,
          'A tag of the RPM header reaches beyond its store',
        )
      }
      return { type, at, count }
    }
    return null
  }

  /** The numbers of a tag; null when the header does not have it. Throws `archive-malformed`. */
  numbers(tag: number): number[] | null {
    const found = this.#find(tag)
    if (found === null) return null
    const { type, at, count } = found
    const size = elementBytes[type]
    if (size === undefined || type === 7) {
      throw new ArtifactError('archive-malformed', `tag ${tag}`, 'A tag of the RPM header is not of numbers')
    }
    return Array.from({ length: count }, (_, i) => {
      const place = at + i * size
      if (size === 8) return Number(this.#view.getBigUint64(place))
      if (size === 4) return this.#view.getUint32(place)
      return size === 2 ? this.#view.getUint16(place) : this.bytes[place]!
    })
  }

  /** The first number of a tag; null when there is none. */
  number(tag: number): number | null {
    return this.numbers(tag)?.[0] ?? null
  }

  /** The strings of a tag (STRING, STRING_ARRAY, I18NSTRING); null when the header does not have it. Throws `archive-malformed`. */
  strings(tag: number): string[] | null {
    const found = this.#find(tag)
    if (found === null) return null
    if (found.type !== 6 && found.type !== 8 && found.type !== 9) {
      throw new ArtifactError('archive-malformed', `tag ${tag}`, 'A tag of the RPM header is not of strings')
    }
    const strings: string[] = []
    let at = found.at
    for (let i = 0; i < (found.type === 6 ? 1 : found.count); i++) {
      const end = this.bytes.indexOf(0, at)
      if (end < 0)
        throw new ArtifactError('archive-malformed', `tag ${tag}`, 'A string of the RPM header does not end')
      strings.push(text.decode(this.bytes.subarray(at, end)))
      at = end + 1
    }
    return strings
  }

  /** The first string of a tag; null when there is none. */
  string(tag: number): string | null {
    return this.strings(tag)?.[0] ?? null
  }
}

/** Reads a header: magic, counts, index and store, each within its limit. `what` names it in errors. */
export async function readRpmHeader(reader: ByteReader, limits: Limits, what: string): Promise<RpmHeader> {
  const at = String(reader.offset)
  await reader.fill(prologueBytes)
  const prologue = reader.peek(prologueBytes)
  if (prologue.length < prologueBytes) throw reader.truncated(what)
  const view = new DataView(prologue.buffer, prologue.byteOffset, prologueBytes)
  if (view.getUint32(0) !== 0x8eade801) {
    throw new ArtifactError('archive-malformed', at, `The magic of ${what} is missing`)
  }
  const entries = view.getUint32(8)
  const store = view.getUint32(12)
  if (entries > limits.rpmIndexEntries || store > limits.rpmStoreBytes) {
    throw new ArtifactError('limit-exceeded', at, `${what} has ${entries} entries and ${store} bytes`)
  }
  return new RpmHeader(await reader.take(prologueBytes + entries * entryBytes + store, what))
}

/**
 * The files that a header lists, in its order, as the payload stores them: of files that share an inode only the last has
 * content. Empty for a package without files. Throws `archive-malformed` when the lists do not agree.
 */
export function listedFiles(header: RpmHeader): ListedFile[] {
  const names = header.strings(rpmTag.baseNames)
  if (names === null) return []
  const folders = header.strings(rpmTag.dirNames) ?? []
  const indexes = header.numbers(rpmTag.dirIndexes) ?? []
  const modes = header.numbers(rpmTag.fileModes) ?? []
  const sizes = header.numbers(rpmTag.longFileSizes) ?? header.numbers(rpmTag.fileSizes) ?? []
  const inodes = header.numbers(rpmTag.fileInodes) ?? []
  const devices = header.numbers(rpmTag.fileDevices) ?? []
  const last = new Map<string, number>()
  inodes.forEach((inode, i) => {
    last.set(`${devices[i]}:${inode}`, i)
  })
  return names.map((name, i) => {
    const folder = folders[indexes[i] ?? -1]
    const mode = modes[i]
    const size = sizes[i]
    if (folder === undefined || mode === undefined || size === undefined || !Number.isSafeInteger(size)) {
      throw new ArtifactError(
        'archive-malformed',
        `file ${i}`,
        'The file lists of the RPM header do not agree',
      )
    }
    const type = mode & 0o170000
    const key = `${devices[i]}:${inodes[i]}`
    const shared = type === 0o100000 && inodes[i] !== undefined && last.get(key) !== i
    const stored = (type === 0o100000 && !shared) || type === 0o120000
    return { path: folder + name, size: stored ? size : 0, mode, links: shared ? 2 : 1, inode: key }
  })
}
