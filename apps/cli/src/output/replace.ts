import { open, rename, rm } from 'node:fs/promises'
import { unwritable } from '../errors.js'

/**
 * Writes a file whole or not at all: beside its place, then into it. What is beside it under that name already, a link
 * elsewhere among it, is not written to.
 * @throws CliError `output-unwritable`
 */
export async function replaceFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`
  try {
    const file = await open(beside, 'wx', mode)
    try {
      await file.writeFile(bytes).finally(() => file.close())
      await rename(beside, path)
    } catch (error) {
      await rm(beside, { force: true }).catch(() => undefined)
      throw error
    }
  } catch (error) {
    throw unwritable(error, path)
  }
}
