import { rmSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { CliError, unwritable } from '../errors.js'

/** Writes one file of a set beside its place. */
export type Put = (path: string, bytes: Uint8Array, mode: number) => Promise<void>

/**
 * Writes files whole, and none of them before all are written: what `make` puts is written beside its place, and takes it once
 * `make` has ended; where a place cannot be taken, those before it are. Where `make` throws, or the process is told to end, nothing is
 * left of them. What is beside a place under that name already, a link elsewhere among it, is not written to.
 * @throws CliError `output-unwritable`, `usage` where two have one place; what `make` throws
 */
export async function replaceTogether<Result>(make: (put: Put) => Promise<Result>): Promise<Result> {
  const besides = new Map<string, string>()
  const put: Put = async (path, bytes, mode) => {
    if (besides.has(path)) {
      const advice = 'name each module once, and write those of one file name into directories of their own'
      throw new CliError('usage', `Two modules would be written to one file: ${advice}.`, path)
    }
    const beside = `${path}.${process.pid}.tmp`
    try {
      const file = await open(beside, 'wx', mode)
      besides.set(path, beside)
      await file.writeFile(bytes).finally(() => file.close())
    } catch (error) {
      throw unwritable(error, path)
    }
  }
  const ended = (signal: NodeJS.Signals) => {
    for (const beside of besides.values()) rmSync(beside, { force: true })
    process.kill(process.pid, signal)
  }
  for (const signal of signals) process.once(signal, ended)
  try {
    const result = await make(put)
    for (const [path, beside] of besides) {
      await rename(beside, path).catch((error: unknown) => {
        throw unwritable(error, path)
      })
      besides.delete(path)
    }
    return result
  } finally {
    for (const signal of signals) process.off(signal, ended)
    for (const beside of besides.values()) await rm(beside, { force: true }).catch(() => undefined)
  }
}

const signals = ['SIGINT', 'SIGTERM'] as const
