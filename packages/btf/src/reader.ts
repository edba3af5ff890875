import { Btf } from './btf.js'
import { BtfError } from './errors.js'
import { readHeader } from './header.js'
import { commonWords, entryWords, fixedWords, lastKind } from './kinds.js'
import { wordsOf } from './words.js'

/**
 * How a record's info word is split up. Kernels before 7.0 have 5 bits of kind and 16 of vlen with reserved zeros around
 * them, later ones 7 bits of kind and 24 of vlen: a superset, so that the wide reading is right unless reserved bits are set.
 */
interface InfoForm {
  readonly kindMask: number
  readonly vlenMask: number
}
const wide: InfoForm = { kindMask: 0x7f, vlenMask: 0xffffff }
const classic: InfoForm = { kindMask: 0x1f, vlenMask: 0xffff }

/** Where a walk over the records stopped; `code` is null where it came to the exact end. */
interface Walk {
  readonly code: 'btf-type' | 'btf-kind' | 'btf-layout' | null
  readonly count: number
  readonly at: number
}

/**
 * Reads BTF for tools: leniently, as to references (any id and any string offset is taken as it is), strictly as to the
 * bytes (every record lies within the type section). Both byte orders, headers of any length; a kind that is not known is
 * skipped by its entry in the layout section. `base` is what a split BTF is read on; it need not be the one it was built on.
 * @throws BtfError where the bytes cannot be walked
 */
export function readBtf(bytes: Uint8Array, base?: Btf): Btf {
  const header = readHeader(bytes)
  if (base !== undefined && base.littleEndian !== header.littleEndian) {
    throw new BtfError('btf-byte-order', 'The split BTF and its base have different byte orders.', 0)
  }
  if (header.strLen > longestStrings) {
    throw new BtfError(
      'btf-section',
      `The strings have ${header.strLen} bytes, more than any kernel reads.`,
      20,
    )
  }
  const typeStart = header.hdrLen + header.typeOff
  const words = wordsOf(bytes, header.typeLen === 0 ? 0 : typeStart, header.typeLen, header.littleEndian)
  const layout = readLayout(bytes, header.hdrLen + header.layoutOff, header.layoutLen)
  let form = wide
  let walk = walkTypes(words, wide, layout, null)
  if (walk.code !== null) {
    const second = walkTypes(words, classic, layout, null)
    if (second.code === null) {
      form = classic
      walk = second
    }
  }
  if (walk.code !== null) throw walkError(walk, typeStart, words, form)
  if (header.typeLen % 4 !== 0) {
    throw new BtfError(
      'btf-type',
      `The type section has ${header.typeLen % 4} bytes after its last whole word.`,
      typeStart + header.typeLen - (header.typeLen % 4),
    )
  }
  const starts = new Uint32Array(walk.count)
  walkTypes(words, form, layout, starts)
  const strStart = header.strLen === 0 ? 0 : header.hdrLen + header.strOff
  const strings = bytes.subarray(strStart, strStart + header.strLen)
  return new Btf(header, words, starts, strings, base ?? null, form.kindMask, form.vlenMask)
}

/** BTF_MAX_NAME_OFFSET + 1: what the format bounds strings to, and so names in memory. */
const longestStrings = 0x1000000

/** The layout section as pairs of words per kind: fixed, then per entry; 255 where the sizes are not whole words. */
function readLayout(bytes: Uint8Array, from: number, length: number): Uint8Array {
  const kinds = Math.min(Math.floor(length / 4), wide.kindMask + 1)
  const sizes = new Uint8Array(kinds * 2)
  for (let kind = 0; kind < kinds; kind++) {
    for (let part = 0; part < 2; part++) {
      const size = bytes[from + kind * 4 + part]!
      sizes[kind * 2 + part] = size % 4 === 0 ? size / 4 : unaligned
    }
  }
  return sizes
}
const unaligned = 255

/** One pass over the records: counts them, and notes where each starts (in words) when `starts` is given. */
function walkTypes(words: Uint32Array, form: InfoForm, layout: Uint8Array, starts: Uint32Array | null): Walk {
  const end = words.length
  let at = 0
  let count = 0
  while (at < end) {
    if (end - at < commonWords) return { code: 'btf-type', count, at }
    const info = words[at + 1]!
    const kind = (info >>> 24) & form.kindMask
    const vlen = info & form.vlenMask
    let size: number
    if (kind !== 0 && kind <= lastKind) {
      size = commonWords + fixedWords[kind]! + vlen * entryWords[kind]!
    } else {
      if (kind === 0 || kind * 2 >= layout.length) return { code: 'btf-kind', count, at }
      const fixed = layout[kind * 2]!
      const entry = layout[kind * 2 + 1]!
      if (fixed === unaligned || entry === unaligned) return { code: 'btf-layout', count, at }
      size = commonWords + fixed + vlen * entry
    }
    if (size > end - at) return { code: 'btf-type', count, at }
    if (starts !== null) starts[count] = at
    at += size
    count++
  }
  return { code: null, count, at }
}

function walkError(walk: Walk, typeStart: number, words: Uint32Array, form: InfoForm): BtfError {
  const nth = `Type ${walk.count + 1} of this BTF`
  const at = typeStart + walk.at * 4
  if (walk.code === 'btf-type')
    return new BtfError('btf-type', `${nth} runs past the end of the type section.`, at)
  const kind = (words[walk.at + 1]! >>> 24) & form.kindMask
  if (walk.code === 'btf-layout') {
    return new BtfError('btf-layout', `${nth} has kind ${kind}, whose layout is not in whole words.`, at)
  }
  return new BtfError('btf-kind', `${nth} has kind ${kind}, which is not known and has no layout entry.`, at)
}
