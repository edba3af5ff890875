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

/** Bytes of a log that are looked at, once decompressed, and kept of a line until its end comes. */
const mostBytes = 512 * 2 ** 20
const mostLine = 4096

const compilers = [
  /\bCONFIG_CC_VERSION_TEXT="((?:gcc|clang|[\w-]+-gcc)[^"\n]{1,200})"/,
  /^(?:\[[^\]\n]{1,32}\] )?((?:gcc(?:-\d+)?|clang) (?:version )?\([^)\n]{1,100}\) \d+\.\d+[^\n]{0,60})$/m,
]
const paholes = [/\bCONFIG_PAHOLE_VERSION=(\d{3})\b/, /\b(?:dwarves|pahole)[-_ ]\(?v?1\.(\d{2})\b/]

/** What the pattern says that is met first in a text, and which that is. */
function firstOf(
  text: string,
  patterns: readonly RegExp[],
): { readonly nth: number; readonly said: string } | null {
  const found = patterns.flatMap((pattern, nth) => {
    const match = pattern.exec(text)
    return match?.[1] === undefined ? [] : [{ nth, said: match[1], at: match.index }]
  })
  return found.sort((one, other) => one.at - other.at)[0] ?? null
}

/** Looks at whole lines. */
function look(lines: string, found: Tools): void {
  found.compiler ??= firstOf(lines, compilers)?.said.trim() ?? null
  if (found.pahole !== null) return
  const pahole = firstOf(lines, paholes)
  if (pahole !== null) found.pahole = pahole.nth === 0 ? pahole.said : `1${pahole.said}`
}

/**
 * Whole lines of a stream, many at a time, of a long one its start; it ends where enough was read or nothing more is wanted. A log of
 * short lines costs no more than another of its bytes.
 */
async function readLines(source: Readable, look: (lines: string) => boolean): Promise<void> {
  let rest = ''
  let bytes = 0
  for await (const chunk of source) {
    bytes += (chunk as Buffer).length
    const text = rest + (chunk as Buffer).toString('latin1')
    const end = text.lastIndexOf('\n') + 1
    rest = text.slice(end, end + mostLine)
    if (end > 0 && !look(text.slice(0, end))) return
    if (bytes > mostBytes) return
  }
  look(rest)
}

/**
 * What a build log says of the compiler and of pahole: the first plain word on each. A log compressed with gzip is read too; of one
 * that is damaged, what came before.
 */
export async function readBuildLog(path: string, filename: string): Promise<Tools> {
  const found: Tools = { compiler: null, pahole: null }
  const wanted = (lines: string) => {
    look(lines, found)
    return found.compiler === null || found.pahole === null
  }
  const file = createReadStream(path)
  if (!filename.endsWith('.gz')) await readLines(file, wanted)
  else {
    const gunzip = createGunzip()
    // What is damaged ends the lines; the file is closed with them.
    const piped = pipeline(file, gunzip).catch(() => undefined)
    await readLines(gunzip, wanted).catch(() => undefined)
    gunzip.destroy()
    await piped
  }
  file.destroy()
  return found
}
