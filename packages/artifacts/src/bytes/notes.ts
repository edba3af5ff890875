import { ascii } from './binary.js'
import { type Elf, sectionType } from './elf.js'
import { byteLimits } from './limits.js'

const buildIdSection = ascii('.note.gnu.build-id')
const kernelNotes = ascii('.notes')
const ptNote = 4
const ntGnuBuildId = 3

/** Hex digits of bytes. */
function hex(bytes: Uint8Array): string {
  let out = ''
  for (const byte of bytes) out += byte.toString(16).padStart(2, '0')
  return out
}

/** The description of the first GNU build-id note (name `GNU`, type 3) in `notes`, as hex; null if there is none. */
function buildIdIn(elf: Elf, start: number, size: number): string | null {
  const end = start + Math.min(size, byteLimits.noteBytes)
  let at = start
  while (at + 12 <= end) {
    const nameSize = elf.u32(at)
    const idSize = elf.u32(at + 4)
    const type = elf.u32(at + 8)
    const name = at + 12
    // Names and descriptions are padded to four bytes in both classes, as the kernel and GNU ld write them.
    const description = name + Math.ceil(nameSize / 4) * 4
    if (description + idSize > end) return null
    const isGnu =
      nameSize === 4 &&
      elf.bytes[name] === 0x47 &&
      elf.bytes[name + 1] === 0x4e &&
      elf.bytes[name + 2] === 0x55 &&
      elf.bytes[name + 3] === 0
    if (isGnu && type === ntGnuBuildId && idSize > 0 && idSize <= 64)
      return hex(elf.bytes.subarray(description, description + idSize))
    at = description + Math.ceil(idSize / 4) * 4
  }
  return null
}

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
