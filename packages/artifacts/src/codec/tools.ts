import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

/** The decompressors that this machine has beside Node. */
export interface Tools {
  /** Path of `xz`, or null. */
  readonly xz: string | null
  /** That xz decodes with several threads within a memory limit (from 5.4). */
  readonly xzThreads: boolean
  /** Path of `zstd`, or null. */
  readonly zstd: string | null
}

/** A machine without any. */
export const noTools: Tools = { xz: null, xzThreads: false, zstd: null }

async function find(name: string, path: string): Promise<string | null> {
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder)) continue
    const file = join(folder, name)
    const executable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (executable) return file
  }
  return null
}

function versionOf(xz: string): Promise<readonly [number, number]> {
  return new Promise((resolve) => {
    execFile(xz, ['--version'], { timeout: 10_000, maxBuffer: 4096 }, (_error, output) => {
      const [, major, minor] = /(\d+)\.(\d+)/.exec(output) ?? []
      resolve([Number(major ?? 0), Number(minor ?? 0)])
    })
  })
}

/** Looks for the decompressors in the absolute folders of a search path. Never throws. */
export async function findTools(path: string = process.env.PATH ?? ''): Promise<Tools> {
  const [xz, zstd] = await Promise.all([find('xz', path), find('zstd', path)])
  const [major, minor] = xz === null ? [0, 0] : await versionOf(xz)
  return { xz: major === 0 ? null : xz, xzThreads: major > 5 || (major === 5 && minor >= 4), zstd }
}
