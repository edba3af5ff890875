import { ascii, matchesAt } from './binary.js'
import { type Elf, sectionType } from './elf.js'
import { byteLimits } from './limits.js'

const buildIdSection = ascii('.note.gnu.build-id')
const kernelNotes = ascii('.notes')
const ptNote = 4
const ntGnuBuildId = 3

/** Hex digits of bytes. */
export function hex(bytes: Uint8Array): string {
  let out = ''
  for (const byte of bytes) out += byte.toString(16).padStart(2, '0')
  return out
}

/**
 * The description of the first note of this name (with its NUL) and type in `notes`; null if there is none, or it does not
 * lie within.
 */
export function noteIn(
  elf: Elf,
  start: number,
  size: number,
  name: Uint8Array,
  type: number,
): Uint8Array | null {
  const end = start + Math.min(size, byteLimits.noteBytes)
  let at = start
  while (at + noteHeader <= end) {
    const nameSize = elf.u32(at)
    const contentSize = elf.u32(at + 4)
    const nameAt = at + noteHeader
    // Names and descriptions are padded to four bytes in both classes, as the kernel and GNU ld write them.
    const content = nameAt + Math.ceil(nameSize / 4) * 4
    if (content + contentSize > end) return null
    if (nameSize === name.length && elf.u32(at + 8) === type && matchesAt(elf.bytes, nameAt, name))
      return elf.bytes.subarray(content, content + contentSize)
    at = content + Math.ceil(contentSize / 4) * 4
  }
  return null
}
/** n_namesz, n_descsz and n_type. */
const noteHeader = 12

/** The first GNU build id in `notes` as hex; null if there is none. */
function buildIdIn(elf: Elf, start: number, size: number): string | null {
  const id = noteIn(elf, start, size, gnuName, ntGnuBuildId)
  return id !== null && id.length > 0 && id.length <= 64 ? hex(id) : null
}
const gnuName = ascii('GNU\0')

/**
 * The GNU build id as hex: from `.note.gnu.build-id`, from a vmlinux's `.notes`, or from a note segment where there are no
 * sections; null when none holds one. Content outside the file counts as absent.
 */
export function buildId(elf: Elf): string | null {
  for (const name of [buildIdSection, kernelNotes]) {
    const section = elf.find(name)
    if (section === null || section.compressed || section.type === sectionType.nobits) continue
    if (section.offset + section.size > elf.bytes.length) continue
    const id = buildIdIn(elf, section.offset, section.size)
    if (id !== null) return id
  }
  if (elf.sectionCount > 0) return null
  let searched = 0
  for (const segment of elf.segments()) {
    if (segment.type !== ptNote || segment.offset + segment.size > elf.bytes.length) continue
    if (++searched > byteLimits.noteSegments) return null
    const id = buildIdIn(elf, segment.offset, segment.size)
    if (id !== null) return id
  }
  return null
}
