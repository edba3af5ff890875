import type { Problem } from './types.js'

/**
 * Every code that this package reports, as an `ArtifactError` (the file cannot be used) or as a `Problem` (it can, with
 * something missing), with the sentence that says what to do. The one list for byte readers, containers and codecs.
 */
export const artifactErrorCodes = {
  'archive-malformed': 'The archive breaks its own format; build or download it again.',
  'archive-truncated': 'The archive ends before its content does; upload it again.',
  'btf-absent': 'The file has no BTF; build the kernel with CONFIG_DEBUG_INFO_BTF=y and pahole.',
  'btf-ids-malformed':
    'The section .BTF_ids does not hold the sets that its symbols name; build the module again.',
  'btf-malformed': 'The bytes are not a BTF that stands alone; give the raw BTF of one kernel or module.',
  'checksum-mismatch': 'The content does not match the checksum stored with it; upload it again.',
  'compression-corrupt': 'The compressed data cannot be decompressed; upload the file again.',
  'compression-unsupported': 'This form of compression is not supported; compress it with gzip, xz or zstd.',
  'config-ambiguous':
    'The configs of this kernel contradict each other, and none of them counts; leave the one that its build used.',
  'config-contradicts':
    'The config is not that of the kernel; give the one that its build used. What the kernel itself tells stands.',
  'config-malformed': 'The kernel config cannot be read; give the config-* file that the kernel build wrote.',
  'elf-malformed': 'The ELF file breaks its own format; build it again.',
  'elf-truncated': 'The ELF file ends before its content does; upload it again.',
  'elf-unsupported': 'This ELF file is neither a kernel nor a module; leave it out.',
  'exports-unknown':
    'The exported symbols or their versions cannot be told, as the file was stripped or changed; keep its symbol table.',
  'file-unreadable': 'The file cannot be read; check that it exists and may be read.',
  'format-unknown': 'The format is not known; give a kernel image, a module, a package, a config or raw BTF.',
  'format-unsupported':
    'This form of the file is not read; build the package in its usual form (RPM: format 4 or 6, cpio).',
  'kernel-ambiguous': 'The input holds several kernels; give the files of one kernel.',
  'kernel-image-malformed': 'The kernel image breaks its own format; build or download it again.',
  'kernel-image-truncated': 'The kernel image ends before its content does; upload it again.',
  'kernel-image-unsupported': 'This kind of kernel image is not supported; give the vmlinux instead.',
  'limit-exceeded': 'The content is larger than any real one; raise the limit if it is meant to be.',
  'link-unread': 'What a link stands for is not read; put the file itself in its place.',
  'modinfo-malformed': 'The section .modinfo cannot be used; build the module again.',
  'module-signed':
    'The module is signed, and any change breaks its signature; change it before it is signed.',
  'modules-unread':
    'Nobody looks at files of such names; name modules *.ko, or .ko with .gz, .xz or .zst, and leave out what is none.',
  'name-contradicts':
    'The file came alone, and its name tells another kernel version or release than what is in it; nothing is installed by that name, but check which build the file is of.',
  'nested-too-deep': 'The file is packed in more layers than are followed; unpack the outer ones.',
  'section-compressed': 'The section is compressed, which a kernel does not undo; build without compression.',
  'stamp-malformed': 'The note .note.basedrift.origin cannot be used; stamp the module again.',
  'symvers-contradicts':
    'The symbol versions are of another build than the kernel, and none of them counts; give the Module.symvers of its build.',
  'symvers-malformed':
    'The symbol versions do not have the lines that modpost writes; give the Module.symvers of the build.',
  'version-contradicts':
    'Two sources name different kernel versions or releases; check which build the file is of.',
  'version-unknown':
    'The upstream version cannot be told; add the config file of the kernel, or give the rules yourself.',
  'versions-malformed': 'The symbol versions of the module cannot be used; build the module again.',
} as const

/** A code of `artifactErrorCodes`. */
export type ArtifactErrorCode = keyof typeof artifactErrorCodes

/** Puts a code's sentence after what was seen, if anything was. */
function sentence(code: ArtifactErrorCode, detail: string | undefined): string {
  return detail === undefined ? artifactErrorCodes[code] : `${detail}. ${artifactErrorCodes[code]}`
}

/** A file that cannot be used: why (`code`) and where in it (`at`: a byte offset, a section, a member, a field, or null). */
export class ArtifactError extends Error {
  override readonly name = 'ArtifactError'
  readonly code: ArtifactErrorCode
  readonly at: string | null

  /** `detail` is what was seen, without a full stop; the code's sentence follows it in the message. */
  constructor(code: ArtifactErrorCode, at: string | null, detail?: string) {
    super(sentence(code, detail))
    this.code = code
    this.at = at
  }
}

/** A `Problem` with its code's sentence; `detail` as in `ArtifactError`. */
export function problem(code: ArtifactErrorCode, file: string, at: string | null, detail?: string): Problem {
  return { code, file, at, message: sentence(code, detail) }
}

/** The `Problem` that stands for an `ArtifactError` of a file. Any other error is a fault of the program and thrown again. */
export function problemOf(error: unknown, file: string): Problem {
  if (!(error instanceof ArtifactError)) throw error
  return { code: error.code, file, at: error.at, message: error.message }
}
