import type { KernelReasonCode } from './reasons.js'

/** What of a base a split BTF is parsed on: types by id, strings by offset. */
export interface BaseTables {
  /** btf_nr_types: the number of types with void, so the first id of a split BTF. */
  readonly typesEnd: number
  /** hdr.str_len: the first string offset of a split BTF. */
  readonly stringsEnd: number
  readonly words: Uint32Array
  /** Index into words of the record of type `id - 1`. */
  readonly starts: Uint32Array
  readonly strings: Uint8Array
  /** For each string offset 1 where a valid identifier starts, under the kernel's rules for names. */
  readonly identifiers: Uint8Array
}

/** The sections of a blob, after the checks of its header. */
export interface Sections {
  /** Whole words of the type section in the machine's byte order. */
  readonly words: Uint32Array
  /** Length of the type section in bytes. */
  readonly typeLen: number
  readonly strings: Uint8Array
}

/** A refusal before any type was looked at. */
export interface EarlyRefusal {
  readonly code: KernelReasonCode
  readonly errno: number
}

/** Errors as the kernel numbers them. */
export const Errno = {
  ENOENT: 2,
  E2BIG: 7,
  EINVAL: 22,
  ELOOP: 40,
  ENOTSUPP: 524,
} as const
