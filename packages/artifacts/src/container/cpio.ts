import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'
import type { ByteReader } from '../source/reader.js'
import { Member, shownPath, type UnreadMember } from './member.js'

const text = new TextDecoder()
const trailer = 'TRAILER!!!'
const regular = 0o100000
const symbolic = 0o120000
const directory = 0o040000

/** A file as an RPM's header lists it, for the form of cpio that leaves paths and sizes to that header. */
export interface ListedFile {
  readonly path: string
  readonly size: number
  readonly mode: number
  /** More than 1 where its content may be with another file. */
  readonly links: number
  /** Device and inode: the same for all names of one file. */
  readonly inode: string
}

/** A field of eight hexadecimal digits. */
function hex(bytes: Uint8Array, from: number, at: string): number {
  const digits = String.fromCharCode(...bytes.subarray(from, from + 8))
  if (!/^[0-9a-fA-F]{8}$/.test(digits)) {
    throw new ArtifactError('archive-malformed', at, 'A field of a cpio header is not a number')
  }
  return Number.parseInt(digits, 16)
}

async function pad(reader: ByteReader, start: number): Promise<void> {
  const over = (reader.offset - start) % 4
  if (over > 0) await reader.skip(4 - over, 'the padding of a member')
}

/**
 * The regular files of a cpio archive in the "new" form, with or without checksums (`070701`, `070702`; cpio(5)), and in the
 * form `07070X` that rpm writes for large packages: there a member has only the index of its entry in `listed`.
 * Directories are passed over, devices, pipes and symbolic links are only named. Of hard links, which share one content, all but the
 * last are empty: these are named once it is known where their content is, or given as empty where there is none. After the last member the reader stands behind the trailer.
 */
export async function* cpioMembers(
  reader: ByteReader,
  limits: Limits,
  listed: readonly ListedFile[] = [],
): AsyncGenerator<Member | UnreadMember> {
  const start = reader.offset
  const empty = new Map<string, string[]>()
  for (let count = 0; ; count++) {
    const at = String(reader.offset)
    const magic = text.decode(await reader.take(6, 'a cpio archive, before its trailer'))
    if (count > limits.members) {
      throw new ArtifactError('limit-exceeded', 'members', 'The archive has too many members')
    }
    let file: ListedFile
    if (magic === '07070X') {
      const index = hex(await reader.take(8, 'the header of a member'), 0, at)
      const entry = listed[index]
      if (entry === undefined) {
        throw new ArtifactError('archive-malformed', at, `The RPM's header lists no file ${index}`)
      }
      file = entry
    } else if (magic === '070701' || magic === '070702') {
      const header = await reader.take(104, 'the header of a member')
      const nameBytes = hex(header, 88, at)
      if (nameBytes > limits.nameBytes) {
        throw new ArtifactError('limit-exceeded', at, `The path of a member has ${nameBytes} bytes`)
      }
      const name = await reader.take(nameBytes, 'the path of a member')
      const end = name.indexOf(0)
      const path = text.decode(end < 0 ? name : name.subarray(0, end))
      if (path === trailer) break
      // ino, devmajor and devminor.
      const inode = [0, 56, 64].map((field) => hex(header, field, at)).join(':')
      file = { path, size: hex(header, 48, at), mode: hex(header, 8, at), links: hex(header, 32, at), inode }
    } else {
      throw new ArtifactError('archive-malformed', at, 'This is not a cpio header')
    }
    await pad(reader, start)
    const path = shownPath(file.path)
    const member = new Member(path, file.size, reader)
    const type = file.mode & 0o170000
    if (type === symbolic && file.size <= limits.nameBytes) {
      yield { unread: path, why: 'symbolic-link', target: text.decode(await member.bytes()) }
    } else if (type === regular) {
      const names = empty.get(file.inode) ?? []
      if (file.links > 1 && file.size === 0) {
        names.push(path)
        empty.set(file.inode, names)
      } else {
        yield member
        empty.delete(file.inode)
        for (const unread of names) yield { unread, why: 'hard-link', target: path }
      }
    } else if (type !== directory && type !== symbolic) yield { unread: path, why: 'special' }
    await member.skip()
    await pad(reader, start)
  }
  for (const names of empty.values()) for (const path of names) yield new Member(path, 0, reader)
}
