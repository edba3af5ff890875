import { ArtifactError } from '../bytes/errors.js'
import type { Limits } from '../limits.js'
import type { ByteReader } from '../source/reader.js'
import { Member, shownPath } from './member.js'

const headerBytes = 60

function field(header: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...header.subarray(from, to)).trimEnd()
}

/**
 * The members of an ar archive in the common form that dpkg writes (deb(5), ar(5)): a magic of 8 bytes, then for each member
 * a header of 60 and the content, padded to an even size. Names beyond 16 bytes do not occur in a .deb.
 * Throws `archive-malformed` and `archive-truncated`.
 */
export async function* arMembers(reader: ByteReader, limits: Limits): AsyncGenerator<Member> {
  const magic = await reader.take(8, 'the magic of an ar archive')
  if (String.fromCharCode(...magic) !== '!<arch>\n') {
    throw new ArtifactError('archive-malformed', '0', 'This is not an ar archive')
  }
  for (let count = 0; await reader.fill(1); count++) {
    if (count >= limits.members)
      throw new ArtifactError('limit-exceeded', 'members', 'The archive has too many members')
    const at = String(reader.offset)
    const header = await reader.take(headerBytes, 'the header of a member')
    if (header[58] !== 0x60 || header[59] !== 0x0a) {
      throw new ArtifactError('archive-malformed', at, 'The header of a member does not end as it should')
    }
    const digits = field(header, 48, 58)
    if (!/^[0-9]{1,10}$/.test(digits)) {
      throw new ArtifactError('archive-malformed', at, 'The size of a member is not a number')
    }
    const size = Number(digits)
    const member = new Member(shownPath(field(header, 0, 16).replace(/\/$/, '')), size, reader)
    yield member
    await member.skip()
    if (size % 2 === 1 && (await reader.fill(1))) await reader.skip(1, 'the padding of a member')
  }
}
