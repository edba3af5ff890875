import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'

/** What a build log says of the tools that made the kernel, as its config would; null where it does not say so plainly. */
export interface Tools {
  /** First line of `gcc --version`, as CONFIG_CC_VERSION_TEXT. */
  compiler: string | null
  /** Version of pahole as CONFIG_PAHOLE_VERSION has it: `125` for 1.25. */
  pahole: string | null
}

/** Bytes of a log that are looked at, once decompressed, and of one line of it. */
const mostBytes = 512 * 2 ** 20
const mostLine = 4096

const compilerOption = /\bCONFIG_CC_VERSION_TEXT="((?:gcc|clang|[\w-]+-gcc)[^"\n]{1,200})"/
const compilerLine =
  /^(?:\[[^\]\n]{1,32}\] )?((?:gcc(?:-\d+)?|clang) (?:version )?\([^)\n]{1,100}\) \d+\.\d+[^\n]{0,60})$/
const paholeOption = /\bCONFIG_PAHOLE_VERSION=(\d{3})\b/
const paholePackage = /\b(?:dwarves|pahole)[-_ ]\(?v?1\.(\d{2})\b/

/** Looks at one line. */
function look(line: string, found: Tools): void {
  found.compiler ??= compilerOption.exec(line)?.[1] ?? compilerLine.exec(line)?.[1]?.trim() ?? null
  const version = paholeOption.exec(line)?.[1]
  const minor = paholePackage.exec(line)?.[1]
  found.pahole ??= version ?? (minor === undefined ? null : `1${minor}`)
}

/** Lines of a stream, each cut to its first bytes; it ends where enough was read or nothing more is wanted. */
async function readLines(source: Readable, line: (text: string) => boolean): Promise<void> {
  let rest = ''
  let bytes = 0
  for await (const chunk of source) {
    bytes += (chunk as Buffer).length
    const parts = (rest + (chunk as Buffer).toString('latin1')).split('\n')
    rest = (parts.pop() ?? '').slice(0, mostLine)
    for (const part of parts) if (!line(part.slice(0, mostLine))) return
    if (bytes > mostBytes) return
  }
  line(rest)
}

/**
 * What a build log says of the compiler and of pahole: the first plain word on each. A log compressed with gzip is read too; of one
 * that is damaged, what came before.
 */
export async function readBuildLog(path: string, filename: string): Promise<Tools> {
  const found: Tools = { compiler: null, pahole: null }
  const line = (text: string) => {
    look(text, found)
    return found.compiler === null || found.pahole === null
  }
  const file = createReadStream(path)
  if (!filename.endsWith('.gz')) await readLines(file, line)
  else {
    const gunzip = createGunzip()
    // What is damaged ends the lines; the file is closed with them.
    const piped = pipeline(file, gunzip).catch(() => undefined)
    await readLines(gunzip, line).catch(() => undefined)
    gunzip.destroy()
    await piped
  }
  file.destroy()
  return found
}
