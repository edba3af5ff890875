import { rename, rm, writeFile } from 'node:fs/promises'
import { CliError } from '../errors.js'

/**
 * Writes a file whole or not at all: beside its place, then into it.
 * @throws CliError `output-unwritable`
 */
export async function replaceFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`
  try {
    await writeFile(beside, bytes, { mode })
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined)
    throw new CliError('output-unwritable', `The file cannot be written: ${(error as Error).message}.`, path)
  }
}
