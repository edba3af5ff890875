import { printable } from './output/printable.js'

/** Every code that this package's own errors carry, with what it means in one sentence. */
export const cliErrorCodes = {
  usage: 'The command line cannot be used as it is; `basedrift COMMAND --help` shows what it takes.',
  'file-unreadable': 'A file or directory that was named cannot be read.',
  'output-unwritable': 'A file that was named for output cannot be written.',
  'btf-absent': 'What was named has no BTF.',
  'dump-ambiguous': 'The input holds more than one BTF; name the one to be dumped.',
  'module-form': 'The file is not a module of a form that this command can write.',
  'module-compressed':
    'The module is compressed; write it before it is, or name an output, which is not compressed.',
  'module-distilled': 'The module has a .BTF.base: its BTF was built on that, not on the base of a kernel.',
  'origin-contradicts':
    'The module was not built on the base that was named; give the kernel of the same build.',
  'distill-refused':
    'Kernels would not take what was distilled: its base has several types of a name, or names that none takes.',
  'rebase-obstructed':
    'Types that the module needs are missing from the new base or defined differently there; build it for that kernel.',
  'rebase-refused':
    'Kernels would not take the BTF of the module on the new base; they refuse it on its own too.',
  'rebase-unproved':
    'What would be written for the new base does not mean what the module means: a fault of this program; the module is left as it is.',
  'base-required': 'A split BTF can only be read on the base BTF that it was built on; give it with --base.',
  'attestation-malformed': 'What was signed is not the statement of a build’s verdicts.',
  'build-unknown': 'No such build is recorded.',
  'build-withdrawn': 'The build was withdrawn: it takes part in nothing any more.',
  'build-failed': 'The server could not use the build.',
  'artifact-failed': 'The server could not read all of the files of the build.',
  'server-silent': 'The server took the question and did not answer in time.',
  'token-unknown': 'There is no such token.',
  'address-unavailable': 'The address or port to listen on cannot be had.',
  'channel-unknown': 'There is no such channel.',
  'secret-keys-unreadable':
    'The file with the keys that secrets of channels are sealed with cannot be read or made.',
  'serve-failed': 'A part of the server ended unexpectedly.',
  internal: 'A fault of this program; run again with BASEDRIFT_DEBUG=1 to see where.',
} as const

/** A stable name for why a command could not do what it was asked. */
export type CliErrorCode = keyof typeof cliErrorCodes

/** What a command ends with when it cannot do what it was asked; `where` names the file, option or URL. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  readonly where: string | null

  constructor(code: CliErrorCode, message: string, where: string | null = null) {
    super(message)
    this.code = code
    this.where = where
  }
}

/** What is said of an error: its stable code, a sentence, and where. */
export interface ErrorReport {
  readonly code: string
  readonly message: string
  readonly where: string | null
}

const stableCode = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

/** Why the system could not open or read something, by errno name, in words. */
const systemReasons: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file or directory',
  EACCES: 'That is not permitted',
  EPERM: 'That is not permitted',
  EISDIR: 'It is a directory',
  ENOTDIR: 'A part of the path is not a directory',
  EROFS: 'The file system is read-only',
  ENOSPC: 'The file system is full',
  EMFILE: 'Too many files are open',
  ELOOP: 'Its symbolic links lead in a circle',
}

/** Why the system could not do something with a file, in words: `There is no such file or directory`. */
export function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return systemReasons[String(code)] ?? message
}

/** What a command ends with where it cannot write `path`. */
export function unwritable(error: unknown, path: string): CliError {
  return new CliError(
    'output-unwritable',
    `The file cannot be written: ${systemReason(error)}; name another, or make its directory.`,
    path,
  )
}

/**
 * Turns whatever was thrown into a report. Errors of this project carry a kebab-case `code`, errors of the system one such
 * as ENOENT; any other error is a fault of the program, `internal`.
 */
export function reportOf(error: unknown): ErrorReport {
  if (!(error instanceof Error)) return { code: 'internal', message: String(error), where: null }
  const { code, where, at, file, path } = error as Error & Record<string, unknown>
  if (typeof code === 'string' && stableCode.test(code)) {
    const places = [where, file, at].filter((place) => typeof place === 'string' || typeof place === 'number')
    return { code, message: error.message, where: places.length === 0 ? null : places.join(', ') }
  }
  if (typeof code === 'string' && code in systemReasons) {
    const place = typeof path === 'string' ? path : null
    return { code: 'file-unreadable', message: `${systemReasons[code]}.`, where: place }
  }
  return { code: 'internal', message: error.message, where: null }
}

/** The line that a command's failure leaves on standard error: `basedrift: CODE: sentence (where)`. */
export function errorLine(error: unknown): string {
  const { code, message, where } = reportOf(error)
  const place = where === null || message.includes(where) ? '' : ` (${where})`
  return printable(`basedrift: ${code}: ${message}${place}`)
}
