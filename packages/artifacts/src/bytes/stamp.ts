import { ascii, viewOf } from './binary.js'
import { type Elf, sectionType } from './elf.js'
import type { SectionChange } from './elf-write.js'
import { ArtifactError } from './errors.js'
import { hex, noteIn } from './notes.js'
import type { Stamp } from './types.js'

/** The section that holds the note. */
const stampSection = '.note.basedrift.origin'

const sectionName = ascii(stampSection)
const noteName = ascii('Basedrift\0')
/** `n_type` of the note. */
const originType = 1
/** The version of the description that is written and read. */
const version = 1
/** Version, SHA-256, types, strings. */
const descriptionBytes = 4 + 32 + 4 + 4
const noteAlign = 4

/**
 * The stamp of a module; null where it has none. An empty section is none.
 * @throws ArtifactError `stamp-malformed`
 */
export function readStamp(elf: Elf): Stamp | null {
  const section = elf.find(sectionName)
  if (section === null || section.type === sectionType.nobits || section.size === 0) return null
  const malformed = (what: string) => new ArtifactError('stamp-malformed', stampSection, what)
  if (section.compressed) throw malformed('The section is compressed')
  if (section.offset + section.size > elf.bytes.length) throw malformed('It ends beyond the file')
  const note = noteIn(elf, section.offset, section.size, noteName, originType)
  if (note === null) throw malformed('It holds no note of that name and type')
  if (note.length < 4) throw malformed(`Its note has ${note.length} bytes`)
  const view = viewOf(note)
  const written = view.getUint32(0, elf.little)
  if (written !== version) throw malformed(`It has version ${written}; known is version ${version}`)
  if (note.length !== descriptionBytes) throw malformed(`Its note has ${note.length} bytes`)
  return {
    sha256: hex(note.subarray(4, 36)),
    types: view.getUint32(36, elf.little),
    strings: view.getUint32(40, elf.little),
  }
}

/** The change that stamps a module of this byte order, or with `null` takes its stamp away. */
export function stampChange(stamp: Stamp | null, little: boolean): SectionChange {
  const content = stamp === null ? new Uint8Array(0) : stampNote(stamp, little)
  return { name: stampSection, content, type: sectionType.note, align: noteAlign }
}

/** The note with its header. */
function stampNote({ sha256, types, strings }: Stamp, little: boolean): Uint8Array {
  const nameEnd = 12 + Math.ceil(noteName.length / noteAlign) * noteAlign
  const bytes = new Uint8Array(nameEnd + descriptionBytes)
  const view = viewOf(bytes)
  view.setUint32(0, noteName.length, little)
  view.setUint32(4, descriptionBytes, little)
  view.setUint32(8, originType, little)
  bytes.set(noteName, 12)
  view.setUint32(nameEnd, version, little)
  for (let at = 0; at < 32; at++) {
    bytes[nameEnd + 4 + at] = Number.parseInt(sha256.slice(at * 2, at * 2 + 2), 16)
  }
  view.setUint32(nameEnd + 36, types, little)
  view.setUint32(nameEnd + 40, strings, little)
  return bytes
}
