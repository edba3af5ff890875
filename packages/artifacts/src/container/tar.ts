import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'
import type { ByteReader } from '../source/reader.js'
import { Member, shownPath, type UnreadMember } from './member.js'

const block = 512
const text = new TextDecoder()

/** Does a header's checksum agree with it? Both sums are in use: of unsigned bytes, and of signed ones in old archives. */
function checksumAgrees(header: Uint8Array): boolean {
  let unsigned = 8 * 0x20
  let signed = unsigned
  for (let i = 0; i < block; i++) {
    if (i === 148) i = 156
    const byte = header[i]!
    unsigned += byte
    signed += byte < 128 ? byte : byte - 256
  }
  const stored = number(header, 148, 8)
  return stored === unsigned || stored === signed
}

/** A numeric field: octal digits between blanks, or base 256 (GNU) when the top bit is set. NaN when it is neither. */
function number(header: Uint8Array, from: number, length: number): number {
  const first = header[from]!
  if (first >= 0x80) {
    let value = first === 0x80 ? 0 : Number.NaN
    for (let i = from + 1; i < from + length; i++) value = value * 256 + header[i]!
    return Number.isSafeInteger(value) ? value : Number.NaN
  }
  let i = from
  const end = from + length
  while (i < end && header[i] === 0x20) i++
  let value = 0
  for (; i < end && header[i] !== 0 && header[i] !== 0x20; i++) {
    const digit = header[i]! - 0x30
    if (digit < 0 || digit > 7) return Number.NaN
    value = value * 8 + digit
  }
  return value
}

function string(bytes: Uint8Array, from: number, length: number): string {
  const end = bytes.subarray(from, from + length).indexOf(0)
  return text.decode(bytes.subarray(from, end < 0 ? from + length : from + end))
}

/** The header as a path: in POSIX's ustar a prefix stands before the name, in GNU's form it does not. */
function headerPath(header: Uint8Array): string {
  const name = string(header, 0, 100)
  const posix = string(header, 257, 8) === 'ustar'
  const prefix = posix ? string(header, 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** pax records, `LENGTH KEY=VALUE\n` each (POSIX pax, extended header). */
function paxRecords(bytes: Uint8Array, at: string): Map<string, string> {
  const records = new Map<string, string>()
  for (let i = 0; i < bytes.length; ) {
    const space = bytes.indexOf(0x20, i)
    const digits = space < 0 || space - i > 10 ? '' : text.decode(bytes.subarray(i, space))
    const end = i + Number(digits)
    const equals = bytes.indexOf(0x3d, space)
    if (
      !/^[0-9]+$/.test(digits) ||
      end > bytes.length ||
      equals < 0 ||
      equals >= end ||
      bytes[end - 1] !== 0x0a
    ) {
      throw new ArtifactError('archive-malformed', at, 'A pax record breaks its form')
    }
    records.set(
      text.decode(bytes.subarray(space + 1, equals)),
      text.decode(bytes.subarray(equals + 1, end - 1)),
    )
    i = end
  }
  return records
}

/** What extended headers say about the member after them. */
interface Extended {
  path: string | undefined
  target: string | undefined
  size: number | undefined
  sparse: boolean
}

function extendedBy(records: Map<string, string>, at: string, into: Extended): void {
  into.path = records.get('path') ?? into.path
  into.target = records.get('linkpath') ?? into.target
  const size = records.get('size')
  if (size !== undefined) {
    if (!/^[0-9]{1,16}$/.test(size) || !Number.isSafeInteger(Number(size))) {
      throw new ArtifactError('archive-malformed', at, 'The size of a member is not a number')
    }
    into.size = Number(size)
  }
  for (const key of records.keys()) if (key.startsWith('GNU.sparse.')) into.sparse = true
}

const nothing: Extended = { path: undefined, target: undefined, size: undefined, sparse: false }

/** Types of devices and pipes. */
const special = '346'
/**
 * Types that are no files: directories, and GNU's names of volumes, lists of directories and parts of what began on
 * another volume. A type that nobody knows is a regular file to those who unpack (POSIX, pax: typeflag).
 */
const noFiles = '5DMNV'

/**
 * The regular files of a tar: ustar, GNU (long names, base-256 sizes) and pax. Directories and what else has no
 * content are passed over; sparse files, devices, pipes and links are only named. The checksum of every header is checked, and an archive that
 * ends without its end mark is `archive-truncated`, since otherwise a cut between two members would go unseen.
 * After the last member the reader stands behind the end mark.
 */
export async function* tarMembers(reader: ByteReader, limits: Limits): AsyncGenerator<Member | UnreadMember> {
  let extended = { ...nothing }
  for (let count = 0; ; ) {
    const at = String(reader.offset)
    const header = await reader.take(block, 'a tar, before its end mark')
    if (header[0] === 0 && header.every((byte) => byte === 0)) return
    if (!checksumAgrees(header)) {
      throw new ArtifactError('archive-malformed', at, 'The checksum of a tar header does not agree with it')
    }
    const type = String.fromCharCode(header[156]!)
    const ownSize = number(header, 124, 12)
    if (Number.isNaN(ownSize)) {
      throw new ArtifactError('archive-malformed', at, 'The size of a member is not a number')
    }
    if (++count > limits.members) {
      throw new ArtifactError('limit-exceeded', 'members', 'The archive has too many members')
    }
    if ('LKxg'.includes(type)) {
      if (ownSize > limits.tarHeaderBytes) {
        throw new ArtifactError('limit-exceeded', at, `An extended header has ${ownSize} bytes`)
      }
      const content = await reader.take(ownSize, 'an extended header')
      if (type === 'L') extended.path = string(content, 0, ownSize)
      if (type === 'K') extended.target = string(content, 0, ownSize)
      if (type === 'x') extendedBy(paxRecords(content, at), at, extended)
      await pad(reader, ownSize)
      continue
    }
    // A hard link has no content, whatever its size says (GNU tar reads it so too).
    const size = type === '1' ? 0 : (extended.size ?? ownSize)
    const path = shownPath(extended.path ?? headerPath(header))
    const sparse = extended.sparse || type === 'S'
    const target = extended.target ?? string(header, 157, 100)
    extended = { ...nothing }
    if (path.length > limits.nameBytes) {
      throw new ArtifactError('limit-exceeded', at, `The path of a member has ${path.length} characters`)
    }
    if (type === 'S') await sparseHeaders(reader, header)
    const member = new Member(path, size, reader)
    if (type === '1' || type === '2')
      yield type === '1'
        ? { unread: path, why: 'hard-link', target: shownPath(target) }
        : { unread: path, why: 'symbolic-link', target }
    else if (sparse) yield { unread: path, why: 'sparse' }
    else if (special.includes(type)) yield { unread: path, why: 'special' }
    else if (!noFiles.includes(type) && !path.endsWith('/')) yield member
    await member.skip()
    await pad(reader, size)
  }
}

async function pad(reader: ByteReader, size: number): Promise<void> {
  const over = size % block
  if (over > 0) await reader.skip(block - over, 'the padding of a member')
}

/** Passes over the further headers of a sparse file in GNU's old form. */
async function sparseHeaders(reader: ByteReader, header: Uint8Array): Promise<void> {
  let more = header[482] !== 0
  while (more) more = (await reader.take(block, 'the map of a sparse file'))[504] !== 0
}
