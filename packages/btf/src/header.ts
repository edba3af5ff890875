import { BtfError } from './errors.js'

/** The header of a BTF blob; offsets are relative to its end, as the format has them, and lengths are in bytes. */
export interface BtfHeader {
  readonly littleEndian: boolean
  readonly version: number
  readonly flags: number
  readonly hdrLen: number
  readonly typeOff: number
  readonly typeLen: number
  readonly strOff: number
  readonly strLen: number
  /** 0 where the header is too short to have a layout section. */
  readonly layoutOff: number
  readonly layoutLen: number
}

/** BTF_MAGIC */
export const btfMagic = 0xeb9f

/** The bytes up to and with hdr_len, without which nothing can be said about a header. */
const headerStart = 8
/** The longest header known: 24 bytes, and 8 more for the layout section. */
const longestHeader = 32

/**
 * Reads a header of either byte order and of any length; fields that it is too short for are 0, as in the kernel.
 * @throws BtfError where the bytes are no BTF or the sections lie outside them
 */
export function readHeader(bytes: Uint8Array): BtfHeader {
  if (bytes.length < headerStart) {
    throw new BtfError(
      'btf-truncated',
      `BTF needs at least ${headerStart} bytes, there are ${bytes.length}.`,
      0,
    )
  }
  const littleEndian = bytes[0] === 0x9f && bytes[1] === 0xeb
  if (!littleEndian && !(bytes[0] === 0xeb && bytes[1] === 0x9f)) {
    throw new BtfError('btf-magic', 'This is not BTF: the magic number 0xeb9f is missing.', 0)
  }
  const hdrLen = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, littleEndian)
  if (hdrLen > bytes.length) {
    throw new BtfError(
      'btf-truncated',
      `The header says it has ${hdrLen} bytes, there are ${bytes.length}.`,
      4,
    )
  }
  const known = new Uint8Array(longestHeader)
  known.set(bytes.subarray(0, Math.min(hdrLen, longestHeader)))
  const view = new DataView(known.buffer)
  const hasLayout = hdrLen >= longestHeader
  const header: BtfHeader = {
    littleEndian,
    version: bytes[2]!,
    flags: bytes[3]!,
    hdrLen,
    typeOff: view.getUint32(8, littleEndian),
    typeLen: view.getUint32(12, littleEndian),
    strOff: view.getUint32(16, littleEndian),
    strLen: view.getUint32(20, littleEndian),
    layoutOff: hasLayout ? view.getUint32(24, littleEndian) : 0,
    layoutLen: hasLayout ? view.getUint32(28, littleEndian) : 0,
  }
  if (header.version !== 1) {
    throw new BtfError('btf-version', `BTF version ${header.version} is not known, only version 1 is.`, 2)
  }
  mustFit(bytes, hdrLen, header.typeOff, header.typeLen, 'type', 8)
  mustFit(bytes, hdrLen, header.strOff, header.strLen, 'string', 16)
  mustFit(bytes, hdrLen, header.layoutOff, header.layoutLen, 'layout', 24)
  return header
}

function mustFit(
  bytes: Uint8Array,
  hdrLen: number,
  off: number,
  len: number,
  what: string,
  at: number,
): void {
  if (len > 0 && hdrLen + off + len > bytes.length) {
    throw new BtfError(
      'btf-section',
      `The ${what} section (offset ${off}, ${len} bytes) ends beyond the ${bytes.length} bytes that there are.`,
      at,
    )
  }
}
