import { mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { CliError, systemReason } from '../errors.js'

/**
 * Makes the data directory with those above it, for its owner alone, unless it is there.
 * @throws CliError `output-unwritable`
 */
export function makeDataDirectory(directory: string): void {
  try {
    make(directory)
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'It is no directory' : systemReason(error)
    throw new CliError(
      'output-unwritable',
      `The data directory cannot be made: ${reason}; name another with --data-dir, or make it for the user of the service.`,
      directory,
    )
  }
}

/** One after the other: Node's own way never ends where a directory that is there takes none, as /proc. */
function make(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(directory).isDirectory()) return
    if (code !== 'ENOENT' || path.dirname(directory) === directory) throw error
    make(path.dirname(directory))
    mkdirSync(directory, { mode: 0o700 })
  }
}
