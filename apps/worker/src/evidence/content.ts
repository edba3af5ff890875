import { open } from 'node:fs/promises'
import { constants, gunzipSync } from 'node:zlib'
import type { ArtifactKind, Failure } from '@basedrift/ledger'
import { workerErrorCodes } from '../errors.js'

/** Bytes at the start of a file that are looked at. */
const headBytes = 4096

/** A file that begins with these bytes at that offset is no text. */
const marks: readonly (readonly [what: string, at: number, bytes: string])[] = [
  ['an ELF file', 0, '\x7fELF'],
  ['a .deb or another ar archive', 0, '!<arch>\n'],
  ['an RPM package', 0, '\xed\xab\xee\xdb'],
  ['a cpio archive', 0, '070701'],
  ['a cpio archive', 0, '070702'],
  ['a zip archive', 0, 'PK\x03\x04'],
  ['a squashfs image', 0, 'hsqs'],
  ['a kernel image', 0x202, 'HdrS'],
  ['a kernel image', 0x38, 'ARM\x64'],
  ['an EFI zboot image', 4, 'zimg'],
  ['raw BTF', 0, '\x9f\xeb\x01'],
  ['raw BTF', 0, '\xeb\x9f\x01'],
]

/** Compressions that no log, config or provenance has; exports may have the first two. */
const packings: readonly (readonly [what: string, bytes: string])[] = [
  ['an xz file', '\xfd7zXZ\0'],
  ['a zstd file', '\x28\xb5\x2f\xfd'],
  ['a bzip2 file', 'BZh'],
  ['an lz4 file', '\x04\x22\x4d\x18'],
  ['an lzip file', 'LZIP'],
]

const hasAt = (head: Buffer, at: number, bytes: string) =>
  head.subarray(at, at + bytes.length).equals(Buffer.from(bytes, 'latin1'))

/** A tar header by its sum: the oldest ones have no other mark. */
function isTar(head: Buffer): boolean {
  if (head.length < 512 || head[0] === 0) return false
  const said = Number.parseInt(head.toString('latin1', 148, 156).replace(/\0/g, ' ').trim(), 8)
  let sum = 8 * 0x20
  for (let at = 0; at < 512; at++) if (at < 148 || at >= 156) sum += head[at]!
  return said === sum
}

/** The start of what is in a gzip file; of what is cut or damaged, nothing. */
function inflated(head: Buffer): Buffer {
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 64 * headBytes })
  } catch {
    return Buffer.alloc(0)
  }
}

function packageIn(head: Buffer, kind: ArtifactKind): string | null {
  const found = marks.find(([, at, bytes]) => hasAt(head, at, bytes))
  if (found !== undefined) return found[0]
  if (isTar(head)) return 'a tar archive'
  const packed = kind === 'symvers' ? undefined : packings.find(([, bytes]) => hasAt(head, 0, bytes))
  return packed?.[0] ?? null
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/**
 * What is wrong with evidence that begins as a package, a kernel, a module or an archive does: nobody looks at what is in it, so that one
 * wrong word in a hook would hide modules.
 */
export async function contentProblems(
  path: string,
  filename: string,
  kind: ArtifactKind,
): Promise<Failure[]> {
  if (kind === 'package') return []
  const head = await headOf(path)
  const isGzip = hasAt(head, 0, '\x1f\x8b')
  const what = packageIn(isGzip ? inflated(head) : head, kind)
  if (what === null) return []
  const message = `It came as ${kind}, and begins as ${what} does. ${workerErrorCodes['kind-contradicted']}`
  return [{ code: 'kind-contradicted', file: filename, at: 0, message }]
}
