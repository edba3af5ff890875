import { Finder, viewOf } from './binary.js'
import { byteLimits } from './limits.js'

/** Trailing bytes of each BTF kind (Documentation/bpf/btf.rst): a fixed part, and a part for each of `vlen`. */
const trailing: readonly (readonly [fixed: number, each: number])[] = [
  [0, 0],
  [4, 0], // INT
  [0, 0], // PTR
  [12, 0], // ARRAY
  [0, 12], // STRUCT
  [0, 12], // UNION
  [0, 8], // ENUM
  [0, 0], // FWD
  [0, 0], // TYPEDEF
  [0, 0], // VOLATILE
  [0, 0], // CONST
  [0, 0], // RESTRICT
  [0, 0], // FUNC
  [0, 8], // FUNC_PROTO
  [4, 0], // VAR
  [0, 12], // DATASEC
  [0, 0], // FLOAT
  [4, 0], // DECL_TAG
  [0, 0], // TYPE_TAG
  [0, 12], // ENUM64
]

/** Kinds whose third word is a type id: PTR, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, DECL_TAG, TYPE_TAG. */
const referring = new Set([2, 8, 9, 10, 11, 12, 13, 14, 17, 18])

/** Where the sections of a plausible base BTF lie: file offsets. */
interface Layout {
  readonly types: number
  readonly typesEnd: number
  readonly strings: number
  readonly stringsLength: number
  /** First byte after the BTF, its layout section (32-byte headers) included. */
  readonly end: number
}

/** Reads the header at `start`; null unless both sections are there, apart, in the file, and the strings begin and end with NUL. */
function layoutAt(bytes: Uint8Array, view: DataView, start: number, little: boolean): Layout | null {
  if (start + 24 > bytes.length) return null
  const u32 = (at: number) => view.getUint32(at, little)
  if (view.getUint16(start, little) !== 0xeb9f || bytes[start + 2] !== 1 || bytes[start + 3] !== 0)
    return null
  const header = u32(start + 4)
  if (header < 24 || header > 256 || header % 4 !== 0 || start + header > bytes.length) return null
  const typesLength = u32(start + 12)
  const stringsLength = u32(start + 20)
  if (u32(start + 8) % 4 !== 0 || typesLength < 12 || typesLength % 4 !== 0 || stringsLength < 2) return null
  const types = start + header + u32(start + 8)
  const strings = start + header + u32(start + 16)
  const typesEnd = types + typesLength
  const stringsEnd = strings + stringsLength
  if (Math.max(typesEnd, stringsEnd) > bytes.length || (types < stringsEnd && strings < typesEnd)) return null
  if (bytes[strings] !== 0 || bytes[stringsEnd - 1] !== 0) return null
  const layoutEnd = header >= 32 ? start + header + u32(start + 24) + u32(start + 28) : 0
  const end = Math.max(typesEnd, stringsEnd, layoutEnd <= bytes.length ? layoutEnd : 0)
  return { types, typesEnd, strings, stringsLength, end }
}

/** True when the type section is whole records whose names and direct references stay inside this BTF. */
function standsAlone(view: DataView, layout: Layout, little: boolean): boolean {
  const u32 = (at: number) => view.getUint32(at, little)
  let count = 0
  let highest = 0
  let at = layout.types
  while (at < layout.typesEnd) {
    if (at + 12 > layout.typesEnd || u32(at) >= layout.stringsLength || count === maxTypes) return false
    const info = u32(at + 4)
    const kind = (info >>> 24) & 0x7f
    const shape = trailing[kind]
    if (kind === 0 || shape === undefined) return false
    if (referring.has(kind)) highest = Math.max(highest, u32(at + 8))
    at += 12 + shape[0] + shape[1] * (info & 0xffffff)
    count++
  }
  return at === layout.typesEnd && highest <= count
}

/** BTF_MAX_TYPE: no BTF has more types. */
const maxTypes = 0xfffff

const headers = {
  little: new Finder(Uint8Array.of(0x9f, 0xeb, 1, 0)),
  big: new Finder(Uint8Array.of(0xeb, 0x9f, 1, 0)),
}

/**
 * Finds the base BTF in a flat image by its header. A candidate counts when it stands alone: names and references that stay
 * inside tell a base from a split BTF and from chance. Of several (BTF of embedded BPF programs lies in a kernel too) the
 * longest is taken. A subarray, or null. At most `byteLimits.btfCandidates` candidates are walked through.
 */
export function findBaseBtf(bytes: Uint8Array, little: boolean): Uint8Array | null {
  const finder = little ? headers.little : headers.big
  const view = viewOf(bytes)
  let best: Uint8Array | null = null
  let walked = 0
  let at = finder.find(bytes, 0)
  while (at >= 0 && walked < byteLimits.btfCandidates) {
    const layout = layoutAt(bytes, view, at, little)
    const length = layout === null ? 0 : layout.end - at
    let next = at + 4
    if (layout !== null && length > (best?.length ?? 0)) {
      walked++
      if (standsAlone(view, layout, little)) {
        best = bytes.subarray(at, layout.end)
        next = layout.end
      }
    }
    at = finder.find(bytes, next)
  }
  return best
}
