import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'
import type { ByteReader } from '../source/reader.js'
import { Member, shownPath } from './member.js'

const text = new TextDecoder()
const trailer = 'TRAILER!!!'
const regular = 0o100000

/** A file as an RPM's header lists it, for the form of cpio that leaves paths and sizes to that header. */
export interface ListedFile {
  readonly path: string
  readonly size: number
  readonly mode: number
  /** More than 1 where its content may be with another file. */
  readonly links: number
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
 * Links, devices and directories are passed over; of hard links, which share one content, all but the last are empty and
 * are passed over too. After the last member the reader stands behind the trailer.
 */
export async function* cpioMembers(
  reader: ByteReader,
  limits: Limits,
  listed: readonly ListedFile[] = [],
): AsyncGenerator<Member> {
  const start = reader.offset
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
      if (path === trailer) return
      file = { path, size: hex(header, 48, at), mode: hex(header, 8, at), links: hex(header, 32, at) }
    } else {
      throw new ArtifactError('archive-malformed', at, 'This is not a cpio header')
    }
    await pad(reader, start)
    const member = new Member(shownPath(file.path), file.size, reader)
    if ((file.mode & 0o170000) === regular && !(file.links > 1 && file.size === 0)) yield member
    await member.skip()
    await pad(reader, start)
  }
}
