import { cString } from './binary.js'
import { ArtifactError, problem } from './errors.js'
import { byteLimits } from './limits.js'
import type { FileIdentity } from './module.js'
import { SymbolListWriter, symbolFlags } from './symbol-list.js'
import { nameEnd } from './symbol-table.js'
import type { Problem, SymversFacts } from './types.js'

const tab = 9
const newline = 10
const carriageReturn = 13

/** Fields of a line that are looked at. */
const mostFields = 6

/**
 * Reads a `Module.symvers` (`symvers.gz` decompressed): a line for each export, `CRC<tab>NAME<tab>MODULE<tab>EXPORT_…`, from
 * 5.7 on with the namespace after it, from 5.4 to 5.6 before the module (scripts/mod/modpost.c, `write_dump`). `vmlinux` is
 * the kernel itself. Where every CRC is 0 the build had no modversions, and there are none. Lines that are no export are
 * reported as `symvers-malformed`, with the first of them, and left out. Throws `symvers-malformed` where there is no other line,
 * and `limit-exceeded`.
 */
export function readSymvers(
  bytes: Uint8Array,
  identity: FileIdentity,
): { symvers: SymversFacts; problems: Problem[] } {
  const { file } = identity
  const found: Line[] = []
  let badLines = 0
  let firstBad = 0
  let line = 0
  for (let at = 0; at < bytes.length; ) {
    const nextLine = bytes.indexOf(newline, at)
    const end = nextLine < 0 ? bytes.length : nextLine
    line++
    const entry = end > at ? readLine(bytes, at, end) : null
    if (entry !== null) found.push(entry)
    else if (end > at) {
      badLines++
      if (firstBad === 0) firstBad = line
    }
    if (found.length > byteLimits.symversLines || badLines > byteLimits.symversLines)
      throw new ArtifactError('limit-exceeded', `line ${line}`, 'It has too many lines')
    at = end + 1
  }
  if (found.length === 0)
    throw new ArtifactError('symvers-malformed', firstBad === 0 ? null : `line ${firstBad}`)
  const versioned = found.some(({ crc }) => crc !== 0)
  const symbols = new SymbolListWriter()
  for (const { start, end, crc, flags, space } of found)
    symbols.add(bytes, start, end, versioned ? crc : null, flags, space)
  const problems =
    badLines === 0
      ? []
      : [problem('symvers-malformed', file, `line ${firstBad}`, `${badLines} lines are no exports`)]
  const release = symversRelease(file)
  return { symvers: { type: 'symvers', ...identity, release, exports: symbols.take() }, problems }
}

/** An export: where its name stands, its namespace or ``. */
interface Line {
  readonly start: number
  readonly end: number
  readonly crc: number
  readonly flags: number
  readonly space: string
}

function readLine(bytes: Uint8Array, start: number, end: number): Line | null {
  const fields = [start]
  for (let at = start; at < end && fields.length < mostFields; at++)
    if (bytes[at] === tab) fields.push(at + 1)
  const crc = readCrc(bytes, start, (fields[1] ?? start) - 1)
  if (crc === null || fields.length < 4) return null
  const [, name, third, fourth, fifth, sixth] = fields as [number, number, number, number, number?, number?]
  const fourthIsKind = isKind(bytes, fourth)
  if (!fourthIsKind && (fifth === undefined || !isKind(bytes, fifth))) return null
  if (third - 1 === name || third - 1 - name > byteLimits.nameBytes) return null
  const [module, kind] = fourthIsKind ? [third, fourth] : [fourth, fifth!]
  const [from, to] = fourthIsKind
    ? [fifth ?? end, sixth === undefined ? end : sixth - 1]
    : [third, fourth - 1]
  const flags =
    (isVmlinux(bytes, module) ? 0 : symbolFlags.ofModule) |
    (isGplOnly(bytes, kind, end) ? symbolFlags.gplOnly : 0)
  return { start: name, end: third - 1, crc, flags, space: cString(bytes, from, to, byteLimits.nameBytes) }
}

/** `0x` and eight digits. */
function readCrc(bytes: Uint8Array, start: number, end: number): number | null {
  if (end - start !== 10 || bytes[start] !== 0x30 || bytes[start + 1] !== 0x78) return null
  let value = 0
  for (let at = start + 2; at < end; at++) {
    const byte = bytes[at]!
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1
    if (digit < 0) return null
    value = value * 16 + digit
  }
  return value
}

function isKind(bytes: Uint8Array, at: number): boolean {
  return has(bytes, at, kindStart) && nameEnd(bytes, at, bytes.length) > at
}
const kindStart = [...'EXPORT_'].map((char) => char.charCodeAt(0))
const vmlinux = [...'vmlinux\t'].map((char) => char.charCodeAt(0))

const gplOnly = [...'EXPORT_SYMBOL_GPL'].map((char) => char.charCodeAt(0))

function isGplOnly(bytes: Uint8Array, at: number, end: number): boolean {
  const after = at + gplOnly.length
  return has(bytes, at, gplOnly) && (after >= end || bytes[after] === tab || bytes[after] === carriageReturn)
}

function isVmlinux(bytes: Uint8Array, at: number): boolean {
  return has(bytes, at, vmlinux)
}

function has(bytes: Uint8Array, at: number, wanted: readonly number[]): boolean {
  return wanted.every((byte, index) => bytes[at + index] === byte)
}

/**
 * The release that a symvers file is of, by its path: `boot/symvers-REL.gz`, `lib/modules/REL/…`,
 * `usr/src/linux-headers-REL/Module.symvers`, `usr/src/kernels/REL/Module.symvers`,
 * `usr/src/linux-REL-obj/ARCH/FLAVOR/Module.symvers`. null for other paths.
 */
export function symversRelease(path: string): string | null {
  const inner = path.slice(path.lastIndexOf('!') + 1)
  const folder =
    /(?:^|\/)(?:lib\/modules|usr\/src\/kernels)\/(\d[^/]*)\//.exec(inner) ??
    /(?:^|\/)usr\/src\/linux-headers-(\d[^/]*)\//.exec(inner)
  if (folder !== null) return folder[1]!
  const object = /(?:^|\/)usr\/src\/linux-(\d[^/]*)-obj\/[^/]+\/([^/]+)\//.exec(inner)
  if (object !== null) return `${object[1]}-${object[2]}`
  const named = /(?:^|\/)symvers-(\d[^/]*)$/.exec(inner)
  return named === null ? null : named[1]!.replace(/\.(?:gz|xz|zst)$/, '')
}
