import { btfMagic } from '../header.js'
import type { KernelTraits } from '../traits.js'
import { wordsOf } from '../words.js'
import { type EarlyRefusal, Errno, type Sections } from './blob.js'
import type { KernelReasonCode } from './reasons.js'

/** BTF_MAX_NAME_OFFSET */
export const mostNameOffset = 0xffffff

/** The part of a header without which nothing is read: through hdr_len. */
const headerStart = 8
const longestHeader = 32

const refused = (code: KernelReasonCode, errno: number = Errno.EINVAL): EarlyRefusal => ({ code, errno })

/**
 * Checks the header, the placing of the sections and the string section, in the kernel's order (btf_parse_hdr,
 * btf_check_sec_info, btf_parse_str_sec). The kernel reads its own byte order alone.
 */
export function checkSections(
  bytes: Uint8Array,
  traits: KernelTraits,
  littleEndian: boolean,
  split: boolean,
): Sections | EarlyRefusal {
  const size = bytes.length
  if (size < headerStart) return refused('hdr-len-not-found')
  const hdrLenGiven = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, littleEndian)
  if (size < hdrLenGiven) return refused('btf-header-not-found')
  for (let at = traits.headerSize; at < hdrLenGiven; at++) {
    if (bytes[at] !== 0) return refused('unsupported-btf-header', Errno.E2BIG)
  }
  // The kernel copies as much of the header as it knows and as hdr_len covers; the rest reads as 0, hdr_len itself included.
  const known = new Uint8Array(longestHeader)
  known.set(bytes.subarray(0, Math.min(hdrLenGiven, traits.headerSize)))
  const header = new DataView(known.buffer)
  if (header.getUint16(0, littleEndian) !== btfMagic) return refused('invalid-magic')
  if (known[2] !== 1) return refused('unsupported-version', Errno.ENOTSUPP)
  if (known[3] !== 0) return refused('unsupported-flags', Errno.ENOTSUPP)
  const hdrLen = header.getUint32(4, littleEndian)
  if (!split && size === hdrLen) return refused('no-data')

  const typeOff = header.getUint32(8, littleEndian)
  const typeLen = header.getUint32(12, littleEndian)
  const strOff = header.getUint32(16, littleEndian)
  const strLen = header.getUint32(20, littleEndian)
  const layoutLen = header.getUint32(28, littleEndian)
  const hasLayoutFields = hdrLen >= longestHeader
  const ordered =
    hasLayoutFields && layoutLen !== 0
      ? threeInOrder(typeOff, typeLen, strOff, strLen, header.getUint32(24, littleEndian), layoutLen)
      : twoInOrder(typeOff, typeLen, strOff, strLen)
  const misplaced = checkPlaces(ordered, size - hdrLen)
  if (misplaced !== null) return misplaced

  const strStart = hdrLen + strOff
  if (!hasLayoutFields && strStart + strLen !== size) return refused('string-section-not-at-end')
  if (!(split && strLen === 0)) {
    const terminated = strLen > 0 && strLen - 1 <= mostNameOffset && bytes[strStart + strLen - 1] === 0
    if (!terminated) return refused('invalid-string-section')
    if (!split && bytes[strStart] !== 0) return refused('invalid-string-section')
  }
  return {
    words: wordsOf(bytes, hdrLen + typeOff, typeLen, littleEndian),
    typeLen,
    strings: bytes.subarray(strStart, strStart + strLen),
  }
}

/** btf_sec_info_cmp: by offset, then by length, each as a difference in signed 32 bits. */
function compare(offA: number, lenA: number, offB: number, lenB: number): number {
  return (offA - offB) | 0 || (lenA - lenB) | 0
}

function twoInOrder(offA: number, lenA: number, offB: number, lenB: number): readonly number[] {
  return compare(offA, lenA, offB, lenB) <= 0 ? [offA, lenA, offB, lenB] : [offB, lenB, offA, lenA]
}

/**
 * Differences that wrap are no order, so what comes out depends on what is compared: as the kernel's heap sort does it, the
 * greater of the last two against the first.
 */
function threeInOrder(
  offA: number,
  lenA: number,
  offB: number,
  lenB: number,
  offC: number,
  lenC: number,
): readonly number[] {
  const cGreater = compare(offB, lenB, offC, lenC) < 0
  const [offM, lenM, offN, lenN] = cGreater ? [offC, lenC, offB, lenB] : [offB, lenB, offC, lenC]
  if (compare(offA, lenA, offM, lenM) >= 0) return [...twoInOrder(offN, lenN, offM, lenM), offA, lenA]
  return [...twoInOrder(offA, lenA, offN, lenN), offM, lenM]
}

/** The sections, in order, must fill what comes after the header: no gap, no overlap, nothing left. */
function checkPlaces(ordered: readonly number[], expected: number): EarlyRefusal | null {
  let total = 0
  for (let at = 0; at < ordered.length; at += 2) {
    const off = ordered[at]!
    const len = ordered[at + 1]!
    if (expected < off) return refused('invalid-section-offset')
    if (total < off) return refused('unsupported-section')
    if (total > off) return refused('section-overlap')
    if (expected - total < len) return refused('section-too-long')
    total += len
  }
  return expected === total ? null : refused('unsupported-section')
}
