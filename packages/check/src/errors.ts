/** Every code that this package throws or gives to a row as its basis, with the sentence that says what to do. */
export const checkErrorCodes = {
  'bundle-malformed': 'The bundle of split BTFs is damaged; make it again from the artifacts.',
  'bundle-mismatch':
    'The bundle does not hold the modules of this manifest; make it again from the artifacts.',
  'check-aborted': 'The check was stopped from outside; start it again.',
  'engine-failed': 'The engine has a fault that this module brings out; report it with the module.',
  'kernel-absent':
    'The input holds no kernel with BTF; give a vmlinux, a kernel image, its package or raw BTF.',
  'kernel-ambiguous': 'The input holds several kernels; give the files of one kernel.',
  'kernel-btf-absent': 'The kernel has no BTF; build it with CONFIG_DEBUG_INFO_BTF=y and pahole.',
  'kernel-unreadable': 'The kernel cannot be read; build or download it again.',
  'machine-unknown':
    'This machine does not tell which kernel it runs; check on Linux with procfs, or give --root the directory that holds it.',
  'memory-limit': 'Reading the input took more memory than a job may; leave out the file that needs it.',
  'modules-absent': 'The inputs hold no modules; give modules, their package or a directory of them.',
  'pool-closed': 'The pool of worker threads is closed; make a new one.',
  'rows-malformed': 'The stored rows of this comparison are damaged; compare the builds again.',
  'rules-unknown':
    'The version of the kernel is not known; give its rules, as --rules 6.1.192,no-allow-mismatch.',
  'stamp-contradicts':
    'The stamp of the module names a base that its BTF cannot have been built on; stamp it with its own kernel.',
  'symbols-malformed': 'The stored symbols of this build are damaged; make them again from the artifacts.',
  'thread-crashed': 'The thread that read the input ended; the input is probably malformed beyond repair.',
  'time-limit': 'Reading the input took longer than a job may; leave out the file that needs it.',
} as const

/** A stable name for what went wrong. */
export type CheckErrorCode = keyof typeof checkErrorCodes

/** What this package throws: why (`code`), and in which input (`file`: the path given, members after `!`), if in one. */
export class CheckError extends Error {
  override readonly name = 'CheckError'
  readonly code: CheckErrorCode
  readonly file: string | null

  /** `detail` is what was seen, with or without its full stop; the code's sentence follows it in the message. */
  constructor(code: CheckErrorCode, detail?: string, file: string | null = null) {
    const seen = detail === undefined ? '' : `${detail.replace(/\.$/, '')}. `
    const sentence = seen + checkErrorCodes[code]
    super(file === null ? sentence : `${file}: ${sentence}`)
    this.code = code
    this.file = file
  }

  /** The error again after it has crossed from another thread; `message` is the whole of it. */
  static carried(code: CheckErrorCode, message: string, file: string | null): CheckError {
    const error = new CheckError(code, undefined, file)
    error.message = message
    return error
  }
}
