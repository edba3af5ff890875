import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CliError } from '../errors.js'

/** File of the data directory that holds the keys where the environment gives none. */
const secretKeysFile = 'secret-keys'

/**
 * The keys that secrets of channels are sealed with, as `BASEDRIFT_SECRET_KEYS` has them: of the file in the data directory, which is
 * made, for its owner alone, where there is none. Whoever loses it has to set the secrets of all channels again.
 * @throws CliError `secret-keys-unreadable`
 */
export function secretKeysOf(dataDir: string): string {
  const file = path.join(dataDir, secretKeysFile)
  const made = `serve:${randomBytes(32).toString('base64')}\n`
  const mine = `${file}.${process.pid}`
  try {
    // Of two that start at the same time one makes it whole, and both read what that wrote.
    writeFileSync(mine, made, { mode: 0o600 })
    linkSync(mine, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unreadable(file, error)
  } finally {
    rmSync(mine, { force: true })
  }
  return readSecretKeys(dataDir)
}

/**
 * The keys of the file in the data directory, as they are now.
 * @throws CliError `secret-keys-unreadable`, also where there is no file
 */
export function readSecretKeys(dataDir: string): string {
  const file = path.join(dataDir, secretKeysFile)
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join(',')
  } catch (error) {
    throw unreadable(file, error)
  }
}

function unreadable(file: string, cause: unknown): CliError {
  const { code = 'unknown' } = cause as NodeJS.ErrnoException
  return new CliError(
    'secret-keys-unreadable',
    `The file with the keys of the service cannot be read or made (${code}).`,
    file,
  )
}
