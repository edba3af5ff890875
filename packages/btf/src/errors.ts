/** Every code a {@link BtfError} can carry, with what it means in one sentence. */
export const btfErrorCodes = {
  'btf-truncated': 'The bytes end before the BTF header does.',
  'btf-magic': 'The bytes do not start with the BTF magic number in either byte order.',
  'btf-version': 'The BTF header has a version or flags that this reader does not know.',
  'btf-section': 'The BTF header places a section outside the bytes.',
  'btf-type': 'A type record runs past the end of the type section.',
  'btf-kind': 'A type has a kind that neither this reader nor the layout section describes.',
  'btf-layout': 'The layout section is malformed.',
  'btf-byte-order': 'A split BTF and its base BTF differ in byte order.',
  'btf-dangling':
    'A type refers to an id or a string that neither the BTF nor its base has; read it on the base that it was built on.',
  'btf-too-large': 'What would be written has more types or strings than BTF can hold.',
  'distill-kind': 'The BTF refers to a type of its base that no distilled base can hold.',
  'btf-names':
    'Names lie over each other in one long string, so that comparing them would not end; no build tool writes such strings.',
  'btf-repetition': 'Long names or circles of types without names repeat beyond what any kernel has.',
  'btf-not-c':
    'The types cannot be written in C: one holds itself by value, or refers to what is no type; the raw form shows them.',
  'rules-invalid':
    'The rules are not a kernel version, optionally followed by allow-mismatch or no-allow-mismatch.',
} as const

/** A stable name for what is wrong with an input. */
export type BtfErrorCode = keyof typeof btfErrorCodes

/** What this package throws; `at` is the byte offset in the input where the problem was seen, if it has a place. */
export class BtfError extends Error {
  override readonly name = 'BtfError'
  readonly code: BtfErrorCode
  readonly at: number | null

  constructor(code: BtfErrorCode, message: string, at: number | null = null) {
    super(message)
    this.code = code
    this.at = at
  }
}
